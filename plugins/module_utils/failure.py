"""A failure as data: what `stix_error` in a task result holds."""

from ansible_collections.stix.core.plugins.module_utils.error_codes import ERROR_CODES


class Failure(Exception):
    """Raised anywhere in our plugins; becomes a failed result with a `stix_error`.

    Args:
        code: one of `ERROR_CODES`.
        message: one sentence that says what is wrong.
        hint: what to do about it; may be empty.
        details: JSON-able facts.
        retryable: whether the same run may succeed if it is simply repeated.
    """

    def __init__(self, code, message, hint="", details=None, retryable=False):
        if code not in ERROR_CODES:
            raise ValueError("unknown error code %r" % (code,))
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = dict(details or {})
        self.retryable = retryable

    @classmethod
    def from_record(cls, record):
        """The failure that a record describes; a record with an unknown code becomes `internal`."""
        code = record.get("code")
        return cls(
            code if code in ERROR_CODES else "internal",
            record.get("message") or "no reason was given",
            hint=record.get("hint") or "",
            details=record.get("details"),
            retryable=bool(record.get("retryable", False)),
        )

    def record(self):
        """The failure as JSON-able data."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "retryable": self.retryable,
            "details": self.details,
        }

    def result(self):
        """The failure as a task result."""
        return {"failed": True, "msg": self.message, "stix_error": self.record()}
