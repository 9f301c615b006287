"""Looks at a node: is the agent there, alive and as wanted; which trees does it hold."""

import shlex
from typing import Any

from ansible_collections.stix.core.plugins.plugin_utils import agent_config, staged, trees
from ansible_collections.stix.core.plugins.plugin_utils.archive import archive
from ansible_collections.stix.core.plugins.plugin_utils.node_action import NodeAction
from ansible_collections.stix.core.plugins.plugin_utils.once import once


class ActionModule(NodeAction):
    """One exec; changes nothing, in check mode too."""

    OPTIONS = {
        "home": {"type": "str", "required": True},
        "config": {"type": "dict", "options": agent_config.OPTIONS},
        "workdir": {"type": "raw"},
        "mounts": {"type": "dict", "default": {}},
        "hardware": {"type": "bool", "default": False},
        "report": {"type": "bool", "default": False},
    }

    def act(self) -> dict[str, Any]:
        """The agent's probe, `current` (agent as wanted), `wanted_hash`, `stale_trees` (targets to be sent)."""
        state = self._probe()
        state.setdefault("alive", False)
        result: dict[str, Any] = {"changed": False, **state}
        if self.args["config"]:
            wanted = self._wanted_hash()
            result["wanted_hash"] = wanted
            result["current"] = bool(state["alive"]) and state.get("state_hash") == wanted
        have = state.get("trees") or {}
        sources = trees.sources(self.args["workdir"], self.args["mounts"])
        result["stale_trees"] = [tree["target"] for tree in sources if trees.is_stale(tree, have)]
        if self.args["report"]:
            result["stix_event"] = {"kind": "node", "data": staged.node_event(self.vars, state)}
        return result

    def _probe(self) -> dict[str, Any]:
        if not self.args["hardware"]:
            return self.agent("probe")
        path, _ = archive()
        data = path.read_bytes()
        probe = shlex.join(["-c", staged.PROBE]) + f' "$H" {len(data)}'
        return self.decode(self.execute(f'"$PY" {probe}', data))

    def _wanted_hash(self) -> str:
        option = self.args["config"]
        nodes = once(f"members-{self._task._uuid}", lambda: agent_config.members(self.vars))
        token = agent_config.token(option["token_file"], create=not self.check_mode)
        _, digest = archive()
        return agent_config.state_hash(digest, agent_config.assemble(option, nodes, token))
