"""Built once for all package tests: source archive, wheel and collection of this tree, from a copy of it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.lab.images import cache_folder

ROOT = Path(__file__).parents[2]
LIFE = "check provision query probe setup sync run_job up logs cancel_job stop terminate".split()
"""Every playbook, in the order of a machine's life."""


def call(*words: object, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command that must succeed; what it printed."""
    command = [str(word) for word in words]
    clean = {"PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "", "PIP_CACHE_DIR": str(cache_folder() / "pip")}
    variables = os.environ | clean | (env or {})
    done = subprocess.run(
        command,
        cwd=cwd,
        env=variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def make_environment(python: str, folder: Path, *requirements: object) -> Path:
    """A new virtual environment with the requirements; the path of its bin folder."""
    call(python, "-m", "venv", folder, cwd=folder.parent)
    # What runs is compiled when it runs; all of Ansible would take longer than the test.
    call(folder / "bin/python", "-m", "pip", "install", "--quiet", "--no-compile", *requirements, cwd=folder.parent)
    return folder / "bin"


def play_by_hand(programs: Path, folder: Path, collections: object) -> None:
    """Play every playbook with the inventory of one machine, by plain ansible-playbook in an empty folder.

    Args:
        programs: the folder of ansible-playbook.
        collections: where Ansible finds stix.core.
    """
    folder.mkdir()
    shutil.copytree(ROOT / "inventories/local", folder / "inventory")
    names = [f"stix.core.{name}" for name in LIFE]
    env = {"ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_LOCALHOST_WARNING": "0"}
    call(programs / "ansible-playbook", "-i", "inventory", *names, cwd=folder, env=env)
    assert (folder / "logs/2.log").is_file()
    assert not Path(os.environ["STIX_HOME"], "local/here-0").exists()


def scratch_folder() -> Path:
    """A new folder, in memory where there is room: some disks take long to remove an environment."""
    shared = Path("/dev/shm")
    roomy = shared.is_dir() and shutil.disk_usage(shared).free > 4 << 30
    return Path(tempfile.mkdtemp(prefix="sx-package-", dir=shared if roomy else None))


@pytest.fixture
def scratch() -> Iterator[Path]:
    """An empty folder for an environment and what is done in it."""
    folder = scratch_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def tree() -> Iterator[Path]:
    """A copy of the tracked and the new files: what a fresh clone would hold."""
    target = scratch_folder()
    _copy_tree(target)
    yield target
    shutil.rmtree(target, ignore_errors=True)


def _copy_tree(target: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name, follow_symlinks=False)


@pytest.fixture(scope="session")
def built(tree: Path) -> SimpleNamespace:
    """Paths `sdist`, `wheel` (built from the sdist), `direct_wheel` (built from the tree) and `collection`."""
    python = sys.executable
    call(python, "-m", "build", "--no-isolation", "--outdir", "dist", cwd=tree)
    call(python, "-m", "build", "--no-isolation", "--wheel", "--outdir", "direct", cwd=tree)
    galaxy = Path(python).with_name("ansible-galaxy")
    call(galaxy, "collection", "build", "--output-path", "dist", cwd=tree)
    return SimpleNamespace(
        sdist=next(tree.glob("dist/stix_cloud-*.tar.gz")),
        wheel=next(tree.glob("dist/*.whl")),
        direct_wheel=next(tree.glob("direct/*.whl")),
        collection=next(tree.glob("dist/stix-core-*.tar.gz")),
    )
