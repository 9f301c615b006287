"""The wheel is complete: in a clean environment, in an empty folder, it runs a job."""

import os
import subprocess
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.package.conftest import call, make_environment, play_by_hand

FIND_COLLECTIONS = "from stix.runner.content import collection_paths; print(collection_paths())"
CONTENT = "stix/_content/ansible_collections/stix/core/"


def interpreters() -> list[tuple[str, str]]:
    """Python commands that work here with the ansible-core to use: the oldest for 3.11, the newest for the newest
    Python."""
    pairs = [("python3.11", "ansible-core==2.17.*"), ("python3.13", "ansible-core"), ("python3.12", "ansible-core")]
    versions = Path(os.environ.get("PYENV_ROOT") or "/root/.pyenv", "versions")
    found = []
    for name, core in pairs:
        for command in (*sorted(map(str, versions.glob(f"{name[6:]}*/bin/python"))), name):
            probe = (
                subprocess.run([command, "-c", "import ensurepip"], capture_output=True, check=False) if command else 0
            )
            if probe.returncode == 0:
                found.append((command, core))
                break
    return found[:2]


def members(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_source_archive_builds_the_same_wheel(built: SimpleNamespace) -> None:
    assert members(built.wheel) == members(built.direct_wheel)


def test_wheel_holds_the_collection_and_no_tests(built: SimpleNamespace, tree: Path) -> None:
    names = set(members(built.wheel))
    folders = ("extensions", "meta", "playbooks", "plugins", "roles")
    files = [path for folder in folders for path in (tree / folder).rglob("*") if path.is_file()]
    expected = {CONTENT + str(path.relative_to(tree)) for path in files if "__pycache__" not in path.parts}
    expected |= {CONTENT + "galaxy.yml", CONTENT + "roles/skylet/files/skylet.pyz"}
    assert expected <= names
    assert {name for name in names if name.startswith(CONTENT)} <= expected
    assert not [name for name in names if name.startswith(("tests", "bench", "docs")) or "__pycache__" in name]


@pytest.mark.parametrize(("python", "core"), interpreters(), ids=lambda word: Path(word).parent.parent.name or word)
def test_up_from_the_wheel(built: SimpleNamespace, scratch: Path, safe_world: Path, python: str, core: str) -> None:
    programs = make_environment(python, scratch / "env", built.wheel, core)
    stix = programs / "stix"
    empty = scratch / "empty"
    empty.mkdir()
    call(stix, "up", "-y", "-c", "wheel", "--", "echo hello from the wheel", cwd=empty)
    assert "hello from the wheel" in call(stix, "logs", "wheel", "1", cwd=empty)
    call(stix, "down", "-y", "wheel", cwd=empty)
    assert list(empty.iterdir()) == []
    if "2.17" in core:  # the newest plays them from the collection's own archive
        collections = call(programs / "python", "-c", FIND_COLLECTIONS, cwd=empty).strip()
        play_by_hand(programs, scratch / "hand", collections)
