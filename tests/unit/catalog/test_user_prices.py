"""The user's own prices and machines: what they replace, when they are read again, and how mistakes are told."""

import os
import sqlite3
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from stix.catalog import overlay, user
from stix.catalog.build import Accelerator, Row, Source, write, write_database
from stix.errors import UsageError

OLD = "2026-07-20"
KNOWN = [
    Row("aws", "p4d.24xlarge", "us-east-1", 32.77, 11.5, 96, 1152, "A100", 8, 40, "x86_64", None, ("use1-az1",)),
    Row("aws", "p4d.24xlarge", "us-east-1", 32.77, 9.5, 96, 1152, "A100", 8, 40, "x86_64", None, ("use1-az2",)),
    Row("aws", "p4d.24xlarge", "us-west-2", 32.77, None, 96, 1152, "A100", 8, 40, "x86_64"),
    Row("aws", "m6i.large", "us-east-1", 0.096, None, 2, 8, arch="x86_64"),
    Row("lambda", "gpu_1x_a100", "us-east-1", 1.29, None, 30, 200, "A100", 1, 40, "x86_64"),
]
Write = Callable[..., Path]


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    path = tmp_path / "snapshot.sqlite"
    devices = [Accelerator("A100", "NVIDIA", 40), Accelerator("H100", "NVIDIA", 80)]
    write(path, KNOWN, [Source("aws", "frozen", OLD), Source("lambda", "frozen", OLD)], devices)
    return path


@pytest.fixture
def config(stix_home: Path) -> Write:
    """Writes the config's section `catalog`, and files beside it."""

    def make(text: str, **files: str) -> Path:
        stix_home.mkdir(exist_ok=True)
        for name, content in files.items():
            (stix_home / f"{name}.csv").write_text(content)
        (stix_home / "config.yaml").write_text(text)
        return stix_home

    return make


def own_rows(home: Path, cloud: str = "aws") -> dict[tuple[str, str, str], overlay.Priced]:
    found = overlay.current([home / "catalog" / "user.sqlite"], cloud)
    return {(name, region, zone): priced for (name, _, _, region, zone), priced in found.items()}


def test_without_a_config_nothing_is_read_or_written(stix_home: Path, snapshot: Path) -> None:
    assert user.load(stix_home, snapshot) == user.Own()
    assert not stix_home.exists()


def test_a_price_replaces_that_of_its_region_and_keeps_the_rest(config: Write, snapshot: Path) -> None:
    home = config("catalog:\n  prices:\n  - {infra: aws/us-east-1, instance_type: p4d.24xlarge, price: 20.5}\n")
    own = user.load(home, snapshot)
    assert own.database == home / "catalog" / "user.sqlite"
    today = date.today().isoformat()
    assert own_rows(home) == {
        ("p4d.24xlarge", "us-east-1", "use1-az1"): overlay.Priced(20.5, 11.5, today, OLD),
        ("p4d.24xlarge", "us-east-1", "use1-az2"): overlay.Priced(20.5, 9.5, today, OLD),
    }
    machine = overlay.known([own.database], "aws").machines["p4d.24xlarge"]
    assert (machine.cpus, machine.accelerator, machine.count) == (96, "A100", 8)


def test_a_cloud_may_be_in_capitals(config: Write, snapshot: Path) -> None:
    home = config("catalog:\n  prices:\n  - {infra: AWS/us-east-1, instance_type: m6i.large, price: 0.05}\n")
    user.load(home, snapshot)
    assert {place[0] for place in own_rows(home)} == {"m6i.large"}


def test_a_database_that_is_gone_is_made_again(config: Write, snapshot: Path) -> None:
    home = config("catalog:\n  prices:\n  - {infra: aws/us-east-1, instance_type: p4d.24xlarge, price: 20.5}\n")
    database = user.load(home, snapshot).database
    assert database is not None
    written = database.read_bytes()
    database.unlink()
    user.load(home, snapshot)
    assert database.read_bytes() == written


def test_a_price_without_a_region_is_for_all_and_an_exact_one_wins(config: Write, snapshot: Path) -> None:
    home = config(
        "catalog:\n  prices:\n"
        "  - {infra: aws/us-west-2, instance_type: p4d.24xlarge, price: 15, date: 2026-11-01}\n"
        "  - {infra: aws, instance_type: p4d.24xlarge, price: 20, spot_price: 5, date: 2026-11-02}\n"
    )
    user.load(home, snapshot)
    found = own_rows(home)
    assert found["p4d.24xlarge", "us-west-2", ""] == overlay.Priced(15, None, "2026-11-01", "2026-11-01")
    assert found["p4d.24xlarge", "us-east-1", "use1-az1"] == overlay.Priced(20, 5, "2026-11-02", "2026-11-02")


