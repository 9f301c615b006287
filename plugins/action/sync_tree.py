"""Brings the workdir and the file mounts to a node: only trees whose recorded hash differs, each in one exec; large
ones over ssh by rsync.
"""

import json
import os
import shlex
from typing import Any

from ansible_collections.stix.core.plugins.module_utils.difference import difference
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils import git_workdir, parts, relay, rsync, trees
from ansible_collections.stix.core.plugins.plugin_utils.node_action import NodeAction
from ansible_collections.stix.core.plugins.plugin_utils.told import Told

_ON_THIS_MACHINE = ("local", "community.docker.docker", "docker")


class ActionModule(NodeAction):
    """Sends what `node_state` called stale."""

    OPTIONS = {
        "home": {"type": "str", "required": True},
        "user_home": {"type": "str", "default": ""},
        "workdir": {"type": "raw"},
        "mounts": {"type": "dict", "default": {}},
        "stale": {"type": "list", "elements": "str", "required": True},
        "progress": {"type": "path", "default": ""},
        "relay": {"type": "str", "choices": list(relay.MODES), "default": "never"},
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
                (tree["target"] + ": missing, or not as it is here", f"{tree['target']}: {self._content(tree)}")
                for tree in wanted
                if tree["target"] in changed
            ]
        )

    def _content(self, tree: trees.Tree) -> str:
        if "url" in tree:
            return f"git, {tree.get('ref') or 'its default branch'}"
        count = trees.content(tree, self._task._uuid).files
        return f"{count} file{'s' if count != 1 else ''} of {tree['path']}"

    def _bring(self, tree: trees.Tree) -> dict[str, Any]:
        if "url" in tree:
            body = git_workdir.script(tree["ref"], self.args["user_home"], tree["target"], self.check_mode)
            try:
                answer = self.decode(self.execute(body, tree["url"].encode() + b"\n"))
            except Failure as failure:
                raise git_workdir.explained(failure, self.stderr) from None
            return {"target": tree["target"], "files": 0, "bytes": 0, "deleted": 0, **answer}
        if self.check_mode:
            return {"target": tree["target"], "files": 0, "bytes": 0, "deleted": 0, "changed": True}
        found = trees.content(tree, self._task._uuid)
        told = Told(self.args["progress"], self.host, tree["target"], found.files, found.bytes)
        nodes = len(self.vars.get("ansible_play_hosts") or ())
        if self._connection.transport in _ON_THIS_MACHINE or not relay.wanted(self.args["relay"], found, nodes):
            answer = self._from_here(tree, found, told)
        else:
            answer = relay.bring(self, tree, found, lambda: self._from_here(tree, found, told))
            told(found.files, found.bytes)
        return {"target": tree["target"], "changed": True, **answer}

    def _from_here(self, tree: trees.Tree, found: trees.Content, told: Told) -> dict[str, Any]:
        return self._by_rsync(tree, found, told) or self._by_tar(tree, found, told)

    def _by_rsync(self, tree: trees.Tree, found: trees.Content, told: Told) -> dict[str, Any]:
        """What was sent of a large folder over ssh; empty where a tar has to do."""
        source = os.path.expanduser(tree["path"])
        if not found.digest.startswith(trees.BY_TIMES) or not os.path.isdir(source):
            return {}
        ssh = rsync.ssh_words(self._connection)
        if not ssh:
            return {}
        names, target = json.dumps(found.paths).encode(), shlex.quote(tree["target"])
        place = self.agent(f"receive --target {target} --begin", names)
        sent = (
            rsync.transfer(source, found.paths, str(self._connection.get_option("host")), place["root"], ssh, told)
            if place["rsync"]
            else None
        )
        if sent is None:
            return {}
        done = self.agent(f"receive --target {target} --hash {found.digest} --delete --end", names)
        return {"files": sent[0], "bytes": sent[1], "deleted": done["deleted"]}

    def _by_tar(self, tree: trees.Tree, found: trees.Content, told: Told) -> dict[str, Any]:
        packed = trees.pack(tree["path"], found.digest, compress=self._connection.transport not in _ON_THIS_MACHINE)
        verb = f"receive --target {shlex.quote(tree['target'])} --hash {found.digest} --delete"
        size = packed.stat().st_size
        if size <= parts.PART:
            return self.agent(verb, packed.read_bytes())
        remote = parts.send(
            self, packed, tree["target"], lambda there: told(found.files * there // size, found.bytes * there // size)
        )
        return self.agent(f"{verb} < {remote}; status=$?; rm -f {remote}; (exit $status)")
