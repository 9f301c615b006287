"""A task: what to run, on how many nodes, with what in place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from stix.model.resources import Resources

ORDERS = ("single", "any_of", "ordered")
"""How the candidates of a task relate: there is one; the cheapest that can be had; the first that can be had."""

_NAME = re.compile(r"[a-zA-Z0-9]+(?:[._-]{1,2}[a-zA-Z0-9]+)*")
_ENV_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class GitSource:
    """A workdir that is fetched with git; `ref` is a branch, tag or commit (None: the default branch)."""

    url: str
    ref: str | None = None


class Secrets(dict[str, str]):
    """Secret names and values that print without the values."""

    def __repr__(self) -> str:
        return f"Secrets({', '.join(f'{name}=***' for name in self)})"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Task:
    """What a task file says, in normal form.

    workdir and the sources of file_mounts are as the user wrote them: relative ones start at the current directory.
    file_mounts maps targets on the nodes to local sources. resources are candidates; `resources_order` relates them.
    """

    name: str | None = None
    workdir: str | GitSource | None = None
    num_nodes: int = 1
    resources: tuple[Resources, ...] = (Resources(),)
    resources_order: str = "single"
    envs: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=Secrets)
    file_mounts: Mapping[str, str] = field(default_factory=dict)
    setup: str | None = None
    run: str | None = None
    docker_run_options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.secrets, Secrets):
            object.__setattr__(self, "secrets", Secrets(self.secrets))

    def with_(self, **changes: Any) -> "Task":
        """The task with some fields changed."""
        return replace(self, **changes)

    def with_resources(self, **changes: Any) -> "Task":
        """The task with some fields of every candidate changed; candidates that became alike are one."""
        changed = [replace(candidate, **changes) for candidate in self.resources]
        return replace(self, **candidates(changed, self.resources_order))


def candidates(resources: list[Resources], order: str) -> dict[str, Any]:
    """The two fields `resources` and `resources_order` of a task, without repetition; one candidate has no order."""
    distinct = tuple(each for place, each in enumerate(resources) if each not in resources[:place])
    return {"resources": distinct, "resources_order": order if len(distinct) > 1 else "single"}


def check_task_name(name: str) -> str:
    """The name, if a task may have it.

    Raises:
        ValueError: it may not; the text continues a sentence that begins with the key.
    """
    if _NAME.fullmatch(name):
        return name
    raise ValueError(f"must be letters and digits, with single dots, dashes or underscores between them, not {name!r}")


def check_env_name(name: str) -> str:
    """The name, if an environment variable may have it.

    Raises:
        ValueError: it may not; the text continues a sentence that begins with the key.
    """
    if _ENV_NAME.fullmatch(name):
        return name
    raise ValueError(f"must be named with letters, digits and underscores, the first no digit, not {name!r}")
