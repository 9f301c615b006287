"""The keys of `resources`."""

from collections.abc import Mapping

from stix.model.resources import DISK_TIERS, NETWORK_TIERS, RECOVERY_STRATEGIES, WAIT_FOR
from stix.spec.schema.config import CONFIG
from stix.spec.schema.key import TEXT, Key

WORKING_INFRA = ("local", "ssh", "docker", "aws", "azure")
"""Infrastructures that stix can make clusters on."""

LATER_INFRA = (
    "cudo do fluidstack gcp hyperbolic ibm kubernetes lambda mithril nebius oci paperspace primeintellect "
    "runpod scp seeweb shadeform slurm vast verda vsphere yotta"
).split()
"""Infrastructures that a task may name and a plan may choose, where stix cannot make machines yet."""

_SIZES = "KB, MB, GB, TB or PB"

_AUTOSTOP = {
    "idle_minutes": Key(
        ("number", "text"),
        "Minutes without work before it acts.",
        "idle_minutes: 10",
        least=0,
        default="0",
    ),
    "down": Key(("boolean",), "Remove the machines instead of stopping them.", "down: true", default="false"),
    "wait_for": Key(
        ("text",),
        "What counts as work: jobs and ssh sessions, jobs, or nothing at all.",
        "wait_for: jobs",
        choices=WAIT_FOR,
        default="jobs_and_ssh",
    ),
    "lifetime": Key(
        ("number", "text"),
        "End the cluster this long after its start, busy or not. Only in stix.",
        "lifetime: 8h",
    ),
    "hook": Key(
        ("text",),
        "Commands to run before the machines go.",
        "hook: python save.py",
        instead="config: {hooks: [{run: python save.py, events: [stop]}]}",
    ),
    "hook_timeout": Key(
        ("integer",),
        "Seconds that they may take.",
        "hook_timeout: 600",
        least=1,
        instead="config: {hooks: [{run: python save.py, timeout: 600}]}",
        default="3600",
    ),
}

_EXIT_CODE = Key(("integer",), example="- 137", least=0, most=255)

_JOB_RECOVERY = {
    "strategy": Key(
        ("text",),
        "Where to try first: the place that the job was lost in, or another region.",
        "strategy: EAGER_NEXT_REGION",
        choices=(*RECOVERY_STRATEGIES, "none"),
        open=True,
    ),
    "max_restarts_on_errors": Key(
        ("integer",),
        "How often a job that failed by itself is started again.",
        "max_restarts_on_errors: 3",
        least=0,
        default="0",
    ),
    "recover_on_exit_codes": Key(
        ("integer", "list"),
        "Exit codes that always start the job again, however often.",
        "recover_on_exit_codes: [33, 137]",
        items=_EXIT_CODE,
        least=0,
        most=255,
        unique=True,
    ),
}

_VOLUME = {
    "path": Key(("text",), "Where the machines have it.", "path: /mnt/data", needed=True),
    "name": Key(
        ("text",),
        "The disk's name; a network disk must have one. A disk that exists is attached. Of several nodes each has its "
        "own, `NAME-0` for instance, unless it is read only.",
        "name: my-disk",
    ),
    "disk_size": Key(
        ("integer", "text"), "Size in GiB, or with a unit, of a disk that does not exist yet.", "disk_size: 100"
    ),
    "disk_tier": Key(("text",), "How fast it is.", "disk_tier: high", choices=DISK_TIERS, default="best"),
    "storage_type": Key(
        ("text",),
        "A disk in the cloud's network, or one in the machine.",
        "storage_type: network",
        choices=("network", "instance"),
        default="network",
    ),
    "attach_mode": Key(
        ("text",),
        "Whether it can be written to.",
        "attach_mode: read_only",
        choices=("read_only", "read_write"),
        default="read_write",
    ),
    "auto_delete": Key(("boolean",), "Delete it with the machines.", "auto_delete: true", default="false"),
}

_ACCELERATORS = Key(
    ("text", "map", "list"),
    "Name and count on each node; below 1 is a share of a device. A memory in place of a name means all that have it. "
    "A map or list of several means alternatives: a map the cheapest of them, a list the first that can be had. Names "
    "are found in any case. The name of a TPU means GCP.",
    "accelerators: A100:8",
    examples=(
        "accelerators: {A100: 8}",
        "accelerators: {A100:1, L4:1}",
        "accelerators: [H100:8, A100-80GB:8]",
        "accelerators: T4:0.5",
        "accelerators: 24GB+",
        "accelerators: nvidia:80GB+:8",
        "accelerators: tpu-v6e-8",
    ),
    values=Key(("number",), example="A100: 8", above=0),
    items=Key(("text",), example="- A100:8"),
)

