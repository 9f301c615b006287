"""One cloud and one warm process for all tests of a class."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.backend import Backend
from tests.conformance.faults import KINDS
from tests.conformance.plays import Player
from tests.lab.processes import end_processes_of


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each kind of fault that the cloud can have."""
    if metafunc.cls and "kind" in metafunc.fixturenames:
        backend = metafunc.cls.backend
        metafunc.parametrize("kind", [kind for kind in KINDS if backend.can(f"fault {kind}")])


@pytest.fixture(scope="class")
def lab(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """The cloud of the class."""
    with request.cls.backend(request) as backend:
        yield backend


@pytest.fixture(scope="class")
def home() -> Iterator[Path]:
    """HOME of the class: its warm process must outlive a test."""
    folder = Path(tempfile.mkdtemp(prefix="sc-", dir="/tmp"))
    yield folder
    end_processes_of(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="class")
def warm_player(home: Path) -> Iterator[Player]:
    """Plays for the class."""
    player = Player(home)
    yield player
    player.close()


@pytest.fixture
def cloud(lab: Backend, safe_world: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """The cloud, with the environment leading to it; emptied after the test, however it ended."""
    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)
    yield lab
    lab.clean()


@pytest.fixture
def player(warm_player: Player, cloud: Backend, home: Path, monkeypatch: pytest.MonkeyPatch) -> Player:
    """Plays for the test, in the environment of its cloud."""
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("STIX_HOME", str(home / ".stix"))
    return warm_player
