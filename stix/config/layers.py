"""The layers of settings, lowest first: files of the site, the user and the project, variables, flags.

What stix itself has where no layer says anything stands in the schema (`stix.spec.schema.settings`).
"""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stix.errors import UsageError

if TYPE_CHECKING:
    from stix.spec.document import Document

SITE_FILE = Path("/etc/stix/config.yaml")
SITE_VARIABLE = "STIX_SITE_CONFIG"
"""Names a further file of the site; that of the machine cannot be taken away by it."""
PROJECT_FILE = ".stix.yaml"
PROJECT_VARIABLE = "STIX_PROJECT_CONFIG"

VARIABLES = {"STIX_WARM": "warm", "STIX_LOCK_TIMEOUT_MINUTES": "lock_timeout_minutes"}
"""Variable of the environment -> the setting that it is."""
_OFF = ("0", "no", "false", "off", "")


class Layer(NamedTuple):
    """One source of settings.

    Attributes:
        name: `site`, `user`, `project`, `environment`, `task` or `flag`.
        document: what it says; its `file` is what people call it.
        above: where in the document the settings stand.
    """

    name: str
    document: "Document"
    above: tuple[str, ...] = ()

    @property
    def data(self) -> Mapping[str, Any]:
        """The settings."""
        data = self.document.data
        for key in self.above:
            data = (data or {}).get(key)
        return data or {}


_flags: ContextVar[Mapping[str, Any] | None] = ContextVar("flags", default=None)


@contextmanager
def flags(settings: Mapping[str, Any]) -> Iterator[None]:
    """What `--config` of this command says of settings that are not a task's."""
    token = _flags.set(settings)
    try:
        yield
    finally:
        _flags.reset(token)


def load_layers(user_file: Path, environ: Mapping[str, str] = os.environ) -> list[Layer]:
    """Every layer that says something, checked, lowest first.

    Args:
        user_file: the user's own, `$STIX_HOME/config.yaml`; what is not there says nothing.

    Raises:
        UsageError: `config.invalid`, with file, line and the nearest right word; `usage`, of a flag.
    """
    layers = load_files(user_file, environ)
    for variable, key in VARIABLES.items():
        if variable in environ:
            layers.append(_checked("environment", f"${variable}", {key: _value(key, environ[variable])}))
    given = _flags.get()
    if given:
        layers.append(_checked("flag", "--config", dict(given)))
    return layers


def load_files(user_file: Path, environ: Mapping[str, str] = os.environ, *, project: bool = True) -> list[Layer]:
    """As `load_layers`, of the files alone."""
    found = []
    for name, file in files(user_file, environ, project=project):
        document = _read(file)
        if document is not None:
            from stix.config.check import check_layer

            layer = Layer(name, document)
            check_layer(layer)
            found.append(layer)
    return found


def files(user_file: Path, environ: Mapping[str, str] = os.environ, *, project: bool = True) -> list[tuple[str, Path]]:
    """The files that are looked for, each with its layer's name.

    Raises:
        UsageError: `config.invalid`, a variable names a file that is not there: a site's rules are never left out.
    """
    found = [("site", SITE_FILE)]
    if environ.get(SITE_VARIABLE):
        found.append(("site", _named(environ, SITE_VARIABLE)))
    found.append(("user", user_file))
    if project:
        named = environ.get(PROJECT_VARIABLE)
        found.append(("project", _named(environ, PROJECT_VARIABLE) if named else _found(Path(PROJECT_FILE))))
    return found


def _found(file: Path) -> Path:
    """A project's file, unless anybody may have put it there.

    Raises:
        UsageError: `config.invalid`.
    """
    with suppress(FileNotFoundError):
        owner, folder = file.stat().st_uid, Path().stat()
        if folder.st_mode & stat.S_IWOTH and owner not in (0, os.getuid()):
            hint = f"look at it, remove it, or name it: {PROJECT_VARIABLE}={file.absolute()}"
            raise UsageError("config.invalid", f"{file} belongs to somebody else in a folder of everybody's", hint=hint)
    return file


def _named(environ: Mapping[str, str], variable: str) -> Path:
    file = Path(os.path.expanduser(environ[variable]))
    if not file.exists():
        raise UsageError("config.invalid", f"${variable} names {file}, which is not there")
    return file


def _read(file: Path) -> "Document | None":
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "it is not text in UTF-8"
        raise UsageError("config.invalid", f"{file}: cannot be read: {reason}") from None
    from stix.config.check import parse

    return parse(text, str(file))


def _value(key: str, text: str) -> Any:
    """A variable's text as the setting's value."""
    if key == "warm":
        return text.lower() not in _OFF
    try:
        return float(text)
    except ValueError:
        return text


def _checked(name: str, label: str, data: dict[str, Any]) -> Layer:
    from stix.config.check import check_layer
    from stix.spec.document import Document

    layer = Layer(name, Document(label, data))
    check_layer(layer)
    return layer
