"""What a task asks of each of its nodes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from stix.model.accelerators import Accelerators, tpu_cloud, tpu_runtime
from stix.model.quantities import Quantity, parse_minutes

WAIT_FOR = ("jobs_and_ssh", "jobs", "none")
"""What holds a cluster up: unfinished jobs and ssh sessions, unfinished jobs, or nothing."""

DISK_TIERS = ("low", "medium", "high", "ultra", "best")
NETWORK_TIERS = ("standard", "best")
RECOVERY_STRATEGIES = ("FAILOVER", "EAGER_NEXT_REGION")
LOCAL_DISKS = ("nvme", "ssd")
DEFAULT_DISK_SIZE = 256
"""GiB; a wish for it is no wish."""

CLOUD_ALIASES = {"k8s": "kubernetes", "digitalocean": "do"}

_MAX_PORT = 65535
_SIZE = re.compile(r"\d+(\.\d+)?\+?")
ONE_NAME = ("kubernetes", "ssh")
"""Clouds whose context or pool is one name even where it holds slashes; an image for them is always a container's."""


@dataclass(frozen=True, slots=True)
class Autostop:
    """When a cluster lets its machines go.

    `idle_minutes` below zero means never by idling; `down` removes the machines instead of stopping them;
    `lifetime_minutes` ends the cluster however busy it is.
    """

    idle_minutes: float
    down: bool = False
    wait_for: str | None = None
    lifetime_minutes: float | None = None

    def __post_init__(self) -> None:
        if self.idle_minutes < 0:
            object.__setattr__(self, "idle_minutes", -1)
        if not self.enabled:
            object.__setattr__(self, "down", False)
            object.__setattr__(self, "wait_for", None)

    @property
    def enabled(self) -> bool:
        """Whether anything can end the cluster; a task may also say plainly that nothing shall."""
        return self.idle_minutes >= 0 or self.lifetime_minutes is not None


NEVER = Autostop(idle_minutes=-1)
"""`autostop: false`: also takes an autostop back that a live cluster has."""


