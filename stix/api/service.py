"""SkyPilot's SkyServiceSpec: how many replicas of a task, how their health is seen, how they scale."""

from collections.abc import Mapping
from typing import Any

from stix.api.documents import read
from stix.api.kinds import need
from stix.errors import UsageError
from stix.model.service import Service as ServiceModel
from stix.spec.load import from_config, load_text
from stix.spec.service import service_config


class SkyServiceSpec:
    """A service, or (`pool`) a pool of workers; parameters are those of a task file's `service`, flattened. Immutable.

    Times are in seconds. `stix.Service` is the same class.

    Raises:
        UsageError: `task.invalid`, a value is wrong.
    """

    def __init__(
        self,
        readiness_path: str = "/",
        initial_delay_seconds: float | None = None,
        readiness_timeout_seconds: float | None = None,
        endpoint_probe_interval_seconds: float | None = None,
        lb_stream_timeout_seconds: float | None = None,
        min_replicas: int = 1,
        max_replicas: int | None = None,
        num_overprovision: int | None = None,
        ports: int | str | None = None,
        target_qps_per_replica: float | dict[str, float] | None = None,
        post_data: Any = None,
        tls_credential: Any = None,
        readiness_headers: dict[str, str] | None = None,
        dynamic_ondemand_fallback: bool | None = None,
        base_ondemand_fallback_replicas: int | None = None,
        spot_placer: str | None = None,
        upscale_delay_seconds: float | None = None,
        downscale_delay_seconds: float | None = None,
        load_balancing_policy: str | None = None,
        pool: bool | None = None,
        queue_length_threshold: int | None = None,
        consecutive_failure_threshold_timeout: float | None = None,
    ) -> None:
        given = {key: value for key, value in locals().items() if key != "self" and value is not None}
        self._model = _read(_pool(given) if given.pop("pool", None) else _service(given))

    @classmethod
    def of(cls, service: ServiceModel) -> "SkyServiceSpec":
        """The façade of a service of the model."""
        spec = cls.__new__(cls)
        spec._model = service
        return spec

    @staticmethod
    def from_yaml_config(config: Mapping[str, Any]) -> "SkyServiceSpec":
        """The service that the `service` of a task file describes; `{pool: {...}}` is a pool.

        Raises:
            UsageError: `task.invalid`.
        """
        return SkyServiceSpec.of(_read(config))

    @staticmethod
    def from_yaml(yaml_path: str) -> "SkyServiceSpec":
        """The service of a task file.

        Raises:
            UsageError: `task.invalid`, also where it has none.
        """
        return SkyServiceSpec._of_text(read(yaml_path), yaml_path)

    @staticmethod
    def from_yaml_str(yaml_str: str) -> "SkyServiceSpec":
        """The service of a task's YAML text; errors as `from_yaml`."""
        return SkyServiceSpec._of_text(yaml_str, "task.yaml")

    @staticmethod
    def _of_text(text: str, file: str) -> "SkyServiceSpec":
        service = load_text(text, file=file).service
        if service is None:
            raise UsageError("task.invalid", f"{file}: has no 'service'", details={"file": file, "key": "service"})
        return SkyServiceSpec.of(service)

    def to_yaml_config(self) -> dict[str, Any]:
        """The service as plain data in normal form."""
        return service_config(self._model)

    def copy(self, **override: Any) -> "SkyServiceSpec":
        """The service with some parameters of the constructor changed."""
        made = SkyServiceSpec(**{**self._parameters(), **override})._model
        # A pool may say `workers` beside its range, for which SkyPilot has no parameter.
        if "min_replicas" not in override:
            workers = self._model.replica_policy.workers
            made = made._replace(replica_policy=made.replica_policy._replace(workers=workers))
        return SkyServiceSpec.of(made)

    @property
    def model(self) -> ServiceModel:
        """The frozen service."""
        return self._model

    def _parameters(self) -> dict[str, Any]:
        probe, policy = self._model.readiness_probe, self._model.replica_policy
        return {
            "readiness_path": probe.path,
            "initial_delay_seconds": probe.initial_delay_seconds,
            "readiness_timeout_seconds": probe.timeout_seconds,
            "endpoint_probe_interval_seconds": probe.interval_seconds,
            "lb_stream_timeout_seconds": self._model.stream_timeout_seconds,
            "min_replicas": policy.min_replicas,
            "max_replicas": policy.max_replicas,
            "num_overprovision": policy.num_overprovision,
            "ports": None if self._model.ports is None else str(self._model.ports),
            "target_qps_per_replica": policy.target_qps_per_replica,
            "post_data": probe.post_data,
            "tls_credential": dict(self._model.tls) or None,
            "readiness_headers": dict(probe.headers) or None,
            "dynamic_ondemand_fallback": policy.dynamic_ondemand_fallback,
            "base_ondemand_fallback_replicas": policy.base_ondemand_fallback_replicas,
            "spot_placer": policy.spot_placer,
            "upscale_delay_seconds": policy.upscale_delay_seconds,
            "downscale_delay_seconds": policy.downscale_delay_seconds,
            "load_balancing_policy": self._model.load_balancing_policy,
            "pool": self._model.pool,
            "queue_length_threshold": policy.queue_length_threshold,
            "consecutive_failure_threshold_timeout": probe.failure_threshold_seconds,
        }

    @property
    def use_ondemand_fallback(self) -> bool:
        """Whether on-demand machines stand in for spot machines that were taken."""
        policy = self._model.replica_policy
        return bool(policy.dynamic_ondemand_fallback) or bool(policy.base_ondemand_fallback_replicas)

    def __getattr__(self, name: str) -> Any:
        """Each parameter of the constructor as an attribute."""
        if not name.startswith("_"):
            parameters = self._parameters()
            if name in parameters:
                return parameters[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SkyServiceSpec) and self._model == other._model

    def __hash__(self) -> int:
        return hash((self._model.pool, self._model.ports, self._model.readiness_probe.path))

    def __repr__(self) -> str:
        return f"SkyServiceSpec({', '.join(f'{k}={v!r}' for k, v in self._parameters().items() if v is not None)})"


