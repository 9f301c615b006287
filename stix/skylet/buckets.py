"""The verb `mounts`: buckets appear on this machine, mounted or copied by rclone, which stays beside the agent."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from . import hub, processes
from .errors import AgentError, is_disk_full
from .home import Home, read_json, remove, write_bytes, write_json
from .job_secrets import make_private, memory
from .mountinfo import is_mounted
from .receive import resolve
from .torn import set_aside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OLDEST = (1, 68)
"""The first rclone that tells which files are still to be written (`vfs/queue`)."""

START_SECONDS = 60.0
PARALLEL = 8

FLAGS = {
    "transfers", "buffer_size", "vfs_cache_max_size", "vfs_cache_max_age", "vfs_read_ahead", "vfs_read_chunk_size",
    "vfs_read_chunk_streams", "vfs_write_back",
}  # fmt: skip
"""Settings of a mount that rclone has under the same name, with dashes."""

FUSE_SETTINGS = "/etc/fuse.conf"

MODES = {
    # Nothing is kept but what is being written; a closed file is sent at once.
    "MOUNT": ("--vfs-cache-mode=writes", "--vfs-write-back=0s", "--dir-cache-time=5s"),
    "MOUNT_CACHED": ("--vfs-cache-mode=full", "--vfs-write-back=1s", "--dir-cache-time=30s"),
}
LOOK = ("--retries=1", "--low-level-retries=2")  # of S3, three take half a minute where nobody listens
CACHE = "--cache-dir="
COPY = (
    *("--retries=3", "--transfers=64", "--checkers=64", "--buffer-size=8Mi", "--fast-list", "--multi-thread-streams=8"),
    *("--links=false", "--use-json-log", "--stats=1h", "--stats-log-level=NOTICE"),
)
"""Of 16, 32, 64 and 128 at a time 64 copy small objects fastest; each has half of rclone's buffer, for small nodes."""


