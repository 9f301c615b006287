"""The verb `container`: the container of a cluster's image is there and runs, as wanted, by the machine's Docker."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shlex
import shutil

from . import processes, rankstate
from .container import SUDO, TOOLS, run
from .errors import AgentError
from .home import WORKDIR, Home, read_json, write_bytes, write_json
from .images import SECONDS, last_word, pull
from .job_secrets import make_private, memory
from .receive import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WAIT = ("--entrypoint", "/bin/sh")
WAIT_WORDS = ("-c", "while read -r _; do :; done")
"""Its first process waits for input that never comes."""

PROGRAM = "docker"
LABEL = "stix.container"

GPU_DEVICE = "/dev/nvidiactl"
"""There once NVIDIA's driver was asked for anything, as the agent does when it is installed."""


def have(home: Home, text: bytes) -> dict[str, Any]:
    """Makes the container be there; one that is as wanted stays, with what was installed in it.

    Args:
        text: JSON `{image, run_options: [..], paths: [targets of files and buckets], login: {username, password,
            server}, check}`; the login is used for this and kept nowhere.

    Returns:
        `{missing: [docker, container_gpu]}` where the machine lacks something and nothing was done, else `{missing:
        [], changed, name, image, state: kept/started/made/renewed}`.

    Raises:
        AgentError: `setup.failed`, `setup.disk_full`, `config.invalid`, `cluster.busy` (jobs run in one that would
        have to be made anew), `agent.unreachable`.
    """
    order = json.loads(text)
    config: dict[str, Any] = dict(home.read_config())
    if not config.get("container"):
        raise AgentError("agent.unreachable", "The agent here was not told of a container", "Install it first.")
    docker = _engine()
    if not docker:
        return _lacking("docker", "a Docker engine that answers")
    gpus = os.path.exists(GPU_DEVICE)
    if gpus and not _has_toolkit():
        return _lacking("container_gpu", "NVIDIA's container toolkit")
    with open(os.path.join(home.root, "container.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _Maker(home, config, docker, order, gpus).have()


def _lacking(part: str, words: str) -> dict[str, Any]:
    """The answer that the machine lacks a part, which the role of that name installs.

    Raises:
        AgentError: `setup.failed`, the login may install nothing.
    """
    sudo = run(["sudo", "-n", "true"], SECONDS) if os.getuid() else None
    if os.getuid() and (sudo is None or sudo.returncode):
        raise AgentError(
            "setup.failed",
            f"The machine lacks {words}, and its login may not use sudo without a password to install it",
            "Install it by hand, or let the login use sudo.",
            missing=[part],
        )
    return {"missing": [part]}


def _engine() -> list[str]:
    """Words of a docker command whose engine answers; none where there is no engine, or it does not run.

    Raises:
        AgentError: `setup.failed`, it may not be used.
    """
    if not shutil.which(PROGRAM):
        return []
    host = os.environ.get("DOCKER_HOST")
    base = [PROGRAM, *(["-H", host] if host else [])]
    said = ""
    # A login that has just joined the engine's group is not in it before it logs in again.
    for words in (base, ["sudo", "-n", *base]):
        done = run([*words, "version", "--format", "{{.Server.Version}}"], SECONDS)
        if done is not None and done.returncode == 0:
            return words
        said = said or (done.stderr.strip() if done else "it does not answer")
    if "ermission denied" in said:
        raise AgentError(
            "setup.failed", "The Docker engine may not be used by this login", "Add it to the group docker."
        )
    return []


def _has_toolkit() -> bool:
    programs = ("nvidia-container-runtime-hook", "nvidia-container-runtime", "nvidia-ctk")
    return any(shutil.which(program) for program in programs)


class _Maker:
    """Makes one container."""

    def __init__(
        self, home: Home, config: dict[str, Any], docker: list[str], order: dict[str, Any], gpus: bool
    ) -> None:
        self.home = home
        self.docker = docker
        self.order = order
        self.gpus = gpus
        self.name = str(config["container"])
        self.cluster_id = str(config["cluster_id"])
        self.user_home = home.user_home(config)
        self.options = _words(order.get("run_options") or [])
        self.before: dict[str, Any] = dict(read_json(home.container))
        self.paths = self._outside(order.get("paths") or [])
        about = [order["image"], self.options, self.user_home, self.gpus]
        self.hash = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]

    def have(self) -> dict[str, Any]:
        found = self._inspect()
        there = bool(found)
        same = found.get("hash") == self.hash and set(self.paths) <= set(self.before.get("paths") or [])
        state = "kept" if same and found["running"] else "started" if same else "renewed" if there else "made"
        if not self.order.get("check") and state != "kept":
            if same:
                self._must("start", self.name)
            else:
                self._make(there)
        if state == "kept" and self.before.get("words") != self.docker:
            self._write(self.before.get("paths") or [])
        return {"missing": [], "changed": state != "kept", "name": self.name, "image": self.order["image"],
                "state": state}  # fmt: skip

    def _outside(self, targets: list[str]) -> list[str]:
        """Targets that are not below the jobs' HOME, which have to be shown inside one by one."""
        shown: list[str] = []
        for path in sorted({resolve(self.home, target) for target in targets}):
            if not path.startswith(tuple(f"{above}/" for above in (self.user_home, *shown))):
                shown.append(path)
        return shown

    def _inspect(self) -> dict[str, Any]:
        """`{hash, running}` of the container, nothing where there is none."""
        form = '{"hash": {{json (index .Config.Labels "%s")}}, "running": {{.State.Running}}}' % LABEL
        done = run([*self.docker, "container", "inspect", "--format", form, self.name], SECONDS)
        return dict(json.loads(done.stdout)) if done is not None and done.returncode == 0 else {}

    def _make(self, there: bool) -> None:
        if there and _jobs_run(self.home):
            raise AgentError(
                "cluster.busy",
                "The container has to be made anew for another image, other options or a new absolute mount, and jobs "
                "run in it",
                "Wait for them, cancel them, or use another cluster.",
            )
        image = pull(self.docker, self.order["image"], self.order.get("login") or {}, make_private(memory(self.home)))
        if there:
            self._must("rm", "-f", "-v", self.name)
        os.makedirs(os.path.join(self.user_home, WORKDIR), exist_ok=True)
        os.makedirs(os.path.join(self.user_home, TOOLS), exist_ok=True)
        write_bytes(os.path.join(self.user_home, TOOLS, "sudo"), SUDO.encode(), 0o755)
        paths = sorted({*self.paths, *(path for path in self.before.get("paths") or [] if os.path.exists(path))})
        words = self.run_words(image, paths)
        said = self._run(words)
        if "docker-init" in said:
            # Not every distribution's Docker has it; without it, orphans stay as zombies.
            said = self._run([word for word in words if word != "--init"])
        if said:
            raise self._refused(image, said)
        self._write(paths)

    def _run(self, words: list[str]) -> str:
        """What docker complains of, when it did not start the container; nothing is left of it then."""
        done = run(words)
        if done is not None and done.returncode == 0:
            return ""
        run([*self.docker, "rm", "-f", "-v", self.name], SECONDS)
        return done.stderr or "docker gave no reason" if done else "docker cannot be run"

    def run_words(self, image: str, paths: list[str]) -> list[str]:
        """The whole `docker run` line; the user's options come last and so win."""
        given = {word.partition("=")[0] for word in self.options if word.startswith("-")}
        words = [*self.docker, "run", "--detach", "--interactive", "--name", self.name]
        words += ["--label", f"{LABEL}={self.hash}", "--label", f"stix.cluster_id={self.cluster_id}"]
        defaults = [
            (("--init",), ["--init"]),
            (("--restart",), ["--restart=unless-stopped"]),
            (("--network", "--net"), ["--network=host"]),
            (("--shm-size", "--ipc"), [f"--shm-size={_half_of_memory()}"]),
            (("--user", "-u"), ["--user=0"]),
            (("--log-driver",), ["--log-driver=none"]),
        ]
        if self.gpus:
            defaults.append((("--gpus", "--runtime"), ["--gpus=all"]))
        if os.path.exists("/sys/fs/selinux/enforce"):
            words.append("--security-opt=label=disable")  # else the login's files cannot be seen
        if os.path.isdir("/dev/infiniband"):
            words.append("--device=/dev/infiniband")
        for flags, default in defaults:
            if not given & set(flags):
                words += default
        for path in [self.user_home, *paths]:
            words += ["--mount", _mount(path)]
        return [*words, *self.options, *WAIT, image, *WAIT_WORDS]

    def _write(self, paths: list[str]) -> None:
        given = any(word.partition("=")[0] in ("--user", "-u") for word in self.options)
        owner = "" if given or os.getuid() == 0 else f"{os.getuid()}:{os.getgid()}"
        record = {"name": self.name, "words": self.docker, "owner": owner, "user": given, "paths": paths}
        write_json(self.home.container, record)

    def _must(self, *words: str) -> None:
        done = run([*self.docker, *words], SECONDS)
        if done is None or done.returncode:
            raise AgentError("setup.failed", f"docker {words[0]} failed: {last_word(done.stderr if done else '')}")

    def _refused(self, image: str, said: str) -> AgentError:
        last = last_word(said)
        if "/bin/sh" in said and ("no such file" in said or "not found" in said):
            return AgentError("setup.failed", f"Image {image} has no /bin/sh, so no job can run in it", image=image)
        if "unknown flag" in said or "unknown shorthand" in said or "invalid argument" in said:
            return AgentError("config.invalid", f"docker run does not take these run_options: {last}")
        return AgentError("setup.failed", f"The container cannot be started: {last}", image=image)


def _words(options: list[str]) -> list[str]:
    try:
        return [word for option in options for word in shlex.split(option)]
    except ValueError as error:
        raise AgentError("config.invalid", f"docker.run_options are no words of a shell: {error}") from None


def _jobs_run(home: Home) -> bool:
    for name in os.listdir(home.ranks) if os.path.isdir(home.ranks) else ():
        state: dict[str, Any] = rankstate.read(os.path.join(home.ranks, name))
        started = int(state.get("supervisor_started") or 0)
        if "exit_code" not in state and processes.is_running(int(state.get("supervisor") or 0), started):
            return True
    return False


def _half_of_memory() -> int:
    """Bytes; what Linux gives /dev/shm."""
    return max(64 << 20, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2)


def _mount(path: str) -> str:
    """A bind mount at the same path; buckets that are mounted below it later appear, where the kernel can do that."""
    parts = [
        "type=bind",
        f"source={path}",
        f"target={path}",
        *(["bind-propagation=rslave"] if _is_shared(path) else []),
    ]
    return ",".join('"%s"' % part.replace('"', '""') if set(part) & {",", '"'} else part for part in parts)


def _is_shared(path: str) -> bool:
    """Whether the mount that a path is on tells others of what is mounted below it."""
    best, shared = "", False
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                fields = line.split()
                point = fields[4].replace("\\040", " ")
                inside = path == point or path.startswith(point.rstrip("/") + "/")
                if inside and len(point) >= len(best):
                    optional = fields[6 : fields.index("-")]
                    best, shared = point, any(each.startswith(("shared:", "master:")) for each in optional)
    except (OSError, ValueError, IndexError):
        return False
    return shared
