"""The agent's error: the four fields that every error of stix has."""

from __future__ import annotations

import errno


class AgentError(Exception):
    """An error that goes back to the caller as `{"error": {...}}`.

    Args:
        code: a code of `stix.errors.EXIT_STATUS`.
        message: one sentence that says what is wrong.
        hint: what to do about it.
        details: JSON-able facts.
    """

    def __init__(self, code: str, message: str, hint: str = "", **details: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = details

    def record(self) -> dict[str, object]:
        """The error as JSON-able data."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "details": self.details}


def disk_full(where: str) -> AgentError:
    """The error for a disk (or a quota) that has no room below `where`."""
    return AgentError(
        "setup.disk_full", f"The disk is full on the machine, below {where}", "Make room on the machine.", path=where
    )


def is_disk_full(error: BaseException) -> bool:
    """Whether an exception, from the system or from SQLite, says that there is no room."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    text = str(error)
    return "disk is full" in text or "disk I/O error" in text
