"""The keys of a volume: of its own document, and where a task mounts one."""

from stix.model.storage import ACCESS_MODES, VOLUME_TYPES
from stix.spec.schema.key import TEXT, Key

SIZE = "[0-9]+(?:[kmgtp][bi]|[KMGTP][BI]|[KMGTP][bi])?"
"""A number of GiB, or a number with a unit such as Gi or TB."""

_LIKE_SIZE = "a number of GiB or a number with a unit such as 100Gi"
_SUB_PATH = "[a-zA-Z0-9._-][a-zA-Z0-9./_-]*"


def _stays_inside(value: object) -> None:
    if isinstance(value, str) and ".." in value.split("/"):
        raise ValueError("must stay inside the volume, without '..'")


_CONFIG = {
    "storage_class_name": Key(("text",), "The storage class of a `k8s-pvc`.", "storage_class_name: fast"),
    "access_mode": Key(
        ("text",),
        "How many nodes may mount a `k8s-pvc`, and for what.",
        "access_mode: ReadWriteMany",
        choices=ACCESS_MODES,
    ),
    "namespace": Key(("text",), "The namespace of a `k8s-pvc`.", "namespace: default"),
    "host_path": Key(
        ("text",), "The folder on the machine, of a `hostpath` or `k8s-hostpath`.", "host_path: /mnt/data"
    ),
    "cleanup_on_deletion": Key(
        ("boolean",), "Delete that folder with the volume.", "cleanup_on_deletion: true", works=False
    ),
    "disk_type": Key(("text",), "The cloud's own word for the kind of disk.", "disk_type: gp3"),
    "snapshot": Key(
        ("text",),
        "The snapshot that a new volume is made from: its name, or the cloud's own id of somebody's.",
        "snapshot: data-20261129-081500",
    ),
    "snapshot_class_name": Key(
        ("text",), "The class of snapshots that are made of a `k8s-pvc`.", "snapshot_class_name: fast"
    ),
    "driver": Key(("text",), "The engine's driver of a `docker-volume`.", "driver: local"),
    "driver_opts": Key(("map",), "Options of that driver.", "driver_opts: {type: nfs}"),
}

VOLUME = Key(
    ("map",),
    "A volume that outlives clusters.",
    "{name: data, type: k8s-pvc, size: 100Gi}",
    keys={
        "name": Key(("text",), "Its name.", "name: data", needed=True),
        "type": Key(("text",), "What it is.", "type: k8s-pvc", choices=VOLUME_TYPES, needed=True),
        "infra": Key(
            ("text",),
            "Where it lies: a cloud, cloud/region, cloud/region/zone or a context of Kubernetes.",
            "infra: k8s/my-context",
        ),
        "size": Key(
            ("text", "integer"),
            "Its size in GiB, or with a unit. A new one needs it.",
            "size: 100Gi",
            pattern=SIZE,
            like=_LIKE_SIZE,
            least=1,
        ),
        "resource_name": Key(
            ("text",),
            "What the infrastructure calls it, if not as stix names it.",
            "resource_name: vol-0123456789abcdef0",
        ),
        "use_existing": Key(("boolean",), "Take one that is there instead of making it.", "use_existing: true"),
        "labels": Key(("map",), "Its labels.", "labels: {team: vision}", values=TEXT),
        "config": Key(
            ("map",), "Settings of its type.", "config: {access_mode: ReadWriteMany}", keys=_CONFIG, open=True
        ),
    },
)

TASK_VOLUME = Key(
    ("text", "map"),
    "A volume's name; `{name, sub_path}`; `{size}` of one that goes with the cluster; or `{host_path}`.",
    "/mnt/data: data",
    keys={
        "name": Key(("text",), "The volume's name.", "name: data"),
        "sub_path": Key(
            ("text",),
            "The part of it that is meant.",
            "sub_path: runs/1",
            pattern=_SUB_PATH,
            like="a relative path of letters, digits, dots, dashes and underscores",
            check=_stays_inside,
        ),
        "size": Key(
            ("text", "number"),
            "Of a volume that goes with the cluster: its size in GiB, or with a unit.",
            "size: 100Gi",
        ),
        "type": Key(
            ("text",), "Of a volume that goes with the cluster; default: the cloud's own kind.", "type: k8s-pvc"
        ),
        "labels": Key(("map",), "Of a volume that goes with the cluster.", "labels: {team: vision}", values=TEXT),
        "config": Key(("map",), "Of a volume that goes with the cluster.", "config: {access_mode: ReadWriteMany}"),
        "host_path": Key(("text",), "A folder of the machine.", "host_path: /scratch"),
        "mode": Key(("text",), "How that folder is bound.", "mode: ro", choices=("ro", "rw"), default="ro"),
    },
)

VOLUME_MOUNT = Key(
    ("map",),
    "A volume as SkyPilot's own tools found it.",
    keys={
        "path": Key(("text",), "Where it is mounted."),
        "volume_name": Key(("text",), "Its name."),
        "is_ephemeral": Key(("boolean",), "Whether it goes with the cluster."),
        "sub_path": Key(
            ("text",),
            "The part of it that is meant.",
            pattern=_SUB_PATH,
            like="a relative path of letters, digits, dots, dashes and underscores",
        ),
        "volume_config": Key(
            ("map",),
            "What it is.",
            keys={
                "name": Key(("text",), "Its name.", needed=True),
                "type": Key(("text",), "What it is.", needed=True),
                "cloud": Key(("text",), "The cloud that it lies in.", needed=True),
                "region": Key(("text",), "The region."),
                "zone": Key(("text",), "The zone."),
                "name_on_cloud": Key(("text",), "What the cloud calls it.", needed=True),
                "size": Key(("text",), "Its size in GiB."),
                "config": Key(("map",), "Settings of its type."),
                "labels": Key(("map",), "Its labels.", values=TEXT),
                "id_on_cloud": Key(("text",), "The cloud's id of it."),
            },
            open=True,
            needed=True,
        ),
    },
)
