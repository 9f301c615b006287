"""Secrets of jobs on this node: files of mode 0600, in memory where there is some, gone when the job ends.

`<memory>/jobs/<job>/secrets.json` is the head's, from submission to the job's end. `<memory>/jobs/<job>/files/` holds
what the job finds at its mount paths, on each node that it runs on; the paths are links to these files. Which paths
that are is noted in the agent's folder: memory does not outlive a machine, what lies at the paths does.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat

from .home import Home, read_json, remove, write_bytes, write_json
from .receive import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

MEMORY = "/dev/shm"


def memory(home: Home) -> str:
    """The folder for what no disk shall keep; below the agent's own where the machine has no files in memory."""
    name = f"stix-{os.getuid()}-{hashlib.sha1(home.root.encode()).hexdigest()[:12]}"
    folder = os.path.join(MEMORY, name)
    if not os.access(MEMORY, os.W_OK):
        return home.memory
    try:
        found = os.lstat(folder)
    except FileNotFoundError:
        return folder
    # Everybody may make folders there: another's, or a link, is not ours.
    return folder if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() else home.memory


def make_private(folder: str, *below: str) -> str:
    """Makes a folder, and those below it, that nobody else may enter; the last one."""
    for name in ("", *below):
        folder = os.path.join(folder, name) if name else folder
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            pass
        found = os.lstat(folder)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise OSError(errno.EPERM, f"{folder} is not ours")
    return folder


class JobSecrets:
    """The secrets of one agent's jobs."""

    def __init__(self, home: Home) -> None:
        self.home = home

    @property
    def _jobs(self) -> str:
        return os.path.join(memory(self.home), "jobs")

    def _folder(self, job_id: int) -> str:
        return os.path.join(self._jobs, str(job_id))

    def keep(self, job_id: int, variables: Mapping[str, str], files: Mapping[str, str]) -> None:
        """Keeps a job's secrets until `forget`.

        Args:
            files: mount path -> content.
        """
        make_private(memory(self.home), "jobs", str(job_id))
        kept = {"variables": dict(variables), "files": dict(files)}
        write_json(os.path.join(self._folder(job_id), "secrets.json"), kept)

    def read(self, job_id: int) -> dict[str, Any]:
        """`{variables, files}` of a job; `{}` when there are none, or no more: memory does not outlive a machine."""
        return dict(read_json(os.path.join(self._folder(job_id), "secrets.json")))

    def forget(self, job_id: int) -> None:
        """Removes all secrets of a job that are here."""
        self.take_away(job_id)
        shutil.rmtree(self._folder(job_id), ignore_errors=True)

    def forget_others(self, job_ids: Collection[int]) -> None:
        """Removes the kept secrets of all jobs but these: those of a daemon that was killed."""
        for job_id in self._known():
            if job_id not in job_ids:
                remove(os.path.join(self._folder(job_id), "secrets.json"))
                self._drop_empty(job_id)

    def carry_over(self, job_ids: Collection[int]) -> None:
        """Takes over the secrets of these jobs from an agent of before, which kept them in the jobs' folders, on disk.

        Those of others are removed there.
        """
        for name in os.listdir(self.home.jobs) if os.path.isdir(self.home.jobs) else ():
            path = os.path.join(self.home.jobs, name, "secrets.json")
            if name.isdigit() and os.path.exists(path):
                variables = {str(key): str(value) for key, value in read_json(path).items()}
                if int(name) in job_ids and not self.read(int(name)):
                    self.keep(int(name), variables, {})
                remove(path)

    def place(self, job_id: int, files: Mapping[str, str], *, copies: bool = False) -> None:
        """Makes a job's secrets appear at their paths.

        Args:
            copies: files, not links: a container does not see this machine's memory.

        Raises:
            OSError: at one of them is something else, or it cannot be made; the message names it.
        """
        if not files:
            return
        folder = make_private(memory(self.home), "jobs", str(job_id), "files")
        links: dict[str, str] = {}
        for number, (target, content) in enumerate(files.items()):
            path, file = resolve(self.home, target), os.path.join(folder, str(number))
            if os.path.lexists(path) and not self._is_ours(path):
                raise OSError(errno.EEXIST, f"the secret at {path}: something else is there already")
            links[path] = file
            write_bytes(file, content.encode("utf-8", "surrogateescape"))
        # Noted before there is one, for who must take them away.
        os.makedirs(self.home.placed, mode=0o700, exist_ok=True)
        write_json(self._placed_path(job_id), {"links": links, "copies": copies})
        for path, file in links.items():
            self._put(path, file, copies)

    def _put(self, path: str, file: str, copies: bool) -> None:
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if copies:
                with open(file, "rb") as source:
                    write_bytes(path, source.read())
                return
            partial = f"{path}.stix-{os.getpid()}"
            os.symlink(file, partial)
            os.replace(partial, path)
        except OSError as error:
            raise OSError(error.errno, f"the secret at {path}: {error.strerror}") from None

    def _is_ours(self, path: str) -> bool:
        if os.path.islink(path):
            return os.readlink(path).startswith(self._jobs + "/")
        return any(path in placed["links"] and placed["copies"] for placed in map(self._placed, self._known()))

    def take_away(self, job_id: int) -> None:
        """Removes a job's secrets from their paths; one that another job here has at the same path gets that one's."""
        placed, left = self._placed(job_id), False
        others = [self._placed(other)["links"] for other in self._known() if other != job_id]
        for path, file in placed["links"].items():
            if not placed["copies"] and not (os.path.islink(path) and os.readlink(path) == file):
                continue
            other_file = next((links[path] for links in others if path in links), None)
            try:
                remove(path)
                if other_file and os.path.exists(other_file):
                    self._put(path, other_file, placed["copies"])
            except OSError:
                left = True  # in a folder that a container's root made: tried again once that was given back
        if not left:
            remove(self._placed_path(job_id))
        shutil.rmtree(os.path.join(self._folder(job_id), "files"), ignore_errors=True)
        self._drop_empty(job_id)

    def take_away_others(self, job_ids: Collection[int]) -> None:
        """As `take_away`, of all jobs but these."""
        for job_id in self._known():
            if job_id not in job_ids:
                self.take_away(job_id)

    def clear(self) -> None:
        """Removes everything, the folder too."""
        self.take_away_others(())
        shutil.rmtree(memory(self.home), ignore_errors=True)

    def _drop_empty(self, job_id: int) -> None:
        try:
            os.rmdir(self._folder(job_id))
        except OSError:
            pass  # the head still has the secrets of a job that goes on, or the node its files

    def _placed_path(self, job_id: int) -> str:
        return os.path.join(self.home.placed, f"{job_id}.json")

    def _placed(self, job_id: int) -> dict[str, Any]:
        """`{links: path -> file, copies}`."""
        return {"links": {}, "copies": False, **read_json(self._placed_path(job_id))}

    def _known(self) -> list[int]:
        found = set()
        for folder in (self._jobs, self.home.placed):
            names = os.listdir(folder) if os.path.isdir(folder) else []
            found |= {int(stem) for stem in (name.partition(".json")[0] for name in names) if stem.isdigit()}
        return sorted(found)