@dataclass(frozen=True, slots=True)
class Resources:
    """One candidate: where, and what a node must have. None means: no wish.

    memory and disk_size are in GiB; ports are `"8080"` or `"9000-9010"`. It is always in normal form: the name of a TPU
    settles its cloud and runtime version, an image for Kubernetes begins with `docker:`, a default disk is no wish.

    Attributes:
        infra: `cloud`, `cloud/region`, `cloud/region/zone`; a part may be `*`.
        image_id: the image in every region, `docker:<image>` for a container; `images` maps regions to images instead.
        use_spot: None where the task says nothing, which means on-demand machines.
        accelerator_args: `{runtime_version, tpu_name, tpu_vm, gcp_queued_resource}`.
        job_recovery: `{strategy, max_restarts_on_errors, recover_on_exit_codes}`.
        local_disk: `nvme:1000+` or `ssd:500`: kind and GB of the disks that belong to the machine.
        images: region -> image; `docker` -> the container image that runs on a machine made from the image.
        config: the task's `config` here: `{docker: {run_options: [...]}, kubernetes: {...}, hooks: [...]}`.
        internal: what SkyPilot's own tools keep in a candidate (`_requires_fuse`, `_docker_login_config`, ...), by key.
    """

    infra: str | None = None
    cpus: Quantity | None = None
    memory: Quantity | None = None
    accelerators: Accelerators | None = None
    image_id: str | None = None
    ports: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    disk_size: int | None = None
    autostop: Autostop | None = None
    instance_type: str | None = None
    use_spot: bool | None = None
    accelerator_args: Mapping[str, Any] = field(default_factory=dict)
    job_recovery: Mapping[str, Any] = field(default_factory=dict)
    disk_tier: str | None = None
    network_tier: str | None = None
    local_disk: str | None = None
    max_hourly_cost: float | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    priority: int | None = None
    priority_class: str | None = None
    volumes: tuple[Mapping[str, Any], ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    internal: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.disk_size == DEFAULT_DISK_SIZE:
            object.__setattr__(self, "disk_size", None)
        self._settle_tpu()
        if self.image_id is not None or self.images:
            self._settle_images()

    def _settle_images(self) -> None:
        image_id, images = self.image_id, dict(self.images)
        if image_id is None and self.image_region is not None and set(images) - {"docker"} == {self.image_region}:
            image_id = images.pop(self.image_region)
        if self.cloud in ONE_NAME:
            image_id = None if image_id is None else _container(image_id)
            images = {key: image if key == "docker" else _container(image) for key, image in images.items()}
        object.__setattr__(self, "image_id", image_id)
        object.__setattr__(self, "images", images)

    def _settle_tpu(self) -> None:
        name = next(iter(self.accelerators or ()), "")
        cloud = tpu_cloud(name)
        if cloud is None:
            return
        if self.cloud is None:
            place = "" if self.infra is None else self.infra.removeprefix("*")
            object.__setattr__(self, "infra", cloud + place)
        if self.cloud == "gcp" and cloud == "gcp" and "runtime_version" not in self.accelerator_args:
            version = tpu_runtime(name, tpu_vm=self.accelerator_args.get("tpu_vm", True))
            object.__setattr__(self, "accelerator_args", {**self.accelerator_args, "runtime_version": version})

    def with_(self, **changes: Any) -> "Resources":
        """The candidate with some fields changed."""
        return replace(self, **changes)

    @property
    def cloud(self) -> str | None:
        """First part of `infra`: `ssh` of `ssh/rack`."""
        return self._infra_part(0)

    @property
    def region(self) -> str | None:
        """Second part of `infra`: the pool of `ssh/rack`, the context of `docker/gpu-box`."""
        return self._infra_part(1)

    @property
    def zone(self) -> str | None:
        """Third part of `infra`."""
        return self._infra_part(2)

    @property
    def image_region(self) -> str | None:
        """The region that `image_id` belongs to, as SkyPilot calls it."""
        return f"ssh-{self.region}" if self.cloud == "ssh" and self.region else self.region

    @property
    def container_image(self) -> str | None:
        """The image that the nodes are containers of, without `docker:`; None: the nodes are machines."""
        if "docker" in self.images:
            return self.images["docker"].removeprefix("docker:")
        image = self.image_id or (self.images.get(self.image_region or "") if len(self.images) == 1 else None)
        return image.removeprefix("docker:") if image and image.startswith("docker:") else None

    def _infra_part(self, place: int) -> str | None:
        cloud, _, rest = (self.infra or "").partition("/")
        parts = [cloud, rest] if cloud in ONE_NAME else [cloud, *rest.split("/", 1)]
        part = parts[place] if place < len(parts) else ""
        return None if part in ("", "*") else part


def parse_infra(text: str) -> str | None:
    """`cloud`, `cloud/region` or `cloud/region/zone` in normal form; `*` alone is None (anywhere).

    Raises:
        ValueError: a part is empty or there are too many; the text continues a sentence that begins with the key.
    """
    parts = [part.strip() for part in text.strip().split("/")]
    cloud = CLOUD_ALIASES.get(parts[0].lower(), parts[0].lower())
    if "" in parts or (len(parts) > 3 and cloud not in ONE_NAME):
        raise ValueError(f"must be a cloud, cloud/region or cloud/region/zone, not {text!r}")
    return join_infra(cloud, *parts[1:])


def join_infra(cloud: str | None, *rest: str | None) -> str | None:
    """Cloud, region and zone as one text; a part may be missing."""
    parts = [part or "*" for part in (cloud, *rest)]
    while parts and parts[-1] == "*":
        parts.pop()
    return "/".join(parts) or None


def parse_ports(ports: str | int | list[str | int]) -> tuple[str, ...]:
    """Ports and ranges, sorted, neighbours joined: `[8081, 8080, "9000-9002,22"]` is `("22", "8080-8081",
    "9000-9002")`.

    Raises:
        ValueError: one is not a port; the text continues a sentence that begins with the key.
    """
    given = [part for port in (ports if isinstance(ports, list) else [ports]) for part in str(port).split(",")]
    spans = sorted(_span(part) for part in given if part.strip())
    joined: list[tuple[int, int]] = []
    for first, last in spans:
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(str(first) if first == last else f"{first}-{last}" for first, last in joined)


def parse_autostop(wish: bool | int | str | Mapping[str, Any]) -> Autostop:
    """Every form: `true`, `false`, `10` (minutes), `1h`, or a map of idle_minutes, down, wait_for, lifetime.

    Raises:
        ValueError: a duration or `wait_for` is wrong; the text continues a sentence that begins with the key.
    """
    if isinstance(wish, bool):
        return Autostop(idle_minutes=0) if wish else NEVER
    if not isinstance(wish, Mapping):
        return NEVER if isinstance(wish, int | float) and wish < 0 else Autostop(idle_minutes=parse_minutes(wish))
    wish = {key: value for key, value in wish.items() if value is not None}
    lifetime = wish.get("lifetime")
    # A map that names a lifetime only does not ask to stop an idle cluster.
    idle = wish.get("idle_minutes", 0 if lifetime is None else -1)
    wait_for = wish.get("wait_for")
    if wait_for is not None and wait_for.lower() not in WAIT_FOR:
        raise ValueError(f"must wait for one of {', '.join(WAIT_FOR)}, not {wait_for!r}")
    return Autostop(
        idle_minutes=-1 if idle == -1 else parse_minutes(idle),
        down=wish.get("down", False),
        wait_for=wait_for.lower() if wait_for else None,
        lifetime_minutes=None if lifetime is None else parse_minutes(lifetime),
    )


def parse_local_disk(text: str) -> str:
    """`nvme`, `1000+` or `ssd:500` as `kind:GB`, with a `+` for at least; without a size 100+, without a kind nvme.

    Raises:
        ValueError: it is none of them; the text continues a sentence that begins with the key.
    """
    kind, colon, size = text.strip().lower().partition(":")
    if not colon:
        kind, size = (kind, "100+") if kind in LOCAL_DISKS else ("nvme", kind)
    if kind not in LOCAL_DISKS or not _SIZE.fullmatch(size) or float(size.rstrip("+")) <= 0:
        raise ValueError(f"must be a kind (nvme or ssd), a size in GB, or both as in nvme:1000+, not {text!r}")
    return f"{kind}:{size}"


def parse_job_recovery(wish: str | Mapping[str, Any]) -> dict[str, Any]:
    """A strategy's name or a map of strategy, max_restarts_on_errors and recover_on_exit_codes; `none` is empty.

    What SkyPilot's plug-ins add, strategies and settings, is kept.

    Raises:
        ValueError: an exit code stands twice.
    """
    recovery = {"strategy": None, **({"strategy": wish} if isinstance(wish, str) else wish)}
    strategy = recovery["strategy"]
    if strategy is not None:
        recovery["strategy"] = strategy.upper()
        if strategy.upper() == "NONE":
            return {}
    codes = recovery.get("recover_on_exit_codes")
    if isinstance(codes, list) and len(set(codes)) < len(codes):
        raise ValueError("must name each exit code once")
    return recovery


def _container(image: str) -> str:
    return image if image.startswith("docker:") else f"docker:{image}"


def _span(port: str | int) -> tuple[int, int]:
    first, dash, last = str(port).strip().partition("-")
    if first.isdecimal() and (last.isdecimal() or not dash):
        span = int(first), int(last if dash else first)
        if 1 <= span[0] <= span[1] <= _MAX_PORT:
            return span
    raise ValueError(f"must be ports from 1 to {_MAX_PORT} such as 8080 or 9000-9010, not {port!r}")
