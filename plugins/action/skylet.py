"""Installs the agent, or removes it: archive and config go over in one exec."""

import json
import shlex
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.stix.core.plugins.module_utils.difference import difference
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.ssh_errors import classify
from ansible_collections.stix.core.plugins.plugin_utils import agent_config, staged
from ansible_collections.stix.core.plugins.plugin_utils.archive import archive
from ansible_collections.stix.core.plugins.plugin_utils.node_action import NodeAction
from ansible_collections.stix.core.plugins.plugin_utils.once import once


class ActionModule(NodeAction):
    """`present` installs (the caller asks `node_state` first whether that is needed), `stopped` ends it and its jobs
    and brings what they wrote to its buckets, `absent` removes it after that."""

    OPTIONS = {
        "home": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "stopped", "absent"], "default": "present"},
        "config": {"type": "dict", "options": agent_config.OPTIONS},
        "found": {"type": "dict", "default": {}},
        "cluster_id": {"type": "str", "default": ""},
        "former_clusters": {"type": "list", "elements": "str", "default": []},
    }

    def act(self) -> dict[str, Any]:
        """The agent's answer, with a `node` event."""
        return self._present() if self.args["state"] == "present" else self._ended()

    def _present(self) -> dict[str, Any]:
        option = self.args["config"]
        orphan = self._orphan(option)
        if self.check_mode:
            return {"changed": True, "diff": self._diff()}
        if orphan:
            self._display.warning(f"{self.host} was still held by cluster '{orphan}', which is gone; it is taken over")
            self.agent("remove")
        nodes = once(f"members-{self._task._uuid}", lambda: agent_config.members(self.vars))
        path, digest = archive()
        config = agent_config.assemble(option, nodes, agent_config.token(option["token_file"], create=True))
        config["state_hash"] = agent_config.state_hash(digest, config)
        data = path.read_bytes()
        install = f'"$PY" -c {shlex.quote(staged.INSTALL)} "$H" {len(data)}'
        answer = self.decode(self.execute(install, data + json.dumps(config).encode()))
        return self._result(answer, changed=True)

    def _diff(self) -> list[dict[str, str]]:
        """What an install would change, for people; the settings' names, never their values."""
        found, differs = self.args["found"], self.args["found"].get("differs") or []
        words = {True: "runs", False: "does not run"}[bool(found.get("alive"))]
        have = f"installed, {words}" if found.get("installed") else "not installed"
        more = f"; set otherwise: {', '.join(differs)}" if differs else ""
        more = "; another version" if differs == ["archive"] else more
        return difference(agent=[(have + more, "installed, runs, as wanted")])

    def _orphan(self, option: dict[str, Any]) -> str:
        """Id of the former cluster whose lease was left on the machine; "" when it is free or ours.

        Raises:
            Failure: `provision.no_capacity`, when the machine is somebody's.
        """
        holder = self.args["found"].get("cluster_id")
        if not holder or holder == option["cluster_id"]:
            return ""
        if holder in self.args["former_clusters"]:
            return str(holder)
        user = self.args["found"].get("user")
        whose = f" of {user}" if user else ""
        raise Failure(
            "provision.no_capacity",
            f"Machine '{self.host}' is in use by cluster '{holder}'{whose}",
            "Take that cluster down where it was made, or use another machine. If nobody knows it any more, run there: "
            "python3 ~/.stix/agent/skylet.pyz --home ~/.stix/agent remove",
            {"host": self.host, "cluster_id": holder},
        )

    def _ended(self) -> dict[str, Any]:
        """A machine that cannot be reached is no reason to keep its cluster: it is reported, not failed."""
        verb, done = ("remove", "removed") if self.args["state"] == "absent" else ("stop", "stopped")
        try:
            found = self.agent("probe")
            holder = found.get("cluster_id")
            ours = holder in (None, "", self.args["cluster_id"])
            there = bool(found.get("installed")) and ours
            told = self.agent(verb) if there and not self.check_mode else {}
            for sentence in told.get("lost") or ():
                self._display.warning(f"{self.host}: {sentence}")
            reason = "" if ours else f"in use by cluster '{holder}'"
            return self._result({done: there, "reason": reason, "lost": told.get("lost") or []}, changed=there)
        except AnsibleConnectionFailure as error:
            return self._left_behind(classify(str(error), self.host))
        except Failure as failure:
            return self._left_behind(failure)

    def _left_behind(self, failure: Failure) -> dict[str, Any]:
        self._display.warning(f"the agent on {self.host} was left behind: {failure.message}")
        answer = {"removed": False, "reason": failure.message, "error": failure.record(), "lost": []}
        return self._result(answer, changed=False)

    def _result(self, answer: dict[str, Any], changed: bool) -> dict[str, Any]:
        data = staged.node_event(self.vars, answer)
        if "lost" in answer:
            data = {"name": self.host, "rank": self.vars.get("stix_rank"), "agent": answer}
        return {"changed": changed, **answer, "stix_event": {"kind": "node", "data": data}}
