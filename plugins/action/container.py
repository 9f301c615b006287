"""Has the container of the cluster's image on a node; a registry's login goes over the connection's standard input."""

import json
from pathlib import Path
from typing import Any

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils.node_action import NodeAction

LOGIN = {
    "username": "SKYPILOT_DOCKER_USERNAME",
    "password": "SKYPILOT_DOCKER_PASSWORD",
    "server": "SKYPILOT_DOCKER_SERVER",
}
WORDS = {"docker": "a Docker engine that answers", "container_gpu": "NVIDIA's container toolkit"}


class ActionModule(NodeAction):
    """One exec: the agent makes the container, or says what the machine lacks."""

    OPTIONS = {
        "home": {"type": "str", "required": True},
        "image": {"type": "str", "required": True},
        "run_options": {"type": "list", "elements": "str", "default": []},
        "paths": {"type": "list", "elements": "str", "default": []},
        "registry_file": {"type": "path", "default": ""},
        "required": {"type": "bool", "default": False},
    }

    def act(self) -> dict[str, Any]:
        """`missing`, what the machine lacks (nothing was done then), or what became of the container."""
        order = {name: self.args[name] for name in ("image", "run_options", "paths")}
        order |= {"login": self._login(), "check": self.check_mode}
        answer = self.agent_or_none("container", json.dumps(order).encode())
        if answer is None:  # check mode, and no agent yet
            return {"changed": True, "missing": []}
        if self.args["required"] and answer.get("missing"):
            raise Failure(
                "setup.failed",
                f"Machine '{self.host}' still lacks {WORDS[answer['missing'][0]]}",
                "Set it up by hand, or choose an image of the machine that has it.",
                {"host": self.host, "missing": answer["missing"]},
            )
        return {"changed": False, **answer}

    def _login(self) -> dict[str, str]:
        """The login of the images' registry, where the file has one; it may be there without one."""
        path = self.args["registry_file"]
        if not path:
            return {}
        try:
            values = json.loads(Path(path).read_text())
        except (OSError, ValueError) as error:
            raise Failure(
                "secrets.missing", f"The registry's login in '{path}' cannot be read", "It holds one JSON object."
            ) from error
        login = {key: str(values.get(name) or "") for key, name in LOGIN.items()}
        return login if all(login.values()) else {}
