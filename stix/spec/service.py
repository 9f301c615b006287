"""`service` and `pool` of a task file to a Service and back."""

import json
from collections.abc import Mapping
from typing import Any

from stix.model.service import BY_ACCELERATOR, LOAD_BALANCING, ReadinessProbe, ReplicaPolicy, Service
from stix.spec.document import Document, Path

_INITIAL_DELAY = 1200
_TIMEOUT = 15
_PROBE_INTERVAL = 10
_STREAM_TIMEOUT = 120
"""Seconds; SkyPilot's defaults. It leaves the last two out of its normal form."""

_WITHOUT_POOL = ("load_balancing_policy", "ports", "tls")
_POLICY = (
    "max_replicas num_overprovision target_qps_per_replica dynamic_ondemand_fallback base_ondemand_fallback_replicas "
    "upscale_delay_seconds downscale_delay_seconds"
).split()


def read_service(document: Document) -> Service | None:
    """The service or the pool of a checked document, None if it has neither.

    Raises:
        UsageError: task.invalid.
    """
    service, pool = document.data.get("service"), document.data.get("pool")
    if service is not None and pool is not None:
        sentence = "a task is a service or a pool, but this has both 'service' and 'pool'"
        raise document.error(("pool",), sentence, hint="keep one of the two")
    if pool is not None:
        return _Reader(document, {"pool": pool}, ()).read()
    return None if service is None else _Reader(document, service, ("service",)).read()


def service_config(service: Service) -> dict[str, Any]:
    """A service or pool as plain data in SkyPilot's normal form."""
    if service.pool:
        return {"pool": _pool_config(service.replica_policy)}
    probe = service.readiness_probe
    config = {
        "readiness_probe": {
            "path": probe.path,
            "initial_delay_seconds": probe.initial_delay_seconds,
            "post_data": probe.post_data,
            "timeout_seconds": probe.timeout_seconds,
            "endpoint_probe_interval_seconds": probe.interval_seconds,
            "consecutive_failure_threshold_timeout": probe.failure_threshold_seconds,
            "headers": dict(probe.headers) or None,
        },
        "load_balancer": {"stream_timeout_seconds": service.stream_timeout_seconds},
        "replica_policy": _policy_config(service.replica_policy),
        "load_balancing_policy": service.load_balancing_policy,
        "ports": service.ports,
        "tls": dict(service.tls),
    }
    return _without_none(config)


def _policy_config(policy: ReplicaPolicy) -> dict[str, Any]:
    by_accelerator = policy.target_qps_per_replica
    config = {"min_replicas": policy.min_replicas, **{key: getattr(policy, key) for key in _POLICY}}
    if isinstance(by_accelerator, Mapping):
        config["target_qps_per_replica"] = dict(by_accelerator)
    return {**config, "spot_placer": policy.spot_placer}


def _pool_config(policy: ReplicaPolicy) -> dict[str, Any]:
    if policy.max_replicas is None:
        return {"workers": policy.min_replicas}
    config = {
        "workers": policy.workers,
        "max_workers": policy.max_replicas,
        "queue_length_threshold": policy.queue_length_threshold,
        "min_workers": policy.min_replicas,
        "upscale_delay_seconds": policy.upscale_delay_seconds,
        "downscale_delay_seconds": policy.downscale_delay_seconds,
    }
    return _without_none(config)


def _without_none(config: Mapping[str, Any]) -> dict[str, Any]:
    """Without keys that have no value, and sections that have no key."""
    kept = {
        key: {name: each for name, each in value.items() if each is not None} if isinstance(value, dict) else value
        for key, value in config.items()
        if value is not None
    }
    return {key: value for key, value in kept.items() if value != {}}


