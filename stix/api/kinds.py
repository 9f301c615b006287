"""Objects that are given where another kind is meant."""

from typing import TypeVar

from stix.errors import UsageError

T = TypeVar("T")


def need(value: object, kind: type[T], what: str, hint: str = "") -> T:
    """The value, if it is of the kind.

    Args:
        what: a sentence's beginning, such as "a candidate is a stix.Resources".

    Raises:
        UsageError: `task.invalid`, it is not.
    """
    if isinstance(value, kind):
        return value
    raise UsageError("task.invalid", f"{what}, not an object of type {type(value).__name__}", hint=hint)
