"""A service or a pool of workers: how many replicas, how their health is seen, how they scale."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ReadinessProbe:
    """How a replica shows that it is ready: an HTTP GET, or a POST when there is `post_data`. Times are in seconds."""

    path: str = "/"
    initial_delay_seconds: float = 1200
    timeout_seconds: float = 15
    interval_seconds: float | None = None
    failure_threshold_seconds: float | None = None
    post_data: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReplicaPolicy:
    """How many replicas, and what changes their number. `target_qps_per_replica` may differ by accelerator."""

    min_replicas: int = 1
    max_replicas: int | None = None
    num_overprovision: int | None = None
    target_qps_per_replica: float | Mapping[str, float] | None = None
    queue_length_threshold: int | None = None
    upscale_delay_seconds: float | None = None
    downscale_delay_seconds: float | None = None
    dynamic_ondemand_fallback: bool | None = None
    base_ondemand_fallback_replicas: int | None = None
    spot_placer: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A service with an endpoint, or (`pool`) a pool of workers without one."""

    readiness_probe: ReadinessProbe = ReadinessProbe()
    replica_policy: ReplicaPolicy = ReplicaPolicy()
    ports: int | None = None
    load_balancing_policy: str | None = None
    stream_timeout_seconds: float | None = None
    tls: Mapping[str, str] = field(default_factory=dict)
    pool: bool = False
