"""Brings what is in one bucket or folder of the controller to another; rclone does the work."""

import os
from pathlib import Path
from typing import Any

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils import rclone
from ansible_collections.stix.core.plugins.plugin_utils.bucket_remotes import Keys, Options, boto_session
from ansible_collections.stix.core.plugins.plugin_utils.node_action import ControllerAction

FAST = ("--transfers=32", "--checkers=32", "--fast-list", "--multi-thread-streams=8", "--use-json-log", "--stats=1s",
        "--stats-log-level=NOTICE")  # fmt: skip


class ActionModule(ControllerAction):
    """What is there as it is at the source is not sent again, so a transfer that was cut off goes on where it was."""

    OPTIONS = {
        "state": {"type": "str", "choices": ["present", "query"], "default": "present"},
        "source": {"type": "dict", "required": True},
        "target": {"type": "dict", "default": {}},
        "exact": {"type": "bool", "default": False},
        "log": {"type": "path", "default": ""},
        "settings": {"type": "dict", "default": {}},
    }

    def act(self) -> dict[str, Any]:
        """The `sync` event of the target, of `query` nothing; in check mode, what would be sent.

        Raises:
            Failure: `sync.source`, `sync.failed`, `secrets.missing`, `config.invalid`.
        """
        keys = Keys(os.environ, Path.home(), boto_session)
        source, remotes = self._end(self.args["source"], keys)
        self._require_source(source, remotes)
        if self.args["state"] == "query":
            return {"changed": False}
        target, more = self._end(self.args["target"], keys)
        verb = "sync" if self.args["exact"] else "copy"
        words = [verb, source, target, *FAST, *(["--dry-run"] if self.check_mode else [])]
        done = rclone.run(words, remotes | more, log=Path(self.args["log"]) if self.args["log"] else None)
        addresses = self.args["source"]["address"], self.args["target"]["address"]
        if done.returncode:
            words = f"{addresses[0]} could not be brought to {addresses[1]}: {rclone.last_error(done.stderr)}"
            raise Failure("sync.failed", words, "The same again sends only what is lacking.", {}, retryable=True)
        (files, size), deleted = rclone.transferred(done.stderr), rclone.deleted(done.stderr)
        sent = {"target": addresses[1], "files": files, "bytes": size, "deleted": deleted}
        changed = bool(files or deleted)
        return {"changed": changed, "stix_event": {"kind": "sync", "data": [{**sent, "changed": changed}]}}

    def _end(self, place: dict[str, Any], keys: Keys) -> tuple[str, dict[str, Options]]:
        """rclone's word for a place, and the remote that it needs."""
        if not place.get("store"):
            return os.path.abspath(os.path.expanduser(str(place["address"]))), {}
        settings = self.args["settings"].get(str(place["store"]).lower()) or {}
        name, options = keys.remote(place, settings, identity=False)
        inner = f"/{place['path']}" if place.get("path") else ""
        return f"{name}:{place['bucket']}{inner}", {name: options}

    def _require_source(self, source: str, remotes: dict[str, Options]) -> None:
        """An empty or misspelt source must not empty the target of an exact transfer."""
        found = rclone.run(["lsf", "--max-depth=1", source, *rclone.LOOK], remotes)
        if found.returncode or not found.stdout.strip():
            said = rclone.last_error(found.stderr) if found.returncode else "nothing is there"
            raise Failure("sync.source", f"{self.args['source']['address']} cannot be sent: {said}", "", {})
