"""The keys of a task's `config`: settings that hold for this task only."""

from stix.spec.schema.key import TEXT, Key
from stix.spec.schema.own_ansible import OWN_ANSIBLE
from stix.spec.schema.pods import KUBERNETES, PODS

HOOK_EVENTS = ("stop", "preemption", "down")
"""What a hook may run before."""

_AWS = {
    "vpc_name": Key(("text",), "The network, by its name tag or id.", "vpc_name: research"),
    "subnet_ids": Key(("list",), "The only subnets that are used.", "subnet_ids: [subnet-0a1b2c3d]", items=TEXT),
    "security_group_name": Key(
        ("text",), "A group that is used as it is, in place of stix's own.", "security_group_name: ours"
    ),
    "use_internal_ips": Key(("boolean",), "Whether machines have no public addresses.", "use_internal_ips: true"),
    "ssh_proxy_command": Key(
        ("text", "map"),
        "How private addresses are reached, for all regions or by region.",
        "ssh_proxy_command: ssh -W %h:%p jump.example.org",
        values=TEXT,
    ),
    "instance_profile": Key(("text",), "The machines' identity, by name or ARN.", "instance_profile: training"),
    "disk_encrypted": Key(("boolean",), "Whether disks are encrypted.", "disk_encrypted: true"),
    "spot_interruption": Key(
        ("text",),
        "What becomes of a spot machine that is taken back.",
        "spot_interruption: stop",
        choices=("terminate", "stop", "hibernate"),
        default="terminate",
    ),
    "image_owners": Key(
        ("list",), "Further accounts whose images a name may find.", 'image_owners: ["123456789012"]', items=TEXT
    ),
    "ssh_user": Key(("text",), "The login of an image that does not tell by its name.", "ssh_user: ubuntu"),
    "labels": Key(("map",), "Tags of everything that is made.", "labels: {team: vision}", values=TEXT),
    "user_data": Key(("text",), "What cloud-init does beside our own, a script or its YAML.", "user_data: '#!/bin/sh'"),
    "extra_volumes": Key(("list",), "Further volumes of each machine.", "extra_volumes: [{size: 100}]"),
    "specific_reservations": Key(
        ("list",), "Capacity reservations or blocks to use, by id.", "specific_reservations: [cr-0a1b2c3d]", items=TEXT
    ),
    "prioritize_reservations": Key(
        ("boolean",), "Whether open reservations are used first.", "prioritize_reservations: true"
    ),
    "use_ssm": Key(("boolean",), "Whether nodes are reached by Session Manager instead of ssh.", "use_ssm: true"),
}

_GCP = {
    "managed_instance_group": Key(
        ("map",),
        "Make the machines as a managed instance group.",
        "managed_instance_group: {run_duration: 36000}",
        keys={
            "run_duration": Key(("integer",), "Seconds that the machines run.", "run_duration: 36000", needed=True),
            "provision_timeout": Key(("integer",), "Seconds to wait for the machines.", "provision_timeout: 900"),
        },
    ),
    "project_id": Key(("text",), "The project.", "project_id: my-project"),
    "enable_gvnic": Key(("boolean",), "Google's virtual network card.", "enable_gvnic: true"),
    "enable_gpu_direct": Key(("boolean",), "GPUs that talk past the CPU.", "enable_gpu_direct: true", works=False),
    "placement_policy": Key(("text",), "How close the machines stand.", "placement_policy: compact"),
    "vpc_name": Key(
        ("text",),
        "The network, perhaps with its project.",
        "vpc_name: my-project/my-vpc",
        pattern="(?:[-a-z0-9]+/)?[-a-z0-9]+",
        like="a network, or project/network, in small letters, digits and dashes",
    ),
    "subnet_names": Key(("text", "list"), "Subnets to choose from.", "subnet_names: [gpu-a, gpu-b]", items=TEXT),
    "use_internal_ips": Key(("boolean",), "Whether machines have no public addresses.", "use_internal_ips: true"),
    "ssh_proxy_command": Key(
        ("text", "map"),
        "How private addresses are reached, for all regions or by region.",
        "ssh_proxy_command: ssh -W %h:%p jump.example.org",
        values=TEXT,
    ),
    "firewall": Key(
        ("boolean",),
        "Whether the network's rules for ssh and for traffic between machines are made.",
        "firewall: false",
    ),
    "service_account": Key(
        ("text",), "The machines' identity.", "service_account: train@my-project.iam.gserviceaccount.com"
    ),
    "spot_interruption": Key(
        ("text",),
        "What becomes of a spot machine that is taken back.",
        "spot_interruption: stop",
        choices=("terminate", "stop"),
        default="terminate",
    ),
    "specific_reservations": Key(
        ("text", "list"),
        "The only reservations that are used, by name or `projects/P/reservations/R`.",
        "specific_reservations: [my-reservation]",
        items=TEXT,
    ),
    "ssh_user": Key(("text",), "Who logs in; made on the machine.", "ssh_user: gcpuser", default="gcpuser"),
    "os_login": Key(
        ("boolean", "text"),
        "Whether OS Login lets the key in; or the e-mail address of the profile that gets the key.",
        "os_login: true",
        default="false",
    ),
    "block_project_ssh_keys": Key(
        ("boolean",),
        "Whether keys of the project's metadata do not log in.",
        "block_project_ssh_keys: false",
        default="true",
    ),
    "metadata": Key(
        ("map",), "Further metadata of the machines.", "metadata: {user-data: '#cloud-config'}", values=TEXT
    ),
    "labels": Key(("map",), "Labels of everything that is made.", "labels: {team: vision}", values=TEXT),
}