def _read(config: Mapping[str, Any]) -> ServiceModel:
    need(config, Mapping, "a service is a map")  # type: ignore[type-abstract]
    service = from_config({"pool": config["pool"]} if config.get("pool") else {"service": dict(config)}).service
    assert service is not None, "a task with a service has one"
    return service


def _pool(given: dict[str, Any]) -> dict[str, Any]:
    """Parameters as a `pool`: a fixed number of workers, or a range with what drives it."""
    names = {"min_replicas": "min_workers", "max_replicas": "max_workers"}
    if "max_replicas" not in given:
        names = {"min_replicas": "workers"}
    kept = ("queue_length_threshold", "upscale_delay_seconds", "downscale_delay_seconds")
    without = ("readiness_path", "initial_delay_seconds", "readiness_timeout_seconds", "lb_stream_timeout_seconds")
    for name in given.keys() - {*names, *kept, *without, "endpoint_probe_interval_seconds"}:
        raise UsageError("task.invalid", f"{name!r} is of a service, not of a pool", details={"key": name})
    return {"pool": {names.get(key, key): value for key, value in given.items() if key in names or key in kept}}


def _service(given: dict[str, Any]) -> dict[str, Any]:
    probe = {
        "path": "readiness_path",
        "initial_delay_seconds": "initial_delay_seconds",
        "post_data": "post_data",
        "timeout_seconds": "readiness_timeout_seconds",
        "endpoint_probe_interval_seconds": "endpoint_probe_interval_seconds",
        "consecutive_failure_threshold_timeout": "consecutive_failure_threshold_timeout",
        "headers": "readiness_headers",
    }
    policy = (
        "min_replicas",
        "max_replicas",
        "num_overprovision",
        "target_qps_per_replica",
        "dynamic_ondemand_fallback",
        "base_ondemand_fallback_replicas",
        "spot_placer",
        "upscale_delay_seconds",
        "downscale_delay_seconds",
    )
    tls = given.get("tls_credential")
    config = {
        "readiness_probe": {key: given[name] for key, name in probe.items() if name in given},
        "replica_policy": {key: given[key] for key in policy if key in given},
        "ports": int(given["ports"]) if str(given.get("ports", "")).isdecimal() else given.get("ports"),
        "load_balancing_policy": given.get("load_balancing_policy"),
        "tls": tls if tls is None or isinstance(tls, Mapping) else {"keyfile": tls.keyfile, "certfile": tls.certfile},
    }
    if "lb_stream_timeout_seconds" in given:
        config["load_balancer"] = {"stream_timeout_seconds": given["lb_stream_timeout_seconds"]}
    if "queue_length_threshold" in given:
        sentence = "'queue_length_threshold' is of a pool, not of a service"
        raise UsageError("task.invalid", sentence, details={"key": "queue_length_threshold"})
    return {key: value for key, value in config.items() if value is not None}
