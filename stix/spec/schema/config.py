"""The keys of a task's `config`."""

from stix.spec.schema.key import TEXT, Key, later

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
    **later(*"nvidia_gpus ssh kubernetes azure gcp vast slurm active_workspace hooks".split()),
}
