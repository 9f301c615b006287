"""The section `catalog:` of `$STIX_HOME/config.yaml`, as a schema."""

from datetime import date

from stix.spec.schema.key import Key

DAY = 'must be a day like "2026-11-22"'


def day(value: object) -> str:
    """A day as ISO text.

    Raises:
        ValueError: it is none.
    """
    if type(value) is date:
        return value.isoformat()
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError(DAY) from None


_NUMBER = ("integer", "number")

PRICE = Key(
    ("map",),
    keys={
        "infra": Key(("text",), needed=True, example="infra: aws/us-east-1"),
        "instance_type": Key(("value",), needed=True, example="instance_type: p4d.24xlarge"),
        "price": Key(_NUMBER, above=0, most=1e6, example="price: 20.5"),
        "spot_price": Key(_NUMBER, above=0, most=1e6, example="spot_price: 9"),
        "cpus": Key(_NUMBER, above=0, most=1e6, example="cpus: 96"),
        "memory": Key(_NUMBER, above=0, most=1e6, example="memory: 1152"),
        "accelerators": Key(("text",), example="accelerators: A100:8"),
        "accelerator_memory": Key(_NUMBER, above=0, most=1e6, example="accelerator_memory: 40"),
        "arch": Key(("text",), choices=("x86_64", "arm64"), example="arch: x86_64"),
        "date": Key(check=day, example="date: 2026-11-22"),
    },
)
"""One price of the user's own; also the columns of the CSV file."""

SECTION = Key(
    ("map",),
    keys={
        "prices": Key(("list",), items=PRICE),
        "file": Key(("text",), example="file: my-prices.csv"),
        "max_age_days": Key(_NUMBER, above=0, most=36_500, example="max_age_days: 90"),
        "auto_update": Key(("boolean", "list"), items=Key(("text",)), example="auto_update: [aws, gcp]"),
        "sources": Key(
            ("map",),
            values=Key(("text",), choices=("skypilot", "aws", "azure", "gpuhunt")),
            example="sources: {aws: aws}",
        ),
        "addresses": Key(
            ("map",),
            keys={name: Key(("text",)) for name in ("skypilot", "aws", "azure", "gpuhunt")},
            example="addresses: {skypilot: https://mirror.example.com/catalogs/v8}",
        ),
    },
)
