"""Copies from the Hugging Face Hub over its HTTP interface: only what differs, and on again where it was cut off."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urljoin, urlsplit

from .errors import AgentError, is_disk_full
from .home import Home, read_json, remove, write_json
from .receive import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TYPE = "hub"
"""The type of such a remote, among rclone's own."""

PARALLEL = 8
TRIES = 5
TIMEOUT = 60.0
BLOCK = 1 << 20
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')


class Entry:
    """A file of a repository; `oid` is the SHA-256 of a large one, else git's name of its content."""

    def __init__(self, about: dict[str, Any]) -> None:
        large = about.get("lfs") or {}
        self.path = str(about["path"])
        self.size = int(about["size"])
        self.oid = str(large.get("oid") or about["oid"])
        self.is_large = bool(large)
        self.place = ""
        """Where it goes on this machine."""

    def is_at(self, path: str) -> bool:
        """Whether a file holds it."""
        found = hashlib.sha256() if self.is_large else hashlib.sha1(b"blob %d\0" % self.size)
        with open(path, "rb") as file:
            for block in iter(lambda: file.read(BLOCK), b""):
                found.update(block)
        return found.hexdigest() == self.oid


class Absent(AgentError):
    """The Hub has no such thing, or shows it to others only."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Large files lie on other hosts, which get no token."""

    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str) -> Any:
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        if made is not None and urlsplit(made.full_url)[:2] != urlsplit(req.full_url)[:2]:
            made.remove_header("Authorization")
        return made