_AZURE = {
    "subscription_id": Key(("text",), "The subscription.", "subscription_id: 8d65815f-a5b6-402f-9298-045155da7d74"),
    "auth_source": Key(
        ("text",),
        "Which credentials are used.",
        "auth_source: cli",
        choices=("auto", "env", "credential_file", "cli", "msi"),
        default="auto",
    ),
    "profile": Key(("text",), "The profile of `~/.azure/credentials`.", "profile: work"),
    "cloud": Key(
        ("text",),
        "Which of Azure's clouds it is.",
        "cloud: AzureUSGovernment",
        choices=("AzureCloud", "AzureUSGovernment", "AzureChinaCloud"),
        default="AzureCloud",
    ),
    "resource_group_vm": Key(
        ("text",), "A resource group that exists, in place of one for each cluster.", "resource_group_vm: training"
    ),
    "vnet_name": Key(
        ("text", "map"),
        "The virtual network, by name, group/name or id, for all regions or by region.",
        "vnet_name: shared/research",
        values=TEXT,
    ),
    "vpc_name": Key(("text",), "The same as `vnet_name`.", "vpc_name: research"),
    "subnet_name": Key(("text", "map"), "Its subnet, for all regions or by region.", "subnet_name: nodes", values=TEXT),
    "vnet_range": Key(("text", "map"), "Addresses of a network that is made.", "vnet_range: 10.80.0.0/16", values=TEXT),
    "security_group_name": Key(
        ("text", "map"),
        "A network security group that is used as it is, in place of one for each cluster.",
        "security_group_name: ours",
        values=TEXT,
    ),
    "use_internal_ips": Key(("boolean",), "Whether machines have no public addresses.", "use_internal_ips: true"),
    "ssh_proxy_command": Key(
        ("text", "map"),
        "How private addresses are reached, for all regions or by region.",
        "ssh_proxy_command: ssh -W %h:%p jump.example.org",
        values=TEXT,
    ),
    "managed_identity": Key(
        ("text",), "The machines' identity: `system`, or the id of one that users assign.", "managed_identity: system"
    ),
    "spot_eviction": Key(
        ("text",),
        "What becomes of a spot machine that is taken back.",
        "spot_eviction: Deallocate",
        choices=("Delete", "Deallocate"),
        default="Delete",
    ),
    "custom_data": Key(("text",), "For cloud-init of every machine.", 'custom_data: "#cloud-config"'),
    "security_type": Key(
        ("text",),
        "Whether the firmware checks what it starts, with a virtual TPM.",
        "security_type: TrustedLaunch",
        choices=("TrustedLaunch", "Standard"),
    ),
    "capacity_reservation_group": Key(
        ("text",),
        "Id of a group of reserved capacity that machines are taken from.",
        "capacity_reservation_group: /subscriptions/S/resourceGroups/G/providers/Microsoft.Compute/"
        "capacityReservationGroups/N",
    ),
    "placement_group": Key(
        ("text",),
        "How close the machines stand: compact, or a proximity placement group by group/name or id.",
        "placement_group: compact",
    ),
    "ssh_user": Key(("text",), "The login that is made.", "ssh_user: azureuser", default="azureuser"),
    "labels": Key(("map",), "Tags of everything that is made.", "labels: {team: vision}", values=TEXT),
    "remote_identity": Key(
        ("text", "list"),
        "The identity of the machines, or a list of `cluster pattern: identity`; the first that fits counts.",
        "remote_identity: my-identity",
        least=1,
        items=Key(("map",), example="- train-*: my-identity", values=Key(("text",), least=1), least=1, most=1),
        works=False,
    ),
}

