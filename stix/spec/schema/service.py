"""The keys of a service and of a pool."""

from collections.abc import Mapping

from stix.model.service import LOAD_BALANCING, SPOT_PLACERS
from stix.spec.schema.key import TEXT, Key


def _plain(value: object) -> None:
    """What is posted becomes JSON."""
    if isinstance(value, Mapping):
        for entry in value.values():
            _plain(entry)
    elif isinstance(value, list):
        for entry in value:
            _plain(entry)
    elif value is not None and not isinstance(value, str | bool | int | float):
        raise ValueError(f"cannot hold {value}, which is no JSON; write it in quotes")


_PROBE = {
    "path": Key(("text",), "Path that is asked; begins with a slash.", "path: /health", needed=True),
    "initial_delay_seconds": Key(
        ("number",),
        "Seconds in which failures do not count yet.",
        "initial_delay_seconds: 600",
        default="1200",
    ),
    "timeout_seconds": Key(("number",), "Seconds to wait for an answer.", "timeout_seconds: 30", default="15"),
    "endpoint_probe_interval_seconds": Key(
        ("number",), "Seconds between two questions.", "endpoint_probe_interval_seconds: 30", default="10"
    ),
    "consecutive_failure_threshold_timeout": Key(
        ("number",),
        "Seconds of failures that end a replica.",
        "consecutive_failure_threshold_timeout: 300",
    ),
    "post_data": Key(
        ("text", "map"),
        "What is posted: a map, or text that is JSON. Without it the path is asked by GET.",
        "post_data: {prompt: hello}",
        check=_plain,
    ),
    "headers": Key(("map",), "Headers of the question.", "headers: {Authorization: Bearer $TOKEN}", values=TEXT),
}

_DELAYS = {
    "upscale_delay_seconds": Key(
        ("number",), "Seconds that more are needed before more are started.", "upscale_delay_seconds: 300"
    ),
    "downscale_delay_seconds": Key(
        ("number",), "Seconds that fewer are needed before some are ended.", "downscale_delay_seconds: 1200"
    ),
}

_REPLICA_POLICY = {
    "min_replicas": Key(("integer",), "Never fewer than these.", "min_replicas: 1", least=0, needed=True),
    "max_replicas": Key(
        ("integer",), "Never more than these. Needs `target_qps_per_replica`.", "max_replicas: 3", least=0
    ),
    "num_overprovision": Key(("integer",), "So many more than are needed.", "num_overprovision: 1", least=0),
    "target_qps_per_replica": Key(
        ("number", "map"),
        "Queries per second that one replica is to answer; or by accelerator, with `load_balancing_policy: "
        "instance_aware_least_load`. Needs `max_replicas`.",
        "target_qps_per_replica: 2.5",
        examples=("target_qps_per_replica: {H100:1: 10, A100:1: 5}",),
        least=0,
        values=Key(("number",), example="H100:1: 10", least=0),
    ),
    "dynamic_ondemand_fallback": Key(
        ("boolean",),
        "Start on-demand replicas in place of spot ones that are taken away.",
        "dynamic_ondemand_fallback: true",
    ),
    "base_ondemand_fallback_replicas": Key(
        ("integer",), "So many replicas are always on demand.", "base_ondemand_fallback_replicas: 1", least=0
    ),
    "spot_placer": Key(
        ("text",), "How spot replicas are spread over places.", "spot_placer: dynamic_fallback", choices=SPOT_PLACERS
    ),
    **_DELAYS,
}

POOL = Key(
    ("map",),
    "A pool of workers that jobs are sent to: the task prepares each of them.",
    "pool: {workers: 2}",
    keys={
        "workers": Key(("integer",), "How many.", "workers: 2", least=0),
        "min_workers": Key(("integer",), "Never fewer than these. Needs `max_workers`.", "min_workers: 1", least=0),
        "max_workers": Key(("integer",), "Never more than these.", "max_workers: 8", least=0),
        "queue_length_threshold": Key(
            ("integer",),
            "Jobs that wait before the pool grows. Needs `max_workers`.",
            "queue_length_threshold: 2",
            least=1,
            default="1",
        ),
        "upscale_delay_seconds": Key(
            ("number",), "Seconds that more are needed before more are started.", "upscale_delay_seconds: 60", least=0
        ),
        "downscale_delay_seconds": Key(
            ("number",), "Seconds that fewer are needed before some are ended.", "downscale_delay_seconds: 600", least=0
        ),
    },
    works=False,
)

SERVICE = Key(
    ("map",),
    "Run the task as a service with one endpoint and several replicas.",
    "service: {readiness_probe: /health, replicas: 2}",
    keys={
        "readiness_probe": Key(
            ("text", "map"),
            "How a replica shows that it is ready: a path, or a map.",
            "readiness_probe: /health",
            keys=_PROBE,
            default="/",
        ),
        "replicas": Key(("integer",), "How many; in place of `replica_policy`.", "replicas: 2", least=0, default="1"),
        "replica_policy": Key(
            ("map",),
            "How many, and what changes their number.",
            "replica_policy: {min_replicas: 1, max_replicas: 3, target_qps_per_replica: 2}",
            keys=_REPLICA_POLICY,
        ),
        "ports": Key(
            ("integer",),
            "Where replicas answer; default: the port of `resources`.",
            "ports: 8080",
            least=1,
            most=65535,
        ),
        "load_balancing_policy": Key(
            ("text",),
            "How requests are spread over replicas.",
            "load_balancing_policy: round_robin",
            choices=LOAD_BALANCING,
        ),
        "load_balancer": Key(
            ("map",),
            "Settings of the endpoint.",
            "load_balancer: {stream_timeout_seconds: 300}",
            keys={
                "stream_timeout_seconds": Key(
                    ("number",), "Seconds that an answer may pause.", "stream_timeout_seconds: 300", default="120"
                )
            },
        ),
        "tls": Key(
            ("map",),
            "Encrypt the endpoint.",
            "tls: {keyfile: ./key.pem, certfile: ./cert.pem}",
            keys={
                "keyfile": Key(("text",), "Path of the private key.", "keyfile: ./key.pem", needed=True),
                "certfile": Key(("text",), "Path of the certificate.", "certfile: ./cert.pem", needed=True),
            },
        ),
        "pool": POOL,
        "workers": Key(("integer",), "As `replicas`; the number of workers beside `pool`.", "workers: 2", least=0),
    },
    works=False,
)
