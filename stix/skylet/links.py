"""The head's door for workers: listens, asks each who it is, hands those that prove it to the cluster."""

from __future__ import annotations

import os
import selectors
import socket

from .cluster import Cluster
from .loop import Loop
from .wire import Channel, proof, session_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STRANGER_SECONDS = 10.0


class Door:
    """Listens at the head's port as long as the loop runs.

    Args:
        config: the agent's config; `head` says where, `token` is what both sides must know.
    """

    def __init__(self, loop: Loop, cluster: Cluster, config: dict[str, Any]) -> None:
        self.loop = loop
        self.cluster = cluster
        self.token = str(config["token"])
        self.address = str(config["head"]["address"])
        self.port = int(config["head"]["port"])
        self.listen()

    def listen(self) -> None:
        """Opens the port; tries again every few seconds while somebody else has it."""
        # A loopback address is for this machine only; any other may be one that this machine does not know (NAT).
        local = self.address.startswith("127.") or self.address in ("::1", "localhost")
        wildcard = "::" if ":" in self.address else "0.0.0.0"
        try:
            family, _, _, _, where = socket.getaddrinfo(
                self.address if local else wildcard, self.port, type=socket.SOCK_STREAM
            )[0]
            self.sock = socket.socket(family, socket.SOCK_STREAM)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.sock.bind(where)
            self.sock.listen(128)
            self.sock.setblocking(False)
        except OSError as error:
            self.loop.log(f"cannot listen for workers at port {self.port}: {error}")
            self.loop.later(3.0, self.listen)
            return
        self.loop.selector.register(self.sock, selectors.EVENT_READ, self._accept)

    def _accept(self, _events: int) -> None:
        try:
            sock, _ = self.sock.accept()
        except OSError:
            return
        Visitor(self, sock)


class Visitor:
    """A connection to the door, until it is known whose it is, and after."""

    def __init__(self, door: Door, sock: socket.socket) -> None:
        self.door = door
        self.node = -1
        self.nonce = os.urandom(16).hex()
        self.channel = Channel(door.loop, sock, b"h", self._message, self._closed)
        self.channel.send({"nonce": self.nonce})
        door.loop.later(STRANGER_SECONDS, self._too_late)

    def _message(self, message: dict[str, Any], raw: bytes) -> None:
        if self.node >= 0:
            self.door.cluster.message(self.node, message, raw)
            return
        node, theirs = int(message["rank"]), str(message["nonce"])
        import hmac

        expected = proof(self.door.token, "worker", self.nonce, theirs, str(node))
        if not hmac.compare_digest(expected, str(message["proof"])) or not 0 < node < self.door.cluster.size:
            raise ValueError("not one of our workers")
        self.channel.send({"proof": proof(self.door.token, "head", self.nonce, theirs)})
        self.channel.key = session_key(self.door.token, self.nonce, theirs)
        self.channel.sent = self.channel.received = 0
        self.node = node
        self.door.cluster.connected(node, self.channel)

    def _closed(self) -> None:
        if self.node >= 0:
            self.door.cluster.disconnected(self.node, self.channel)

    def _too_late(self) -> None:
        if self.node < 0:
            self.channel.close()
