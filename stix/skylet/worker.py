"""A worker's side: keeps a connection to the head, does what it says, sends states and log lines."""

from __future__ import annotations

import errno
import json
import os
import selectors
import socket
import time

from . import rankstate
from .cluster import heartbeat, patience
from .home import Home
from .loop import Loop
from .notices import Notices
from .ranks import Ranks
from .shipping import Shipping
from .wire import Channel, proof, session_key, unseal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Key = tuple[int, str, int]

FIRST_DELAY = 0.1
LAST_DELAY = 2.0
CONNECT_SECONDS = 5.0
PUMP_SECONDS = 0.05


class Worker:
    """The agent of a node that is not the head.

    Args:
        let_go: called with the head's message when the cluster is to be stopped or taken down.
    """

    def __init__(
        self,
        loop: Loop,
        home: Home,
        config: dict[str, Any],
        hardware: dict[str, Any],
        let_go: Callable[[dict[str, Any]], None],
    ) -> None:
        self.loop = loop
        self.config = config
        self.hardware = hardware
        self.let_go = let_go
        self.ranks = Ranks(home, config, self._rank_changed)
        self.shipping = Shipping(home, self._send)
        self.ranks.adopt()
        self.notices = Notices(loop, home, config, self.ranks, self._noticed)
        self.channel: Channel | None = None
        self.greeted = False
        self.heard = 0.0
        self.delay = FIRST_DELAY
        self.nonce = ""
        self.pumping = False
        self.connect()
        loop.every(heartbeat(), self._beat)
        loop.every(1.0, self._look)

    def connect(self) -> None:
        """Begins a connection to the head."""
        head = self.config["head"]
        try:
            family, _, _, _, where = socket.getaddrinfo(
                str(head["address"]), int(head["port"]), type=socket.SOCK_STREAM
            )[0]
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            self._again()
            return
        sock.setblocking(False)
        code = sock.connect_ex(where)
        if code not in (0, errno.EINPROGRESS):
            sock.close()
            self._again()
            return
        self.loop.selector.register(sock, selectors.EVENT_WRITE, lambda _events: self._connected(sock))
        self.loop.later(CONNECT_SECONDS, lambda: self._give_up(sock))

    def _give_up(self, sock: socket.socket) -> None:
        if self.channel is None and sock.fileno() >= 0:
            self.loop.selector.unregister(sock)
            sock.close()
            self._again()

    def _connected(self, sock: socket.socket) -> None:
        self.loop.selector.unregister(sock)
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            sock.close()
            self._again()
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.greeted = False
        self.nonce = ""
        self.heard = time.monotonic()
        self.channel = Channel(self.loop, sock, b"w", self._message, self._closed)

    def _closed(self) -> None:
        self.channel = None
        self.shipping.reset()
        self._again()

    def _again(self) -> None:
        self.loop.later(self.delay, self.connect)
        self.delay = min(LAST_DELAY, self.delay * 2)

    def _message(self, message: dict[str, Any], _raw: bytes) -> None:
        self.heard = time.monotonic()
        if self.greeted:
            self._order(message)
        elif self.nonce:
            self._welcome(message)
        else:
            self._greet(message)

    def _greet(self, message: dict[str, Any]) -> None:
        assert self.channel is not None
        self.head_nonce, self.nonce = str(message["nonce"]), os.urandom(16).hex()
        rank = self.config["rank"]
        mine = proof(self.config["token"], "worker", self.head_nonce, self.nonce, str(rank))
        self.channel.send({"rank": rank, "nonce": self.nonce, "proof": mine})

    def _welcome(self, message: dict[str, Any]) -> None:
        assert self.channel is not None
        import hmac

        nonce, self.nonce = self.nonce, ""
        if not hmac.compare_digest(proof(self.config["token"], "head", self.head_nonce, nonce), str(message["proof"])):
            raise ValueError("not our head")
        self.channel.key = session_key(self.config["token"], self.head_nonce, nonce)
        self.channel.sent = self.channel.received = 0
        self.greeted = True
        self.delay = FIRST_DELAY
        names = [rankstate.name(*key) for key in self.ranks.seen]
        self._send({"do": "present", "hardware": self.hardware, "ranks": names, "notice": self.notices.own})

    def _order(self, message: dict[str, Any]) -> None:
        what = message["do"]
        if what == "start":
            assert self.channel is not None
            self._start(json.loads(unseal(self.channel.key, message["sealed"])))
        elif what == "resume":
            self.shipping.resume({rankstate.parse_name(name): at for name, at in message["offsets"].items()})
            self._report_all()
        elif what == "let_go":
            self.let_go(message)
        elif what == "notice":
            self.notices.tell(message["notice"], message["jobs"])
        elif what in ("kill", "forget", "sweep"):
            key = rankstate.parse_name(message["rank"])
            if what == "kill":
                self.ranks.kill(key)
            elif what == "forget":
                self.shipping.forget(key)
                self.ranks.forget(key)
            else:
                self.ranks.sweep(key[0])

    def _noticed(self, notice: dict[str, Any] | None) -> None:
        self._send({"do": "notice", "notice": notice})

    def _start(self, order: dict[str, Any]) -> None:
        key = (order["job_id"], order["phase"], order["rank"])
        try:
            self.ranks.start(order)
        except OSError as error:
            self.loop.log(f"cannot start rank {key}: {error}")
            state = {"exit_code": 1, "pid": 0, "reason": str(error.strerror or error)}
            self._send({"do": "state", "rank": rankstate.name(*key), "state": state})
            return
        self.shipping.watch(key, 0, order["prefix"], order["shared"])
        self._pump()

    def _rank_changed(self, key: Key, state: dict[str, Any]) -> None:
        self.shipping.state(key, state)
        self._pump()

    def _report_all(self) -> None:
        for key, state in self.ranks.seen.items():
            if state:
                self.shipping.state(key, state)
        self._pump()

    def _pump(self) -> None:
        """Sends new log lines, and again soon while any rank may write more."""
        busy = self.shipping.pump(self.channel.stream.backlog if self.channel else 0)
        if busy and self.channel and not self.pumping:
            self.pumping = True
            self.loop.later(PUMP_SECONDS, self._pump_again)

    def _pump_again(self) -> None:
        self.pumping = False
        self._pump()

    def _send(self, message: dict[str, Any], raw: bytes | None = None) -> int:
        if self.channel is None or not self.greeted:
            return -1
        self.channel.send(message, raw)
        return self.channel.stream.backlog if self.channel else -1

    def _beat(self) -> None:
        if self.channel is None:
            return
        self._send({"do": "ping"})
        if self.channel and time.monotonic() - self.heard > patience():
            self.channel.close()

    def _look(self) -> None:
        if self.ranks.seen:
            self.ranks.poll()

    def status(self) -> dict[str, Any]:
        """What this node can say of itself."""
        connected = self.greeted and self.channel is not None
        return {"connected": connected, "ranks": len(self.ranks.seen), "notice": self.notices.own}
