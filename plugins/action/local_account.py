"""All local clusters of this machine: found, and removed where nobody wants them."""

from typing import Any

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils import local_account
from ansible_collections.stix.core.plugins.plugin_utils.node_action import ControllerAction


class ActionModule(ControllerAction):
    """Answers `resources` and reports them."""

    OPTIONS = {
        "root": {"type": "path", "required": True},
        "things": {"type": "list", "elements": "dict", "default": []},
        "state": {"type": "str", "choices": ["survey", "absent"], "required": True},
    }

    def act(self) -> dict[str, Any]:
        """`resources`: what is there, or what is left of it.

        Raises:
            Failure: `provision.config` for a folder that cannot be used.
        """
        root, things = self.args["root"], self.args["things"]
        survey = self.args["state"] == "survey"
        try:
            found = local_account.survey(root) if survey else local_account.sweep(root, things, self.check_mode)
        except OSError as error:
            reason = f"'{error.filename or root}' cannot be used: {error.strerror}"
            raise Failure("provision.config", reason, "Check who owns the folder.") from error
        changed = not survey and (bool(found) if self.check_mode else len(found) < len(things))
        return {"changed": changed, "resources": found, "stix_event": {"kind": "resources", "data": found}}
