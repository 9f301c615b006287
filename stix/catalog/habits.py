"""Rules of single clouds, as data: usual machines, and accelerators that are attached to hosts.

Both are facts that SkyPilot's users rely on: which machine a task gets that asks for nothing, and how large a host of a
Tesla T4 may be (limits from Google's documentation on GPU machine types).
"""

from fnmatch import fnmatchcase
from typing import NamedTuple


class Habit(NamedTuple):
    """What a task gets in a cloud that says too little.

    Attributes:
        families: patterns of the general-purpose instance types that serve tasks without accelerators; empty: all.
        cpus: vCPUs at least, where neither CPUs nor memory are asked for; None: no limit.
        ratio: GiB of memory a vCPU at least, where no memory is asked for; None: no limit.
        memory: GiB of memory at least, where no memory is asked for; None: no limit.
    """

    families: tuple[str, ...] = ()
    cpus: float | None = None
    ratio: float | None = None
    memory: float | None = None


HABITS: dict[str, Habit] = {
    "aws": Habit(tuple(f"{family}.*" for family in "m6i m6id m7i r6i r6id r7i c6i c6id c7i".split()), 8, 4),
    "azure": Habit(
        tuple(
            f"Standard_{letter}{size}{end}"
            for letter, end in (("D", "s_v5"), ("E", "s_v5"), ("F", "s_v2"))
            for size in ("[0-9]", "[0-9][0-9]", "[0-9][0-9][0-9]")
        ),
        8,
        4,
    ),
    "gcp": Habit(
        tuple(f"{family}-{kind}-*" for family in ("n2", "n4") for kind in ("standard", "highmem", "highcpu")), 8, 4
    ),
    "oci": Habit(("VM.Standard.E*", "VM.Standard3*"), 8, 4),
    "ibm": Habit(("bx2-*",), 8, None, 32),
    "scp": Habit((), 8, 2),
    "cudo": Habit((), 8, 2),
    "lambda": Habit((), 30, 4),
    "fluidstack": Habit((), 6, 4),
}
"""By cloud; the others take the cheapest machine they have."""


def usual(cloud: str, name: str) -> bool:
    """Whether the instance type may serve a task that asks for no accelerator."""
    families = HABITS[cloud].families if cloud in HABITS else ()
    return not families or any(fnmatchcase(name, pattern) for pattern in families)


HOST_FAMILIES = {"gcp": ("n1-standard-*", "n1-highmem-*", "n1-highcpu-*")}
"""By cloud: machines that accelerators without a machine of their own are attached to."""


def is_host(cloud: str, name: str) -> bool:
    """Whether accelerators are attached to machines of that type."""
    return any(fnmatchcase(name, pattern) for pattern in HOST_FAMILIES.get(cloud, ()))


_LARGEST_HOST: dict[str, dict[float, tuple[float, float]]] = {
    "V100": {1: (12, 78), 2: (24, 156), 4: (48, 312), 8: (96, 624)},
    "T4": {1: (48, 312), 2: (48, 312), 4: (96, 624)},
    "P4": {1: (24, 156), 2: (48, 312), 4: (96, 624)},
    "P100": {1: (16, 104), 2: (32, 208), 4: (96, 624)},
}
_USUAL_HOST_CPUS: dict[str, dict[float, float]] = {
    "V100": {1: 8, 2: 16, 4: 32, 8: 64},
    "T4": {1: 4, 2: 8, 4: 48},
    "P100": {1: 8, 2: 16, 4: 32, 8: 64},
    "P4": {1: 8, 2: 16, 4: 32},
}
USUAL_HOST_RATIO = 4
"""GiB of memory a vCPU of a host at least, where no memory is asked for."""


def largest_host(accelerator: str, count: float) -> tuple[float, float] | None:
    """vCPUs and GiB of memory that a host of so many may have at most; None: it cannot be attached in that number."""
    return _LARGEST_HOST.get(accelerator, {}).get(count)


def attaches(accelerator: str) -> bool:
    """Whether GCP attaches it to hosts."""
    return accelerator in _LARGEST_HOST


def usual_host_cpus(accelerator: str, count: float) -> float | None:
    """vCPUs of its host at least, where neither CPUs nor memory are asked for."""
    return _USUAL_HOST_CPUS.get(accelerator, {}).get(count)
