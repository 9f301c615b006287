"""What happens during a run, as data: the driver sends these to whoever listens (the terminal, a log, a test)."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

PHASES = (
    "plan",
    "provision",
    "connect",
    "setup",
    "sync",
    "container",
    "ansible",
    "submit",
    "stop",
    "terminate",
    "check",
)
"""Words for a phase, in the order in which a launch goes through them."""


@dataclass(frozen=True, slots=True)
class Event:
    """Root of the family; `at` is Unix seconds."""

    at: float

    def to_record(self) -> dict[str, Any]:
        """The event as JSON-able data, with its kind."""
        return {"event": type(self).__name__, **asdict(self)}


@dataclass(frozen=True, slots=True)
class PhaseStarted(Event):
    """A phase began on `total` nodes (0: it is not about nodes)."""

    phase: str
    cluster: str
    total: int = 0


@dataclass(frozen=True, slots=True)
class PhaseProgress(Event):
    """`done` of `total` nodes are through the phase."""

    phase: str
    cluster: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class TransferProgress(Event):
    """So much of the trees that are on their way to `nodes` nodes is there or was there before; not kept in the run."""

    cluster: str
    nodes: int
    files: int
    bytes: int
    all_files: int
    all_bytes: int


@dataclass(frozen=True, slots=True)
class PhaseEnded(Event):
    """The phase is over after `seconds`; `skipped` when nothing had to be done."""

    phase: str
    cluster: str
    seconds: float
    ok: bool = True
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Attempt(Event):
    """A place was tried and did not serve: where, the error's code and sentence, how long it took."""

    place: str
    code: str
    message: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Note(Event):
    """One sentence for the user (what is waited for, what was chosen and why)."""

    text: str


@dataclass(frozen=True, slots=True)
class Output(Event):
    """Lines that the user's own Ansible content printed."""

    text: str


@dataclass(frozen=True, slots=True)
class Reported(Event):
    """A fact that a play reported: kind and data as in docs/concepts/contracts.md, section 2."""

    kind: str
    host: str
    data: Any


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """A play failed on a host, with the record of the error."""

    host: str
    error: Mapping[str, Any] = field(default_factory=dict)


Listener = Callable[[Event], None]
