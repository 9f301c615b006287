"""Places that had nothing a short while ago: they are ranked last until the entry expires. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from stix.model.offer import Blocked, Placement

MINUTES: Mapping[str, float | None] = {
    "provision.no_capacity": 10.0,
    "provision.quota": 30.0,
    "provision.auth": None,
    "provision.permission": None,
}
"""Code -> how long an entry holds. None: until `stix check` finds the account good again, or a create succeeds."""

OF_ACCOUNTS = tuple(code for code, minutes in MINUTES.items() if minutes is None)

_HAD = {"provision.no_capacity": "had no {}", "provision.quota": "had no quota for {}"}


class Skip(NamedTuple):
    """One entry of the list.

    Attributes:
        infra: `cloud`, `cloud/region` or `cloud/region/zone`.
        name: instance type; empty: all of them.
        spot: the kind of price; of all of them False.
        code: why, one of `MINUTES`; `reason` says it in words.
        at, until: Unix seconds; `until` None: it does not expire by itself.
    """

    infra: str
    name: str
    spot: bool
    code: str
    reason: str
    at: float
    until: float | None

    @property
    def blocked(self) -> Blocked:
        """What it means, for `stix.optimize.choose.rank`."""
        return Blocked(self.infra, self.name or None, spot=self.spot if self.name else None)

    def told(self, now: float) -> str:
        """`aws/us-east-1/us-east-1a had no g5.xlarge 3 minutes ago`."""
        what = f"{self.name}{' (spot)' if self.spot else ''}"
        did = _HAD.get(self.code, "refused the account" if self.code == "provision.auth" else "lacked a permission")
        return f"{self.infra} {did.format(what)} {_ago(now - self.at)}"

    def to_dict(self, now: float) -> dict[str, Any]:
        """JSON-able; `seconds_left` is None where it does not expire."""
        left = None if self.until is None else max(0.0, self.until - now)
        return {**self._asdict(), "seconds_left": left}


def _ago(seconds: float) -> str:
    minutes = int(seconds // 60)
    if minutes < 1:
        return "just now"
    if minutes < 120:
        return f"{minutes} minute{'' if minutes == 1 else 's'} ago"
    return f"{minutes // 60} hours ago"


def entry(blocked: Blocked, code: str, reason: str, at: float) -> Skip | None:
    """The entry for a failure at time `at`; None where it says nothing about later launches.

    Machines that have names and candidates that asked too much say nothing: only instance types and accounts do.
    """
    if code not in MINUTES or blocked.candidate is not None or (blocked.name is None and code not in OF_ACCOUNTS):
        return None
    minutes = MINUTES[code]
    until = None if minutes is None else at + 60 * minutes
    return Skip(blocked.infra, blocked.name or "", bool(blocked.name and blocked.spot), code, reason, at, until)


def concerning(skips: Iterable[Skip], places: Sequence[Placement]) -> list[Skip]:
    """The entries that any of these places would fall under."""
    return [skip for skip in skips if any(_falls_under(place, skip) for place in places)]


def _falls_under(place: Placement, skip: Skip) -> bool:
    first = place.offers[0]
    if skip.name and (first.name, first.spot) != (skip.name, skip.spot):
        return False
    where = [place.infra, *(f"{place.infra}/{zone}" for zone in first.zones)]
    return any(each == skip.infra or each.startswith(f"{skip.infra}/") for each in where)


def is_disproved(skip: Skip, infra: str, name: str, spot: bool, zones: Iterable[str]) -> bool:
    """Whether a create that went well at `infra` (`cloud/region`), in these zones, shows that an entry is wrong."""
    if skip.name and (skip.name, skip.spot) != (name, spot):
        return False
    where = [infra, *(f"{infra}/{zone}" for zone in zones)]
    return skip.infra in where or infra.startswith(f"{skip.infra}/")
