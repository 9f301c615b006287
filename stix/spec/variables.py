"""`envs` and `secrets` of a task file, and their values in place of `$NAME` and `${NAME}`."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from stix.errors import UsageError
from stix.model.task import ManagedSecret, Secrets, check_env_name
from stix.spec.document import Document, Path, dotted
from stix.spec.yaml_text import MAX_TEXT

FILLED = ("workdir", "file_mounts", "volumes", "service")
"""Keys of a task in which variables are replaced."""

SCOPES = ("personal", "workspace", "global")
"""Where a managed secret may be kept."""

_PREFIX = "secrets:"
_KEPT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")
_SHORTEST = 4
"""Characters of a value that can be kept secret; a shorter one occurs everywhere."""

# As SkyPilot: either brace may be missing.
_VARIABLE = re.compile(r"\$\{?([a-zA-Z_][a-zA-Z0-9_]*)\}?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Variables:
    """What a task's commands find in their environment."""

    envs: Mapping[str, str]
    secrets: Secrets
    managed: tuple[ManagedSecret, ...]


def read_variables(document: Document, *, env: Mapping[str, str], secrets: Mapping[str, str]) -> Variables:
    """The variables of a checked document; `env` and `secrets` are given from outside and win.

    A secret without a value becomes a managed one; whether there is a value shows when the task is launched.

    Raises:
        UsageError: task.invalid: a name or reference is wrong, an environment variable has no value.
    """
    envs: dict[str, str] = {}
    for name, value in (document.data.get("envs") or {}).items():
        with document.reading(("envs", name)):
            check_env_name(name)
        if value is None and name not in env:
            hint = f'give it with --env {name}=VALUE; write {name}: "" if it shall be empty'
            raise document.error(("envs", name), f"environment variable '{name}' has no value", hint=hint)
        envs[name] = text_of(value)
    for key, given in (("envs", env), ("secrets", secrets)):
        for name in given:
            with document.reading((key, name)):
                check_env_name(name)
    own, references = _secrets(document, secrets)
    references += _managed(document)
    # Those without a path first: so they are written, and so they read back.
    managed = sorted(references, key=lambda reference: reference.mount_path is not None)
    return Variables({**envs, **env}, Secrets({**own, **secrets}), tuple(managed))


def fill(document: Document, *, env: Mapping[str, str], secrets: Mapping[str, str]) -> Document:
    """The document with values in place of variables, before anything in it is checked.

    Variables that have no value stay as they are, and so does what is no text.
    """
    data = document.data
    if not isinstance(data, Mapping):
        return document
    values = {**_texts(data.get("envs")), **env, **_texts(data.get("secrets")), **secrets}
    if not values:
        return document
    filler = _Filler(document, values)
    changed = {key: filler.filled(data[key], (key,), (key,)) for key in FILLED if data.get(key) is not None}
    return replace(document, data={**data, **changed}, moved=filler.moved)


@contextmanager
def hiding(secrets: Mapping[str, str]) -> Iterator[None]:
    """Keeps values of secrets, which may have been filled in, out of error messages."""
    try:
        yield
    except UsageError as error:
        place, space, sentence = error.message.partition(": ")
        raise UsageError(
            error.code,
            place + space + with_names(sentence, secrets) if space else with_names(place, secrets),
            hint=with_names(error.hint, secrets),
            details={
                key: value if key in ("file", "line", "column") else with_names(value, secrets)
                for key, value in error.details.items()
            },
        ) from None


def with_names(value: Any, secrets: Mapping[str, str]) -> Any:
    """Plain data with `${NAME}` in place of values of secrets: filled in again, it is what it was."""
    names = {text: name for name, text in sorted(secrets.items(), reverse=True) if len(text) >= _SHORTEST}
    if not names:
        return value
    # The longest first: a value may be part of another.
    pattern = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))
    return _with_names(value, pattern, names)


def secret_texts(document: Document) -> dict[str, str]:
    """Secrets that have a value in a document, whatever is wrong with it."""
    return _texts(document.data.get("secrets")) if isinstance(document.data, Mapping) else {}


def text_of(value: Any) -> str:
    """A scalar as Python writes it, which is what SkyPilot passes on: `no` is False, 1.50 is 1.5."""
    return str(value)


