"""Strategies of hypothesis for all that a candidate of a task can be, in normal form."""

import string
from typing import Any

from hypothesis import strategies as st

from stix.model.quantities import Quantity
from stix.model.resources import (
    DISK_TIERS,
    NETWORK_TIERS,
    NEVER,
    RECOVERY_STRATEGIES,
    WAIT_FOR,
    Autostop,
    Resources,
    parse_local_disk,
    parse_ports,
)
from stix.model.task import candidates
from stix.spec.disks import ATTACH_MODES, STORAGE_TYPES, read_volumes
from stix.spec.hooks import HOOK_EVENTS, read_hooks
from stix.spec.infra import CLOUDS

TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20)
WORDS = st.text(string.ascii_letters + string.digits, min_size=1, max_size=8)
LINES = TEXT.map(str.strip).filter(bool)
"""Text that no reader strips."""
NULL = "None"
"""What SkyPilot writes down nowhere, so that it is no name in `instance_type` and `priority_class` (`read_name`)."""

_NUMBERS = st.one_of(st.integers(1, 10**6).map(float), st.floats(1e-6, 1e9))
QUANTITIES = st.builds(Quantity, _NUMBERS, st.booleans())
MEMORIES = QUANTITIES | st.builds(Quantity, _NUMBERS, st.just(False), st.just(True))
MINUTES = st.one_of(st.just(-1), st.integers(0, 10**5), st.floats(0.01, 1e5))
AUTOSTOPS = st.just(NEVER) | st.builds(
    Autostop, MINUTES, st.booleans(), st.sampled_from([None, *WAIT_FOR]), st.none() | st.floats(0.01, 1e6)
)

_REGIONAL = [cloud for cloud in CLOUDS if cloud not in ("local", "docker", "ssh", "kubernetes")]
INFRAS = st.one_of(
    st.sampled_from([None, "local", "docker", "docker/gpu-box", "ssh", "ssh/rack", "*/us-east-1", "*/*/us-east-1a"]),
    st.sampled_from(["kubernetes", "kubernetes/arn:aws:eks:us-east-1:1:cluster/mine"]),
    st.builds(
        lambda cloud, rest: f"{cloud}{rest}",
        st.sampled_from(_REGIONAL),
        st.sampled_from(["", "/r1", "/r1/z1", "/*/z1"]),
    ),
)
_COUNTS = st.sampled_from([1, 8, 0.5])
_DEVICES = st.sampled_from(["A100", "a10g", "T4", "RTX6000-Ada", "Own-1"])
_TPUS = st.sampled_from(["tpu-v2-8", "tpu-v5p-8", "tpu-v6e-slice"])
_TPU_INFRAS = st.sampled_from([None, "*/us-central1", "gcp", "gcp/us-central1/us-central1-a", "kubernetes/mine"])

IMAGES: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.builds(lambda image: {"image_id": image}, LINES.filter(lambda text: not text.startswith("docker:"))),
    st.builds(lambda image: {"image_id": f"docker:{image}"}, WORDS),
    st.builds(lambda images: {"images": images}, st.dictionaries(st.sampled_from(["r1", "r2"]), WORDS, min_size=1)),
    st.builds(lambda image, own: {"image_id": own, "images": {"docker": image}}, WORDS, st.none() | WORDS),
)
_EXIT_CODES = st.integers(0, 255)
JOB_RECOVERIES: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.builds(
    lambda strategy, more: {"strategy": strategy, **more},
    st.none() | st.sampled_from(RECOVERY_STRATEGIES),
    st.fixed_dictionaries(
        {"max_restarts_on_errors": st.integers(0, 9)},
        optional={
            "recover_on_exit_codes": st.integers(0, 255) | st.lists(st.integers(0, 255), unique=True, max_size=3)
        },
    ),
)
VOLUMES = st.lists(
    st.fixed_dictionaries(
        {"path": WORDS, "name": WORDS},
        optional={
            "storage_type": st.sampled_from(STORAGE_TYPES),
            "attach_mode": st.sampled_from(ATTACH_MODES),
            "disk_tier": st.sampled_from(DISK_TIERS),
            "disk_size": st.integers(1, 1000),
            "auto_delete": st.booleans(),
        },
    ),
    max_size=2,
).map(read_volumes)
ACCELERATOR_ARGS = st.fixed_dictionaries(
    {},
    optional={
        "runtime_version": WORDS,
        "tpu_name": WORDS,
        "tpu_vm": st.booleans(),
        "gcp_queued_resource": st.booleans(),
    },
)
HOOKS = st.lists(
    st.fixed_dictionaries(
        {"run": WORDS},
        optional={
            "events": st.lists(st.sampled_from(HOOK_EVENTS), unique=True, min_size=1),
            "timeout": st.integers(1, 9000),
        },
    ),
    min_size=1,
    max_size=2,
).map(read_hooks)
CONFIGS = st.fixed_dictionaries(
    {}, optional={"docker": st.builds(lambda words: {"run_options": words}, st.lists(WORDS, min_size=1, max_size=2))}
)
"""Settings of one candidate; hooks belong to all candidates of a task alike."""


