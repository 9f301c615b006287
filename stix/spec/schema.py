"""The keys of a task file, as data: what each takes, what it means, whether stix can run it yet.

Validation, suggestions and docs/reference/task.md all read this. Every key of SkyPilot 0.14 is here; the ones that do
not work yet are refused by name. To make one work, describe it here and read it in `build`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

FORMS = {
    "text": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "map": "a map",
    "list": "a list",
    "value": "one value",
}
"""What a key may take, and how messages call it; `value` is any scalar, which becomes text."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `keys` closes a map to these names, `values` and `items` say what an open map or a list holds.

    `later_forms` maps forms that SkyPilot takes and stix cannot run yet to what they are called; `instead` is what to
    write in place of a key that does not work; a `secret` value never appears in a message.
    """

    forms: tuple[str, ...] = ()
    doc: str = ""
    example: str = ""
    keys: Mapping[str, "Key"] = field(default_factory=dict)
    values: "Key | None" = None
    items: "Key | None" = None
    later_forms: Mapping[str, str] = field(default_factory=dict)
    works: bool = True
    instead: str = ""
    secret: bool = False


def _later(*names: str, keys: Mapping[str, Key] | None = None, instead: str = "") -> dict[str, Key]:
    return {name: Key(keys=keys or {}, works=False, instead=instead) for name in names}


WORKING_INFRA = ("local", "ssh", "docker")
"""Infrastructures that `infra` may name."""

LATER_INFRA = (
    "aws azure cudo do fluidstack gcp hyperbolic ibm kubernetes lambda mithril nebius oci paperspace primeintellect "
    "runpod scp seeweb shadeform slurm vast verda vsphere yotta"
).split()
"""Infrastructures of SkyPilot's language that do not work yet."""

_TEXT = Key(("text",))

_AUTOSTOP = {
    "idle_minutes": Key(("number", "text"), "Minutes without work before it acts.", "idle_minutes: 10"),
    "down": Key(("boolean",), "Remove the machines instead of stopping them.", "down: true"),
    "wait_for": Key(
        ("text",),
        "What counts as work: `jobs_and_ssh` (default), `jobs`, or `none`.",
        "wait_for: jobs",
    ),
    "lifetime": Key(
        ("number", "text"),
        "End the cluster this long after its start, busy or not. Only in stix.",
        "lifetime: 8h",
    ),
    **_later("hook", "hook_timeout"),
}

_CANDIDATE = {
    "infra": Key(
        ("text",),
        "Where: `local` (this machine), `ssh` or `ssh/<pool>` (machines you own), `docker` or `docker/<context>` "
        "(containers). `*`: anywhere.",
        "infra: ssh/rack",
    ),
    "cpus": Key(("number", "text"), "CPUs of each node; `4+` is at least 4.", "cpus: 4+"),
    "memory": Key(
        ("number", "text"),
        "Memory of each node in GiB, or with a unit; `16+` is at least 16.",
        "memory: 16+",
    ),
    "accelerators": Key(
        ("text", "map", "list"),
        "Name and count on each node; below 1 is a share of a device. A map or list of several means alternatives: "
        "a map the cheapest of them, a list the first that can be had.",
        "accelerators: A100:8",
        values=Key(("number",)),
        items=_TEXT,
    ),
    "gpus": Key(
        ("text", "map", "list"),
        "The same as `accelerators`.",
        "gpus: T4:0.5",
        values=Key(("number",)),
        items=_TEXT,
    ),
    "image_id": Key(
        ("text",),
        "Image of the nodes; `docker:<image>` is a container image.",
        "image_id: docker:ubuntu:24.04",
        later_forms={"map": "an image for each region"},
    ),
    "ports": Key(
        ("integer", "text", "list"),
        "Ports to open on the head: one, a range, or a list of them.",
        "ports: [8080, 9000-9010]",
        items=Key(("integer", "text"), example="- 8080"),
    ),
    "labels": Key(
        ("map",),
        "Labels of the machines.",
        "labels: {team: vision}",
        values=_TEXT,
    ),
    "disk_size": Key(("integer", "text"), "Disk of each node in GiB, or with a unit.", "disk_size: 256"),
    "autostop": Key(
        ("boolean", "integer", "text", "map"),
        "Let the machines go when idle: minutes, a duration (`30s`, `10m`, `1h`), `true` (at once), `false` (never), "
        "or a map.",
        "autostop: 10m",
        keys=_AUTOSTOP,
    ),
    **_later("cloud", "region", "zone", instead="infra: <cloud>/<region>/<zone>"),
    **_later("ephemeral_storage", instead="disk_size: 256"),
    **_later(
        *"instance_type use_spot job_recovery volumes disk_tier network_tier local_disk max_hourly_cost".split(),
        *"accelerator_args priority priority_class _no_missing_accel_warnings _docker_login_config".split(),
        *"_is_image_managed _requires_fuse _cluster_config_overrides".split(),
    ),
}

