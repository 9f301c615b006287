"""Checks what one layer of settings says."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stix.errors import UsageError
from stix.spec.document import Document, Path, dotted, parse_documents
from stix.spec.schema.config import CONFIG
from stix.spec.schema.settings import SETTINGS
from stix.spec.validate import check

if TYPE_CHECKING:
    from stix.config.layers import Layer

PERSONAL = ("admin_policy", "catalog", "events", "secrets")
"""What a project's file may not say: it comes with other people's code, and these run programs here, take secrets, tell
others or change what things cost."""

WITHIN = ("ssh_proxy_command", "endpoint", "credentials_file")
"""Keys of a cloud or a store that hold a program for this machine, or say where keys are sent or read."""


def parse(text: str, file: str) -> Document:
    """The one document of a file.

    Raises:
        UsageError: `config.invalid`, with line and column.
    """
    try:
        documents = parse_documents(text, file=file)
    except UsageError as error:
        raise UsageError("config.invalid", error.message, hint=error.hint, details=error.details) from None
    if len(documents) > 1:
        sentence = "there is a second document, where settings are only one"
        raise documents[1].error((), sentence, hint="leave it out", code="config.invalid")
    return documents[0] if documents else Document(file, {})


def check_layer(layer: "Layer") -> None:
    """Make sure that a layer says only what there is, and what it may say.

    Raises:
        UsageError: `config.invalid`; `usage` of a flag.
    """
    code = "usage" if layer.name == "flag" else "config.invalid"
    for key in layer.data if isinstance(layer.data, dict) else ():
        if key in CONFIG and key not in SETTINGS.keys:
            sentence = f"'{key}' is a task's own, not a setting for all of them"
            raise layer.document.error((key,), sentence, hint="it belongs under 'config' of the task", code=code)
    check(layer.document, SETTINGS, what="the file of settings", code=code)
    for path in _misplaced(layer):
        where = "a project's file" if layer.name == "project" else "--config"
        raise layer.document.error(
            path, f"'{dotted(path)}' cannot be set by {where}", hint="it belongs into ~/.stix/config.yaml", code=code
        )


def _misplaced(layer: "Layer") -> list[Path]:
    if layer.name == "flag":
        return [("catalog",)] if layer.data.get("catalog") is not None else []
    if layer.name != "project":
        return []
    followed = {name: section for name, section in layer.data.items() if SETTINGS.keys[name].works}
    return [(key,) for key in PERSONAL if layer.data.get(key) is not None] + list(_within(followed, ()))


def _within(data: Mapping[str, Any], path: Path) -> Iterator[Path]:
    for name, value in data.items():
        if name in WITHIN and path and value is not None:
            yield (*path, name)
        elif isinstance(value, Mapping) and len(path) < len(("storage", "s3")):
            yield from _within(value, (*path, name))