def _type_of(infra: str | None, instance_type: str | None, **_: Any) -> str | None:
    """Some infrastructures give shares of machines, whose names tell the size."""
    by_parts = (infra or "").split("/")[0] in ("kubernetes", "ssh", "slurm")
    return "4CPU--16GB--H100:1" if by_parts and instance_type else instance_type


_WHERE_AND_WHAT: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries(
        {
            "infra": INFRAS,
            "accelerators": st.none() | st.builds(lambda name, count: {name: count}, _DEVICES, _COUNTS),
            "instance_type": st.none() | WORDS.filter(lambda text: text != NULL),
        }
    ).map(lambda part: {**part, "instance_type": _type_of(**part)}),
    st.fixed_dictionaries({"infra": _TPU_INFRAS, "accelerators": st.builds(lambda name: {name: 1}, _TPUS)}),
)


def resources(**changes: Any) -> st.SearchStrategy[Resources]:
    """Candidates of every kind; `changes` fixes fields by strategies of their own."""
    rest = st.fixed_dictionaries(
        {
            "cpus": st.none() | QUANTITIES,
            "memory": st.none() | MEMORIES,
            "accelerator_args": ACCELERATOR_ARGS,
            "ports": st.lists(st.integers(1, 65535), max_size=4).map(parse_ports),
            "labels": st.dictionaries(TEXT.filter(bool), TEXT, max_size=2),
            "disk_size": st.none() | st.integers(1, 10**6),
            "autostop": st.none() | AUTOSTOPS,
            "use_spot": st.sampled_from([None, True, False]),
            "job_recovery": JOB_RECOVERIES,
            "disk_tier": st.sampled_from([None, *DISK_TIERS]),
            "network_tier": st.sampled_from([None, *NETWORK_TIERS]),
            "local_disk": st.none() | st.sampled_from(["nvme", "ssd:500", "1000+"]).map(parse_local_disk),
            "max_hourly_cost": st.none() | st.floats(0.01, 1e4),
            "priority": st.none() | st.integers(-1000, 1000),
            "priority_class": st.none() | LINES.filter(lambda text: text != NULL),
            "volumes": VOLUMES,
            "config": CONFIGS,
            "internal": st.fixed_dictionaries(
                {}, optional={"_is_image_managed": st.booleans(), "_no_missing_accel_warnings": st.booleans()}
            ),
            **changes,
        }
    )
    parts = st.tuples(_WHERE_AND_WHAT, IMAGES, rest)
    return parts.map(lambda part: Resources(**{**part[0], **part[1], **part[2]})).filter(_has_one_container_image)


def _has_one_container_image(one: Resources) -> bool:
    """On Kubernetes every image is a container's, so that one beside `docker` cannot be read back."""
    return "docker" not in one.images or not (one.image_id or "").startswith("docker:")


RESOURCES = resources()
CANDIDATES = st.builds(
    lambda several, priority, order: candidates([each.with_(priority=priority) for each in several], order),
    st.lists(RESOURCES, min_size=1, max_size=3),
    st.none() | st.integers(-1000, 1000),
    st.sampled_from(["any_of", "ordered"]),
)
"""The fields `resources` and `resources_order` of a task; its candidates have one priority."""
