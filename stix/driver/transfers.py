"""Tells how far files are on their way to nodes, from the notes that the play's transfers keep (`files_progress`)."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Any

from stix.driver.outcome import Outcome
from stix.driver.session import Run
from stix.model.cluster import Cluster
from stix.model.event import TransferProgress

LOOK_SECONDS = 0.5


@contextmanager
def told(run: Run, cluster: Cluster, variables: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Tells the listener while a play with these `files_*` variables goes on; gives the variables that it needs."""
    if not variables:
        yield variables
        return
    folder = run.folder.path / f"progress-{cluster.cluster_id}"
    folder.mkdir(mode=0o700, exist_ok=True)
    ended = threading.Event()
    teller = threading.Thread(target=_tell, args=(run, cluster.name, folder, ended), name="transfers", daemon=True)
    teller.start()
    try:
        yield {**variables, "files_progress": str(folder), "files_relay": run.world.settings.files.get("relay", "auto")}
    finally:
        ended.set()
        teller.join()
        rmtree(folder, ignore_errors=True)


def tell_detours(run: Run, outcome: Outcome) -> None:
    """Tells which nodes got a tree from here though another node was to hand it on, and why; one sentence a reason."""
    nodes: dict[str, set[str]] = {}
    for kind, host, trees in outcome.reports:
        for tree in trees if kind == "sync" else ():
            if tree.get("detour"):
                nodes.setdefault(str(tree["detour"]), set()).add(host)
    for reason, hosts in sorted(nodes.items()):
        run.world.note(f"{', '.join(sorted(hosts))}: files came from here, not from another node: {reason}")


def _tell(run: Run, cluster: str, folder: Path, ended: threading.Event) -> None:
    before = None
    while not ended.wait(LOOK_SECONDS):
        notes = read(folder)
        if notes and notes != before:
            run.world.listener(TransferProgress(time.time(), cluster, **summed(notes)))
        before = notes


def read(folder: Path) -> list[dict[str, Any]]:
    """The notes: of each node that has one the tree that is on its way."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(json.loads(path.read_text()))
        except (OSError, ValueError):
            continue
    return found


def summed(notes: list[dict[str, Any]]) -> dict[str, int]:
    """`{nodes, files, bytes, all_files, all_bytes}` of all nodes together."""
    words = ("files", "bytes", "all_files", "all_bytes")
    return {"nodes": len(notes), **{word: sum(int(note[word]) for note in notes) for word in words}}
