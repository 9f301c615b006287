"""An agent that runs from this checkout, in a home of its own."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from stix.skylet import detach, install
from stix.skylet.home import Home, write_json

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home with a config, whose agent is ended afterwards."""
    home = Home(str(tmp_path / "home"))
    os.makedirs(home.root)
    config = {"cluster": "c", "cluster_id": "c-1", "rank": 0, "num_nodes": 1, "token": "t"}
    write_json(home.config, {**config, "resources": {"cpus": 1, "memory": 1, "gpus": []}})
    yield home
    detach._unpacked.clear()
    pid = install.daemon_pid(home)
    if pid:
        os.kill(pid, signal.SIGTERM)


@pytest.fixture
def starts_with(tmp_path: Path):
    """`starts_with(*lines)`: from now on these are done first when the agent's process starts."""

    def write(*lines: str, agent: bool = True) -> None:
        library = tmp_path / "library"
        library.mkdir()
        imports = [f"sys.path.insert(0, {str(ROOT)!r})", "from stix.skylet import cli, detach"]
        run = [*imports, f"detach.use({str(library)!r})", "cli.main()"] if agent else []
        (library / "__main__.py").write_text("\n".join(["import sys, time", *lines, *run]) + "\n")
        detach.use(str(library))

    return write
