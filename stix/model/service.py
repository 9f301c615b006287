"""A service or a pool of workers: how many replicas, how their health is seen, how they scale."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

LOAD_BALANCING = ("round_robin", "least_load", "instance_aware_least_load")
"""How requests are spread over replicas."""

BY_ACCELERATOR = "instance_aware_least_load"
"""The one of `LOAD_BALANCING` that goes with queries per second by accelerator."""

SPOT_PLACERS = ("dynamic_fallback",)
"""How spot replicas are spread over places."""


class ReadinessProbe(NamedTuple):
    """How a replica shows that it is ready: an HTTP GET, or a POST when there is `post_data`. Times are in seconds.

    `interval_seconds` None is 10; `failure_threshold_seconds` None leaves it to the controller.
    """

    path: str = "/"
    initial_delay_seconds: float = 1200
    timeout_seconds: float = 15
    interval_seconds: float | None = None
    failure_threshold_seconds: float | None = None
    post_data: Any = None
    headers: Mapping[str, str] = MappingProxyType({})


class ReplicaPolicy(NamedTuple):
    """How many replicas, and what changes their number.

    Attributes:
        max_replicas: None: as many as `min_replicas`, never more.
        target_qps_per_replica: queries per second, perhaps by accelerator (`{"H100:1": 10}`).
        queue_length_threshold: of a pool: jobs that wait before it grows.
        workers: of a pool with bounds: the number that is written beside them, and gives way to them.
    """

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
    workers: int | None = None


class Service(NamedTuple):
    """A service with an endpoint, or (`pool`) a pool of workers without one.

    Attributes:
        ports: the one port that replicas answer at; None: the one of the resources.
        load_balancing_policy: one of `LOAD_BALANCING`.
        stream_timeout_seconds: how long an answer may pause; None is 120.
        tls: `keyfile` and `certfile`, paths; empty: no TLS.
    """

    readiness_probe: ReadinessProbe = ReadinessProbe()
    replica_policy: ReplicaPolicy = ReplicaPolicy()
    ports: int | None = None
    load_balancing_policy: str | None = None
    stream_timeout_seconds: float | None = None
    tls: Mapping[str, str] = MappingProxyType({})
    pool: bool = False
