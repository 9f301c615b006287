"""`workdir` and `file_mounts` of a task file, with the values of envs in place of `$NAME` and `${NAME}`."""

import re
from collections.abc import Mapping

from stix.model.task import GitSource
from stix.spec.document import Document, Path
from stix.spec.validate import later

WORKDIR_TARGET = "~/sky_workdir"
"""Where the workdir lies on a node; nothing else may be put there."""

_VARIABLE = re.compile(r"\$(?:\{([a-zA-Z_][a-zA-Z0-9_]*)\}|([a-zA-Z_][a-zA-Z0-9_]*))")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")


class Paths:
    """Reads the two from a checked document; every method raises UsageError (task.invalid) for what is wrong there."""

    def __init__(self, document: Document, envs: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        self._document = document
        self._envs = envs
        self._secrets = secrets

    def workdir(self) -> str | GitSource | None:
        """The folder as written, or the repository."""
        workdir = self._document.data.get("workdir")
        path = ("workdir",)
        if not isinstance(workdir, Mapping):
            return None if workdir is None else self._fill(path, workdir)
        if not workdir.get("url"):
            hint = "for example: url: https://github.com/org/repo"
            raise self._document.error(path, "'workdir' has no 'url'", hint=hint)
        ref = workdir.get("ref")
        url = self._fill((*path, "url"), workdir["url"])
        return GitSource(url, None if ref is None else self._fill((*path, "ref"), ref))

    def file_mounts(self) -> dict[str, str]:
        """Target on the nodes -> local source as written."""
        mounts: dict[str, str] = {}
        for written, source in (self._document.data.get("file_mounts") or {}).items():
            path = ("file_mounts", written)
            target = self._fill(path, written)
            if source is None:
                sentence = f"'{target}' in 'file_mounts' has no source"
                raise self._document.error(path, sentence, hint="for example: ~/data: ./data")
            if target in mounts:
                sentence = f"'{target}' is in 'file_mounts' twice"
                raise self._document.error(path, sentence, hint="keep one of the two")
            mounts[target] = self._fill(path, source)
            self._check_mount(path, target, mounts[target])
        return mounts

    def _check_mount(self, path: Path, target: str, source: str) -> None:
        if _SCHEME.match(source) or source.startswith("skypilot:"):
            sentence = later(f"the source {source} in 'file_mounts'")
            raise self._document.error(path, sentence, hint="local paths work")
        if _SCHEME.match(target):
            raise self._document.error(path, f"'{target}' in 'file_mounts' must be a path on the nodes")
        for side in (target, source):
            if side.endswith("/"):
                sentence = f"'{side}' in 'file_mounts' ends with a slash"
                raise self._document.error(path, sentence, hint="leave the slash out")
        if target == WORKDIR_TARGET and self._document.data.get("workdir") is not None:
            sentence = f"'{target}' in 'file_mounts' is where the workdir goes"
            raise self._document.error(path, sentence, hint="use another path")

    def _fill(self, path: Path, text: str) -> str:
        """Variables that the task does not set stay as they are; a secret's value would be in the inventory."""

        def value_of(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            if name in self._secrets and name not in self._envs:
                sentence = f"secret '{name}' cannot be part of a path or address: those are not kept secret"
                raise self._document.error(path, sentence, hint="use an environment variable in 'envs'")
            return self._envs.get(name, match[0])

        return _VARIABLE.sub(value_of, text)
