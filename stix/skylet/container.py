"""The container that jobs run in where a cluster has an image: entered, signalled and looked at by `docker exec`.

Nothing is asked of the image but /bin/sh. What a job is told goes in by standard input, so that no value of it stands
in a command line, in the engine's records or in a file.
"""

from __future__ import annotations

import os
import re
import subprocess

from .home import Home, read_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

MARK = "STIX_CONTAINER_MARK"
"""Names the job in the environment of all its processes: `<cluster/rank/job>`, closed, as a shell drops the zeros
between variables."""

SECONDS = 30.0
"""Longest that the engine may take to answer."""

REMOVAL_SECONDS = 300.0
ABSENT = ("No such container", "no such container")

BATCH = 500
"""Paths for one `chown`."""

ALL_RIGHTS = ("--privileged", "-u", "0")
ROOT = ("-u", "0")
OWN: tuple[str, ...] = ()
"""As whom processes are looked for: root sees those of the image's other users only with all abilities; where the
engine does not give these, those of root and of the container's own user are found."""

GONE = ("is not running", "No such container", "No such exec", "is paused")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SHELLS = ("/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash")

# Reads the environment of each process, whoever's it is, with nothing but what is built into a shell.
SIGNAL = """
n=0
for d in /proc/[0-9]*; do
  p=${d#/proc/} is= ok=1
  [ "$p" != $$ ] || continue
  { while IFS= read -r line || [ -n "$line" ]; do
      case $line in *"$1"*) is=1; break ;; esac
    done <"$d/environ"; } 2>/dev/null
  [ -n "$is" ] || continue
  if [ "$3" = handled ]; then
    ok=
    { while read -r key value; do
        if [ "$key" = SigCgt: ]; then ok=$(( (0x$value >> ($2 - 1)) & 1 )); fi
      done <"$d/status"; } 2>/dev/null
    [ "$ok" = 1 ] || continue
  fi
  kill -"$2" "$p" 2>/dev/null && n=$((n + 1))
done
echo $n
"""


TOOLS = ".stix-tools"
"""Folder in the jobs' HOME that is last in PATH."""

SUDO = """#!/bin/sh
# For images without sudo: a job of this container is root already.
[ -w / ] || { echo "stix: the image has no sudo" >&2; exit 1; }
while [ $# -gt 0 ]; do
  case $1 in
    -u | --user) [ "$2" = root ] || { echo "stix: the image has no sudo to become $2" >&2; exit 1; }; shift 2 ;;
    -g | -h | -p | -C | -D | -R | -T) shift 2 ;;
    --) shift; break ;;
    -*) shift ;;
    *=*) export "$1"; shift ;;
    *) break ;;
  esac
done
[ $# -eq 0 ] || exec "$@"
"""


class Container:
    """The container of this machine.

    Args:
        record: what `engine.have` wrote down: `{name, words: [docker], owner: "uid:gid" or "", user: whether
            it has a user of its own}`.
    """

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.name = str(record["name"])
        self.docker = [str(word) for word in record.get("words") or ["docker"]]
        self.owner = str(record.get("owner") or "")
        self.whom = (ALL_RIGHTS, ROOT, *([OWN] if record.get("user") else []))

    def job_words(self, mark: str) -> list[str]:
        """Words that start a job's shell, which reads `prelude` from its standard input."""
        return [*self.docker, "exec", "-i", "-e", f"{MARK}=<{mark}>", self.name, "/bin/sh"]

    def shell_words(self, home: str, workdir: str, command: str, *, tty: bool, term: str) -> list[str]:
        """Words that open a shell for people, or run one shell command."""
        inside = f"cd {quoted(workdir)} 2>/dev/null || cd {quoted(home)} || cd /; "
        inside += command or "exec $(command -v bash || echo /bin/sh)"
        told = ["-e", f"HOME={home}", *(["-e", f"TERM={term}"] if term else [])]
        return [*self.docker, "exec", "-it" if tty else "-i", *told, self.name, "/bin/sh", "-c", inside]

    def signal(self, mark: str, number: int, *, handled: bool = False) -> int | None:
        """Sends a signal (0: none) to every process of a job inside; how many there were, None: nobody can say.

        Args:
            handled: only to those that have a handler of their own for it.
        """
        counts = []
        for rights in self.whom:
            done = self._run(*self._signal_words(rights, mark, number, handled))
            if done is None:
                return None
            said = done.stdout.split()
            if done.returncode == 0 and said and said[-1].isdigit():
                counts.append(int(said[-1]))
                if rights is ALL_RIGHTS:
                    break
            elif any(word in done.stderr for word in GONE):
                return 0
        return sum(counts) if counts else None

    def signal_soon(self, mark: str, number: int, *, handled: bool = False) -> None:
        """The same for a caller that cannot wait, as the daemon, whom others wait for."""
        lines = [
            " ".join(quoted(word) for word in [*self.docker, *self._signal_words(rights, mark, number, handled)])
            for rights in self.whom
        ]
        words = ["/bin/sh", "-c", f"{lines[0]} || {{ {'; '.join(lines[1:])}; }}"]
        null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
        try:
            os.posix_spawn(words[0], words, dict(os.environ), file_actions=null, setpgroup=0)
        except OSError:
            return

    def _signal_words(self, rights: tuple[str, ...], mark: str, number: int, handled: bool) -> list[str]:
        told = [f"{MARK}=<{mark}>", str(number), "handled" if handled else ""]
        return ["exec", *rights, self.name, "/bin/sh", "-c", SIGNAL, "sh", *told]

    def give_back(self, home: str) -> None:
        """Gives files that root made in the HOME of jobs to the login of the machine, which has to bring new ones."""
        before: list[str] = []
        while self.owner:
            found = _of_root(home)
            if not found or found == before:
                return
            before = found
            while found:
                batch, found = found[:BATCH], found[BATCH:]
                self._run("exec", "-u", "0", self.name, "chown", "-h", self.owner, *batch)

    def start(self) -> None:
        """Has it run, as after it was stopped by hand."""
        self._run("start", self.name)

    def stop(self) -> None:
        """Ends everything in it; it comes again by `start`."""
        self._run("stop", "-t", "2", self.name)

    def remove(self) -> str:
        """Takes it away; a sentence when it is left."""
        done = run([*self.docker, "rm", "-f", "-v", self.name], REMOVAL_SECONDS)
        said = done.stderr.strip() if done else f"its engine did not do so within {REMOVAL_SECONDS:.0f} s"
        if done and (done.returncode == 0 or any(word in said for word in ABSENT)):
            return ""
        return f"container {self.name} is left ({said.splitlines()[-1] if said else 'no reason was given'}): " + (
            f"{' '.join(self.docker)} rm -f -v {self.name}"
        )

    def _run(self, *words: str) -> subprocess.CompletedProcess[str] | None:
        return run([*self.docker, *words], SECONDS)


