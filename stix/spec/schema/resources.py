"""The keys of `resources`."""

from stix.spec.schema.key import TEXT, Key, later

WORKING_INFRA = ("local", "ssh", "docker")
"""Infrastructures that `infra` may name."""

LATER_INFRA = (
    "aws azure cudo do fluidstack gcp hyperbolic ibm kubernetes lambda mithril nebius oci paperspace primeintellect "
    "runpod scp seeweb shadeform slurm vast verda vsphere yotta"
).split()
"""Infrastructures of SkyPilot's language that do not work yet."""

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
    **later("hook", "hook_timeout"),
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
        items=TEXT,
    ),
    "gpus": Key(
        ("text", "map", "list"),
        "The same as `accelerators`.",
        "gpus: T4:0.5",
        values=Key(("number",)),
        items=TEXT,
    ),
    "image_id": Key(
        ("text",),
        "Image of the nodes; `docker:<image>` is a container image.",
        "image_id: docker:ubuntu:24.04",
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
        values=TEXT,
    ),
    "disk_size": Key(("integer", "text"), "Disk of each node in GiB, or with a unit.", "disk_size: 256"),
    "autostop": Key(
        ("boolean", "integer", "text", "map"),
        "Let the machines go when idle: minutes, a duration (`30s`, `10m`, `1h`), `true` (at once), `false` (never), "
        "or a map.",
        "autostop: 10m",
        keys=_AUTOSTOP,
    ),
    **later("cloud", "region", "zone", instead="infra: <cloud>/<region>/<zone>"),
    **later("ephemeral_storage", instead="disk_size: 256"),
    **later(
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
