"""The states of a job and the exit statuses that stand for them."""

from enum import StrEnum

EXIT_SUCCEEDED = 0
EXIT_FAILED = 100
EXIT_NOT_FINISHED = 101
EXIT_NOT_FOUND = 102
EXIT_CANCELLED = 103


class JobStatus(StrEnum):
    """Where a job is in its life; members are equal to their words."""

    INIT = "INIT"
    PENDING = "PENDING"
    SETTING_UP = "SETTING_UP"
    RUNNING = "RUNNING"
    FAILED_DRIVER = "FAILED_DRIVER"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    FAILED_SETUP = "FAILED_SETUP"
    CANCELLED = "CANCELLED"

    def is_terminal(self) -> bool:
        """Whether the job has ended; it stays in such a state."""
        return self not in _UNFINISHED

    @property
    def exit_code(self) -> int:
        """Exit status of a command that reports this state: 0, 100 (failed), 101 (not finished) or 103 (cancelled)."""
        if not self.is_terminal():
            return EXIT_NOT_FINISHED
        return {JobStatus.SUCCEEDED: EXIT_SUCCEEDED, JobStatus.CANCELLED: EXIT_CANCELLED}.get(self, EXIT_FAILED)


_UNFINISHED = frozenset({JobStatus.INIT, JobStatus.PENDING, JobStatus.SETTING_UP, JobStatus.RUNNING})


def exit_code(status: JobStatus | None) -> int:
    """As `JobStatus.exit_code`; None, a job that is not there, is 102."""
    return EXIT_NOT_FOUND if status is None else status.exit_code
