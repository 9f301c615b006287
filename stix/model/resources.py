"""What a task asks of each of its nodes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stix.model.accelerators import Accelerators
from stix.model.quantities import Quantity, parse_minutes

WAIT_FOR = ("jobs_and_ssh", "jobs", "none")
"""What holds a cluster up: unfinished jobs and ssh sessions, unfinished jobs, or nothing."""

_MAX_PORT = 65535


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

    @property
    def enabled(self) -> bool:
        """Whether anything can end the cluster; a task may also say plainly that nothing shall."""
        return self.idle_minutes >= 0 or self.lifetime_minutes is not None


NEVER = Autostop(idle_minutes=-1)
"""`autostop: false`: also takes an autostop back that a live cluster has."""


@dataclass(frozen=True, slots=True)
class Resources:
    """One candidate: where, and what a node must have. None means: no wish.

    memory and disk_size are in GiB; ports are `"8080"` or `"9000-9010"`.

    Attributes:
        infra: `cloud`, `cloud/region`, `cloud/region/zone`; a part may be `*`.
        image_id: the image in every region, `docker:<image>` for a container; `images` maps regions to images instead.
        use_spot: None where the task says nothing, which means on-demand machines.
        job_recovery: `{strategy, max_restarts_on_errors, recover_on_exit_codes, ...}`.
        images: region -> image; `docker` -> the container image that runs on a machine made from the image.
        config: the task's `config` for this candidate: `{docker: {run_options: [...]}, kubernetes: {...}, hooks: [...]}`.
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
    internal: Mapping[str, Any] = field(default_factory=dict)

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

    def _infra_part(self, place: int) -> str | None:
        cloud, _, rest = (self.infra or "").partition("/")
        # A Kubernetes context is one name even where it holds slashes.
        parts = [cloud, rest] if cloud == "kubernetes" else [cloud, *rest.split("/", 1)]
        part = parts[place] if place < len(parts) else ""
        return None if part in ("", "*") else part


def parse_infra(text: str) -> str | None:
    """`cloud`, `cloud/region` or `cloud/region/zone` in normal form; `*` alone is None (anywhere).

    Raises:
        ValueError: a part is empty or there are too many; the text continues a sentence that begins with the key.
    """
    parts = [part.strip() for part in text.strip().strip("/").split("/")]
    cloud = {"k8s": "kubernetes"}.get(parts[0].lower(), parts[0].lower())
    if "" in parts or (len(parts) > 3 and cloud != "kubernetes"):
        raise ValueError(f"must be a cloud, cloud/region or cloud/region/zone, not {text!r}")
    parts[0] = cloud
    while parts and parts[-1] == "*":
        parts.pop()
    return "/".join(parts) or None


def parse_ports(ports: str | int | list[str | int]) -> tuple[str, ...]:
    """Ports and ranges, sorted, neighbours joined: `[8081, 8080, "9000-9002"]` is `("8080-8081", "9000-9002")`.

    Raises:
        ValueError: one is not a port; the text continues a sentence that begins with the key.
    """
    spans = sorted(_span(port) for port in (ports if isinstance(ports, list) else [ports]))
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


def _span(port: str | int) -> tuple[int, int]:
    first, dash, last = str(port).strip().partition("-")
    if first.isdecimal() and (last.isdecimal() or not dash):
        span = int(first), int(last if dash else first)
        if 1 <= span[0] <= span[1] <= _MAX_PORT:
            return span
    raise ValueError(f"must be ports from 1 to {_MAX_PORT} such as 8080 or 9000-9010, not {port!r}")
