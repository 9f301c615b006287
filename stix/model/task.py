"""A task: what to run, on how many nodes, with what in place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from stix.model.resources import Resources
from stix.model.secret_words import login_secret
from stix.model.service import Service
from stix.model.storage import Storage

WORKDIR_TARGET = "~/sky_workdir"
"""Where the workdir lies on a node; nothing else may be put there."""

WORKDIR_PASSWORD = "workdir-password"
REGISTRY_PASSWORD = "SKYPILOT_DOCKER_PASSWORD"
"""Names of what is hidden of a task beside its secrets; the first is none that a secret can have."""

_NAME = re.compile(r"[a-zA-Z0-9]+(?:[._-]{1,2}[a-zA-Z0-9]+)*")
_ADDRESS = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//[^/?#]|skypilot:")
_ENV_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class GitSource:
    """A workdir that is fetched with git; `ref` is a branch, tag or commit (None: the default branch)."""

    url: str
    ref: str | None = None

    @property
    def password(self) -> str:
        """What of a login in the address nobody may see: `https://user:PASSWORD@host/...`, or a token alone."""
        scheme, _, rest = self.url.partition("://")
        login, at, _ = rest.partition("/")[0].rpartition("@")
        return login_secret(login, scheme) if at and scheme.lower() in ("http", "https") else ""


class Secrets(dict[str, str]):
    """Secret names and values that print without the values."""

    def __repr__(self) -> str:
        return f"Secrets({', '.join(f'{name}=***' for name in self)})"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class ManagedSecret:
    """A reference to a secret that is kept elsewhere.

    Attributes:
        scope: `personal`, `workspace` or `global`; None: the nearest that has the name.
        mount_path: where it appears as a file on the nodes; None: as a variable.
    """

    name: str
    scope: str | None = None
    mount_path: str | None = None


def is_address(source: str) -> bool:
    """Whether a source of file_mounts is an address (`s3://bucket/path`), not a path here.

    What SkyPilot's own tools put in (`skypilot:...`) is one, too.
    """
    return bool(_ADDRESS.match(source))


@dataclass(frozen=True, slots=True)
class Task:
    """What a task file says, in normal form.

    workdir and the sources of file_mounts are as the user wrote them: relative ones start at the current directory.
    file_mounts maps targets on the nodes to local sources or addresses (`s3://...`). resources are candidates;
    `resources_order` relates them: `single` is one, `any_of` the cheapest that can be had, `ordered` the first.

    Attributes:
        storage_mounts: targets on the nodes -> buckets.
        managed_secrets: references without a `mount_path` come first.
        file_secrets: values of those that are files on the nodes, by name, once they were found.
        volumes: targets on the nodes -> a volume's name, or `{name, sub_path}`, or `{size}` of a passing one.
        inputs, outputs: `(address, GiB)`: what is read first and left behind, for the cost of moving it.
        api_server_access: False keeps the job from starting others; None is yes.
        file_mounts_mapping: what SkyPilot's own tools uploaded as what; handed on.
        metadata: what SkyPilot's own tools keep in a task file (`_metadata`); handed on.
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
    storage_mounts: Mapping[str, Storage] = field(default_factory=dict)
    managed_secrets: tuple[ManagedSecret, ...] = ()
    file_secrets: Mapping[str, str] = field(default_factory=Secrets)
    volumes: Mapping[str, Any] = field(default_factory=dict)
    volume_mounts: tuple[Mapping[str, Any], ...] = ()
    service: Service | None = None
    inputs: tuple[str, float | None] | None = None
    outputs: tuple[str, float | None] | None = None
    event_callback: str | None = None
    api_server_access: bool | None = None
    file_mounts_mapping: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.secrets, Secrets):
            object.__setattr__(self, "secrets", Secrets(self.secrets))

    @property
    def secret_values(self) -> Secrets:
        """Every secret whose value is known, as a variable or as a file."""
        return Secrets({**self.file_secrets, **self.secrets})

    @property
    def hidden_values(self) -> Secrets:
        """What must be shown nowhere: the secrets, and the passwords of a git address and of a registry of images."""
        password = self.workdir.password if isinstance(self.workdir, GitSource) else ""
        others = {WORKDIR_PASSWORD: password, REGISTRY_PASSWORD: self.envs.get(REGISTRY_PASSWORD, "")}
        return Secrets({**{name: value for name, value in others.items() if value}, **self.secret_values})

    @property
    def secret_files(self) -> dict[str, str]:
        """Path on the nodes -> name of the secret that is to be there."""
        return {each.mount_path: each.name for each in self.managed_secrets if each.mount_path is not None}

    @property
    def docker_run_options(self) -> tuple[str, ...]:
        """More options for `docker run`, from `config.docker.run_options`."""
        options = (self.resources[0].config.get("docker") or {}).get("run_options") or ()
        return (options,) if isinstance(options, str) else tuple(options)

    @property
    def hooks(self) -> tuple[Mapping[str, Any], ...]:
        """What runs before machines stop or go, from `config.hooks`; the same for every candidate."""
        return tuple(self.resources[0].config.get("hooks") or ())

    @property
    def ansible(self) -> Mapping[str, Any]:
        """The user's own Ansible content, `{playbook or roles, vars, requirements, folder}`, from `config.ansible`."""
        return self.resources[0].config.get("ansible") or {}

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
