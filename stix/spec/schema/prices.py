"""The section `catalog` of the settings: prices of one's own, and where fresh ones come from."""

from datetime import date

from stix.spec.schema.key import Key

DAY = 'must be a day like "2026-11-22"'
SOURCES = ("skypilot", "aws", "azure", "gpuhunt")


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
        "infra": Key(("text",), "The cloud, perhaps with a region.", "infra: aws/us-east-1", needed=True),
        "instance_type": Key(("value",), "The type.", "instance_type: p4d.24xlarge", needed=True),
        "price": Key(_NUMBER, "Dollars an hour.", "price: 20.5", above=0, most=1e6),
        "spot_price": Key(_NUMBER, "The same of spot machines.", "spot_price: 9", above=0, most=1e6),
        "cpus": Key(_NUMBER, "Of a type that the catalog does not have.", "cpus: 96", above=0, most=1e6),
        "memory": Key(_NUMBER, "GiB of it.", "memory: 1152", above=0, most=1e6),
        "accelerators": Key(("text",), "Those in it.", "accelerators: A100:8"),
        "accelerator_memory": Key(_NUMBER, "GiB of each of them.", "accelerator_memory: 40", above=0, most=1e6),
        "arch": Key(("text",), "Its kind of CPU.", "arch: x86_64", choices=("x86_64", "arm64")),
        "date": Key(doc="The day of the price.", example="date: 2026-11-22", check=day),
    },
)
"""One price of the user's own; also the columns of the CSV file."""

CATALOG = Key(
    ("map",),
    "Prices of your own, and where fresh ones come from.",
    "catalog: {max_age_days: 30}",
    keys={
        "prices": Key(
            ("list",),
            "Your own prices.",
            "prices: [{infra: aws, instance_type: p4d.24xlarge, price: 20.5}]",
            items=PRICE,
        ),
        "file": Key(("text",), "A CSV file of further ones, beside the file of settings.", "file: my-prices.csv"),
        "max_age_days": Key(
            _NUMBER,
            "After how many days a price is called old.",
            "max_age_days: 90",
            above=0,
            most=36_500,
            default="90",
        ),
        "auto_update": Key(
            ("boolean", "list"),
            "Clouds whose prices are fetched anew when they are old; true is all of them.",
            "auto_update: [aws, gcp]",
            items=Key(("text",)),
            default="false",
        ),
        "sources": Key(
            ("map",),
            "Which source is asked for a cloud.",
            "sources: {aws: aws}",
            values=Key(("text",), choices=SOURCES),
        ),
        "addresses": Key(
            ("map",),
            "Other addresses of sources.",
            "addresses: {skypilot: https://mirror.example.com/catalogs/v8}",
            keys={name: Key(("text",), f"Where {name} answers.", f"{name}: https://example.com") for name in SOURCES},
        ),
    },
)
