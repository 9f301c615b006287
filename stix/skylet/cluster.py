"""The head's view of the cluster's nodes: itself, and the workers that hold a connection to it."""

from __future__ import annotations

import os
import time

from . import rankstate
from .metadata import FINAL, sentence
from .remote_logs import RemoteLogs
from .resources import Capacity
from .wire import seal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .home import Home
    from .ranks import Ranks
    from .store import Store
    from .wire import Channel

    Key = tuple[int, str, int]


def heartbeat() -> float:
    """Seconds between two signs of life on a connection."""
    return float(os.environ.get("STIX_SKYLET_HEARTBEAT") or 2.5)


def patience() -> float:
    """Seconds of silence after which a node counts as lost."""
    return float(os.environ.get("STIX_SKYLET_LOST") or 10)


class Cluster:
    """Nodes by their rank in the cluster; 0 is this one.

    Args:
        ranks: what runs on this node.
        on_rank: called with `(node, key, state)` when a rank anywhere changed.
        on_present: called with `(node, keys of its ranks)` when a node connected.
        on_lost: called with a node that has been silent for too long.
        on_notice: called with `(node, notice)` when a worker was told of its end; None: it was taken back.
    """

    def __init__(
        self,
        home: Home,
        config: dict[str, Any],
        ranks: Ranks,
        store: Store,
        on_rank: Callable[[int, Key, dict[str, Any]], None],
        on_present: Callable[[int, set[Key]], None],
        on_lost: Callable[[int], None],
        on_notice: Callable[[int, dict[str, Any] | None], None],
    ) -> None:
        self.config = config
        self.ranks = ranks
        self.store = store
        self.on_rank = on_rank
        self.on_present = on_present
        self.on_lost = on_lost
        self.on_notice = on_notice
        self.notices: dict[int, dict[str, Any]] = {
            int(node): notice for node, notice in (store.fact("notices") or {}).items()
        }
        self.size = int(config.get("num_nodes") or 1)
        self.nodes = {int(node["rank"]): node for node in config.get("nodes") or []}
        self.channels: dict[int, Channel] = {}
        self.heard: dict[int, float] = {node: time.monotonic() for node in range(1, self.size)}
        self.lost: set[int] = set()
        self.totals: dict[int, Capacity] = {}
        self.logs = RemoteLogs(home, config)
        for name, hardware in (store.fact("hardware") or {}).items():
            if 0 < int(name) < self.size:
                self.totals[int(name)] = Capacity.parse(hardware)

    def name(self, node: int) -> str:
        """What logs and messages call a node."""
        return "head" if node == 0 else f"worker{node}"

    def ip(self, node: int) -> str:
        """The address other nodes reach it at."""
        return str(self.nodes.get(node, {}).get("ip") or "127.0.0.1")

    def has_gpus(self, node: int) -> bool:
        """Whether the node has any GPU."""
        return node in self.totals and bool(self.totals[node].gpus)

    def ready(self) -> list[int]:
        """Nodes that can take ranks now; one that will be taken away takes no more."""
        return [node for node in (0, *self.channels) if not self.is_leaving(node)]

    def is_leaving(self, node: int) -> bool:
        """Whether the node was told that it will be taken away."""
        return node in self.notices and self.notices[node]["kind"] in FINAL

    def keep_notice(self, node: int, notice: dict[str, Any] | None) -> None:
        """Remembers what a node was told."""
        if notice:
            self.notices[node] = notice
        else:
            self.notices.pop(node, None)
        self.store.remember("notices", self.notices)

    def pass_on(self, node: int, notice: dict[str, Any] | None, job_ids: list[int]) -> None:
        """Tells a worker of another node's notice."""
        if node in self.channels:
            self.channels[node].send({"do": "notice", "notice": notice, "jobs": job_ids})

    def start(self, node: int, order: dict[str, Any]) -> None:
        """Starts a rank; on a worker that is away it is started when it comes back.

        Raises:
            OSError: this node cannot start it.
        """
        if node == 0:
            self.ranks.start(order)
        elif node in self.channels:
            import json

            sealed = seal(self.channels[node].key, json.dumps(order).encode())
            self.channels[node].send({"do": "start", "sealed": sealed})

    def kill(self, node: int, key: Key) -> bool:
        """Asks a rank to end; False when its node is lost, so that nothing will ever be heard of it."""
        if node == 0:
            self.ranks.kill(key)
        else:
            self._tell(node, "kill", key)
        return node not in self.lost

    def force(self, node: int, job_id: int) -> None:
        """Kills whatever a job still has on a node."""
        if node == 0:
            self.ranks.sweep(job_id)
        else:
            self._tell(node, "sweep", (job_id, "run", 0))

    def forget(self, node: int, key: Key) -> None:
        """Tells a node that a rank's end was noted."""
        if node == 0:
            self.ranks.forget(key)
        else:
            self.logs.close(key)
            self._tell(node, "forget", key)

    def drop(self, node: int, key: Key, ended: bool) -> None:
        """Gets rid of a rank that belongs to no job any more."""
        if ended:
            self.forget(node, key)
        else:
            self.kill(node, key)

    def _tell(self, node: int, what: str, key: Key) -> None:
        if node in self.channels:
            self.channels[node].send({"do": what, "rank": rankstate.name(*key)})

    def tell_all(self, message: dict[str, Any]) -> None:
        """Sends a message to every connected worker."""
        for channel in list(self.channels.values()):
            channel.send(message)

    def connected(self, node: int, channel: Channel) -> None:
        """A worker proved that it belongs here."""
        old = self.channels.pop(node, None)
        if old is not None:
            old.close()
        self.channels[node] = channel
        self.heard[node] = time.monotonic()
        self.lost.discard(node)

    def disconnected(self, node: int, channel: Channel) -> None:
        """A worker's connection is gone; it has a while to come back."""
        if self.channels.get(node) is channel:
            del self.channels[node]

    def message(self, node: int, message: dict[str, Any], raw: bytes) -> None:
        """Something a worker said."""
        self.heard[node] = time.monotonic()
        what = message.get("do")
        if what == "log":
            self.logs.take(rankstate.parse_name(message["rank"]), message["offset"], raw, message)
        elif what == "state":
            self.on_rank(node, rankstate.parse_name(message["rank"]), message["state"])
        elif what == "present":
            self._present(node, message)
        elif what == "notice":
            self.on_notice(node, message["notice"])

    def _present(self, node: int, message: dict[str, Any]) -> None:
        self.totals[node] = Capacity.parse(message["hardware"])
        known = self.store.fact("hardware") or {}
        if known.get(str(node)) != message["hardware"]:
            self.store.remember("hardware", {**known, str(node): message["hardware"]})
        keys = [rankstate.parse_name(name) for name in message["ranks"]]
        offsets = {rankstate.name(*key): self.logs.offset(key) for key in keys}
        self.channels[node].send({"do": "resume", "offsets": offsets})
        self.on_present(node, set(keys))
        self.on_notice(node, message.get("notice"))

    def beat(self) -> None:
        """Signs of life to the workers; notices those that give none."""
        self.tell_all({"do": "ping"})
        for node, heard in self.heard.items():
            if node not in self.lost and time.monotonic() - heard > patience():
                self.lost.add(node)
                if node in self.channels:
                    self.channels[node].close()
                self.on_lost(node)

    def status(self) -> list[dict[str, Any]]:
        """The nodes as `status` shows them."""
        return [
            {
                "rank": node,
                "name": self.nodes.get(node, {}).get("name", self.name(node)),
                "ip": self.ip(node),
                "connected": node == 0 or node in self.channels,
                "resources": self.totals[node].record() if node in self.totals else None,
                "notice": {**notice, "text": sentence(notice, self.name(node))} if notice else None,
            }
            for node, notice in ((node, self.notices.get(node)) for node in range(self.size))
        ]
