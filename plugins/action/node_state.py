"""Looks at a node: is the agent there, alive and as wanted; which trees does it hold."""

import shlex
import time
from concurrent.futures import ThreadPoolExecutor
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
        """The agent's probe, `current` (agent as wanted), `wanted_hash`, `differs` (settings that the agent has
        otherwise), `clock_skew`, `stale_trees` (targets to be sent).
        """
        sources = trees.sources(self.args["workdir"], self.args["mounts"])
        with ThreadPoolExecutor(1) as beside:  # the node answers meanwhile
            looked = beside.submit(trees.digests, sources, self._task._uuid)
            began = time.time()
            state = self._probe()
            ended = time.time()
        digests = looked.result()
        if "time" in state:
            state["clock_skew"] = skew(float(state.pop("time")), began, ended)
        state.setdefault("alive", False)
        result: dict[str, Any] = {"changed": False, **state}
        if self.args["config"]:
            result |= self._compared(state)
        have = state.get("trees") or {}
        result["stale_trees"] = [
            target for target, digest in digests.items() if not digest or have.get(target) != digest
        ]
        if self.args["report"]:
            result["stix_event"] = {"kind": "node", "data": staged.node_event(self.vars, result)}
        return result

    def _probe(self) -> dict[str, Any]:
        if not self.args["hardware"]:
            return self.agent("probe")
        path, _ = archive()
        data = path.read_bytes()
        probe = shlex.join(["-c", staged.PROBE]) + f' "$H" {len(data)}'
        return self.decode(self.execute(f'"$PY" {probe}', data))

    def _compared(self, state: dict[str, Any]) -> dict[str, Any]:
        option = self.args["config"]
        nodes = once(f"members-{self._task._uuid}", lambda: agent_config.members(self.vars))
        token = agent_config.token(option["token_file"], create=not self.check_mode)
        _, digest = archive()
        config = agent_config.assemble(option, nodes, token)
        wanted = agent_config.state_hash(digest, config)
        same = state.get("state_hash") == wanted
        differs = [] if same else agent_config.differing(config, state.get("settings") or {})
        return {"wanted_hash": wanted, "current": bool(state["alive"]) and same, "differs": differs}


def skew(node: float, before: float, after: float) -> float:
    """By how many seconds a node's clock is ahead (or, negative, behind) at the least.

    Args:
        node: what it said at some moment between `before` and `after` of the controller's clock.
    """
    return round(max(node - after, 0.0) or min(node - before, 0.0), 3)
