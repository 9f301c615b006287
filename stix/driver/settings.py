"""The user's settings: `$STIX_HOME/config.yaml`, overridden by environment variables."""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stix.errors import UsageError

_KINDS: dict[str, tuple[type, str]] = {
    "warm": (bool, "true or false"),
    "warm_idle_minutes": (float, "a number of minutes"),
    "lock_timeout_minutes": (float, "a number of minutes"),
    "survey_seconds": (float, "a number of seconds"),
    "retry_seconds": (float, "a number of seconds"),
    "docker": (dict, "a map"),
    "catalog": (dict, "a map"),
    "storage": (dict, "a map"),
    "secrets": (dict, "a map"),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set.

    Attributes:
        warm: keep a process with Ansible imported between commands; off by `warm: false` or `STIX_WARM=0`.
        warm_idle_minutes: how long it stays without work.
        lock_timeout_minutes: how long to wait for another run on the same cluster; None waits for ever.
        survey_seconds: how long a cloud may take to say which machines of ours there are; five times as long for `gc`.
        retry_seconds: how long --retry-until-up waits after its first round; each time twice as long, up to 5 minutes.
        docker: further `cloud_docker_*` variables, without the prefix, as `default_image`.
        accounts: settings of clouds by name, `aws: {vpc_name: ours}`; their roles say which there are.
        storage: settings of object stores by name, `s3: {endpoint: ...}`, and `default`, the store of new buckets.
        secrets: where values of secrets are that tasks only name; checked by `stix.driver.kept_secrets`.
        catalog: the user's own prices and where fresh ones come from; checked by `stix.catalog.user`.
    """

    warm: bool = True
    warm_idle_minutes: float = 10.0
    lock_timeout_minutes: float | None = None
    survey_seconds: float = 60.0
    retry_seconds: float = 15.0
    docker: Mapping[str, Any] = field(default_factory=dict)
    catalog: Mapping[str, Any] = field(default_factory=dict)
    storage: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict)
    accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def load_settings(file: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings of one user.

    Raises:
        UsageError: `config.invalid`.
    """
    values = _read(file) if file.is_file() else {}
    if "STIX_WARM" in environ:
        values["warm"] = environ["STIX_WARM"].lower() not in ("0", "no", "false", "off", "")
    if "STIX_LOCK_TIMEOUT_MINUTES" in environ:
        values["lock_timeout_minutes"] = environ["STIX_LOCK_TIMEOUT_MINUTES"]
    values = {key: value for key, value in values.items() if value is not None}
    accounts = {key: _checked(key, value) for key, value in values.items() if key not in _KINDS}
    return Settings(**{key: _checked(key, value) for key, value in values.items() if key in _KINDS}, accounts=accounts)


def merged(settings: Mapping[str, Any], config: Mapping[str, Any], inside: bool = False) -> dict[str, Any]:
    """A task's `config` of a cloud over the user's settings of it; neither is changed.

    Maps are merged key by key. A list that is a setting is replaced; one inside a map (the containers of a pod_config)
    is joined, the task's last: what has a name twice there is merged by the cloud's role.
    """
    result = dict(settings)
    for key, value in config.items():
        there = result.get(key)
        if isinstance(there, Mapping) and isinstance(value, Mapping):
            result[key] = merged(there, value, True)
        elif inside and isinstance(there, list) and isinstance(value, list):
            result[key] = [*there, *value]
        else:
            result[key] = value
    return result


def _checked(key: str, value: Any) -> Any:
    """The value, if it is of the setting's kind."""
    kind, words = _KINDS.get(key, (dict, "a map"))
    if kind is float:
        with contextlib.suppress(TypeError, ValueError):
            return float(value)
    elif isinstance(value, kind):
        return value
    raise UsageError("config.invalid", f"setting {key!r} must be {words}, not {value!r}")


def _has_account(name: object) -> bool:
    from stix.clouds.registry import clouds

    if name not in clouds():
        return False
    cloud = clouds()[str(name)]
    return cloud.sized or cloud.role is not None and not cloud.exists


def _read(file: Path) -> dict[str, Any]:
    import difflib

    import yaml

    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise UsageError("config.invalid", f"{file} is not YAML: {error}") from None
    if not isinstance(values, dict):
        raise UsageError("config.invalid", f"{file} must hold a map of settings")
    for key in values:
        if key not in _KINDS and not _has_account(key):
            near = difflib.get_close_matches(str(key), _KINDS, 1)
            raise UsageError(
                "config.invalid",
                f"{file}: unknown setting {key!r}",
                hint=f"did you mean {near[0]}?" if near else ", ".join(_KINDS),
            )
    return dict(values)
