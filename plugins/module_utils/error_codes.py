"""The closed list of error codes; the same as the keys of `stix.errors.EXIT_STATUS` (a contract test compares them)."""

ERROR_CODES = frozenset(
    """
    usage task.invalid config.invalid
    provision.no_capacity provision.quota provision.auth provision.permission provision.config
    provision.transient provision.unsupported provision.unknown
    node.unreachable node.auth node.host_key node.lost
    setup.python setup.disk_full setup.agent setup.failed
    sync.source sync.disk_full sync.failed
    agent.unreachable agent.protocol
    job.failed job.not_finished job.not_found job.cancelled job.rejected
    cluster.not_found cluster.not_up cluster.busy cluster.mismatch plan.changed
    policy.refused
    secrets.missing runner.failed runner.missing_content timeout interrupted internal
    """.split()
)
"""Codes that `stix_error.code` may hold."""

EVENT_KINDS = frozenset(
    ["instances", "node", "sync", "job", "check", "jobs", "resources", "attempts", "buckets", "volumes", "trouble"]
)
"""Kinds that `stix_event.kind` may hold (docs/concepts/contracts.md, section 2)."""
