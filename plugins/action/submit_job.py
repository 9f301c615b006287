"""Hands a job to the head's agent; the same submission id again gives the same job."""

import json
import os
import uuid
from pathlib import Path
from typing import Any

from ansible_collections.stix.core.plugins.module_utils.difference import difference
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils.node_action import NodeAction

JOB: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "default": ""},
    "run": {"type": "str", "default": ""},
    "setup": {"type": "str", "default": ""},
    "num_nodes": {"type": "int", "default": 1},
    "envs": {"type": "dict", "default": {}},
    "cpus": {"type": "raw"},
    "memory": {"type": "raw"},
    "accelerators": {"type": "dict", "default": {}},
    "submission_id": {"type": "str", "default": ""},
    "user": {"type": "str", "default": ""},
    "task_id": {"type": "str", "default": ""},
    "no_setup": {"type": "bool", "default": False},
    "workdir": {"type": "str", "default": ""},
}
"""The `job` option; what is empty is left out of the request, so that the agent's defaults hold."""


class ActionModule(NodeAction):
    """One exec; secrets are read here from their file and go over standard input only."""

    OPTIONS = {
        "home": {"type": "str", "required": True},
        "job": {"type": "dict", "required": True, "options": JOB},
        "secret_names": {"type": "list", "elements": "str", "default": []},
        "secret_files": {"type": "dict", "default": {}},
        "secrets_file": {"type": "str", "default": ""},
    }

    def act(self) -> dict[str, Any]:
        """The `job` event."""
        files = {str(path): str(name) for path, name in self.args["secret_files"].items()}
        names = [str(name) for name in self.args["secret_names"]]
        values = self._values(sorted({*names, *files.values()}))
        if self.check_mode:
            about = f"{self.args['job']['name'] or 'a job'} on {self.args['job']['num_nodes']} of the nodes"
            return {"changed": True, "diff": difference(jobs=[("not handed over", about)])}
        job = _request(self.args["job"])
        job["secrets"] = {name: values[name] for name in names}
        job["secret_files"] = {path: values[name] for path, name in files.items()}
        answer = self.call("submit", job)
        data = {**answer, "submission_id": job["submission_id"]}
        return {"changed": bool(answer.get("created")), "stix_event": {"kind": "job", "data": data}}

    def _values(self, names: list[str]) -> dict[str, str]:
        path = self.args["secrets_file"]
        if not names:
            return {}
        try:
            found = json.loads(Path(os.path.expanduser(path)).read_text()) if path else {}
        except FileNotFoundError:
            found = {}
        except (OSError, ValueError) as error:
            raise Failure(
                "secrets.missing", f"The secrets file '{path}' cannot be read", "It holds one JSON object."
            ) from error
        missing = [name for name in names if name not in found]
        if missing:
            raise Failure(
                "secrets.missing",
                f"The job needs secrets that are not in '{path}': {', '.join(missing)}",
                "Give their values again with --secret NAME, or write the file (JSON, mode 0600).",
                {"names": missing, "path": path},
            )
        return {name: str(found[name]) for name in names}


def _request(option: dict[str, Any]) -> dict[str, Any]:
    job = {name: value for name, value in option.items() if value not in (None, "", {}, False)}
    for name in ("cpus", "memory"):
        if name in job:
            job[name] = float(job[name])
    job.setdefault("submission_id", uuid.uuid4().hex)
    return {"name": "", "run": "", **job}
