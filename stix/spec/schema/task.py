"""The keys of a task."""

from collections.abc import Mapping

from stix.spec.schema.config import CONFIG
from stix.spec.schema.key import TEXT, Key
from stix.spec.schema.resources import RESOURCES
from stix.spec.schema.service import POOL, SERVICE
from stix.spec.schema.storage import STORAGE
from stix.spec.schema.volume import TASK_VOLUME, VOLUME_MOUNT

_DATA = Key(("number",), example="s3://my-bucket/data: 100", least=0)


def _one_name(value: object) -> None:
    if isinstance(value, Mapping) and len(value) > 1:
        raise ValueError("is a map of several secrets: write a list entry for each")


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
                "url": Key(("text",), "Address of the repository.", "url: https://github.com/org/repo", needed=True),
                "ref": Key(("text",), "Branch, tag or commit; default: the default branch.", "ref: main"),
            },
        ),
        "num_nodes": Key(("integer",), "How many nodes.", "num_nodes: 2", least=1, default="1"),
        "resources": Key(
            ("map",), "Where to run and what each node must have.", "resources: {cpus: 4+}", keys=RESOURCES
        ),
        "envs": Key(
            ("map",),
            "Environment variables of setup and run. One without a value must be given by `--env`. `$NAME` and "
            "`${NAME}` in `workdir`, `file_mounts`, `volumes` and `service` are replaced by their values.",
            "envs: {EPOCHS: 10}",
            values=Key(("value",), example="EPOCHS: 10"),
        ),
        "secrets": Key(
            ("map", "list"),
            "As envs, but never shown or stored. One without a value is given by `--secret` or found where "
            "managed_secrets are; a list names only such ones, each as `secrets:NAME`.",
            "secrets: {HF_TOKEN: null}",
            examples=("secrets: [secrets:HF_TOKEN]",),
            values=Key(("value",), example="HF_TOKEN: null", secret=True),
            items=Key(("text",), example="- secrets:HF_TOKEN"),
        ),
        "managed_secrets": Key(
            ("list",),
            "Secrets that are kept elsewhere, in Ansible vaults, the environment or a password manager: names, perhaps "
            "with a scope (`personal.`, `workspace.`, `global.`), or maps that say where one appears as a file.",
            "managed_secrets: [{HF_TOKEN: {mount_path: ~/.cache/token}}]",
            items=Key(
                ("text", "map"),
                example="- HF_TOKEN",
                check=_one_name,
                values=Key(
                    ("map",),
                    example="HF_TOKEN: {mount_path: ~/.cache/token}",
                    keys={
                        "mount_path": Key(
                            ("text",), "Where it appears as a file while the job runs.", "mount_path: ~/.cache/token"
                        )
                    },
                ),
            ),
        ),
        "file_mounts": Key(
            ("map",),
            "What comes to the nodes: path on the node, then a local path, the address of a bucket (`s3://`, `gs://`, "
            "`r2://`, `https://<account>.blob.core.windows.net/`, `cos://`, `oci://`, `nebius://`, `cw://`, `hf://`), "
            "or a bucket as a map.",
            "file_mounts: {~/data: ./data}",
            examples=("file_mounts: {/data: {source: s3://my-bucket, mode: COPY}}",),
            values=Key(("text", "map"), example="~/data: ./data", keys=STORAGE.keys),
        ),
        "setup": Key(("text",), "Commands to run on every node before the first run.", "setup: pip install torch"),
        "run": Key(("text",), "Commands to run on every node.", "run: python train.py"),
        "volumes": Key(
            ("map",),
            "Volumes to mount: path on the node, then a volume's name or a map.",
            "volumes: {/mnt/data: data}",
            examples=("volumes: {/mnt/cache: {size: 100Gi}}",),
            values=TASK_VOLUME,
        ),
        "service": SERVICE,
        "pool": POOL,
        "inputs": Key(
            ("map",),
            "The one address that is read, and how many GiB: so that the cost of moving them counts.",
            "inputs: {s3://my-bucket/data: 100}",
            values=_DATA,
            most=1,
        ),
        "outputs": Key(
            ("map",),
            "The same for what is left behind.",
            "outputs: {gs://my-bucket/model: 2.5}",
            values=_DATA,
            most=1,
        ),
        "config": Key(
            ("map",),
            "Settings for this task only.",
            "config: {docker: {run_options: [--shm-size=8g]}}",
            keys=CONFIG,
            open=True,
        ),
        "event_callback": Key(
            ("text",), "Commands to run when the task's state changes.", "event_callback: ./notify.sh", works=False
        ),
        "api_server_access": Key(
            ("boolean",),
            "Whether the job may start others.",
            "api_server_access: false",
            default="true",
            works=False,
        ),
        "volume_mounts": Key(
            ("list",), "Volumes as SkyPilot's own tools found them; handed on.", items=VOLUME_MOUNT, works=False
        ),
        "file_mounts_mapping": Key(
            ("map",), "What SkyPilot's own tools uploaded as what; handed on.", values=TEXT, works=False
        ),
        "_metadata": Key(("map",), "What SkyPilot's own tools keep in a task file; handed on."),
    },
)
"""The task file itself."""
