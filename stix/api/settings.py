"""The settings that hold, for `stix config show`."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stix.config.show import Shown

_NOTHING: Mapping[str, Any] = {}


def shown(
    key: str = "", *, task: str | os.PathLike[str] | None = None, flags: Mapping[str, Any] = _NOTHING
) -> "list[Shown]":
    """Every setting that holds, with its origin; secrets are hidden.

    Args:
        key: a dotted key: only it and what is below it.
        task: a task file, whose `config` counts.
        flags: what `--config` says.

    Raises:
        UsageError: `config.invalid`, a file is wrong; `usage`, there is no such key.
    """
    from stix.config.layers import Layer, load_layers
    from stix.config.show import rows
    from stix.config.tree import merge
    from stix.spec.document import Document
    from stix.state.home import Home

    layers = load_layers(Home().config_file)
    if task is not None:
        layers.append(Layer("task", _task(os.fspath(task)), ("config",)))
    if flags:
        layers = [layer for layer in layers if layer.name != "flag"] + [Layer("flag", Document("--config", flags))]
    return rows(merge(layers), key)


def _task(file: str) -> Any:
    """The document of a task file, if it is right."""
    from stix.spec.document import Document, parse_documents
    from stix.spec.schema import TASK
    from stix.spec.source import named, read_source
    from stix.spec.validate import check

    documents = parse_documents(read_source(file), file=named(file))
    document = documents[0] if documents else Document(named(file), {})
    check(document, TASK)
    return document
