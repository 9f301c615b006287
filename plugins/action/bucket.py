"""Buckets of object stores: whether they are there, made, filled from this machine, deleted; rclone does the work."""

import os
from pathlib import Path
from typing import Any

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.ignore import walk
from ansible_collections.stix.core.plugins.plugin_utils import rclone
from ansible_collections.stix.core.plugins.plugin_utils.bucket_remotes import Keys, boto_session
from ansible_collections.stix.core.plugins.plugin_utils.node_action import ControllerAction

NOT_FOUND = 3
"""rclone's exit status for a folder or bucket that is not there."""

FAST = ("--transfers=32", "--checkers=32", "--fast-list", "--use-json-log", "--stats=1h", "--log-level=INFO")


class ActionModule(ControllerAction):
    """Answers which buckets are absent, and reports as `sync` what was brought."""

    OPTIONS = {
        "state": {"type": "str", "choices": ["query", "made", "present", "absent"], "required": True},
        "buckets": {"type": "list", "elements": "dict", "required": True},
        "settings": {"type": "dict", "default": {}},
    }

    def act(self) -> dict[str, Any]:
        """`absent`: those that are not there; of `made` and `present` none is left.

        Raises:
            Failure: `sync.failed`, `sync.source`, `secrets.missing`, `config.invalid`.
        """
        keys, state = Keys(os.environ, Path.home(), boto_session), self.args["state"]
        buckets = [Bucket(each, keys, self.args["settings"]) for each in self.args["buckets"]]
        absent = [bucket.wish for bucket in buckets if not bucket.exists()]
        if state == "query":
            return {"changed": False, "absent": absent}
        if state == "absent":
            there = [bucket for bucket in buckets if bucket.wish not in absent]
            for bucket in there if not self.check_mode else ():
                bucket.delete()
            return {"changed": bool(there), "absent": [] if self.check_mode else [bucket.wish for bucket in buckets]}
        if self.check_mode:
            return {"changed": bool(absent), "absent": absent}
        if state == "made":
            for bucket in buckets:
                if bucket.wish in absent:
                    bucket.make()
            return {"changed": bool(absent), "absent": []}
        sent = [bucket.fill(make=bucket.wish in absent) for bucket in buckets]
        changed = bool(absent) or any(each["files"] for each in sent)
        return {"changed": changed, "absent": [], "stix_event": {"kind": "sync", "data": sent}}


class Bucket:
    """One bucket.

    Args:
        wish: `{store, bucket, path, region, account, address, sources}`.
        settings: by store.
    """

    def __init__(self, wish: dict[str, Any], keys: Keys, settings: dict[str, Any]) -> None:
        self.wish = wish
        name, options = keys.remote(wish, settings.get(str(wish["store"]).lower()) or {}, identity=False)
        self.remotes = {name: options}
        self.root = f"{name}:{wish['bucket']}"
        self.address = wish.get("address") or wish["bucket"]

    def exists(self) -> bool:
        """Whether it is there."""
        done = rclone.run(["lsf", "--max-depth=1", "--dirs-only", self.root, *rclone.LOOK], self.remotes)
        if done.returncode not in (0, NOT_FOUND):
            raise self._failure("cannot be looked at", done.stderr)
        return done.returncode == 0

    def make(self) -> None:
        """Makes it."""
        done = rclone.run(["mkdir", self.root], self.remotes)
        if done.returncode:
            raise self._failure("cannot be made", done.stderr)

    def fill(self, make: bool) -> dict[str, Any]:
        """Makes it if need be, and copies what fills it: `{target, files, bytes, deleted, changed}`."""
        if make:
            self.make()
        files = size = 0
        sources = [os.path.expanduser(str(source)) for source in self.wish.get("sources") or []]
        for source in sources:
            more = self._copy(source, alone=len(sources) == 1)
            files, size = files + more[0], size + more[1]
        return {"target": self.address, "files": files, "bytes": size, "deleted": 0, "changed": bool(make or files)}

    def delete(self) -> None:
        """Deletes it with all that is in it."""
        done = rclone.run(["purge", self.root], self.remotes)
        if done.returncode not in (0, NOT_FOUND):
            raise self._failure("cannot be deleted", done.stderr)

    def _copy(self, source: str, alone: bool) -> tuple[int, int]:
        """Files and bytes sent of one source; a folder alone gives its content, all else comes under its name."""
        inner, name = str(self.wish.get("path") or ""), os.path.basename(os.path.normpath(source))
        if os.path.isfile(source):
            words = ["copyto", source, self._below(inner, name)]
        elif os.path.isdir(source):
            words = ["copy", source, self._below(inner, "" if alone else name)]
        else:
            raise Failure("sync.source", f"'{source}' is not there", "Check the path; it is read on this machine.")
        left = _left_out(source)
        with rclone.names(left) as excluded:
            done = rclone.run([*words, *FAST, *excluded], self.remotes)
        if done.returncode:
            raise self._failure("could not be filled", done.stderr)
        return rclone.transferred(done.stderr)

    def _below(self, *parts: str) -> str:
        return "/".join([self.root, *(part for part in parts if part)])

    def _failure(self, words: str, stderr: bytes) -> Failure:
        sentence = f"Bucket {self.address} {words}: {rclone.last_error(stderr)}"
        return Failure("sync.failed", sentence, "", {"bucket": self.address}, retryable=True)


def _left_out(source: str) -> list[str]:
    """Paths below a folder that its ignore file leaves out, as rclone's filters name them."""
    if not os.path.isdir(source):
        return []
    kept = {path for path, _ in walk(source)}
    found = []
    for top, folders, files in os.walk(source):
        inner = os.path.relpath(top, source)
        for name in [*folders, *files]:
            path = os.path.normpath(os.path.join(inner, name))
            if path not in kept:
                found.append(path + "/**" if name in folders else path)
        folders[:] = [name for name in folders if os.path.normpath(os.path.join(inner, name)) in kept]
    return found