class Copy:
    """One repository, or a part of it, on this machine.

    Args:
        wish: one of the `mounts` of an order; `bucket` is `models/ORG/NAME@REVISION` or likewise.
        options: of its remote: `endpoint`, and `token` where there is one.
    """

    def __init__(self, home: Home, wish: dict[str, Any], options: dict[str, str]) -> None:
        self.wish = wish
        self.options = options
        self.target = resolve(home, wish["target"])
        self.repository, _, revision = wish["bucket"].partition("@")
        self.revision = revision or "main"
        self.note = os.path.join(home.mounts, hashlib.sha1(self.target.encode()).hexdigest()[:12] + ".hub.json")
        self.opener = urllib.request.build_opener(_Redirects)

    def bring(self) -> dict[str, Any]:
        """Copies it: `{target, address, mode, changed, files, bytes}`.

        Raises:
            AgentError: `sync.source`, `sync.failed`, `sync.disk_full`.
        """
        try:
            sizes = self._bring_all()
        except (OSError, http.client.HTTPException) as error:
            if is_disk_full(error):
                raise self._failure(
                    f"The disk is full, '{self.wish['target']}' does not fit", "sync.disk_full"
                ) from None
            raise self._failure(f"{self.wish['address']} could not be copied: {error}") from None
        except (ValueError, KeyError, TypeError):
            raise self._failure(f"{self.options['endpoint']} does not answer as the Hugging Face Hub does") from None
        return {**self.shown(), "changed": bool(sizes), "files": len(sizes), "bytes": sum(sizes)}

    def shown(self) -> dict[str, Any]:
        """What is told of it."""
        return {"target": self.wish["target"], "address": self.wish["address"], "mode": self.wish["mode"]}

    def _bring_all(self) -> list[int]:
        """Sizes of the files that were fetched; all are of one commit, whatever is pushed meanwhile."""
        about = f"api/{self.repository}/revision/{quote(self.revision, safe='')}"
        with self._open(about) as answer:
            commit = str(json.load(answer)["sha"])
        entries = self._entries(commit)
        for entry in entries:
            entry.place = self._place(entry)
        kept: dict[str, Any] = dict(read_json(self.note))
        if self.wish["path"] not in [entry.path for entry in entries]:
            os.makedirs(self.target, exist_ok=True)
        with ThreadPoolExecutor(PARALLEL) as pool:
            done = list(pool.map(lambda entry: self._bring(commit, entry, kept), entries))
        write_json(self.note, {entry.place: entry.oid for entry in entries})
        return [size for size in done if size is not None]

    def _entries(self, commit: str) -> list[Entry]:
        path = self.wish["path"]
        try:
            return self._tree(commit, path, "?recursive=true")
        except Absent:
            if not path:
                raise
        found = [entry for entry in self._tree(commit, os.path.dirname(path), "") if entry.path == path]
        if not found:
            raise self._failure(f"There is nothing at {self.wish['address']}", "sync.source")
        return found

    def _tree(self, commit: str, path: str, how: str) -> list[Entry]:
        address = f"api/{self.repository}/tree/{commit}/{quote(path)}".rstrip("/") + how
        found: list[Entry] = []
        while address:
            with self._open(address) as answer:
                found += [Entry(each) for each in json.load(answer) if each["type"] == "file"]
                more = _NEXT.search(answer.headers.get("Link") or "")
            address = more.group(1) if more else ""
        return found

    def _place(self, entry: Entry) -> str:
        """Where a file goes; one that the address names itself is the target.

        Raises:
            AgentError: its name leads out of the target.
        """
        root = self.wish["path"]
        if entry.path == root:
            return self.target
        inner = os.path.normpath(os.path.relpath(entry.path, root or "."))
        if os.path.isabs(entry.path) or inner == ".." or inner.startswith("../") or "\0" in inner:
            raise self._failure(f"{self.wish['address']} has a file whose name leads out of it: {entry.path!r}")
        return os.path.join(self.target, inner)

    def _bring(self, commit: str, entry: Entry, kept: dict[str, Any]) -> int | None:
        """Its size, if it had to be fetched."""
        place = entry.place
        if os.path.isfile(place) and os.path.getsize(place) == entry.size:
            if kept.get(place) == entry.oid or entry.is_at(place):
                return None
        os.makedirs(os.path.dirname(place), exist_ok=True)
        name = hashlib.sha1(f"{place}\0{entry.oid}".encode(errors="surrogateescape")).hexdigest()
        partial = os.path.join(os.path.dirname(place), f".stix-{name[:16]}.part")
        folder = self.repository[len("models/") :] if self.repository.startswith("models/") else self.repository
        address = f"{folder}/resolve/{commit}/{quote(entry.path)}"
        self._patiently(lambda: self._fetch(address, partial, entry.size), entry.path)
        if not entry.is_at(partial):
            remove(partial)
            raise self._failure(f"{entry.path} of {self.wish['address']} did not arrive as it is there")
        os.replace(partial, place)
        return entry.size

    def _fetch(self, address: str, partial: str, size: int) -> None:
        """Adds what a partial file lacks."""
        there = os.path.getsize(partial) if os.path.exists(partial) else -1
        if there > size:
            remove(partial)
        elif there == size:
            return
        with self._ask(address, {"Range": f"bytes={there}-"} if 0 < there < size else {}) as answer:
            with open(partial, "ab" if answer.status == 206 else "wb") as file:
                shutil.copyfileobj(answer, file, BLOCK)
        if os.path.getsize(partial) != size:
            raise ConnectionError("the connection was cut")

    def _open(self, address: str) -> Any:
        return self._patiently(lambda: self._ask(address, {}))

    def _patiently(self, act: Callable[[], Any], what: str = "") -> Any:
        """What an act answers; it is done again where the Hub is busy or the connection broke.

        Raises:
            AgentError: `sync.source`, the Hub refuses.
            OSError: it does not answer.
        """
        for number in range(TRIES):
            try:
                return act()
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code not in (408, 429) or number + 1 == TRIES:
                    raise self._refused(error.code, what) from None
            except (OSError, http.client.HTTPException) as error:
                if is_disk_full(error) or number + 1 == TRIES:
                    raise
            time.sleep(min(8.0, 0.5 * 2**number))
        return None

    def _ask(self, address: str, headers: dict[str, str]) -> Any:
        base = self.options["endpoint"].rstrip("/") + "/"
        whole = urljoin(base, address)
        if self.options.get("token") and urlsplit(whole)[:2] == urlsplit(base)[:2]:
            headers = {**headers, "Authorization": f"Bearer {self.options['token']}"}
        return self.opener.open(urllib.request.Request(whole, headers=headers), timeout=TIMEOUT)

    def _refused(self, code: int, what: str) -> AgentError:
        thing = f"{what} of {self.wish['address']}" if what else self.wish["address"]
        if code in (401, 403):
            return AgentError(
                "sync.source", f"The Hub does not show {thing} to you", "Set HF_TOKEN to a token that may read it.",
                target=self.wish["target"],
            )  # fmt: skip
        if code == 404:
            hint = "Look at its name and revision; what is private needs HF_TOKEN."
            return Absent("sync.source", f"The Hub has no {thing}", hint, target=self.wish["target"])
        return self._failure(f"The Hub refuses {thing} with status {code}")

    def _failure(self, sentence: str, code: str = "sync.failed") -> AgentError:
        return AgentError(code, sentence, target=self.wish["target"])