def test_only_a_spot_price_keeps_the_known_price_and_its_day(config: Write, snapshot: Path) -> None:
    home = config(
        "catalog:\n  prices:\n"
        "  - {infra: aws/us-east-1/use1-az2, instance_type: p4d.24xlarge, spot_price: 8, date: '2026-11-01'}\n"
    )
    user.load(home, snapshot)
    assert own_rows(home) == {
        ("p4d.24xlarge", "us-east-1", "use1-az2"): overlay.Priced(32.77, 8, OLD, "2026-11-01"),
    }


def test_a_new_machine_is_described_whole(config: Write, snapshot: Path) -> None:
    home = config(
        "catalog: {file: mine.csv}\n",
        mine=(
            "infra,instance_type,price,spot_price,cpus,memory,accelerators,accelerator_memory,arch,date\n"
            "aws/on-prem-1,rack.h100,9.5,,128,1024,h100:4,,,2026-10-01\n"
            "\n"
            "lambda/us-east-1,gpu_1x_a100,1.1,,,,,,,\n"
        ),
    )
    user.load(home, snapshot)
    assert own_rows(home) == {("rack.h100", "on-prem-1", ""): overlay.Priced(9.5, None, "2026-10-01", "2026-10-01")}
    machine = overlay.known([home / "catalog" / "user.sqlite"], "aws").machines["rack.h100"]
    assert machine == (128, 1024, "H100", 4, 80, "x86_64", None)
    assert own_rows(home, "lambda")["gpu_1x_a100", "us-east-1", ""].price == 1.1


def test_settings_are_read(config: Write, snapshot: Path) -> None:
    home = config(
        "warm: false\ncatalog:\n  max_age_days: 7\n  auto_update: [aws]\n  sources: {aws: gpuhunt}\n"
        "  addresses: {skypilot: 'https://mirror.example.com/v8'}\n"
    )
    own = user.load(home, snapshot)
    assert own == user.Own(None, 7.0, ("aws",), {"aws": "gpuhunt"}, {"skypilot": "https://mirror.example.com/v8"})
    assert own == user.load(home, snapshot), "kept notes say the same"


def test_it_is_read_again_only_when_something_changed(config: Write, snapshot: Path) -> None:
    text = "catalog: {file: mine.csv}\n"
    line = "infra,instance_type,price\naws/us-east-1,m6i.large,{}\n"
    home = config(text, mine=line.format(0.05))
    database = user.load(home, snapshot).database
    assert database is not None

    def inode() -> int:
        return database.stat().st_ino

    first = inode()
    user.load(home, snapshot)
    os.utime(home / "config.yaml", (time.time() + 5, time.time() + 5))
    user.load(home, snapshot)
    assert inode() == first, "the same content is not written again"
    config(text, mine=line.format(0.04))
    user.load(home, snapshot)
    assert own_rows(home)["m6i.large", "us-east-1", ""].price == 0.04
    config("catalog: {}\n")
    assert user.load(home, snapshot).database is None and not database.exists()
    config(text)
    assert user.load(home, snapshot).database is not None
    (home / "config.yaml").unlink()
    assert user.load(home, snapshot).database is None and not database.exists()


def test_an_update_below_is_seen(config: Write, snapshot: Path) -> None:
    home = config("catalog:\n  prices:\n  - {infra: aws/us-east-1, instance_type: p4d.24xlarge, price: 20.5}\n")
    user.load(home, snapshot)
    fresh = Row("aws", "p4d.24xlarge", "us-east-1", 30, 4.5, 96, 1152, "A100", 8, 40, "x86_64")
    write_database(overlay.overlay_path(home, "aws"), [fresh], "test", "2026-11-20")
    user.load(home, snapshot)
    assert own_rows(home)["p4d.24xlarge", "us-east-1", ""].spot == 4.5


