"""The clouds that stix knows: one folder each, with a `cloud.yml`."""

import os
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

ABILITIES = frozenset(
    "multi_node stop ports image docker_image file_mounts workdir storage labels run_options disk_size disk_tier "
    "network_tier local_disk spot mount container disks".split()
)
"""Closed list of words for `can`; `container`: jobs of its machines may run in a container that stix makes there;
`disks`: its machines get further disks (`volumes` of resources)."""

Tiers = tuple[tuple[float, float], ...]
"""`(up to GiB a month, dollars a GiB)`, the last one up to infinity."""


class Egress(NamedTuple):
    """What it costs to take data out of a region, in dollars a GiB by amount; empty tiers cost nothing.

    Attributes:
        internet: to another cloud or anywhere else.
        other_region: to another region of the same cloud; never dearer than `internet`.
        source: where the figures stand, and `as_of` the ISO date of the look at them.
    """

    internet: Tiers = ()
    other_region: Tiers = ()
    source: str = ""
    as_of: str = ""


class Credentials(NamedTuple):
    """What shows that an account is set up: any one of the groups, whose members are all needed.

    Attributes:
        env: groups of environment variables.
        files: groups of files below the home folder, `~/.aws/credentials`.
    """

    env: tuple[tuple[str, ...], ...] = ()
    files: tuple[tuple[str, ...], ...] = ()


class Cloud(NamedTuple):
    """A cloud's description.

    Attributes:
        role: the Ansible role is `stix.core.cloud_<role>`; None: stix cannot make machines there yet.
        can: words of `ABILITIES`.
        persistent_host: its machines outlive a cluster, so what was installed is removed at the end.
        exists: its machines are there before a cluster is.
        sized: it has instance types of fixed sizes and prices; elsewhere a size is a least size.
        region: what its regions are called (`region`, `pool`, `context`); `zone` likewise, None where it has none.
        preemption_notice: whose metadata service tells a spot machine that it will be taken away; None: nobody does.
        aliases: other names that SkyPilot or the catalog's sources use.
        enable: the command, or the step, that sets an account up.
        autostop_note: what whoever asks for autostop has to know; empty: nothing.
        store: the object store of its own, where buckets are made that name none.
        identity: settings of its account by which machines have an identity of their own for that store.
        mount_options: what its machines must be started with so that buckets can be mounted.
        settings: keys of a task's `config.<cloud>` that its role follows; the others are refused by name.
    """

    name: str
    title: str
    role: str | None
    can: frozenset[str]
    persistent_host: bool = False
    exists: bool = False
    sized: bool = False
    region: str | None = None
    zone: str | None = None
    preemption_notice: str | None = None
    aliases: tuple[str, ...] = ()
    credentials: Credentials = Credentials()
    enable: str = ""
    settings: frozenset[str] = frozenset()
    autostop_note: str = ""
    egress: Egress = Egress()
    store: str = ""
    identity: tuple[str, ...] = ()
    mount_options: tuple[str, ...] = ()


class Clouds(Mapping[str, Cloud]):
    """Every cloud by name, in the order of names; a description is read when it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with os.scandir(folder) as found:
            self._names = sorted(entry.name for entry in found if entry.is_dir() and not entry.name.startswith("_"))
        self._known = frozenset(self._names)
        self._read: dict[str, Cloud] = {}

    def __getitem__(self, name: str) -> Cloud:
        if name not in self._read:
            if name not in self._known:
                raise KeyError(name)
            self._read[name] = _load(self._folder / name / "cloud.yml")
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@cache
def clouds() -> Clouds:
    """Every cloud by name. Looking one up raises ValueError where its `cloud.yml` is wrong."""
    return Clouds(Path(__file__).parent)


def canonical(name: str) -> str | None:
    """A cloud's own name for any of its names, whatever the case; None where there is no such cloud."""
    lower = name.strip().lower()
    known = clouds()
    return lower if lower in known else next((each.name for each in known.values() if lower in each.aliases), None)


def _load(file: Path) -> Cloud:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = yaml.load(file.read_text(encoding="utf-8"), loader)
    can = frozenset(data.pop("can"))
    if unknown := can - ABILITIES:
        raise ValueError(f"{file}: unknown abilities {sorted(unknown)}")
    try:
        parts: dict[str, Any] = {
            "aliases": tuple(data.pop("aliases", ())),
            "settings": frozenset(data.pop("settings", ())),
            "credentials": _credentials(**data.pop("credentials", {})),
            "egress": _egress(**data.pop("egress", {})),
            "identity": tuple(data.pop("identity", ())),
            "mount_options": tuple(data.pop("mount_options", ())),
        }
    except (TypeError, ValueError) as error:
        raise ValueError(f"{file}: {error}") from None
    return Cloud(name=file.parent.name, can=can, **parts, **data)


def _credentials(env: list[Any] | None = None, files: list[Any] | None = None) -> Credentials:
    return Credentials(_groups(env or []), _groups(files or []))


def _groups(words: list[Any]) -> tuple[tuple[str, ...], ...]:
    return tuple((word,) if isinstance(word, str) else tuple(word) for word in words)


def _egress(internet: Any = 0, other_region: Any = 0, source: str = "", as_of: Any = "") -> Egress:
    out, across = _tiers(internet), _tiers(other_region)
    bounds = {bound for bound, _ in (*out, *across) if bound < inf} | {1e9}
    if any(amount(across, bound) > amount(out, bound) for bound in bounds):
        raise ValueError("data must not cost more to another region than to the internet")
    return Egress(out, across, source, str(as_of))


def _tiers(price: Any) -> Tiers:
    """`0.02`, or `[[10240, 0.09], [null, 0.05]]`; zero is no tier."""
    if not isinstance(price, list):
        return ((inf, float(price)),) if price else ()
    tiers = tuple((inf if bound is None else float(bound), float(dollars)) for bound, dollars in price)
    if tiers[-1][0] != inf or any(first >= then for (first, _), (then, _) in pairwise(tiers)):
        raise ValueError("tiers must rise, and the last one have no end (null)")
    return tiers


def amount(tiers: Tiers, gib: float) -> float:
    """Dollars of `gib` GiB by tiers, the first GiB of a month at the first price."""
    total, below = 0.0, 0.0
    for bound, price in tiers:
        total += (min(gib, bound) - below) * price
        if gib <= bound:
            break
        below = bound
    return total
