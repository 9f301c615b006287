"""The keys of a service and of a pool."""

from stix.spec.schema.key import later

SERVICE = later(
    *"readiness_probe load_balancer pool replica_policy replicas load_balancing_policy ports tls".split(),
    *"workers min_workers max_workers queue_length_threshold upscale_delay_seconds downscale_delay_seconds".split(),
)