@pytest.mark.parametrize(
    ("text", "place", "words", "hint"),
    [
        ("catalog: {prises: []}", ":1:11", "prises", "prices"),
        ("catalog: 3", ":1:", "catalog", ""),
        ("catalog:\n  max_age_days: soon", ":2:", "max_age_days", ""),
        ("catalog:\n  prices:\n  - {infra: aws, instance_typ: x, price: 1}", ":3:", "instance_typ", "instance_type"),
        ("catalog:\n  prices:\n  - {infra: aws, price: 1}", ":3:", "instance_type", ""),
        ("catalog:\n  prices:\n  - {infra: aws, instance_type: m6i.large, price: 0}", ":3:", "price", ""),
        ("catalog:\n  prices:\n  - {infra: aws, instance_type: m6i.large}", ":3:", "needs a price", ""),
        ("catalog:\n  prices:\n  - {infra: awss, instance_type: m6i.large, price: 1}", ":3:", "'awss'", "'aws'"),
        ("catalog:\n  prices:\n  - {infra: ssh/rack, instance_type: x, price: 1}", ":3:", "'ssh' with prices", ""),
        (
            "catalog:\n  prices:\n  - {infra: aws/us-eats-1, instance_type: m6i.large, price: 1}",
            ":3:",
            "eats",
            "us-east-1",
        ),
        ("catalog:\n  prices:\n  - {infra: aws, instance_type: m6i.lage, price: 1}", ":3:", "m6i.lage", "m6i.large"),
        ("catalog:\n  prices:\n  - {infra: aws, instance_type: zzz, price: 1}", ":3:", "zzz", "needs cpus and memory"),
        (
            "catalog:\n  prices:\n  - {infra: aws, instance_type: m6i.large, price: 1, spot_price: 2}",
            ":3:",
            "above",
            "",
        ),
        (
            "catalog:\n  prices:\n  - {infra: aws, instance_type: m6i.large, price: 1, accelerators: A100:x}",
            ":3:",
            "A100:8",
            "",
        ),
        ("catalog:\n  prices:\n  - {infra: aws, instance_type: m6i.large, price: 1, date: soon}", ":3:", "day", ""),
        ("catalog:\n  sources: {awz: aws}", ":2:", "awz", "aws"),
        ("catalog:\n  sources: {aws: gpuhnt}", ":2:", "gpuhnt", "gpuhunt"),
        ("catalog:\n  auto_update: [awz]", ":2:", "awz", "aws"),
        ("catalog: {file: none.csv}", "none.csv", "cannot be read", ""),
        ("catalog: [", "config.yaml:2", "value", ""),
    ],
)
def test_mistakes_name_their_place(config: Write, snapshot: Path, text: str, place: str, words: str, hint: str) -> None:
    home = config(text + "\n")
    with pytest.raises(UsageError) as caught:
        user.load(home, snapshot)
    error = caught.value
    assert error.code == "config.invalid" and error.exit_status == 2
    assert place in error.message and words in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("table", "line", "words", "hint"),
    [
        ("infra,instance_type,prize\n", 1, "prize", "price"),
        ("infra,instance_type,price\naws,m6i.large,cheap\n", 2, "must be a number, not 'cheap'", ""),
        ("infra,instance_type,price\n\naws,m6i.large,-1\n", 3, "price", ""),
        ("infra,instance_type,price\naws,m6i.large,1,2\n", 2, "4 cells for 3 columns", ""),
        ("infra,instance_type,price\naws,m6i.large,nan\n", 2, "price", ""),
        ("infra,price\naws,1\n", 2, "instance_type", ""),
        (
            "infra,instance_type,price\naws/us-east-1,m6i.large,1\naws/us-east-1,m6i.large,2\n",
            3,
            "a price already",
            "one",
        ),
    ],
)
def test_mistakes_of_the_file_name_their_line(
    config: Write, snapshot: Path, table: str, line: int, words: str, hint: str
) -> None:
    home = config("catalog: {file: mine.csv}\n", mine=table)
    with pytest.raises(UsageError) as caught:
        user.load(home, snapshot)
    assert f"mine.csv:{line}:" in caught.value.message and words in caught.value.message
    assert caught.value.code == "config.invalid" and hint in caught.value.hint
    assert not (home / "catalog" / "user.sqlite").exists()


def test_rows_say_that_they_are_the_users(config: Write, snapshot: Path) -> None:
    home = config("catalog:\n  prices:\n  - {infra: aws, instance_type: m6i.large, price: 0.05}\n")
    database = sqlite3.connect(user.load(home, snapshot).database or "")
    assert database.execute("SELECT basis, source.name FROM offer JOIN source ON id = source").fetchall() == [
        ("U", "own prices")
    ]
    database.close()


@pytest.mark.parametrize(
    ("priced_on", "stale"),
    [("2026-11-22", False), ("2026-08-25", False), ("2026-08-23", True), ("", False), ("once", True)],
)
def test_a_price_is_stale_after_its_days(priced_on: str, stale: bool) -> None:
    assert overlay.is_stale(priced_on, date(2026, 11, 22), 90) is stale
