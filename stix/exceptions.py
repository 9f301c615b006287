"""`stix.exceptions`: our errors, and those of SkyPilot's names that mean one of them.

Every error is raised as the narrowest class here, so `except stix.exceptions.ClusterDoesNotExist` catches what it
catches with SkyPilot, and `except stix.exceptions.StixError` catches all.
"""

from enum import IntEnum

from stix.errors import (
    ClusterDoesNotExist,
    ClusterError,
    ClusterNotUpError,
    ClusterSetUpError,
    InvalidCloudConfigs,
    InvalidCloudCredentials,
    InvalidSkyPilotConfigError,
    JobError,
    NodeError,
    NotSupportedError,
    ProvisionError,
    ResourcesMismatchError,
    ResourcesUnavailableError,
    StixError,
    UsageError,
    UserRequestRejectedByPolicy,
)

__all__ = [
    "ClusterDoesNotExist",
    "ClusterError",
    "ClusterNotUpError",
    "ClusterSetUpError",
    "InvalidCloudConfigs",
    "InvalidCloudCredentials",
    "InvalidSkyPilotConfigError",
    "JobError",
    "JobExitCode",
    "NodeError",
    "NotSupportedError",
    "ProvisionError",
    "ResourcesMismatchError",
    "ResourcesUnavailableError",
    "StixError",
    "UsageError",
    "UserRequestRejectedByPolicy",
]


class JobExitCode(IntEnum):
    """What `tail_logs` answers."""

    SUCCEEDED = 0
    FAILED = 100
    NOT_FINISHED = 101
    NOT_FOUND = 102
    CANCELLED = 103
