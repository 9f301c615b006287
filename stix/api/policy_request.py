"""SkyPilot's shapes of an admin policy: what it is given, what it answers, and how both travel to a server."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml

from stix.api.task import Task
from stix.model.task import Task as TaskModel


class Config(dict[str, Any]):
    """Settings as SkyPilot's policies read and change them."""

    @classmethod
    def from_dict(cls, config: Mapping[str, Any] | None) -> "Config":
        """A copy of a plain map."""
        return cls(config or {})

    def get_nested(self, keys: Sequence[str], default_value: Any = None, *_: Any, **__: Any) -> Any:
        """What stands below several keys."""
        here: Any = self
        for key in keys:
            if not isinstance(here, Mapping) or key not in here:
                return default_value
            here = here[key]
        return here

    def set_nested(self, keys: Sequence[str], value: Any) -> None:
        """Set what stands below several keys; maps on the way are made."""
        here: dict[str, Any] = self
        for key in keys[:-1]:
            inner = here.get(key)
            here[key] = dict(inner) if isinstance(inner, Mapping) else {}
            here = here[key]
        here[keys[-1]] = value


class AdminPolicyRequestName(StrEnum):
    """What is asked for."""

    CLUSTER_LAUNCH = "launch"
    CLUSTER_EXEC = "exec"
    OPTIMIZE = "optimize"


@dataclass(frozen=True)
class RequestOptions:
    """Options of the command. `dryrun`: it is only planned."""

    cluster_name: str | None = None
    idle_minutes_to_autostop: float | None = None
    down: bool = False
    dryrun: bool = False


@dataclass(frozen=True)
class User:
    """Who asks, by what the machine calls them."""

    id: str
    name: str


@dataclass
class UserRequest:
    """What a policy is given."""

    task: Task
    skypilot_config: Config
    request_name: AdminPolicyRequestName = AdminPolicyRequestName.CLUSTER_LAUNCH
    request_options: RequestOptions | None = None
    at_client_side: bool = True
    user: User | None = None

    def encode(self) -> str:
        """As JSON text, which holds task, settings and user as YAML texts, as SkyPilot's servers read it. Secrets have
        names and `placeholder`s."""
        return json.dumps({
            "task": _yaml(_redacted(self.task.to_yaml_config(use_user_specified_yaml=True), self.task.model)),
            "skypilot_config": _yaml(dict(self.skypilot_config)),
            "request_name": self.request_name.value,
            "request_options": vars(self.request_options) if self.request_options else None,
            "at_client_side": self.at_client_side,
            "user": _yaml(vars(self.user)) if self.user else "",
        })  # fmt: skip

    @classmethod
    def decode(cls, body: str) -> "UserRequest":
        """The inverse of `encode`; for servers of one's own."""
        data = json.loads(body)
        user, options = yaml.safe_load(data.get("user") or ""), data.get("request_options")
        return cls(
            Task.from_yaml_config(yaml.safe_load(data["task"])),
            Config.from_dict(yaml.safe_load(data["skypilot_config"])),
            AdminPolicyRequestName(data["request_name"]),
            RequestOptions(**options) if options else None,
            bool(data.get("at_client_side")),
            User(**user) if user else None,
        )


@dataclass
class MutatedUserRequest:
    """What a policy answers: the task and the settings that hold."""

    task: Task
    skypilot_config: Mapping[str, Any]

    def encode(self) -> str:
        """As `UserRequest.encode`."""
        config = {"task": _yaml(self.task.to_yaml_config()), "skypilot_config": _yaml(dict(self.skypilot_config))}
        return json.dumps(config)


class AdminPolicy(ABC):
    """What `admin_policy: package.Class` names. A policy refuses by raising whatever it likes."""

    @classmethod
    @abstractmethod
    def validate_and_mutate(cls, user_request: UserRequest) -> MutatedUserRequest:
        """The request as it may be carried out."""


def placeholder(name: str) -> str:
    """What stands for a secret's value: SkyPilot reads no task whose secrets have none."""
    return f"<redacted {name}>"


def restored(config: Any, task: TaskModel) -> Any:
    """A task as plain data without placeholders: secrets without values, and their names where they were filled in."""
    config = _exchanged(config, {mark: value for value, mark in _marks(task).items()})

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {plain(key): plain(each) for key, each in value.items()}
        if isinstance(value, list):
            return [plain(each) for each in value]
        return _PLACEHOLDER.sub(r"$\1", value) if isinstance(value, str) else value

    secrets = config.get("secrets") or {}
    kept = {name: None if value == placeholder(name) else value for name, value in secrets.items()}
    return {**plain(config), **({"secrets": kept} if kept else {})}


_PLACEHOLDER = re.compile(r"<redacted (\w+)>")


def _redacted(config: dict[str, Any], task: TaskModel) -> dict[str, Any]:
    shown: dict[str, Any] = _exchanged(config, _marks(task))
    secrets = shown.get("secrets")
    return {**shown, "secrets": {name: placeholder(name) for name in secrets}} if secrets else shown


def _marks(task: TaskModel) -> dict[str, str]:
    """What is hidden beside secrets -> what stands for it."""
    own = task.secret_values
    return {value: f"<redacted-{name}>" for name, value in task.hidden_values.items() if name not in own}


def _exchanged(data: Any, words: Mapping[str, str]) -> Any:
    if isinstance(data, Mapping):
        return {key: _exchanged(each, words) for key, each in data.items()}
    if isinstance(data, list):
        return [_exchanged(each, words) for each in data]
    for word, other in words.items() if isinstance(data, str) else ():
        data = data.replace(word, other)
    return data


def _yaml(data: Any) -> str:
    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    return text
