"""The keys of the first document of a file with several: the head of a pipeline, and of a job group."""

from stix.spec.schema.key import TEXT, Key

DURATION = "[0-9]+[smhdwSMHDW]?"
"""Seconds, or a number with a unit."""

_DURATION = Key(
    ("text", "integer"),
    example="default: 30s",
    pattern=DURATION,
    like="seconds or a number with s, m, h, d or w",
    least=0,
)

_NAME = Key(("text",), "Name of the whole.", "name: train-then-eval", needed=True)

PIPELINE = Key(
    ("map",),
    "The head of a pipeline: tasks that run one after another.",
    keys={
        "name": _NAME,
        "execution": Key(
            ("text",),
            "`serial` (one task after another), or `parallel` for a job group.",
            "execution: serial",
            default="serial",
        ),
    },
)

JOB_GROUP = Key(
    ("map",),
    "The head of a job group: tasks that run side by side.",
    keys={
        "name": _NAME,
        "execution": Key(("text",), "`parallel`.", "execution: parallel", choices=("parallel",), default="parallel"),
        "primary_tasks": Key(
            ("list",),
            "Names of the tasks that count; when they are done the others are ended. Default: all count.",
            "primary_tasks: [trainer]",
            items=TEXT,
        ),
        "termination_delay": Key(
            ("text", "integer", "map"),
            "How long the others may go on after that: for all, or by name (`default`: the rest).",
            "termination_delay: 30s",
            examples=("termination_delay: {default: 30s, replay-buffer: 1m}",),
            pattern=DURATION,
            like="seconds or a number with s, m, h, d or w",
            least=0,
            values=_DURATION,
        ),
        "inter_connection": Key(
            ("boolean",), "Whether the tasks reach one another by name.", "inter_connection: false", default="true"
        ),
        "placement": Key(("text",), "Does nothing any more.", "placement: SAME_INFRA", instead="infra: k8s"),
    },
)
