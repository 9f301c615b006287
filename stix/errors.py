"""The one family of errors.

    StixError
    |-- UsageError          usage, *.invalid, policy.refused               exit 2
    |-- ProvisionError      provision.*: the driver steers by these        exit 3, 4, 5 or 1
    |-- NodeError           node.*, setup.*, sync.*, agent.*               exit 1 (5 for refused logins)
    |-- JobError            job.*                                          exit 100-103
    `-- ClusterError        cluster.*                                      exit 1

Every error carries a code from `EXIT_STATUS`, a sentence, a hint (what to do next), details (facts, JSON-able) and
the exit status that the command line ends with. Errors from Ansible arrive as the same four fields; `from_record`
makes them ours.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

EXIT_STATUS: dict[str, int] = {
    "usage": 2,
    "task.invalid": 2,
    "config.invalid": 2,
    "provision.no_capacity": 3,
    "provision.quota": 4,
    "provision.auth": 5,
    "provision.permission": 5,
    "provision.config": 1,
    "provision.transient": 1,
    "provision.unsupported": 1,
    "provision.unknown": 1,
    "node.unreachable": 1,
    "node.auth": 5,
    "node.host_key": 1,
    "node.lost": 1,
    "setup.python": 1,
    "setup.disk_full": 1,
    "setup.agent": 1,
    "setup.failed": 1,
    "sync.source": 2,
    "sync.disk_full": 1,
    "sync.failed": 1,
    "agent.unreachable": 1,
    "agent.protocol": 1,
    "job.failed": 100,
    "job.not_finished": 101,
    "job.not_found": 102,
    "job.cancelled": 103,
    "job.rejected": 1,
    "cluster.not_found": 1,
    "cluster.not_up": 1,
    "cluster.busy": 6,
    "cluster.mismatch": 1,
    "plan.changed": 1,
    "policy.refused": 2,
    "secrets.missing": 2,
    "runner.failed": 1,
    "runner.missing_content": 1,
    "timeout": 6,
    "interrupted": 130,
    "internal": 1,
}
"""Closed list: error code -> exit status of the command line."""


class StixError(Exception):
    """An error a user can act on.

    Args:
        code: a key of `EXIT_STATUS`.
        message: one sentence that says what is wrong.
        hint: what to do about it; may be empty.
        details: JSON-able facts for machines and for `--debug`.
        retryable: whether the same command may succeed if it is simply run again.
    """

    def __new__(cls, code: str, *_: Any, **__: Any) -> "StixError":
        """An error of the narrowest class that the code has, so that callers can catch it by SkyPilot's name."""
        narrow = _NARROW.get(code, cls)
        return super().__new__(narrow if issubclass(narrow, cls) else cls)

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str = "",
        details: Mapping[str, Any] | None = None,
        retryable: bool = False,
    ) -> None:
        if code not in EXIT_STATUS:
            raise ValueError(f"unknown error code {code!r}")
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = dict(details or {})
        self.retryable = retryable

    @property
    def exit_status(self) -> int:
        """Exit status of a command that ends with this error."""
        return EXIT_STATUS[self.code]

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross processes: pools of processes send them back."""
        again = partial(type(self), hint=self.hint, details=self.details, retryable=self.retryable)
        return again, (self.code, self.message)

    def to_record(self) -> dict[str, Any]:
        """The error as JSON-able data: code, message, hint, retryable, details."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "retryable": self.retryable,
            "details": self.details,
        }


class UsageError(StixError):
    """What the user typed or wrote is wrong; nothing was done."""


class ProvisionError(StixError):
    """Machines could not be had here; the code tells the driver whether to try elsewhere."""


class NodeError(StixError):
    """A node, its agent or a transfer to it failed."""


class JobError(StixError):
    """A job is not there, or ended badly."""


class ClusterError(StixError):
    """A cluster is missing, stopped or in somebody else's hands."""


class ResourcesUnavailableError(ProvisionError):
    """No place has the machines, or none lets us have so many."""


class InvalidCloudCredentials(ProvisionError):
    """A cloud does not accept who we are."""


class InvalidCloudConfigs(ProvisionError):
    """A cloud's setup does not allow what was asked."""


class NotSupportedError(ProvisionError):
    """A place cannot do what was asked at all."""


class ClusterSetUpError(NodeError):
    """A node could not be prepared."""


class ClusterDoesNotExist(ClusterError, ValueError):
    """There is no cluster of that name."""


class ClusterNotUpError(ClusterError):
    """The cluster is stopped, or was not finished."""


class ResourcesMismatchError(ClusterError):
    """The cluster has not what the task asks for."""


class InvalidSkyPilotConfigError(UsageError, ValueError):
    """A task or configuration file is wrong."""


class UserRequestRejectedByPolicy(UsageError):
    """The site does not allow what was asked."""


_NARROW: dict[str, type[StixError]] = {
    "provision.no_capacity": ResourcesUnavailableError,
    "provision.quota": ResourcesUnavailableError,
    "provision.auth": InvalidCloudCredentials,
    "provision.config": InvalidCloudConfigs,
    "provision.unsupported": NotSupportedError,
    "setup.python": ClusterSetUpError,
    "setup.disk_full": ClusterSetUpError,
    "setup.agent": ClusterSetUpError,
    "setup.failed": ClusterSetUpError,
    "cluster.not_found": ClusterDoesNotExist,
    "cluster.not_up": ClusterNotUpError,
    "cluster.mismatch": ResourcesMismatchError,
    "task.invalid": InvalidSkyPilotConfigError,
    "config.invalid": InvalidSkyPilotConfigError,
    "policy.refused": UserRequestRejectedByPolicy,
}
"""Codes whose meaning has a name of its own in SkyPilot; the class's name is that name."""

_FAMILIES: dict[str, type[StixError]] = {
    "usage": UsageError,
    "task": UsageError,
    "config": UsageError,
    "policy": UsageError,
    "provision": ProvisionError,
    "node": NodeError,
    "setup": NodeError,
    "sync": NodeError,
    "agent": NodeError,
    "job": JobError,
    "cluster": ClusterError,
}


def from_record(record: Mapping[str, Any]) -> StixError:
    """An error from its record (`to_record`'s shape, or what `stix.core.raise_error` sends); an unknown code becomes
    `internal`."""
    code = record.get("code", "internal")
    if code not in EXIT_STATUS:
        code = "internal"
    family = _FAMILIES.get(code.split(".")[0], StixError)
    details = record.get("details")
    return family(
        code,
        str(record.get("message") or "no reason was given"),
        hint=str(record.get("hint") or ""),
        details=details if isinstance(details, Mapping) else {},
        retryable=bool(record.get("retryable", False)),
    )
