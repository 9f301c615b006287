"""Makes buckets appear on a node, mounted or copied; keys go over the connection's standard input into memory."""

import json
import os
from pathlib import Path
from typing import Any

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils import rclone
from ansible_collections.stix.core.plugins.plugin_utils.bucket_remotes import Keys, boto_session
from ansible_collections.stix.core.plugins.plugin_utils.node_action import NodeAction

INSTALL = (
    'umask 077; mkdir -p "$H/bin" && "$PY" -c "import gzip, shutil, sys; '
    'shutil.copyfileobj(gzip.open(sys.argv[1]), open(sys.argv[2], \\"wb\\"), 1 << 20)" {packed} "$H/bin/rclone.new" '
    '&& chmod 755 "$H/bin/rclone.new" && mv "$H/bin/rclone.new" "$H/bin/rclone"; status=$?; rm -f {packed}; '
    "(exit $status)"
)


class ActionModule(NodeAction):
    """Two execs where rclone is there: the agent says what is missing before anything is brought."""

    OPTIONS = {
        "home": {"type": "str", "required": True},
        "mounts": {"type": "list", "elements": "dict", "required": True},
        "settings": {"type": "dict", "default": {}},
        "identity": {"type": "list", "elements": "str", "default": []},
        "rclone": {"type": "dict", "default": {}},
    }

    def act(self) -> dict[str, Any]:
        """`missing`, packages that the machine lacks (nothing was done then), or the `sync` event of the buckets."""
        order = json.dumps(self._order()).encode()
        answer = self.agent_or_none("mounts", order)
        if answer is None:  # check mode, and no agent yet
            return {"changed": True, "missing": []}
        if "rclone" in (answer.get("missing") or []):
            if self.check_mode:
                return {"changed": True, "missing": []}
            self._bring_rclone(str(answer["machine"]))
            answer = self.agent("mounts", order)
        if answer.get("missing"):
            return {"changed": False, "missing": answer["missing"]}
        brought = [{"files": 0, "bytes": 0, "deleted": 0, **each} for each in answer["mounts"]]
        changed = any(each["changed"] for each in brought)
        return {"changed": changed, "missing": [], "stix_event": {"kind": "sync", "data": brought}}

    def _order(self) -> dict[str, Any]:
        keys = Keys(os.environ, Path.home(), boto_session)
        remotes, mounts = {}, []
        for mount in self.args["mounts"]:
            store = str(mount.get("store") or "")
            settings = self.args["settings"].get(store.lower()) or {}
            name, remotes_options = keys.remote(mount, settings, store in self.args["identity"])
            remotes[name] = remotes_options
            mounts.append({**mount, "remote": name})
        return {"mounts": mounts, "remotes": remotes, "check": self.check_mode}

    def _bring_rclone(self, machine: str) -> None:
        packed = self.upload(rclone.for_machine(machine, self.args["rclone"]), "rclone.gz")
        done = self.execute(INSTALL.format(packed=packed))
        if done.status != 0:
            reason = self.stderr.splitlines()[-1:] or ["the disk may be full"]
            raise Failure("sync.failed", f"rclone cannot be put on '{self.host}': {reason[0]}", "", {"host": self.host})
