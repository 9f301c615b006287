"""`make hello` on a fresh machine: nothing but a clone and a Python."""

import shutil
from pathlib import Path

from tests.package.conftest import call


def test_make_hello(tree: Path, scratch: Path, safe_world: Path) -> None:
    clone = scratch / "clone"
    shutil.copytree(tree, clone, symlinks=True, ignore=shutil.ignore_patterns("dist", "direct", "*.pyz"))
    shown = call("make", "hello", cwd=clone)
    assert "hello from rank 0 of 1" in shown
    take_down = next(line for line in shown.splitlines() if line.startswith("Take it down:")).partition(":")[2]
    call(*take_down.split(), cwd=clone)
    assert "hello" not in call(".venv/bin/stix", "status", cwd=clone)
