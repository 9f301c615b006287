"""Reports a fact: the first of the two words in which Ansible answers."""

from typing import Any

from ansible_collections.stix.core.plugins.module_utils.error_codes import EVENT_KINDS
from ansible_collections.stix.core.plugins.plugin_utils.node_action import ControllerAction


class ActionModule(ControllerAction):
    """Puts `stix_event` into the task's result."""

    OPTIONS = {
        "kind": {"type": "str", "required": True, "choices": sorted(EVENT_KINDS)},
        "data": {"type": "raw", "required": True},
    }

    def act(self) -> dict[str, Any]:
        """The event; nothing changes. Machines are a fact of Ansible, too, for playbooks that go on with them."""
        kind, data = self.args["kind"], self.args["data"]
        facts = {"ansible_facts": {"stix_instances": data}} if kind == "instances" else {}
        return {"changed": False, "stix_event": {"kind": kind, "data": data}, **facts}
