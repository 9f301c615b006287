"""What a test proves, as rows of docs/reference/conformance.md, and where a row does not apply."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Row(NamedTuple):
    """A sentence, and the abilities that a cloud needs for it, joined by `+`; empty: every cloud has to."""

    says: str
    needs: str = ""


def proves(*rows: Row | str) -> Callable[[Any], Any]:
    """Mark a test with the rows that it proves."""

    def mark(test: Any) -> Any:
        test.rows = tuple(row if isinstance(row, Row) else Row(row) for row in rows)
        return test

    return mark


def proofs_of(suite: type) -> dict[str, tuple[Row, ...]]:
    """The tests of a suite in the order they stand there, with what they prove."""
    found: dict[str, tuple[Row, ...]] = {}
    for base in suite.__mro__:
        found |= {name: test.rows for name, test in vars(base).items() if hasattr(test, "rows")}
    return found


def why_not(row: Row, cannot: dict[str, str]) -> str:
    """Why a row does not apply to a cloud; empty where it does."""
    return next((cannot[word] for word in row.needs.split("+") if word in cannot), "")


def applies(rows: tuple[Row, ...], cannot: dict[str, str]) -> bool:
    """Whether a cloud has to prove anything of a test."""
    return not all(why_not(row, cannot) for row in rows)
