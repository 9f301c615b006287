"""The verb `relay`: a node that has a tree hands it on to the cluster's other nodes, which then need not get it
from afar.

Both ends are told by the driver, over its own connections, what lets them talk: a certificate that is made for this
one time (the taker knows its hash, and says nothing to anybody else) and a word that proves who may take. What is
handed over is checked against the list of the tree, whose hash the taker has from the driver as well.

A connection: the taker sends its word; gets the list; sends the numbers of the lines that it lacks; gets a tar of them;
sends an end. Each of these is a message, its parts behind their lengths, an empty part last: half of one is none.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import os
import socket
import socketserver
import ssl
import stat
import struct
import tarfile
import threading
import time

from .errors import AgentError, is_disk_full
from .home import Home, write_json
from .receive import Tree, brought_before, manifest_of, resolve
from .treelist import entries, lacking, settle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

    from .treelist import Entry

BY_TIMES = "times-"
"""What the hash of a tree that is compared by such a list begins with."""

CONNECT_SECONDS = 10.0
SILENT_SECONDS = 60.0
"""How long an end waits for the other in the middle of a talk, and the giving one for the next taker."""

PART = 1 << 18
"""Bytes of a part, mostly."""


class Sent:
    """A message on its way out, for who writes to files."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def write(self, data: bytes) -> int:
        """Sends a part."""
        if data:
            self.sock.sendall(struct.pack(">I", len(data)))
            self.sock.sendall(data)
        return len(data)

    def end(self) -> None:
        """Says that this was all."""
        self.sock.sendall(bytes(4))


class Heard(io.RawIOBase):
    """A message that comes in, for who reads files; EOFError where it ends before its end."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self.stream, self.left, self.ended = stream, 0, False

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills what it can."""
        if not self.left and not self.ended:
            self.left = struct.unpack(">I", self._some(4, whole=True))[0]
            self.ended = not self.left
        if self.ended:
            return 0
        data = self._some(min(len(buffer), self.left))
        buffer[: len(data)] = data
        self.left -= len(data)
        return len(data)

    def _some(self, size: int, whole: bool = False) -> bytes:
        data = self.stream.read(size)
        if not data or (whole and len(data) < size):
            raise EOFError("the connection broke off")
        return data


class Talk:
    """One end of a connection."""

    def __init__(self, sock: socket.socket) -> None:
        stream: Any = sock.makefile("rb", PART)
        self.sock, self.stream = sock, stream

    def send(self, data: bytes) -> None:
        """Sends one message."""
        out = self.open()
        out.write(data)
        out.end()

    def open(self) -> Sent:
        """Begins a message."""
        return Sent(self.sock)

    def message(self) -> IO[bytes]:
        """The next message that comes."""
        return io.BufferedReader(Heard(self.stream), PART)


class Giver(socketserver.ThreadingTCPServer):
    """Hands a tree on until all took it, nobody comes any more, or the agent is removed."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, home: Home, order: dict[str, Any], root: str) -> None:
        self.home, self.root, self.word = home, root, str(order["word"]).encode()
        self.listing = str(order["listing"]).encode(errors="surrogateescape")
        self.entries = entries(self.listing)
        self.readers, self.busy, self.lately = int(order["readers"]), 0, time.monotonic()
        self.mutex = threading.Lock()
        self.context = _certified(str(order["certificate"]))
        address = str(order["address"])
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.timeout = 1.0
        try:
            super().__init__((address, 0), socketserver.BaseRequestHandler)
        except OSError:  # an address that this machine does not know (NAT)
            super().__init__(("::" if ":" in address else "0.0.0.0", 0), socketserver.BaseRequestHandler)

    def serve(self) -> None:
        """Until it is of no use any more."""
        while self.readers > 0 and os.path.exists(self.home.config):
            if not self.busy and time.monotonic() - self.lately > SILENT_SECONDS:
                return
            self.handle_request()

    def finish_request(self, request: Any, _client: Any) -> None:
        """One connection, in a thread of its own."""
        with self.mutex:
            self.busy += 1
        try:
            request.settimeout(SILENT_SECONDS)
            with self.context.wrap_socket(request, server_side=True) as sock:
                took = self._give(Talk(sock))
            with self.mutex:
                self.readers -= took
        finally:
            with self.mutex:
                self.busy -= 1
                self.lately = time.monotonic()

    def handle_error(self, _request: Any, _client: Any) -> None:
        """Who took hears of it by the end of the connection."""

    def _give(self, talk: Talk) -> bool:
        if not hmac.compare_digest(talk.message().read(len(self.word) + 1), self.word):
            return False
        talk.send(self.listing)
        wanted = json.loads(talk.message().read())
        out: Any = talk.open()
        with tarfile.open(fileobj=out, mode="w|", bufsize=PART, format=tarfile.PAX_FORMAT) as tar:
            for number in wanted:
                self._pack(tar, self.entries[number])
        out.end()
        return talk.message().read() == b"taken"

    def _pack(self, tar: tarfile.TarFile, entry: Entry) -> None:
        """Adds what is there, if it is still what the list says: jobs may write to the tree meanwhile."""
        path, info = entry.at(self.root), tarfile.TarInfo(entry.name or ".")
        info.mode, info.mtime = entry.mode & 0o7777, entry.time / 1e9
        if not entry.is_at(path):
            raise ValueError(f"{entry.name!r} was changed")
        if stat.S_ISDIR(entry.mode):
            info.type = tarfile.DIRTYPE
            tar.addfile(info)
        elif stat.S_ISLNK(entry.mode):
            info.type, info.linkname = tarfile.SYMTYPE, os.readlink(path)
            tar.addfile(info)
        else:
            info.size = entry.size
            with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                tar.addfile(info, file)
                if not entry.like(os.fstat(file.fileno())):
                    raise ValueError(f"{entry.name!r} was changed")


def _certified(certificate: str) -> ssl.SSLContext:
    """What proves to others that it is this end; its key is never in a folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with open(os.memfd_create("stix"), "wb") as file:
        file.write(certificate.encode())
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
    return context


