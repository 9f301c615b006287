"""Asks the agent one question: queue, cancel, autostop, status, ..."""

from typing import Any

from ansible_collections.stix.core.plugins.plugin_utils.node_action import NodeAction

READING = ("ping", "queue", "job", "status")
"""Requests that change nothing."""


class ActionModule(NodeAction):
    """One exec; a request that changes something is not sent in check mode."""

    OPTIONS = {
        "home": {"type": "str", "required": True},
        "request": {"type": "str", "required": True},
        "params": {"type": "dict", "default": {}},
    }

    def act(self) -> dict[str, Any]:
        """`answer`: what the agent said."""
        name = self.args["request"]
        if self.check_mode and name not in READING:
            return {"changed": True, "answer": {}}
        answer = self.call(name, self.args["params"])
        changed = name not in READING and answer.get("cancelled") != []
        return {"changed": changed, "answer": answer}
