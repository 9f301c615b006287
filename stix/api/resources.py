"""SkyPilot's Resources: one candidate, checked as the `resources` of a task file are."""

from collections.abc import Mapping
from typing import Any

from stix.api import demand
from stix.api.enumerations import word
from stix.clouds.objects import Cloud, cloud_name, cloud_of
from stix.errors import UsageError
from stix.model.quantities import Quantity
from stix.model.resources import Autostop
from stix.model.resources import Resources as Candidate
from stix.spec.dump_resources import candidate_config
from stix.spec.load import from_config

_PLACE = ("cloud", "region", "zone")


class Resources:
    """What a task asks of each node; values as in a task file, clouds also as objects. Immutable.

    Raises:
        UsageError: `task.invalid`, a value is wrong.
    """

    def __init__(
        self,
        cloud: Cloud | str | None = None,
        instance_type: str | None = None,
        cpus: int | float | str | None = None,
        memory: int | float | str | None = None,
        accelerators: str | dict[str, int | float] | None = None,
        accelerator_args: dict[str, Any] | None = None,
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
        given = {key: word(value) for key, value in locals().items() if key != "self" and value is not None}
        self._model = _read({**given, "cloud": cloud_name(cloud)})

    @classmethod
    def of(cls, candidate: Candidate) -> "Resources":
        """The façade of a candidate of the model."""
        resources = cls.__new__(cls)
        resources._model = candidate
        return resources

    @classmethod
    def from_yaml_config(cls, config: dict[str, Any] | None) -> "set[Resources] | list[Resources]":
        """The candidates of a task file's `resources`: a list when their order counts, a set otherwise.

        Raises:
            UsageError: `task.invalid`.
        """
        task = from_config({"resources": config or {}})
        found = [cls.of(each) for each in task.resources]
        return found if task.resources_order == "ordered" else set(found)

    def to_yaml_config(self, redact_secrets: bool = False) -> dict[str, Any]:
        """The candidate as plain data in normal form; it holds no secrets. Hooks belong to a task's `config`."""
        return candidate_config(self._model)

    def copy(self, **override: Any) -> "Resources":
        """The candidate with some parameters of the constructor changed; None takes a wish away.

        Raises:
            UsageError: `task.invalid`.
        """
        config: dict[str, Any] = {**candidate_config(self._model), "hooks": self.hooks}
        if override.keys() & {*_PLACE, "infra"}:
            config = {key: value for key, value in config.items() if key != "infra"}
            if "infra" not in override:
                config |= {part: getattr(self._model, part) for part in _PLACE}
        changes = {key: cloud_name(value) if key == "cloud" else word(value) for key, value in override.items()}
        return Resources.of(_read({**config, **changes}))

    def less_demanding_than(
        self,
        other: "Resources | list[Resources]",
        requested_num_nodes: int = 1,
        check_ports: bool = False,
        check_cloud: bool = True,
    ) -> bool:
        """Whether a cluster that was made for `other` serves this; a list is one candidate for each of its nodes."""
        if isinstance(other, list):
            serving = [each for each in other if demand.within(self._model, each.model, check_place=check_cloud)]
            return requested_num_nodes <= len(serving)
        return demand.within(self._model, other.model, check_ports=check_ports, check_place=check_cloud)

    def should_be_blocked_by(self, blocked: "Resources") -> bool:
        """Whether all that `blocked` names is the same here."""
        return demand.matches(self._model, blocked.model)

    def get_cost(self, seconds: float) -> float:
        """Dollars for one such machine for so long, at the catalog's lowest price of the places it may be in.

        Raises:
            UsageError: `usage`, it does not name cloud and instance type, or the price is not known.
        """
        from stix.catalog.database import Catalog

        self.assert_launchable()
        costs = [offer.hourly_cost for offer in Catalog.open().offers(self._model) if offer.hourly_cost is not None]
        if not costs:
            raise UsageError("usage", f"the catalog has no price of {self!r}")
        return min(costs) * seconds / 3600

    def is_launchable(self) -> bool:
        """Whether it names cloud and instance type."""
        return self._model.cloud is not None and self._model.instance_type is not None

    def assert_launchable(self) -> "Resources":
        """The candidate itself.

        Raises:
            UsageError: `usage`, it does not name cloud and instance type.
        """
        if not self.is_launchable():
            raise UsageError("usage", f"{self!r} does not name cloud and instance type")
        return self

    def is_empty(self) -> bool:
        """Whether it asks for nothing."""
        return self._model == Candidate()

    def validate(self) -> None:
        """Does nothing: every value was checked when it was set."""

    @property
    def model(self) -> Candidate:
        """The frozen candidate."""
        return self._model

    @property
    def infra(self) -> str | None:
        """Where, such as `ssh/rack`; None is anywhere."""
        return self._model.infra

    @property
    def cloud(self) -> Cloud | None:
        """First part of `infra`."""
        return cloud_of(self._model.cloud)

    @property
    def region(self) -> str | None:
        """Second part of `infra`."""
        return self._model.region

    @property
    def zone(self) -> str | None:
        """Third part of `infra`."""
        return self._model.zone

    @property
    def instance_type(self) -> str | None:
        """The cloud's name of the machine."""
        return self._model.instance_type

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
    def accelerator_args(self) -> dict[str, Any] | None:
        """How the accelerators are set up."""
        return dict(self._model.accelerator_args) or None

    @property
    def use_spot(self) -> bool:
        """Whether machines may be taken back."""
        return bool(self._model.use_spot)

    @property
    def use_spot_specified(self) -> bool:
        """Whether it says so either way."""
        return self._model.use_spot is not None

    @property
    def job_recovery(self) -> dict[str, Any] | None:
        """What happens to a job whose machine was taken."""
        return dict(self._model.job_recovery) or None

    @property
    def image_id(self) -> dict[str | None, str] | None:
        """Region -> image of the nodes; None is every region."""
        found: dict[str | None, str] = {key: image for key, image in self._model.images.items() if key != "docker"}
        if self._model.image_id is not None:
            found = {self._model.region: self._model.image_id, **found}
        return found or None

    def extract_docker_image(self) -> str | None:
        """The container image that the nodes are, without `docker:`; None: they are machines."""
        return self._model.container_image

    @property
    def disk_size(self) -> int | None:
        """GiB of a node's disk; None: the cloud's usual one."""
        return self._model.disk_size

    @property
    def disk_size_specified(self) -> bool:
        """Whether it asks for a size of the disk."""
        return self._model.disk_size is not None

    @property
    def disk_tier(self) -> str | None:
        """How fast the disk is."""
        return self._model.disk_tier

    @property
    def network_tier(self) -> str | None:
        """How fast the network is."""
        return self._model.network_tier

    @property
    def local_disk(self) -> str | None:
        """Disks that belong to the machine."""
        return self._model.local_disk

    @property
    def max_hourly_cost(self) -> float | None:
        """Dollars an hour that a node may cost."""
        return self._model.max_hourly_cost

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
    def hooks(self) -> list[dict[str, Any]] | None:
        """Scripts at turns of a cluster's life."""
        return [dict(hook) for hook in self._model.config.get("hooks") or ()] or None

    @property
    def priority(self) -> int | None:
        """Place in a queue of jobs."""
        return self._model.priority

    @property
    def priority_class(self) -> str | None:
        """Named place in a queue of jobs."""
        return self._model.priority_class

    @property
    def volumes(self) -> list[dict[str, Any]] | None:
        """Disks that are attached."""
        return [dict(volume) for volume in self._model.volumes] or None

    @property
    def cluster_config_overrides(self) -> dict[str, Any]:
        """The task's settings of clouds."""
        return {key: value for key, value in self._model.config.items() if key != "hooks"}

    @property
    def repr_with_region_zone(self) -> str:
        """As `repr`."""
        return repr(self)

    def get_accelerators_str(self) -> str:
        """`A100:8`, or `-`."""
        return ", ".join(f"{name}:{count:g}" for name, count in (self._model.accelerators or {}).items()) or "-"

    def get_spot_str(self) -> str:
        """`[Spot]`, or nothing."""
        return "[Spot]" if self.use_spot else ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Resources) and self._model == other._model

    def __hash__(self) -> int:
        model = self._model
        return hash((model.infra, model.instance_type, model.cpus, model.memory, model.use_spot, model.ports))

    def __repr__(self) -> str:
        wishes = ", ".join(f"{key}={value!r}" for key, value in self.to_yaml_config().items())
        return f"Resources({wishes})"


def _read(given: Mapping[str, Any]) -> Candidate:
    """The one candidate of parameters of the constructor, or of a normal form with hooks beside it."""
    config = {key: value for key, value in given.items() if value is not None and key != "hooks"}
    hooks = given.get("hooks")
    found = from_config({"resources": config, **({"config": {"hooks": hooks}} if hooks else {})}).resources
    if len(found) > 1:
        raise UsageError("task.invalid", "Resources is one candidate", hint="give the Task a list or set of Resources")
    return found[0]


def _text(quantity: Quantity | None) -> str | None:
    return None if quantity is None else quantity.written or str(quantity)