_SLURM = {
    "sbatch_options": Key(
        ("map",),
        "More options for `sbatch`.",
        "sbatch_options: {time: '2:00:00', exclusive: true}",
        values=Key(
            ("text", "number", "boolean"), example="exclusive: true", pattern=r"[^\n]*", like="text of one line"
        ),
        works=False,
    ),
    "quota": Key(
        ("map",),
        "What the job is counted against.",
        "quota: {queue: high, account: vision}",
        keys={
            "queue": Key(("text",), "The quality of service (`--qos`).", "queue: high", least=1),
            "account": Key(("text",), "The account that pays (`--account`).", "account: vision", least=1),
        },
        open=True,
        works=False,
    ),
    "cpu_partition": Key(("text",), "The partition of tasks without GPUs.", "cpu_partition: cpu", works=False),
}

_HOOK = {
    "run": Key(("text",), "Commands to run on the head.", "run: ./save.sh", least=1, most=16 * 1024, needed=True),
    "events": Key(
        ("list",),
        "Before what it runs; all of them when not said.",
        "events: [stop, down]",
        items=Key(("text",), example="- stop"),
        choices=HOOK_EVENTS,
        least=1,
        unique=True,
        default="[stop, preemption, down]",
    ),
    "timeout": Key(("integer",), "Seconds that it may take.", "timeout: 600", least=1, default="3600"),
}

CONFIG = {
    "docker": Key(
        ("map",),
        "Settings of container engines.",
        "docker: {run_options: [--shm-size=8g]}",
        keys={
            "run_options": Key(
                ("text", "list"), "More options for `docker run`.", "run_options: [--shm-size=8g]", items=TEXT
            )
        },
    ),
    "kubernetes": Key(
        ("map",),
        "Settings of Kubernetes.",
        "kubernetes: {provision_timeout: 900}",
        keys=KUBERNETES,
        open=True,
    ),
    "aws": Key(("map",), "Settings of Amazon Web Services.", "aws: {vpc_name: research}", keys=_AWS),
    "ssh": Key(
        ("map",),
        "Settings of pools that SkyPilot runs Kubernetes on; machines of stix have none.",
        "ssh: {provision_timeout: 600}",
        keys=PODS,
        works=False,
    ),
    "slurm": Key(("map",), "Settings of Slurm.", "slurm: {cpu_partition: cpu}", keys=_SLURM, open=True, works=False),
    "gcp": Key(("map",), "Settings of Google Cloud.", "gcp: {enable_gvnic: true}", keys=_GCP),
    "azure": Key(("map",), "Settings of Azure.", "azure: {vnet_name: research}", keys=_AZURE),
    "vast": Key(
        ("map",),
        "Settings of Vast.ai.",
        "vast: {datacenter_only: true}",
        keys={
            "datacenter_only": Key(
                ("boolean",), "Only machines in data centers.", "datacenter_only: true", works=False
            ),
            "create_instance_kwargs": Key(
                ("map",), "More arguments for making a machine.", "create_instance_kwargs: {image: mine}", works=False
            ),
        },
        works=False,
    ),
    "nvidia_gpus": Key(
        ("map",),
        "Settings of NVIDIA's GPUs.",
        "nvidia_gpus: {disable_ecc: true}",
        keys={
            "disable_ecc": Key(
                ("boolean",), "Switch error correction off: more speed, less care.", "disable_ecc: true", works=False
            )
        },
        works=False,
    ),
    "ansible": OWN_ANSIBLE,
    "active_workspace": Key(("text",), "The workspace to launch in.", "active_workspace: research", works=False),
    "hooks": Key(
        ("list",),
        "Commands to run before machines stop or go.",
        "hooks: [{run: ./save.sh, events: [preemption]}]",
        items=Key(("map",), example="- run: ./save.sh", keys=_HOOK),
        most=32,
    ),
}