def _with_names(value: Any, pattern: re.Pattern[str], names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(lambda found: f"${{{names[found[0]]}}}", value)
    if isinstance(value, Mapping):
        return {_with_names(key, pattern, names): _with_names(each, pattern, names) for key, each in value.items()}
    return [_with_names(each, pattern, names) for each in value] if isinstance(value, list) else value


def _texts(variables: Any) -> dict[str, str]:
    """What has a value already; forms are not checked yet."""
    if not isinstance(variables, Mapping):
        return {}
    return {
        name: text_of(value)
        for name, value in variables.items()
        if value is not None and not isinstance(value, Mapping | list)
    }


class _Filler:
    """Replaces variables, and notes in `moved` what stands at another key then."""

    def __init__(self, document: Document, values: Mapping[str, str]) -> None:
        self._document = document
        self._values = values
        self._grown = 0
        self.moved: dict[Path, Path] = {}

    def filled(self, value: Any, old: Path, new: Path) -> Any:
        """The value, which stands at `old` in the document and will stand at `new`."""
        if old != new:
            self.moved[new] = old
        if isinstance(value, str):
            return self._text(value, old)
        if isinstance(value, list):
            return [self.filled(each, (*old, place), (*new, place)) for place, each in enumerate(value)]
        if not isinstance(value, Mapping):
            return value
        found: dict[str, Any] = {}
        for key, each in value.items():
            name = self._text(key, (*old, key))
            if name in found:
                sentence = f"'{name}' is in '{dotted(new)}' twice"
                raise self._document.error((*old, key), sentence, hint="keep one of the two")
            if name != key:
                self.moved[(*new, name)] = (*old, key)
            found[name] = self.filled(each, (*old, key), (*new, name))
        return found

    def _text(self, text: str, path: Path) -> str:
        if "$" not in text:
            return text
        # Counted before it is made: a value of many signs may stand in a text many times.
        self._grown += sum(len(self._values.get(name, "")) for name in _VARIABLE.findall(text))
        if self._grown > MAX_TEXT:
            sentence = f"has too much text once variables are filled in: over {MAX_TEXT >> 20} MiB"
            raise self._document.error(path, sentence, hint="shorten the values in 'envs'")
        return _VARIABLE.sub(lambda found: self._values.get(found[1], found[0]), text)


def _secrets(document: Document, given: Mapping[str, str]) -> tuple[dict[str, str], list[ManagedSecret]]:
    """Those with a value, and references to the others."""
    wanted = document.data.get("secrets") or {}
    if isinstance(wanted, list):
        return {}, [_reference(document, ("secrets", place), text) for place, text in enumerate(wanted)]
    own: dict[str, str] = {}
    references: list[ManagedSecret] = []
    for name, value in wanted.items():
        path = ("secrets", name)
        if value is None and name not in given:
            references.append(_reference(document, path, name))
        elif value is not None and name.startswith(_PREFIX):
            hint = f"write {name}: null, or give the value to {name.removeprefix(_PREFIX)}"
            raise document.error(path, f"'{name}' refers to a managed secret, which has its value elsewhere", hint=hint)
        elif value is not None:
            with document.reading(path):
                check_env_name(name)
            own[name] = text_of(value)
    return own, references


def _managed(document: Document) -> list[ManagedSecret]:
    references = []
    for place, entry in enumerate(document.data.get("managed_secrets") or ()):
        for name, settings in ({entry: None} if isinstance(entry, str) else entry).items():
            path = ("managed_secrets", place)
            references.append(_reference(document, path, name, (settings or {}).get("mount_path")))
    return references


def _reference(document: Document, path: Path, text: str, mount_path: str | None = None) -> ManagedSecret:
    """`NAME`, `secrets:NAME`, `personal.NAME`; the user's own command may hand the name to a shell."""
    name = text.removeprefix(_PREFIX)
    scope, dot, rest = name.partition(".")
    scope, name = (scope, rest) if dot and scope in SCOPES else ("", name)
    with document.reading(path):
        if not _KEPT_NAME.fullmatch(name):
            raise ValueError(f"must be named with letters, digits and . _ - /, not {name!r}")
    return ManagedSecret(name, scope or None, mount_path)
