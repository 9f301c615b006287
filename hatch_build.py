"""Builds the agent's archive before the wheel is packed: `roles/skylet/files/skylet.pyz`, the one file that nodes
get."""

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ARCHIVER = "plugins/module_utils/agent_archive.py"
ARCHIVE = "roles/skylet/files/skylet.pyz"


class AgentArchiveHook(BuildHookInterface):
    """Writes the archive into the role, where a checkout's collection build finds it, too."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the archive from `stix/skylet`; the same source gives the same bytes."""
        write_archive(Path(self.root))


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
