"""SkyPilot's Resources: one candidate, checked as the `resources` of a task file are."""

from typing import Any

from stix.errors import UsageError
from stix.model.quantities import Quantity
from stix.model.resources import Autostop
from stix.model.resources import Resources as Candidate
from stix.model.task import Task
from stix.spec.dump import to_config
from stix.spec.load import from_config


class Resources:
    """What a task asks of each node; values as in a task file. Immutable.

    Raises:
        UsageError: `task.invalid`, a value is wrong, or asks for what stix cannot do yet.
    """

    def __init__(
        self,
        cloud: str | None = None,
        instance_type: str | None = None,
        cpus: int | float | str | None = None,
        memory: int | float | str | None = None,
        accelerators: str | dict[str, int | float] | None = None,
        accelerator_args: dict[str, str] | None = None,
        infra: str | None = None,
        use_spot: bool | None = None,
        job_recovery: dict[str, Any] | str | None = None,
        region: str | None = None,
        zone: str | None = None,
        image_id: dict[str | None, str] | str | None = None,
        disk_size: str | int | None = None,
        disk_tier: str | None = None,
        network_tier: str | None = None,
        local_disk: str | None = None,
        max_hourly_cost: float | None = None,
        ports: int | str | list[str] | tuple[str] | None = None,
        labels: dict[str, str] | None = None,
        autostop: bool | int | str | dict[str, Any] | None = None,
        hooks: list[dict[str, Any]] | None = None,
        priority: int | None = None,
        priority_class: str | None = None,
        volumes: list[dict[str, Any]] | None = None,
    ) -> None:
        given = {key: value for key, value in locals().items() if key != "self" and value is not None}
        if given.get("use_spot") is False:
            del given["use_spot"]
        found = from_config({"resources": given}).resources
        if len(found) > 1:
            raise UsageError(
                "task.invalid", "Resources is one candidate", hint="give the Task a list or set of Resources"
            )
        self._model = found[0]

    @classmethod
    def of(cls, candidate: Candidate) -> "Resources":
        """The façade of a candidate of the model."""
        resources = cls.__new__(cls)
        resources._model = candidate
        return resources

    @classmethod
    def from_yaml_config(cls, config: dict[str, Any] | None) -> "set[Resources] | list[Resources]":
        """The candidates of a task file's `resources`: a list when their order counts, a set otherwise."""
        task = from_config({"resources": config or {}})
        found = [cls.of(each) for each in task.resources]
        return found if task.resources_order == "ordered" else set(found)

    def to_yaml_config(self, redact_secrets: bool = False) -> dict[str, Any]:
        """The candidate as plain data in normal form."""
        config: dict[str, Any] = to_config(Task(resources=(self._model,))).get("resources", {})
        return config

    def copy(self, **override: Any) -> "Resources":
        """The candidate with some wishes changed; None takes one away."""
        return Resources(**{**self.to_yaml_config(), **override})

    @property
    def model(self) -> Candidate:
        """The frozen candidate."""
        return self._model

    @property
    def infra(self) -> str | None:
        """Where, such as `ssh/rack`; None is anywhere."""
        return self._model.infra

    @property
    def cloud(self) -> str | None:
        """First part of `infra`."""
        return self._model.cloud

    @property
    def region(self) -> str | None:
        """Second part of `infra`."""
        return self._model.region

    @property
    def zone(self) -> str | None:
        """Third part of `infra`."""
        return self._model.zone

    @property
    def cpus(self) -> str | None:
        """CPUs of a node, such as `4+`."""
        return _text(self._model.cpus)

    @property
    def memory(self) -> str | None:
        """GiB of a node, such as `16+`."""
        return _text(self._model.memory)

    @property
    def accelerators(self) -> dict[str, float] | None:
        """Name -> count on a node."""
        return None if self._model.accelerators is None else dict(self._model.accelerators)

    @property
    def image_id(self) -> str | None:
        """Image of the nodes."""
        return self._model.image_id

    @property
    def disk_size(self) -> int | None:
        """GiB of a node's disk."""
        return self._model.disk_size

    @property
    def ports(self) -> list[str] | None:
        """Ports and ranges to open."""
        return list(self._model.ports) or None

    @property
    def labels(self) -> dict[str, str] | None:
        """Labels of the machines."""
        return dict(self._model.labels) or None

    @property
    def autostop_config(self) -> Autostop | None:
        """When the machines go."""
        return self._model.autostop

    @property
    def use_spot(self) -> bool:
        """Whether machines may be taken back; never, so far."""
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Resources) and self._model == other._model

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        wishes = ", ".join(f"{key}={value!r}" for key, value in self.to_yaml_config().items())
        return f"Resources({wishes})"


def _text(quantity: Quantity | None) -> str | None:
    return None if quantity is None else str(quantity)
