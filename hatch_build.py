"""Builds what the wheel carries but the repository does not: the agent's archive, `roles/skylet/files/skylet.pyz`, the
one file that nodes get, and the catalog's snapshot, `stix/catalog/catalog.sqlite`."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ARCHIVER = "plugins/module_utils/agent_archive.py"
ARCHIVE = "roles/skylet/files/skylet.pyz"
SNAPSHOT = "stix/catalog/catalog.sqlite"


class MadeFilesHook(BuildHookInterface):
    """Writes both into the tree, where a checkout finds them, too; the same source gives the same bytes."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the archive from `stix/skylet` and the snapshot from `stix/catalog/tables`."""
        write_archive(Path(self.root))
        if self.target_name == "wheel":
            write_snapshot(Path(self.root))
            build_data["artifacts"].append(SNAPSHOT)


def write_archive(root: Path) -> Path:
    """Build the agent's archive of the tree at `root`; its path."""
    specification = importlib.util.spec_from_file_location("agent_archive", root / ARCHIVER)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    target = root / ARCHIVE
    content = module.build(str(root / "stix/skylet"))
    if not target.exists() or target.read_bytes() != content:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return target


def write_snapshot(root: Path) -> Path:
    """Build the catalog's snapshot of the tree at `root`; its path."""
    command = [sys.executable, "-m", "stix.catalog.snapshot", str(root / SNAPSHOT)]
    subprocess.run(command, cwd=root, env=os.environ | {"PYTHONPATH": str(root)}, check=True)
    return root / SNAPSHOT
