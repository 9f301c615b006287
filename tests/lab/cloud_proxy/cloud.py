"""What the proxy and a simulated cloud tell each other: a request, an answer, and what a cloud offers.

A cloud is the class `Cloud` of `tests/lab/NAME/cloud.py`; `CloudProxy("NAME")` starts it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.lab.cloud_machines import Machine
from tests.lab.faults import Faults


@dataclass(frozen=True, slots=True)
class Request:
    """A call: `body` is decoded JSON, a form's fields, text, or None without one."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: `body` is sent as JSON, bytes as they are, None as nothing."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Cloud(Protocol):
    """A cloud of the lab.

    Attributes:
        hosts: what answers for a host; `.example.org` for every host directly below that.
        faults: its fault rules and record of calls; the cloud asks them, since only it knows what a call means.

    Its answers are asked for in many threads at once; whatever it keeps it guards by itself.
    """

    hosts: Mapping[str, Callable[[Request], Answer]]
    faults: Faults

    def __init__(self, slot: int) -> None:
        """One of `slot` 0-7 has addresses of its own: labs of one number are never on this machine at once."""

    def machines(self) -> list[Machine]:
        """Its instances that have a disk, to be followed by containers."""

    def preempt(self, name: str) -> bool:
        """Take a spot machine back; whether there is such a one."""
