"""Brings the workdir and the file mounts to a node: only trees whose recorded hash differs, each in one exec."""

import shlex
from pathlib import Path
from typing import Any

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils import git_workdir, trees
from ansible_collections.stix.core.plugins.plugin_utils.node_action import NodeAction

LARGEST_INPUT = 32 * 1024 * 1024
"""Bytes that are handed to the connection at once; a larger tar goes over as a file."""

_ON_THIS_MACHINE = ("local", "community.docker.docker", "docker")


class ActionModule(NodeAction):
    """Sends what `node_state` called stale."""

    OPTIONS = {
        "home": {"type": "str", "required": True},
        "user_home": {"type": "str", "default": ""},
        "workdir": {"type": "raw"},
        "mounts": {"type": "dict", "default": {}},
        "stale": {"type": "list", "elements": "str", "required": True},
    }

    def act(self) -> dict[str, Any]:
        """The `sync` events of the trees sent (a list, as one task may send several)."""
        wanted = trees.sources(self.args["workdir"], self.args["mounts"])
        sent = [self._bring(tree) for tree in wanted if tree["target"] in self.args["stale"]]
        changed = any(tree["changed"] for tree in sent)
        return {"changed": changed, "stix_event": {"kind": "sync", "data": sent}}

    def _bring(self, tree: trees.Tree) -> dict[str, Any]:
        if "url" in tree:
            body = git_workdir.script(tree["ref"], self.args["user_home"], tree["target"], self.check_mode)
            try:
                answer = self.decode(self.execute(body, tree["url"].encode() + b"\n"))
            except Failure as failure:
                raise git_workdir.explained(failure, self.stderr) from None
            return {"target": tree["target"], "files": 0, "bytes": 0, "deleted": 0, **answer}
        content = trees.digest(tree["path"])
        if self.check_mode:
            return {"target": tree["target"], "files": 0, "bytes": 0, "deleted": 0, "changed": True}
        packed = trees.pack(tree["path"], content, compress=self._connection.transport not in _ON_THIS_MACHINE)
        answer = self._receive(tree["target"], content, packed)
        return {"target": tree["target"], "changed": True, **answer}

    def _receive(self, target: str, content: str, packed: Path) -> dict[str, Any]:
        verb = f"receive --target {shlex.quote(target)} --hash {content} --delete"
        if packed.stat().st_size <= LARGEST_INPUT:
            return self.agent(verb, packed.read_bytes())
        remote = self.upload(packed, "tree.tar")
        return self.agent(f"{verb} < {remote}; status=$?; rm -f {remote}; (exit $status)")