class _Reader:
    """Reads one service; `path` is where it stands."""

    def __init__(self, document: Document, service: Mapping[str, Any], path: Path) -> None:
        self._document = document
        self._service = _given(service)
        self._path = path

    def read(self) -> Service:
        self._refuse_both("replicas", "replica_policy")
        self._refuse_both("replicas", "workers")
        probe = self._probe()
        if "pool" in self._service:
            return self._read_pool(probe)
        policy = self._policy()
        service = Service(
            readiness_probe=probe,
            replica_policy=policy,
            ports=self._service.get("ports"),
            load_balancing_policy=_among(LOAD_BALANCING, self._service.get("load_balancing_policy")),
            stream_timeout_seconds=_unless(
                _STREAM_TIMEOUT, _given(self._service.get("load_balancer")).get("stream_timeout_seconds")
            ),
            tls=_given(self._service.get("tls")),
        )
        self._check_balance(service)
        return service

    def _probe(self) -> ReadinessProbe:
        found = self._service.get("readiness_probe", "/")
        given: dict[str, Any] = {"path": found} if isinstance(found, str) else _given(found)
        probe = ReadinessProbe(
            path=given["path"],
            initial_delay_seconds=given.get("initial_delay_seconds", _INITIAL_DELAY),
            timeout_seconds=given.get("timeout_seconds", _TIMEOUT),
            interval_seconds=_unless(_PROBE_INTERVAL, given.get("endpoint_probe_interval_seconds")),
            failure_threshold_seconds=given.get("consecutive_failure_threshold_timeout"),
            post_data=self._post_data(given.get("post_data")),
            headers=given.get("headers") or {},
        )
        if not probe.path.startswith("/"):
            key = "readiness_probe" if isinstance(found, str) else "path"
            where = ("readiness_probe",) if isinstance(found, str) else ("readiness_probe", "path")
            sentence = f"'{key}' must begin with a slash, not be '{probe.path}'"
            raise self._error(where, sentence, hint=f"write /{probe.path}")
        return probe

    def _post_data(self, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        try:
            return json.loads(data)
        except ValueError:
            sentence = "'post_data' is text, but no JSON"
            raise self._error(("readiness_probe", "post_data"), sentence, hint="write it as a map") from None

    def _policy(self) -> ReplicaPolicy:
        if "replica_policy" not in self._service:
            fixed = self._service.get("replicas", self._service.get("workers", 1))
            return ReplicaPolicy(min_replicas=fixed)
        given = _given(self._service["replica_policy"])
        policy = ReplicaPolicy(**{**given, **_lower(given, "spot_placer")})
        self._check_bounds(policy)
        return policy

    def _check_bounds(self, policy: ReplicaPolicy) -> None:
        at, least, most = "replica_policy", policy.min_replicas, policy.max_replicas
        if most is not None and most < least:
            sentence = f"'max_replicas' is {most}, which is less than 'min_replicas', {least}"
            raise self._error((at, "max_replicas"), sentence, hint=f"write max_replicas: {least} or more")
        if policy.target_qps_per_replica is not None and most is None:
            sentence = "'target_qps_per_replica' needs 'max_replicas': how far the service may grow"
            raise self._error((at, "target_qps_per_replica"), sentence, hint=f"add max_replicas: {least + 1}")
        if policy.target_qps_per_replica is None and most not in (None, least):
            sentence = f"from {least} to {most} replicas need 'target_qps_per_replica': when the service grows"
            raise self._error((at, "max_replicas"), sentence, hint="add target_qps_per_replica: 2.5")

    def _check_balance(self, service: Service) -> None:
        by_accelerator = isinstance(service.replica_policy.target_qps_per_replica, Mapping)
        if by_accelerator and service.load_balancing_policy != BY_ACCELERATOR:
            sentence = f"'target_qps_per_replica' by accelerator needs 'load_balancing_policy: {BY_ACCELERATOR}'"
            at = ("replica_policy", "target_qps_per_replica")
            raise self._error(at, sentence, hint=f"add load_balancing_policy: {BY_ACCELERATOR}")
        if service.load_balancing_policy == BY_ACCELERATOR and not by_accelerator:
            sentence = f"'{BY_ACCELERATOR}' needs 'target_qps_per_replica' by accelerator"
            hint = "for example: target_qps_per_replica: {H100:1: 10}"
            raise self._error(("load_balancing_policy",), sentence, hint=hint)

    def _read_pool(self, probe: ReadinessProbe) -> Service:
        pool = _given(self._service["pool"])
        for key in ("replica_policy", "replicas", *_WITHOUT_POOL):
            if key in self._service:
                raise self._error((key,), f"a pool has no '{key}'", hint="say how many workers under 'pool'")
        if probe.post_data is not None or probe.headers:
            raise self._error(("readiness_probe",), "a pool answers no requests, so there is nothing to post")
        policy = self._pool_policy(pool)
        return Service(replica_policy=policy, pool=True)

    def _pool_policy(self, pool: Mapping[str, Any]) -> ReplicaPolicy:
        least, most = pool.get("min_workers"), pool.get("max_workers")
        workers = pool.get("workers", self._service.get("workers"))
        if least is None and most is None and workers is None:
            sentence = "a pool needs 'workers', or 'min_workers' and 'max_workers'"
            raise self._error(("pool",), sentence, hint="for example: pool: {workers: 2}")
        if most is None:
            for key in ("min_workers", "queue_length_threshold", "upscale_delay_seconds", "downscale_delay_seconds"):
                if key in pool:
                    sentence = f"'{key}' needs 'max_workers': how far the pool may grow"
                    raise self._error(("pool", key), sentence, hint="add max_workers: 4")
            return ReplicaPolicy(min_replicas=self._service.get("workers", workers))
        start = least if least is not None else self._service.get("workers", 1 if workers is None else workers)
        if most < start:
            key = "min_workers" if least is not None else "workers"
            sentence = f"'max_workers' is {most}, which is less than '{key}', {start}"
            raise self._error(("pool", "max_workers"), sentence, hint=f"write max_workers: {start} or more")
        return ReplicaPolicy(
            min_replicas=start,
            max_replicas=most,
            queue_length_threshold=pool.get("queue_length_threshold", 1),
            upscale_delay_seconds=pool.get("upscale_delay_seconds"),
            downscale_delay_seconds=pool.get("downscale_delay_seconds"),
            workers=pool.get("workers"),
        )

    def _refuse_both(self, first: str, second: str) -> None:
        if first in self._service and second in self._service:
            sentence = f"'{first}' and '{second}' both say how many"
            raise self._error((second,), sentence, hint="keep one of the two")

    def _error(self, path: Path, sentence: str, *, hint: str = "") -> Exception:
        return self._document.error((*self._path, *path), sentence, hint=hint)


def _given(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (values or {}).items() if value is not None}


def _unless(default: float, value: float | None) -> float | None:
    return None if value == default else value


def _among(words: tuple[str, ...], text: str | None) -> str | None:
    return None if text is None else next(word for word in words if word == text.lower())


def _lower(values: Mapping[str, Any], key: str) -> dict[str, str]:
    return {key: values[key].lower()} if key in values else {}
