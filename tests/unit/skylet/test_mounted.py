"""What is mounted below a folder is not deleted with it: a bucket would be emptied. Mounts of one process alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from stix.skylet.mountinfo import is_mounted, mounts_below
from tests.conftest import demand

ROOT = Path(__file__).resolve().parents[3]

LOCAL = """
from ansible.plugins.loader import init_plugin_loader
import os; init_plugin_loader([os.path.abspath("collections")])
from ansible_collections.stix.core.plugins.plugin_utils.local_cluster import LocalCluster
cluster = LocalCluster(str(home.parent.parent), "c-1")
try:
    print(cluster.remove(check=False))
except Exception as error:
    print(error)
"""
RECEIVE = """
import io, tarfile
from stix.skylet.receive import Tree
stream = io.BytesIO()
with tarfile.open(fileobj=stream, mode="w") as tar:
    tar.addfile(tarfile.TarInfo("bucket"), io.BytesIO())
stream.seek(0)
try:
    Tree(str(home)).unpack(stream)
except ValueError as error:
    print(error)
"""


def inside(tmp_path: Path, code: str) -> str:
    """What code prints that runs where a folder `bucket` is mounted in the home of a cluster's node."""
    done = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    demand("" if done.returncode == 0 else "mounts of its own need the right to make them (unshare -m)")
    home, store = tmp_path / "all" / "c-1" / "c-0", tmp_path / "store"
    (home / "bucket").mkdir(parents=True)
    store.mkdir()
    (store / "precious").write_text("data")
    start = f"import sys; from pathlib import Path; sys.path[:0] = {sys.path!r}; home = Path({str(home)!r})\n"
    words = 'mount --make-rprivate / && mount --bind "$1" "$2/bucket" && exec "$3" -c "$4"'
    line = ["unshare", "-m", "sh", "-c", words, "sh", str(store), str(home), sys.executable, start + code]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT, timeout=300)
    assert (store / "precious").read_text() == "data", done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_local_cluster_goes_and_leaves_what_was_mounted_in_it(tmp_path: Path) -> None:
    said = inside(tmp_path, LOCAL)
    assert "True" in said or "is still mounted" in said


def test_a_file_does_not_take_the_place_of_what_is_mounted(tmp_path: Path) -> None:
    assert "bucket is mounted" in inside(tmp_path, RECEIVE)


@pytest.mark.parametrize("path", ["/proc", "/"])
def test_the_kernel_is_asked(path: str, tmp_path: Path) -> None:
    assert is_mounted(path) and "/proc" in mounts_below(path) and not mounts_below(str(tmp_path))
    link = tmp_path / "link"
    link.symlink_to(path)
    assert is_mounted(str(link))