_CANDIDATE = {
    "infra": Key(
        ("text",),
        "Where: `local` (this machine), `ssh` or `ssh/<pool>` (machines you own), `docker` or `docker/<context>` "
        "(containers), `k8s/<context>`, or `cloud/region/zone`. `*` in place of a part: anywhere.",
        "infra: ssh/rack",
        examples=(
            "infra: aws/us-east-1",
            "infra: gcp/*/us-central1-a",
            "infra: '*/us-east-1'",
            "infra: k8s/my-context",
        ),
        default="anywhere",
    ),
    "cpus": Key(("number", "text"), "CPUs of each node; `4+` is at least 4.", "cpus: 4+"),
    "memory": Key(
        ("number", "text"),
        f"Memory of each node in GiB, or with a unit ({_SIZES}); `16+` is at least 16, `4x` at least 4 for each CPU.",
        "memory: 16+",
        examples=("memory: 64GB", "memory: 4x"),
    ),
    "accelerators": _ACCELERATORS,
    "gpus": _ACCELERATORS._replace(doc="The same as `accelerators`.", example="gpus: T4:0.5", examples=()),
    "accelerator_args": Key(
        ("map",),
        "How to make a TPU.",
        "accelerator_args: {runtime_version: tpu-vm-base}",
        keys={
            "runtime_version": Key(
                ("text",),
                "Version of its software.",
                "runtime_version: tpu-vm-base",
                default="chosen by the TPU's generation",
            ),
            "tpu_name": Key(("text",), "Name of an existing TPU.", "tpu_name: my-tpu", works=False),
            "tpu_vm": Key(
                ("boolean",), "Whether jobs run on the TPU's own machine.", "tpu_vm: false", default="true", works=False
            ),
            "gcp_queued_resource": Key(
                ("boolean",), "Wait in GCP's queue for it.", "gcp_queued_resource: true", default="false", works=False
            ),
        },
    ),
    "instance_type": Key(
        ("text",), "The machine type by the cloud's own name.", "instance_type: p4d.24xlarge", works=False
    ),
    "use_spot": Key(
        ("boolean",),
        "Cheaper machines that the cloud may take back.",
        "use_spot: true",
        works=False,
        default="false",
    ),
    "job_recovery": Key(
        ("text", "map"),
        "How a managed job comes back after its machines are lost: a strategy's name or a map.",
        "job_recovery: EAGER_NEXT_REGION",
        examples=("job_recovery: {max_restarts_on_errors: 3, recover_on_exit_codes: [33]}",),
        choices=(*RECOVERY_STRATEGIES, "none"),
        works=False,
        keys=_JOB_RECOVERY,
        open=True,
    ),
    "image_id": Key(
        ("text", "map"),
        "Image of the nodes; `docker:<image>` is a container image. A map gives each region its own; `docker` in it is "
        "the container image that runs on the machines.",
        "image_id: docker:ubuntu:24.04",
        examples=("image_id: {us-east-1: ami-0123, us-west-2: ami-4567}",),
        values=Key(("text",), example="us-east-1: ami-0123"),
    ),
    "ports": Key(
        ("integer", "text", "list"),
        "Ports to open on the head: one, a range, or a list of them.",
        "ports: [8080, 9000-9010]",
        examples=("ports: 8080", "ports: 8080,9000-9010"),
        items=Key(("integer", "text"), example="- 8080"),
    ),
    "labels": Key(
        ("map",),
        "Labels of the machines.",
        "labels: {team: vision}",
        values=TEXT,
    ),
    "disk_size": Key(
        ("integer", "text"),
        f"Disk of each node in GiB, or with a unit ({_SIZES}).",
        "disk_size: 512",
        examples=("disk_size: 1TB",),
        default="256",
    ),
    "disk_tier": Key(
        ("text",), "How fast that disk is.", "disk_tier: high", choices=DISK_TIERS, works=False, default="medium"
    ),
    "network_tier": Key(
        ("text",),
        "How fast the network between nodes is.",
        "network_tier: best",
        choices=NETWORK_TIERS,
        works=False,
        default="standard",
    ),
    "local_disk": Key(
        ("text",),
        "Disks that belong to the machine: kind (`nvme` or `ssd`), GB in all, or both; `+` is at least.",
        "local_disk: nvme:1000+",
        examples=("local_disk: ssd", "local_disk: 500+"),
        works=False,
    ),
    "max_hourly_cost": Key(
        ("number",), "Most dollars that a node may cost in an hour.", "max_hourly_cost: 2.5", above=0
    ),
    "autostop": Key(
        ("boolean", "integer", "text", "map"),
        "Let the machines go when idle: minutes, a duration (`30s`, `10m`, `1h`), `true` (at once), `false` (never), "
        "or a map.",
        "autostop: 10m",
        examples=("autostop: {idle_minutes: 30, down: true}",),
        keys=_AUTOSTOP,
    ),
    "priority": Key(
        ("integer",),
        "Among waiting managed jobs: higher is earlier.",
        "priority: 100",
        least=-1000,
        most=1000,
        works=False,
        default="0",
    ),
    "priority_class": Key(
        ("text",), "Name of a priority that the scheduler of a cluster knows.", "priority_class: high", works=False
    ),
    "volumes": Key(
        ("list",),
        "Disks of GCP or Azure that the machines get.",
        "volumes: [{path: /mnt/data, name: my-disk}]",
        items=Key(("map",), example="- path: /mnt/data", keys=_VOLUME, open=True),
    ),
    "cloud": Key(("text",), "The first part of `infra`.", "cloud: aws", instead="infra: <cloud>/<region>/<zone>"),
    "region": Key(
        ("text",), "The second part of `infra`.", "region: us-east-1", instead="infra: <cloud>/<region>/<zone>"
    ),
    "zone": Key(("text",), "The third part of `infra`.", "zone: us-east-1a", instead="infra: <cloud>/<region>/<zone>"),
    "ephemeral_storage": Key(
        ("integer", "text"), "Does nothing any more.", "ephemeral_storage: 100", instead="disk_size: 512"
    ),
    "_no_missing_accel_warnings": Key(
        ("boolean",), "Written by tools: the accelerator was not chosen by name.", "_no_missing_accel_warnings: true"
    ),
    "_docker_login_config": Key(
        ("map",),
        "Written by tools: how to log in to a container registry.",
        "_docker_login_config: {username: me, password: '...', server: ghcr.io}",
        works=False,
        keys={
            "username": Key(("text",), example="username: me", needed=True),
            "password": Key(("text",), example="password: '...'", needed=True, secret=True),
            "server": Key(("text",), example="server: ghcr.io", needed=True),
        },
    ),
    "_docker_username_for_runpod": Key(
        ("text",), "Written by tools: whose images RunPod may pull.", "_docker_username_for_runpod: ann"
    ),
    "_is_image_managed": Key(
        ("boolean",), "Written by tools: the image is deleted with the cluster.", "_is_image_managed: true"
    ),
    "_requires_fuse": Key(("boolean",), "Written by tools: a bucket is mounted.", "_requires_fuse: true"),
    "_cluster_config_overrides": Key(
        ("map",),
        "Written by tools: the task's `config` for this candidate.",
        "_cluster_config_overrides: {kubernetes: {enable_docker: true}}",
        keys={key: child for key, child in CONFIG.items() if key != "hooks"},
    ),
}


def _one_accelerator(wish: str | Mapping[str, object]) -> None:
    if isinstance(wish, Mapping) and len(wish) > 1:
        raise ValueError(f"must name one accelerator, not {len(wish)}: write a candidate for each")


_ONE_ACCELERATOR = {
    key: _CANDIDATE[key]._replace(
        forms=("text", "map"), items=None, check=_one_accelerator, examples=(f"{key}: {{A100: 8}}",)
    )
    for key in ("accelerators", "gpus")
}
_ITEM = Key(("map",), example="- infra: docker", keys={**_CANDIDATE, **_ONE_ACCELERATOR})

RESOURCES = {
    **_CANDIDATE,
    "any_of": Key(
        ("list",),
        "Candidates: each is the keys beside it, changed by its own; the cheapest that can be had is taken.",
        "any_of: [{infra: local}, {infra: docker}]",
        items=_ITEM,
    ),
    "ordered": Key(
        ("list",),
        "As `any_of`, but the first that can be had is taken.",
        "ordered: [{infra: ssh/rack}, {infra: docker}]",
        items=_ITEM,
    ),
}