RESOURCES = {
    **_CANDIDATE,
    "any_of": Key(
        ("list",),
        "Candidates: each is the keys beside it, changed by its own; the cheapest that can be had is taken.",
        "any_of: [{infra: local}, {infra: docker}]",
        items=Key(("map",), example="- infra: docker", keys=_CANDIDATE),
    ),
    "ordered": Key(
        ("list",),
        "As `any_of`, but the first that can be had is taken.",
        "ordered: [{infra: ssh/rack}, {infra: docker}]",
        items=Key(("map",), example="- infra: docker", keys=_CANDIDATE),
    ),
}

_STORAGE = _later("name", "source", "store", "persistent", "mode", "type", "config")
_SERVICE = _later(
    *"readiness_probe load_balancer pool replica_policy replicas load_balancing_policy ports tls".split(),
    *"workers min_workers max_workers queue_length_threshold upscale_delay_seconds downscale_delay_seconds".split(),
)
_CONFIG = {
    "docker": Key(
        ("map",),
        "Settings of container engines.",
        "docker: {run_options: [--shm-size=8g]}",
        keys={
            "run_options": Key(
                ("text", "list"), "More options for `docker run`.", "run_options: [--shm-size=8g]", items=_TEXT
            )
        },
    ),
    **_later(*"nvidia_gpus ssh kubernetes azure gcp vast slurm active_workspace hooks".split()),
}

TASK = Key(
    ("map",),
    example="run: echo hello",
    keys={
        "name": Key(("text",), "Name of the task.", "name: train"),
        "workdir": Key(
            ("text", "map"),
            "A local folder, or a git repository, that every command starts in; it is `~/sky_workdir` on the nodes.",
            "workdir: .",
            keys={
                "url": Key(("text",), "Address of the repository; must be given.", "url: https://github.com/org/repo"),
                "ref": Key(("text",), "Branch, tag or commit; default: the default branch.", "ref: main"),
            },
        ),
        "num_nodes": Key(("integer",), "How many nodes; default 1.", "num_nodes: 2"),
        "resources": Key(
            ("map",), "Where to run and what each node must have.", "resources: {cpus: 4+}", keys=RESOURCES
        ),
        "envs": Key(
            ("map",),
            "Environment variables of setup and run. One without a value must be given by `--env`. `$NAME` and "
            "`${NAME}` in `workdir` and `file_mounts` are replaced by their values.",
            "envs: {EPOCHS: 10}",
            values=Key(("value",), example="EPOCHS: 10"),
        ),
        "secrets": Key(
            ("map",),
            "As envs, but never shown or stored. One without a value must be given by `--secret`.",
            "secrets: {HF_TOKEN: null}",
            values=Key(("value",), example="HF_TOKEN: null", secret=True),
            later_forms={"list": "a list of managed secrets"},
        ),
        "file_mounts": Key(
            ("map",),
            "Files and folders to copy to the nodes: path on the node, then local path.",
            "file_mounts: {~/data: ./data}",
            values=Key(("text",), example="~/data: ./data", later_forms={"map": "a bucket"}, keys=_STORAGE),
        ),
        "setup": Key(("text",), "Commands to run on every node before the first run.", "setup: pip install torch"),
        "run": Key(("text",), "Commands to run on every node.", "run: python train.py"),
        "config": Key(
            ("map",), "Settings for this task only.", "config: {docker: {run_options: [--shm-size=8g]}}", keys=_CONFIG
        ),
        **_later("service", keys=_SERVICE),
        **_later("pool", keys=_later("workers")),
        **_later("managed_secrets", instead="secrets: {HF_TOKEN: null}"),
        **_later(
            "volumes",
            "volume_mounts",
            "inputs",
            "outputs",
            "event_callback",
            "api_server_access",
            "file_mounts_mapping",
            "_metadata",
        ),
    },
)
"""The task file itself."""
