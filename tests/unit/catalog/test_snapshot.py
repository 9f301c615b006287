"""The snapshot of a checkout: built at first use, once, and again when a table changes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stix.catalog import layers, snapshot
from tests.unit.catalog.conftest import MINI

ROOT = Path(snapshot.__file__).parents[2]
ASK = "from pathlib import Path; from stix.catalog import snapshot; print(snapshot.snapshot(Path('spare')))"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A tree with the catalog's code and the mini tables."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / "stix/catalog", root / "stix/catalog", ignore=shutil.ignore_patterns("tables", "*.sqlite*"))
    shutil.copytree(MINI, root / "stix/catalog/tables")
    shutil.copy(ROOT / "stix/errors.py", root / "stix")
    (root / "stix/__init__.py").touch()
    return root


def start(root: Path) -> subprocess.Popen[str]:
    variables = os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen([sys.executable, "-c", ASK], cwd=root, env=variables, stdout=subprocess.PIPE, text=True)


def ask(root: Path) -> Path:
    with start(root) as process:
        out = process.communicate(timeout=60)[0]
    assert process.returncode == 0
    return root / out.strip()


def rows(path: Path) -> int:
    connection = layers.connect(path)
    assert connection is not None
    return int(connection.execute("SELECT count(*) FROM offer").fetchone()[0])


def test_it_is_built_at_first_use_and_kept(checkout: Path) -> None:
    path = ask(checkout)
    assert path == checkout / "stix/catalog/catalog.sqlite"
    before = path.stat()
    assert ask(checkout).stat() == before


def test_a_changed_table_makes_it_anew(checkout: Path) -> None:
    path = ask(checkout)
    before = rows(path)
    table = checkout / "stix/catalog/tables/offers/vast.csv"
    table.write_text(table.read_text() + "1x-A100_SXM4-32-65536#A100:1,DE,,0.95,,\n")
    assert rows(ask(checkout)) == before + 1


def test_a_table_that_only_looks_newer_does_not(checkout: Path) -> None:
    path = ask(checkout)
    inode = path.stat().st_ino
    (checkout / "stix/catalog/tables/offers/vast.csv").touch()
    assert ask(checkout).stat().st_ino == inode


def test_two_that_build_at_once_both_have_it(checkout: Path) -> None:
    processes = [start(checkout) for _ in range(3)]
    answers = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert {process.returncode for process in processes} == {0}
    (answer,) = answers
    assert rows(Path(answer)) > 200
    assert [path.name for path in Path(answer).parent.glob("*sqlite*")] == ["catalog.sqlite"]
    assert not list(Path(answer).parent.glob(".catalog*"))