def give(home: Home, order: dict[str, Any], target: str) -> dict[str, Any]:
    """Begins to hand a tree on: `{port}`; a process of its own goes on with it.

    Args:
        order: `{listing, certificate (with its key, as PEM), word, address, readers}`; so many others take it.
    """
    with Giver(home, order, resolve(home, target)) as giver:
        port = giver.server_address[1]
        if os.fork() == 0:
            try:
                os.setsid()
                os.chdir(home.root)
                null = os.open(os.devnull, os.O_RDWR)
                for fd in (0, 1, 2):
                    os.dup2(null, fd)
                giver.serve()
            finally:
                os._exit(0)
    return {"port": port}


def take(home: Home, order: dict[str, Any], target: str, content: str) -> dict[str, Any]:
    """Gets a tree from a node that hands it on: `{files, bytes, deleted}`; what is here already does not come again.

    Until all of it is here, as the list has it, the tree has no hash.

    Args:
        order: `{address, port, fingerprint (of the certificate), word}`.
        content: the tree's hash, which is the list's.
    """
    where = (str(order["address"]), int(order["port"]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # its hash is known, which says more
    with socket.create_connection(where, CONNECT_SECONDS) as plain:
        plain.settimeout(SILENT_SECONDS)
        with context.wrap_socket(plain) as sock:
            found = hashlib.sha256(sock.getpeercert(binary_form=True) or b"").hexdigest()
            if found != order["fingerprint"]:
                raise ValueError("somebody else answers")
            return _take(home, Talk(sock), str(order["word"]), target, content)


def _take(home: Home, talk: Talk, word: str, target: str, content: str) -> dict[str, Any]:
    talk.send(word.encode())
    listing = talk.message().read()
    if BY_TIMES + hashlib.sha256(listing).hexdigest() != content:
        raise ValueError("it hands on another tree")
    listed = entries(listing)
    names = {entry.name for entry in listed}
    manifest, tree = manifest_of(home, target), Tree(resolve(home, target))
    os.makedirs(home.trees, mode=0o700, exist_ok=True)
    before = brought_before(manifest)
    write_json(manifest, {"target": target, "paths": sorted(before | names)})
    if names != {""}:
        tree.make_room(sorted(names))
    wanted = list(lacking(listed, tree.root))
    talk.send(json.dumps(wanted).encode())
    stream = talk.message()
    tree.unpack(stream)
    stream.read()  # the message was not cut off
    settle(listed, tree.root)
    tree.paths = names
    deleted = tree.delete(before - names)
    write_json(manifest, {"target": target, "hash": content, "paths": sorted(names)})
    talk.send(b"taken")
    return {"files": tree.files, "bytes": tree.bytes, "deleted": deleted}


def run(home: Home, stream: IO[bytes], options: dict[str, Any]) -> dict[str, Any]:
    """The verb, by its options; its order (JSON) comes in.

    Raises:
        KeyError: an option is missing.
        AgentError: `sync.disk_full`, `sync.failed`.
    """
    target, order = str(options["target"]), json.load(stream)
    try:
        if options.get("give"):
            return give(home, order, target)
        return take(home, order, target, str(options["hash"]))
    except (OSError, EOFError, ValueError, tarfile.TarError) as error:
        if is_disk_full(error):
            said = f"The disk is full on the machine, '{target}' does not fit"
            raise AgentError("sync.disk_full", said, target=target) from None
        raise AgentError("sync.failed", f"'{target}' is not handed on: {error}", target=target) from None
