"""Mounts disks that a node was given, and formats those that are blank."""

from typing import Any

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils.disk_script import script
from ansible_collections.stix.core.plugins.plugin_utils.node_action import NodeAction


class ActionModule(NodeAction):
    """One exec for all disks."""

    OPTIONS = {
        "home": {"type": "str", "default": "~/.stix/agent"},
        "mounts": {"type": "list", "elements": "dict", "required": True},
    }

    def act(self) -> dict[str, Any]:
        """Whether any was mounted now."""
        if self.check_mode:
            return {"changed": False, "placed": []}
        done = self.execute("(" + script(self.args["mounts"]) + "\n)")
        told = done.output.decode(errors="replace").splitlines()
        if done.status != 0:
            reason = (self.stderr.splitlines() or ["no reason was given"])[-1]
            raise Failure(
                "setup.failed", f"A disk cannot be mounted on '{self.host}': {reason}", "", {"host": self.host}
            )
        placed = [line.partition(" ")[2] for line in told if line.startswith("placed ")]
        return {"changed": bool(placed), "placed": placed}
