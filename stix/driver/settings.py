"""What the driver follows of the settings (`stix.config`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from stix.config.tree import Config

_NUMBERS = ("warm_idle_minutes", "lock_timeout_minutes", "survey_seconds", "retry_seconds")


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
        files: how code and files go to nodes, `{relay}`.
        storage: settings of object stores by name, `s3: {endpoint: ...}`, and `default`, the store of new buckets.
        secrets: where values of secrets are that tasks only name; used by `stix.driver.kept_secrets`.
        events: who is told of events; used by `stix.driver.event_hooks`.
    """

    warm: bool = True
    warm_idle_minutes: float = 10.0
    lock_timeout_minutes: float | None = None
    survey_seconds: float = 60.0
    retry_seconds: float = 15.0
    docker: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Any] = field(default_factory=dict)
    storage: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict)
    events: Mapping[str, Any] = field(default_factory=dict)
    accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def settings_of(config: Config) -> Settings:
    """The settings that hold; sections that nothing follows are left out by whoever looks for one."""
    known = {item.name for item in fields(Settings)} - {"accounts"}
    values: dict[str, Any] = {
        key: float(value) if key in _NUMBERS else value for key, value in config.values.items() if key in known
    }
    accounts = {key: value for key, value in config.values.items() if key not in known and isinstance(value, Mapping)}
    return Settings(**values, accounts=accounts)
