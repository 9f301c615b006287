"""One thing that carries our tags in an account, as a survey reports it (docs/concepts/contracts.md, section 3)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Thing(NamedTuple):
    """A machine, disk, address, ... Times are Unix seconds, 0: unknown or never.

    Attributes:
        kind: what it is; `unreachable` is a region that did not answer.
        run: the run that made it.
        deadline: when nobody wants its cluster any more.
        shared: it stays by design while others may use it.
        instance: of a machine, what `query` reports of it.
    """

    kind: str
    id: str
    name: str = ""
    region: str = ""
    zone: str = ""
    state: str = ""
    cluster: str = ""
    cluster_id: str = ""
    user: str = ""
    run: str = ""
    created_at: float = 0
    deadline: float = 0
    shared: bool = False
    details: Mapping[str, Any] = NOTHING
    instance: Mapping[str, Any] | None = None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Thing":
        """A thing as a role reported it; words that are missing or null are empty."""
        known = {name: record[name] for name in cls._fields if record.get(name) is not None}
        return cls(**known)

    def to_record(self) -> dict[str, Any]:
        """JSON-able, the inverse of `from_record`."""
        return self._asdict() | {"details": dict(self.details), "instance": dict(self.instance or {}) or None}

    @property
    def is_machine(self) -> bool:
        """Whether it is a machine that is there, running or not."""
        return self.kind == "machine" and self.state != "gone"

    def about(self, word: str) -> Any:
        """A detail of the thing, or of the instance that it is; None: not known."""
        inner = (self.instance or {}).get("details") or {}
        return self.details.get(word, inner.get(word))
