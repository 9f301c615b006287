"""A small frozen catalog, so that a refresh of the shipped facts breaks no test."""

from pathlib import Path

import pytest

from stix.catalog import facts
from stix.catalog.build import write
from stix.catalog.database import Catalog

MINI = Path(__file__).with_name("mini")
TODAY = "2026-11-22"


@pytest.fixture(scope="session")
def mini_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mini-catalog as a database."""
    path = tmp_path_factory.mktemp("mini") / "catalog.sqlite"
    write(path, facts.read_rows(MINI), facts.read_sources(MINI), facts.read_accelerators(MINI))
    return path


@pytest.fixture
def mini(mini_base: Path, stix_home: Path) -> Catalog:
    """The mini-catalog, opened in the test's stix folder on a fixed day."""
    return Catalog.open(stix_home, base=mini_base, today=TODAY)
