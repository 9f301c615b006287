"""Databases: one schema, the same bytes for the same rows, and whose word counts."""

import hashlib
import sqlite3
from pathlib import Path

import pytest

from stix.catalog.build import Row, Source, write, write_database
from stix.catalog.database import Catalog
from stix.catalog.layers import open_layers
from stix.errors import StixError
from stix.model.resources import Resources

TODAY = "2026-11-22"
FRESH = "2026-11-20"


def prices(catalog: Catalog, **wishes: str) -> dict[str, float | None]:
    return {offer.infra: offer.hourly_cost for offer in catalog.offers(Resources(**wishes))}


def user_catalog(stix_home: Path, base: Path, rows: list[Row]) -> Catalog:
    """The catalog with rows of the user's, as `$STIX_HOME/catalog/user.sqlite` holds them."""
    own = stix_home / "catalog" / "user.sqlite"
    write_database(own, rows, "config", FRESH)
    return Catalog(open_layers([own, base]))


def test_an_update_replaces_the_whole_cloud(mini_base: Path, stix_home: Path) -> None:
    rows = [Row("lambda", "gpu_8x_h100_sxm5", "us-east-1", 20.0, None, 208, 1800, "H100", 8, 80, "x86_64")]
    write_database(stix_home / "catalog" / "lambda.sqlite", rows, "a list", FRESH)
    catalog = Catalog.open(stix_home, base=mini_base, today=TODAY)
    assert prices(catalog, infra="lambda", instance_type="gpu_8x_h100_sxm5") == {"lambda/us-east-1": 20.0}
    assert prices(catalog, instance_type="gpu_1x_a10") == {}
    assert len(prices(catalog, instance_type="p4d.24xlarge")) == 3
    assert (catalog.dates()["lambda"], catalog.dates()["aws"]) == (FRESH, "2025-03-02")
    (offer,) = catalog.offers(Resources(infra="lambda"))
    assert not offer.stale
    assert {info.layer for info in catalog.sources() if info.cloud == "lambda"} == {"update"}


def test_a_users_row_replaces_its_place_only(mini_base: Path, stix_home: Path) -> None:
    rows = [Row("aws", "p4d.24xlarge", "us-west-2", 11.0, None, 96, 1152, "A100", 8, 40, "x86_64", basis="U")]
    catalog = user_catalog(stix_home, mini_base, rows)
    assert prices(catalog, instance_type="p4d.24xlarge") == {
        "aws/us-west-2": 11.0,
        "aws/us-east-1": 22.0,
        "aws/eu-central-1": 26.4,
    }
    assert catalog.dates()["aws"] == "2025-03-02"


def test_a_users_machine_may_be_on_a_cloud_nobody_knows(mini_base: Path, stix_home: Path) -> None:
    rows = [Row("attic", "box", "home", 0.05, None, 32, 128, "RTX4090", 2, 24, "x86_64", basis="U")]
    catalog = user_catalog(stix_home, mini_base, rows)
    assert "attic" in catalog.clouds() and "RTX4090" in catalog.accelerators()
    (offer,) = catalog.offers(Resources(accelerators={"rtx4090": 2}))
    assert offer.infra == "attic/home"


def test_a_damaged_or_foreign_overlay_is_passed_over(mini_base: Path, stix_home: Path) -> None:
    folder = stix_home / "catalog"
    folder.mkdir(parents=True)
    (folder / "aws.sqlite").write_bytes(b"no database at all")
    (folder / "gcp.sqlite").touch()
    with sqlite3.connect(folder / "azure.sqlite") as other:
        other.execute("CREATE TABLE meta (key TEXT, value TEXT)")
        other.execute("INSERT INTO meta VALUES ('version', '999')")
    other.close()
    catalog = Catalog.open(stix_home, base=mini_base, today=TODAY)
    assert {"aws", "azure", "gcp"} <= set(catalog.clouds())


def test_a_reader_keeps_the_file_that_it_opened(mini_base: Path, stix_home: Path) -> None:
    file = stix_home / "catalog" / "lambda.sqlite"
    write_database(file, [Row("lambda", "one", "r", 1.0, None, 8, 32)], "a list", FRESH)
    before = Catalog.open(stix_home, base=mini_base, today=TODAY)
    write_database(file, [Row("lambda", "two", "r", 2.0, None, 8, 32)], "a list", FRESH)
    assert prices(before, infra="lambda", instance_type="one") == {"lambda/r": 1.0}
    after = Catalog.open(stix_home, base=mini_base, today=TODAY)
    assert prices(after, infra="lambda", instance_type="two") == {"lambda/r": 2.0}
    assert sorted(path.name for path in file.parent.iterdir()) == ["lambda.sqlite"]


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    rows = [Row("x", name, region, 1.0) for name in "ab" for region in "rs"]
    write_database(tmp_path / "1.sqlite", rows, "s", FRESH)
    write_database(tmp_path / "2.sqlite", reversed(rows), "s", FRESH)
    digests = {hashlib.sha256(path.read_bytes()).digest() for path in tmp_path.glob("*.sqlite")}
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([Row("x", "a", "r", 1.0), Row("x", "a", "r", 2.0)], "two rows for the same place"),
        ([Row("x", "a", "r", 0.0)], "a price of 0.0 is none"),
        ([Row("x", "a", "r", 1.0, spot=-1.0)], "a price of -1.0 is none"),
    ],
)
def test_wrong_rows_are_refused_and_leave_nothing(tmp_path: Path, rows: list[Row], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        write_database(tmp_path / "x.sqlite", rows, "s", FRESH)
    assert list(tmp_path.iterdir()) == []


def test_an_offer_without_a_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no source covers it"):
        write(tmp_path / "x.sqlite", [Row("x", "a", "r", 1.0)], [Source("x", "s", FRESH, regions=("q*",))])


def test_a_missing_snapshot_is_an_error(stix_home: Path, tmp_path: Path) -> None:
    with pytest.raises(StixError, match="is not there") as error:
        Catalog.open(stix_home, base=tmp_path / "none.sqlite")
    assert error.value.hint == "install stix again"


@pytest.mark.parametrize(("cloud", "remedy"), [("lambda", "stix catalog reset lambda"), ("user", "remove it")])
def test_a_database_that_breaks_off_is_named_with_its_remedy(
    mini_base: Path, stix_home: Path, cloud: str, remedy: str
) -> None:
    path = stix_home / "catalog" / f"{cloud}.sqlite"
    write_database(path, [Row("lambda", "box", "home", 0.05, None, 32, 128)], "a list", FRESH)
    with sqlite3.connect(path) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'machine'").fetchone()
    database.close()
    content = bytearray(path.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    path.write_bytes(content)
    with pytest.raises(StixError, match=f"{cloud}.sqlite is damaged") as error:
        Catalog.open(stix_home, base=mini_base, today=TODAY).offers(Resources(infra="lambda"))
    assert remedy in error.value.hint
