"""What a test proves, as rows of docs/reference/conformance.md, and where a row does not apply."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Row(NamedTuple):
    """A sentence, and the ability that a cloud needs for it; empty: every cloud has to."""

    says: str
    needs: str = ""


def proves(*rows: Row | str) -> Callable[[Any], Any]:
    """Mark a test with the rows that it proves."""

    def mark(test: Any) -> Any:
        test.rows = tuple(row if isinstance(row, Row) else Row(row) for row in rows)
        return test

    return mark


def tests_of(suite: type) -> dict[str, tuple[Row, ...]]:
    """The tests of a suite in the order they stand there, with what they prove."""
    found: dict[str, tuple[Row, ...]] = {}
    for base in reversed(suite.__mro__):
        found |= {name: test.rows for name, test in vars(base).items() if hasattr(test, "rows")}
    return found


def applies(rows: tuple[Row, ...], cannot: dict[str, str]) -> bool:
    """Whether a cloud has to prove anything of a test."""
    return any(row.needs not in cannot for row in rows)
