"""Fetches the log of one job into a file on the controller."""

import os
from pathlib import Path
from typing import Any

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils.node_action import NodeAction

_NO_SUCH_JOB = 102


class ActionModule(NodeAction):
    """One exec; the log as it is now."""

    OPTIONS = {
        "home": {"type": "str", "required": True},
        "job_id": {"type": "int", "required": True},
        "folder": {"type": "path", "required": True},
    }

    def act(self) -> dict[str, Any]:
        """`path` of the file `<job_id>.log`; changed when its content is new."""
        job = self.args["job_id"]
        answer = self.execute(f'"$PY" "$H/skylet.pyz" --home "$H" logs --job {job}')
        if answer.status == _NO_SUCH_JOB:
            raise Failure("job.not_found", f"There is no job {job} on '{self.host}'", "", {"job_id": job})
        folder = Path(os.path.expanduser(self.args["folder"]))
        path = folder / f"{job}.log"
        changed = not path.exists() or path.read_bytes() != answer.output
        if changed and not self.check_mode:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(answer.output)
        return {"changed": changed, "path": str(path)}