def mounts(home: Home, text: bytes) -> dict[str, Any]:
    """Makes buckets appear; what is there already as wanted stays as it is.

    Args:
        text: JSON `{mounts: [{target, remote, bucket, path, address, mode, settings}], remotes: {name: {option:
            value}}, check}`; a remote's options are rclone's and may be secret.

    Returns:
        `{missing: [programs], machine}` where the machine lacks something and nothing was done, else
        `{missing: [], mounts: [{target, address, mode, changed, files?, bytes?}]}`.

    Raises:
        AgentError: `sync.failed`, `sync.disk_full`, `sync.source`.
    """
    order = json.loads(text)
    copies = [each for each in order["mounts"] if (order["remotes"].get(each["remote"]) or {}).get("type") == hub.TYPE]
    buckets = [each for each in order["mounts"] if each not in copies]
    program = find(home) if buckets else ""
    lacking = ["rclone"] if buckets and not program else []
    if any(each["mode"] in MODES for each in order["mounts"]) and not _unmounter():
        lacking.append("fuse3")
    if lacking:
        return {"missing": lacking, "machine": platform.machine()}
    os.makedirs(home.mounts, mode=0o700, exist_ok=True)
    with open(os.path.join(home.mounts, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = known_mounts(home)
        wanted = [Mount(home, program, each, known) for each in buckets]
        others = [hub.Copy(home, each, order["remotes"][each["remote"]]) for each in copies]
        if order.get("check"):
            shown = [{**each.shown(), "changed": not each.is_there()} for each in wanted]
            return {"missing": [], "mounts": shown + [{**each.shown(), "changed": True} for each in others]}
        write_remotes(home, {name: each for name, each in order["remotes"].items() if each.get("type") != hub.TYPE})
        try:
            with ThreadPoolExecutor(PARALLEL) as pool:
                done = list(pool.map(lambda each: each.bring(), [*wanted, *others]))
        finally:  # where one fails, the others are there all the same
            now = {**known_mounts(home), **{each.target: each.record for each in wanted}}
            write_json(record_path(home), {target: record for target, record in now.items() if record})
    return {"missing": [], "mounts": done}


def find(home: Home) -> str:
    """The rclone to use: the one that was brought here, or the machine's own if it is new enough; else ""."""
    for path in (os.path.join(home.root, "bin", "rclone"), shutil.which("rclone") or ""):
        if path and os.access(path, os.X_OK) and _version(path) >= OLDEST:
            return path
    return ""


def _version(program: str) -> tuple[int, ...]:
    try:
        told = subprocess.run([program, "version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30)
        first = told.stdout.decode("utf-8", "replace").split()[1]
        return tuple(int(part) for part in first.lstrip("v").split("-")[0].split(".")[:2])
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return (0,)


def _unmounter() -> str:
    return shutil.which("fusermount3") or ""


def record_path(home: Home) -> str:
    """File of what is mounted: target -> record."""
    return home.mounted


def known_mounts(home: Home) -> dict[str, Any]:
    """What is mounted: target -> `{hash, pid, started, socket, words, address, mode}`."""
    return dict(read_json(record_path(home)))


def remotes_path(home: Home) -> str:
    """File of rclone's remotes, which hold keys: in memory where there is some, so that no disk keeps them."""
    return os.path.join(memory(home), "rclone.conf")


def write_remotes(home: Home, remotes: dict[str, dict[str, str]]) -> None:
    """Adds remotes to those that are there; one of the same name is replaced."""
    import configparser

    path = remotes_path(home)
    make_private(os.path.dirname(path))
    parser = configparser.RawConfigParser()
    parser.read(path, encoding="utf-8")
    for name, options in remotes.items():
        parser[name] = {key: " ".join(str(value).splitlines()) for key, value in options.items()}
    lines = [f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in parser[name].items()) for name in parser.sections()]
    write_bytes(path, "\n".join(lines).encode())


class Mount:
    """One bucket on this machine.

    Args:
        program: rclone.
        wish: one of the `mounts` of the order.
        known: what is mounted.
    """

    def __init__(self, home: Home, program: str, wish: dict[str, Any], known: dict[str, Any]) -> None:
        self.home = home
        self.program = program
        self.wish = wish
        self.target = resolve(home, wish["target"])
        self.before = known.get(self.target) or {}
        self.record: dict[str, Any] = dict(self.before)
        self.name = hashlib.sha1(self.target.encode()).hexdigest()[:12]
        self.source = f"{wish['remote']}:{'/'.join(part for part in (wish['bucket'], wish['path']) if part)}"
        about = {key: wish.get(key) for key in ("remote", "bucket", "path", "mode", "settings")}
        self.hash = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()

    def shown(self) -> dict[str, Any]:
        """What is told of it."""
        return {"target": self.wish["target"], "address": self.wish["address"], "mode": self.wish["mode"]}

    def is_there(self) -> bool:
        """Whether it is mounted as wanted; a copy is compared with its bucket each time."""
        return (
            self.wish["mode"] in MODES and self.before.get("hash") == self.hash and is_alive(self.before, self.target)
        )

    def bring(self) -> dict[str, Any]:
        """Mounts or copies it."""
        if self.is_there():
            return {**self.shown(), "changed": False}
        if self.before:
            self._leave()
        elif is_mounted(self.target):
            raise self._failure(f"Something else is mounted at {self.target}")
        one = self.wish["mode"] == "COPY" and self._is_file()
        self._folder(os.path.dirname(self.target) if one else self.target)
        done = self._copy("copyto" if one else "copy") if self.wish["mode"] == "COPY" else self._mount()
        return {**self.shown(), **done}

    def _leave(self) -> None:
        """Takes away what is mounted, after all that was written to it is in its bucket.

        Raises:
            AgentError: `sync.failed`, it is not.
        """
        owes = is_alive(self.before, self.target) or has_unsent(os.path.join(self.home.mounts, self.name))
        if owes and self.before.get("hash") != self.hash:  # else the next process sends what this one had not
            from .flush import send_all

            problem, self.before = send_all(self.home, self.target, self.before)
            self.record = dict(self.before)
            if problem:
                hint = "Have the store answer again; 'stix down' lets go all the same, and says what is lost."
                raise AgentError("sync.failed", problem, hint, target=self.wish["target"])
        unmount(self.before, self.target)
        self.record = {}

    def _folder(self, folder: str) -> None:
        try:
            os.makedirs(folder, exist_ok=True)
        except PermissionError:
            owner = ["-o", str(os.getuid()), "-g", str(os.getgid())]
            done = subprocess.run(
                ["sudo", "-n", "install", "-d", *owner, folder], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            if done.returncode:
                raise self._failure(f"The folder {folder} cannot be made: permission denied") from None
        except OSError as error:
            raise self._failure(f"The folder {folder} cannot be made: {error.strerror}") from None

    def _is_file(self) -> bool:
        """Whether the address is one object, which is copied to the target itself.

        Raises:
            AgentError: `sync.source`, there is nothing at the address.
        """
        found = self._rclone("lsjson", "--stat", self.source, *LOOK)
        about = json.loads(found.stdout or b"null") if found.returncode == 0 else None
        if about is None:
            raise self._failure(
                f"Bucket {self.wish['address']} cannot be read: {last_error(found.stderr)}", "sync.source"
            )
        if about["IsDir"] and self.wish["path"] and not self._rclone("lsf", "--max-depth=1", self.source, *LOOK).stdout:
            raise self._failure(f"There is nothing at {self.wish['address']}", "sync.source")
        return not about["IsDir"]

    def _copy(self, verb: str) -> dict[str, Any]:
        done = self._rclone(verb, self.source, self.target, *COPY)
        if done.returncode:
            full = b"no space left on device" in done.stderr.lower()
            code = "sync.disk_full" if full else "sync.failed"
            raise self._failure(f"Bucket {self.wish['address']} could not be copied: {last_error(done.stderr)}", code)
        files, size = _copied(done.stderr)
        return {"changed": files > 0, "files": files, "bytes": size}

    def _rclone(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        line = [self.program, f"--config={remotes_path(self.home)}", "--contimeout=20s", *words]
        return subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def _mount(self) -> dict[str, Any]:
        if os.listdir(self.target):
            raise self._failure(f"The folder {self.target} is not empty, so nothing can be mounted there")
        socket = os.path.join(self.home.mounts, f"{self.name}.sock")
        self.record = {
            "hash": self.hash, "socket": socket, "words": self._words(socket), "address": self.wish["address"],
            "mode": self.wish["mode"], "log": os.path.join(self.home.mounts, f"{self.name}.log"),
        }  # fmt: skip
        try:
            start(self.record, self.target)
        except AgentError as error:
            self.record = {}
            raise self._failure(error.message) from None
        return {"changed": True}

    def _words(self, socket: str) -> list[str]:
        """Its command, started in the socket's folder: a home may be longer than a socket's address can be."""
        settings = self.wish.get("settings") or {}
        flags = [f"--{key.replace('_', '-')}={value}" for key, value in sorted(settings.items()) if key in FLAGS]
        given = {flag.partition("=")[0] for flag in flags}
        base = [flag for flag in MODES[self.wish["mode"]] if flag.partition("=")[0] not in given]
        return [
            self.program, "mount", self.source, self.target, f"--config={remotes_path(self.home)}",
            f"{CACHE}{os.path.join(self.home.mounts, self.name)}", "--rc", f"--rc-addr=unix://{os.path.basename(socket)}",
            "--rc-no-auth", "--log-level=NOTICE", "--contimeout=20s", "--low-level-retries=3", *base, *flags,
            *(["--read-only"] if settings.get("read_only") else []),
            *(["--allow-other"] if _others_may(self.home) else []),
        ]  # fmt: skip

    def _failure(self, sentence: str, code: str = "sync.failed") -> AgentError:
        return AgentError(code, sentence, target=self.wish["target"])


def _others_may(home: Home) -> bool:
    """Whether a mount shall be seen by other users; the jobs of a container are some, unless the login is root, too."""
    if os.getuid() == 0 or not home.read_config().get("container"):
        return os.getuid() == 0
    try:
        with open(FUSE_SETTINGS, encoding="utf-8", errors="replace") as file:
            if any(line.strip() == "user_allow_other" for line in file):
                return True
    except OSError:
        pass
    line = f"echo user_allow_other >>{FUSE_SETTINGS}"
    done = subprocess.run(["sudo", "-n", "sh", "-c", line], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode == 0


def start(record: dict[str, Any], target: str) -> list[str]:
    """Starts the mount's process and waits until the bucket is there; notes the process in the record.

    Returns:
        files that the process before may not have sent and that this one will not send, where they are kept.

    Raises:
        AgentError: `sync.failed`, with what rclone says.
    """
    remove(record["socket"])
    try:
        kept = [path for word in record["words"] if word.startswith(CACHE) for path in set_aside(word[len(CACHE) :])]
        with open(record["log"], "ab") as log:
            began = log.tell()
            process = subprocess.Popen(
                record["words"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=os.path.dirname(record["socket"]),
                start_new_session=True,
                close_fds=True,
            )
    except OSError as error:
        code = "sync.disk_full" if is_disk_full(error) else "sync.failed"
        raise AgentError(code, f"Bucket {record['address']} cannot be mounted: {error.strerror}") from None
    record.update(pid=process.pid, started=processes.start_time(process.pid))
    deadline = time.monotonic() + START_SECONDS
    while not is_mounted(target):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            with open(record["log"], "rb") as log:
                log.seek(began)
                said = last_error(log.read())
            raise AgentError("sync.failed", f"Bucket {record['address']} cannot be mounted at {target}: {said}")
        time.sleep(0.02)
    return kept


def is_alive(record: dict[str, Any], target: str) -> bool:
    """Whether a recorded mount is there and its process runs."""
    running = processes.is_running(int(record.get("pid") or 0), int(record.get("started") or 0))
    return running and is_mounted(target)


def has_unsent(cache: str) -> bool:
    """Whether rclone's notes in a cache say of a file that it is not in its bucket yet."""
    for folder, _, names in os.walk(os.path.join(cache, "vfsMeta")):
        if any(read_json(os.path.join(folder, name)).get("Dirty") for name in names):
            return True
    return False


def unmount(record: dict[str, Any], target: str) -> None:
    """Takes a mount away; one that is in use goes when it is not used any more."""
    for words in (["-u"], ["-uz"]):
        if is_mounted(target):
            subprocess.run(
                [_unmounter() or "fusermount3", *words, target], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
    deadline = time.monotonic() + 5
    while processes.is_running(int(record.get("pid") or 0), int(record.get("started") or 0)):
        if time.monotonic() > deadline:
            processes.send([int(record["pid"])], 15)
            return
        time.sleep(0.02)


def last_error(text: bytes) -> str:
    """The last thing that rclone complains of, without its time stamps."""
    lines = [line.strip() for line in text.decode("utf-8", "replace").splitlines() if line.strip()]
    said = ""
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            words = line.split(" ", 2)
            said = words[2] if len(words) == 3 and words[0].count("/") == 2 else line
            continue
        if isinstance(entry, dict) and entry.get("level") in ("error", "critical", "fatal"):
            said = str(entry.get("msg"))
    for start_word in ("ERROR", "CRITICAL", "Fatal error", "NOTICE", "Failed to"):
        said = said.partition(f"{start_word}: ")[2] or said if said.startswith(f"{start_word}") else said
    return said.strip(" :")[:300] or "rclone gave no reason"


def _copied(text: bytes) -> tuple[int, int]:
    """Files and bytes of the last statistics in rclone's log."""
    files = size = 0
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        stats = entry.get("stats") if isinstance(entry, dict) else None
        if isinstance(stats, dict):
            files, size = int(stats.get("transfers") or 0), int(stats.get("bytes") or 0)
    return files, size
