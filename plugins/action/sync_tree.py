"""Brings the workdir and the file mounts to a node: only trees whose recorded hash differs, each in one exec; large
ones over ssh by rsync.
"""

import json
import os
import shlex
from pathlib import Path
from typing import Any

from ansible_collections.stix.core.plugins.module_utils.difference import difference
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils import git_workdir, rsync, trees
from ansible_collections.stix.core.plugins.plugin_utils.node_action import NodeAction

LARGEST_INPUT = 32 * 1024 * 1024
"""Bytes that are handed to the connection at once; a larger tar goes over as a file."""

_ON_THIS_MACHINE = ("local", "community.docker.docker", "docker")


def _content(tree: trees.Tree) -> str:
    if "url" in tree:
        return f"git, {tree.get('ref') or 'its default branch'}"
    count = sum(os.path.isfile(full) for _, full in trees.entries(tree["path"]))
    return f"{count} file{'s' if count != 1 else ''} of {tree['path']}"


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
        told = {"diff": self._diff(wanted, sent)} if self.check_mode else {}
        return {"changed": changed, **told, "stix_event": {"kind": "sync", "data": sent}}

    def _diff(self, wanted: list[trees.Tree], sent: list[dict[str, Any]]) -> list[dict[str, str]]:
        """What would be sent, for people; an address may hold a login, so of git only the ref is told."""
        changed = {tree["target"] for tree in sent if tree["changed"]}
        return difference(
            files=[
                (tree["target"] + ": missing, or not as it is here", f"{tree['target']}: {_content(tree)}")
                for tree in wanted
                if tree["target"] in changed
            ]
        )

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
        answer = self._by_rsync(tree, content)
        if answer:
            return {"target": tree["target"], "changed": True, **answer}
        packed = trees.pack(tree["path"], content, compress=self._connection.transport not in _ON_THIS_MACHINE)
        answer = self._receive(tree["target"], content, packed)
        return {"target": tree["target"], "changed": True, **answer}

    def _by_rsync(self, tree: trees.Tree, content: str) -> dict[str, Any]:
        """What was sent of a large folder over ssh; empty where a tar has to do."""
        source = os.path.expanduser(tree["path"])
        if not content.startswith(trees.BY_TIMES) or not os.path.isdir(source):
            return {}
        ssh = rsync.ssh_words(self._connection)
        if not ssh:
            return {}
        paths = rsync.sendable(trees.entries(source))
        names, target = json.dumps(paths).encode(), shlex.quote(tree["target"])
        place = self.agent(f"receive --target {target} --begin", names)
        sent = (
            rsync.transfer(source, paths, str(self._connection.get_option("host")), place["root"], ssh)
            if place["rsync"]
            else None
        )
        if sent is None:
            return {}
        done = self.agent(f"receive --target {target} --hash {content} --delete --end", names)
        return {"files": sent[0], "bytes": sent[1], "deleted": done["deleted"]}

    def _receive(self, target: str, content: str, packed: Path) -> dict[str, Any]:
        verb = f"receive --target {shlex.quote(target)} --hash {content} --delete"
        if packed.stat().st_size <= LARGEST_INPUT:
            return self.agent(verb, packed.read_bytes())
        remote = self.upload(packed, "tree.tar")
        return self.agent(f"{verb} < {remote}; status=$?; rm -f {remote}; (exit $status)")
