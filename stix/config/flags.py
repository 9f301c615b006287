"""What `--config` says: of the task, and of settings that no task has."""

from collections.abc import Mapping
from typing import Any

from stix.config.check import check_layer
from stix.config.layers import Layer
from stix.spec.document import Document
from stix.spec.nearest import near_word
from stix.spec.schema.config import CONFIG
from stix.spec.schema.settings import SETTINGS


def of_task_and_others(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same settings in two parts: what a task may say, with all that nobody knows, and the rest.

    Raises:
        UsageError: `usage`, the rest is wrong.
    """
    of_task: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for key, value in given.items():
        if key not in CONFIG:
            (others if key in SETTINGS.keys or _is_like_a_setting(key) else of_task)[key] = value
        elif isinstance(value, Mapping) and key in SETTINGS.keys:
            mine = {name for name in value if name in CONFIG[key].keys or name not in SETTINGS.keys[key].keys}
            of_task |= {key: {name: value[name] for name in value if name in mine}} if mine or not value else {}
            rest = {name: value[name] for name in value if name not in mine}
            others |= {key: rest} if rest else {}
        else:
            of_task[key] = value
    if others:
        check_layer(Layer("flag", Document("--config", others)))
    return of_task, others


def _is_like_a_setting(key: str) -> bool:
    """Whether a word that nobody knows is rather meant for the settings than for a task."""
    return not near_word(key, CONFIG) and bool(near_word(key, SETTINGS.keys))


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same settings, if they are right.

    Raises:
        UsageError: `usage`.
    """
    known = {key: value for key, value in given.items() if key in SETTINGS.keys or key not in CONFIG}
    check_layer(Layer("flag", Document("--config", known)))
    return dict(given)
