"""The suite: every check that a cloud role has to pass, written once.

`class TestAws(Suite): backend = Aws` runs it on a cloud. What a cloud cannot do, by `Backend.cannot`, is not collected
and stands with its reason in docs/reference/conformance.md.
"""

from typing import ClassVar

from tests.conformance.account import Account
from tests.conformance.backend import Backend
from tests.conformance.faults import Faults
from tests.conformance.life import Life
from tests.conformance.rows import applies, proofs_of


class Suite(Life, Faults, Account):
    """All checks; `backend` is the cloud's adapter."""

    backend: ClassVar[type[Backend]]

    def __init_subclass__(cls) -> None:
        """Leave out the tests of which nothing applies."""
        for name, rows in proofs_of(cls).items():
            if not applies(rows, cls.backend.cannot):
                setattr(cls, name, None)