def run(words: list[str], seconds: float | None = None) -> subprocess.CompletedProcess[str] | None:
    """A command's end, with what it said; None when it cannot be run or takes too long."""
    try:
        return subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
        )
    except (OSError, subprocess.SubprocessError):
        return None


def _of_root(folder: str) -> list[str]:
    """What belongs to root below a folder, as far as can be seen, and not in a bucket that is mounted there."""
    found, folders = [], [folder]
    try:
        device = os.lstat(folder).st_dev
    except OSError:
        return []
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    about, inner = entry.stat(follow_symlinks=False), entry.is_dir(follow_symlinks=False)
                    if inner and about.st_dev != device:
                        continue  # only of folders: a file of an overlay may show another device than its folder
                    if about.st_uid == 0:
                        found.append(entry.path)
                    if inner:
                        folders.append(entry.path)
        except OSError:
            continue  # not to be looked into before it is given back
    return found


def find(home: Home, config: Mapping[str, Any]) -> Container | None:
    """The container that jobs of this machine run in; None: they run on the machine itself."""
    if not config.get("container"):
        return None
    return Container({**read_json(home.container), "name": config["container"]})


def prelude(env: Mapping[str, str], workdir: str, script: str) -> bytes:
    """What the job's shell reads first: its environment, its folder, and the script that it turns into.

    Args:
        env: variables; one whose name no shell can have is left out.
        workdir, script: paths, the same inside and outside.
    """
    lines = [f"export {name}={quoted(value)}" for name, value in env.items() if NAME.fullmatch(name)]
    lines.append(f'command -v sudo >/dev/null 2>&1 || export PATH="$PATH:$HOME/{TOOLS}"')
    lines.append(f'cd {quoted(workdir)} || cd "$HOME" || cd /')
    lines += [f"[ ! -x {shell} ] || exec {shell} {quoted(script)} </dev/null" for shell in SHELLS]
    lines.append(f"exec /bin/sh {quoted(script)} </dev/null")
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def quoted(text: str) -> str:
    """One word of a shell."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


def enter(home: Home, options: dict[str, Any]) -> int:
    """The verb `enter`: a shell in the container, or one command; only returns when that cannot be."""
    import sys

    from .home import WORKDIR

    config: dict[str, Any] = dict(home.read_config())
    container = find(home, config)
    if container is None:
        sys.stderr.write("stix: jobs of this machine run in no container\n")
        return 1
    jobs_home = home.user_home(config)
    tty = sys.stdin.isatty() and sys.stdout.isatty()
    words = container.shell_words(
        jobs_home,
        os.path.join(jobs_home, WORKDIR),
        str(options.get("command") or ""),
        tty=tty,
        term=os.environ.get("TERM", "") if tty else "",
    )
    try:
        os.execvp(words[0], words)
    except OSError as error:
        sys.stderr.write(f"stix: {words[0]} cannot be run: {error.strerror}\n")
        return 127
