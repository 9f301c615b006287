"""The verbs that make, look at and take away an agent: probe, install, stop, remove (and receive's entry)."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import sys
import time
import zipfile

from . import VERSION, client, detach, hardware, processes, rankstate
from .container import TOOLS, find
from .errors import AgentError, disk_full, is_disk_full
from .home import WORKDIR, Home, read_json, remove, write_bytes, write_json
from .job_secrets import JobSecrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STOP_SECONDS = 30.0
NOT_FOR_THE_DAEMON = ("state_hash",)
NOT_WANTED = ("state_hash", "started_at")
"""What is in the config and is no setting."""


def run(home: Home, verb: str, options: dict[str, Any]) -> int:
    """One of these verbs; prints its answer, 1 when it is an error."""
    try:
        if verb == "probe":
            answer = probe(home)
        elif verb == "install":
            answer = install(home, sys.stdin.buffer.read())
        elif verb == "receive":
            from .receive import run as received

            answer = received(home, sys.stdin.buffer, options)
        elif verb == "relay":
            from .relay import run as relayed

            answer = relayed(home, sys.stdin.buffer, options)
        elif verb == "mounts":
            from .buckets import mounts

            answer = mounts(home, sys.stdin.buffer.read())
        elif verb == "container":
            from .engine import have

            answer = have(home, sys.stdin.buffer.read())
        elif verb == "stop":
            answer = stop(home)
        else:
            answer = uninstall(home)
    except AgentError as error:
        sys.stdout.write(json.dumps({"error": error.record()}) + "\n")
        return 1
    except KeyError as error:
        sys.stderr.write(f"{verb}: --{error.args[0]} is missing\n")
        return 2
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def probe(home: Home) -> dict[str, Any]:
    """What is there: the agent, its state, the machine."""
    config: dict[str, Any] = dict(home.read_config())
    trees = {}
    for name in os.listdir(home.trees) if os.path.isdir(home.trees) else ():
        tree = read_json(os.path.join(home.trees, name))
        if tree.get("hash"):
            trees[str(tree["target"])] = tree["hash"]
    return {
        "installed": bool(config),
        "alive": bool(config) and client.is_alive(home),
        "state_hash": config.get("state_hash"),
        "cluster_id": config.get("cluster_id"),
        "user": config.get("user"),
        "trees": trees,
        "settings": {name: fingerprint(value) for name, value in config.items() if name not in NOT_WANTED},
        "hardware": hardware.probe(home.user_home(config)),
        "time": time.time(),
        "version": VERSION,
        "python": sys.executable,
    }


def fingerprint(value: Any) -> str:
    """What says whether two settings are the same, and nothing else: one of them is the cluster's token."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def install(home: Home, text: bytes) -> dict[str, Any]:
    """Makes the agent be as the config (JSON) says, and running; changes nothing when it is.

    Raises:
        AgentError: `provision.no_capacity` for a machine that another cluster holds, `config.invalid`,
        `setup.disk_full`,
            `setup.agent`, `agent.unreachable`.
    """
    config = _parse(text)
    try:
        os.makedirs(home.root, mode=0o700, exist_ok=True)
        with open(os.path.join(home.root, "install.lock"), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            os.chmod(home.root, 0o700)
            _install(home, config)
    except OSError as error:
        if is_disk_full(error):
            raise disk_full(home.root) from None
        raise AgentError(
            "setup.agent", f"The agent cannot be installed in {home.root}: {error}", "Check who owns the folder."
        ) from None
    return probe(home)


def _parse(text: bytes) -> dict[str, Any]:
    try:
        config = json.loads(text)
        missing = [name for name in ("cluster", "cluster_id", "rank", "num_nodes", "token") if name not in config]
    except (ValueError, TypeError):
        missing = ["all"]
    if missing:
        raise AgentError("config.invalid", f"The agent's config is not JSON or lacks {', '.join(missing)}")
    if config["num_nodes"] > 1 and not (config.get("head") or {}).get("port"):
        raise AgentError("config.invalid", "The agent's config lacks head.port, which a cluster of several nodes needs")
    provider = (config.get("preemption") or {}).get("provider")
    if provider:
        from .metadata import SERVICES

        if provider not in SERVICES:
            known = ", ".join(SERVICES)
            raise AgentError("config.invalid", f"No metadata service of {provider!r} is known", f"Valid: {known}.")
    return dict(config)


def _install(home: Home, config: dict[str, Any]) -> None:
    old: dict[str, Any] = dict(home.read_config())
    if old and old.get("cluster_id") != config["cluster_id"]:
        raise AgentError(
            "provision.no_capacity",
            f"The machine is held by cluster '{old.get('cluster')}'",
            "Take that cluster down first, or use another machine.",
            cluster=old.get("cluster"),
            cluster_id=old.get("cluster_id"),
        )
    fresh = not old or not home.wants_daemon()
    config["started_at"] = time.time() if fresh else old.get("started_at")
    library = unpack(home)
    same = _effective(old) == _effective(config)
    if old != config:
        write_json(home.config, config)
    remove(home.tombstone)
    remove(home.stopped)
    running = _ping(home)
    # One that is too busy to answer must not go on with another config either.
    if (running and running.get("library") != library) or (not same and is_held(home)):
        _end_daemon(home, end_jobs=False)
        running = None
    if not running:
        client.start(home)
    _prune(home, library)


def _effective(config: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name not in NOT_FOR_THE_DAEMON}


def unpack(home: Home) -> str:
    """Unpacks the running archive below `lib`; the name of the folder there.

    Everything the agent starts, it starts from there: bytecode is cached, and a later archive can replace
    this one at any time.
    """
    source = detach.library()
    if os.path.isdir(source):
        if os.path.dirname(source) == home.lib:
            return os.path.basename(source)
        source = os.path.abspath(sys.argv[0])
    with zipfile.ZipFile(source) as archive:
        name = _hash(archive.read("__main__.py").decode())
        target = os.path.join(home.lib, name)
        if not os.path.isdir(target):
            partial = f"{target}.{os.getpid()}.new"
            archive.extractall(partial)
            os.replace(partial, target)
    if os.path.abspath(source) != home.archive:
        with open(source, "rb") as file:
            write_bytes(home.archive, file.read())
    detach.use(target)
    return name


def _hash(main: str) -> str:
    for line in main.splitlines():
        if line.startswith("HASH = "):
            return line.split('"')[1]
    raise AgentError("setup.agent", "The archive was not made by agent_archive.build")


def _prune(home: Home, keep: str) -> None:
    """Removes other libraries, unless a rank's supervisor may still run from one."""
    if os.path.isdir(home.ranks) and os.listdir(home.ranks):
        return
    for name in os.listdir(home.lib):
        if name != keep:
            shutil.rmtree(os.path.join(home.lib, name), ignore_errors=True)


def _ping(home: Home) -> dict[str, Any] | None:
    try:
        return client.request(home, "ping", 5.0)
    except (OSError, ValueError, AgentError):
        return None


def is_held(home: Home) -> bool:
    """Whether a daemon runs: it holds the lock from its first moment on."""
    try:
        with open(home.lock, encoding="ascii") as file:
            # Shared, so that those who look do not take each other for a daemon.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def daemon_pid(home: Home) -> int:
    """Process id of the running daemon, 0 when there is none or it has not written it yet."""
    try:
        with open(home.lock, encoding="ascii") as file:
            return int(file.read() or 0) if is_held(home) else 0
    except (OSError, ValueError):
        return 0


def _end_daemon(home: Home, end_jobs: bool) -> None:
    pid = daemon_pid(home)
    if not pid:
        return
    try:
        client.request(home, "shutdown", 5.0, end_jobs=end_jobs)
    except (OSError, ValueError, AgentError):
        processes.send([pid], signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while daemon_pid(home) == pid:
        if time.monotonic() > deadline:
            processes.send([pid], signal.SIGKILL)
        time.sleep(0.02)


def stop(home: Home) -> dict[str, Any]:
    """Ends the agent and the jobs on this node, gracefully first. Jobs that wait stay in the queue."""
    if home.read_config():
        with open(home.stopped, "w", encoding="ascii"):
            pass
        _end_daemon(home, end_jobs=True)
        _end_leftovers(home)
        config: dict[str, Any] = dict(home.read_config())
        container = find(home, config)
        if container is not None:
            container.give_back(home.user_home(config))
            container.stop()
        JobSecrets(home).take_away_others(())
    if os.path.isdir(home.mounts):
        from .flush import release

        lost = release(home)
        return {"stopped": True, **({"lost": lost} if lost else {})}
    return {"stopped": True}


def _end_leftovers(home: Home) -> None:
    """Ends what jobs left running, also those of a daemon that was killed."""
    config = home.read_config()
    for name in os.listdir(home.ranks) if os.path.isdir(home.ranks) else ():
        state: dict[str, Any] = dict(read_json(os.path.join(home.ranks, name)))
        if processes.is_running(int(state.get("supervisor") or 0), int(state.get("supervisor_started") or 0)):
            processes.send([int(state["supervisor"])], signal.SIGTERM)
    grace = float(os.environ.get("STIX_SKYLET_GRACE") or 10)
    for mark in processes.marks(f"{config.get('cluster_id')}/{config.get('rank')}/"):
        processes.end_marked(mark, grace)


def uninstall(home: Home) -> dict[str, Any]:
    """Ends the agent and deletes everything it installed; what was brought or written to the home of jobs stays."""
    there = os.path.isdir(home.root)
    lost: list[str] = []
    if there:
        lost = stop(home).get("lost") or []
        config = dict(home.read_config())
        user_home = home.user_home(config)
        lost += clear(home)
        remove(home.tombstone)
        ours = [user_home] if config.get("container") else []
        if ours:
            shutil.rmtree(os.path.join(user_home, TOOLS), ignore_errors=True)
        for folder in (os.path.join(user_home, WORKDIR), *ours, home.root):
            try:
                os.rmdir(folder)  # empty: nobody's files
            except OSError:
                pass
    return {"removed": there, **({"lost": lost} if lost else {})}


def clear(home: Home) -> list[str]:
    """Deletes the container and the agent's files except its tombstone; the config, which is the lease, last.

    Returns:
        sentences about what is left.
    """
    config: dict[str, Any] = dict(home.read_config())
    container = find(home, config)
    left = ""
    if container is not None:
        container.give_back(home.user_home(config))
        left = container.remove()
        rankstate.drop_scripts(home.user_home(config), rankstate.node_mark(config), ())
    JobSecrets(home).clear()
    keep = {os.path.basename(home.tombstone), os.path.basename(home.config)}
    for name in os.listdir(home.root):
        path = os.path.join(home.root, name)
        if name in keep:
            continue
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            remove(path)
    remove(home.config)
    return [left] if left else []
