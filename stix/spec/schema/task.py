"""The keys of a task."""

from stix.spec.schema.config import CONFIG
from stix.spec.schema.key import Key, later
from stix.spec.schema.resources import RESOURCES
from stix.spec.schema.service import SERVICE
from stix.spec.schema.storage import STORAGE

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
        ),
        "file_mounts": Key(
            ("map",),
            "Files and folders to copy to the nodes: path on the node, then local path.",
            "file_mounts: {~/data: ./data}",
            values=Key(("text",), example="~/data: ./data", keys=STORAGE),
        ),
        "setup": Key(("text",), "Commands to run on every node before the first run.", "setup: pip install torch"),
        "run": Key(("text",), "Commands to run on every node.", "run: python train.py"),
        "config": Key(
            ("map",), "Settings for this task only.", "config: {docker: {run_options: [--shm-size=8g]}}", keys=CONFIG
        ),
        **later("service", keys=SERVICE),
        **later("pool", keys=later("workers")),
        **later("managed_secrets", instead="secrets: {HF_TOKEN: null}"),
        **later(
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
