"""What a site allows (`policy` of the settings): rules, and what breaks them. Pure."""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from stix.errors import StixError
from stix.model.resources import CLOUD_ALIASES, NEVER

Setting = Mapping[str, Any]
"""`{idle_minutes, down, wait_for, lifetime_minutes}`, as of `plan.launch.autostop_setting`."""


class Rule(NamedTuple):
    """One rule of one layer; all that there are hold together.

    Attributes:
        name: a key of `policy`, or `allowed_clouds`.
        origin: where it stands, `/etc/stix/config.yaml:3`.
    """

    name: str
    value: Any
    origin: str


class Breach(NamedTuple):
    """A rule and what goes beyond it, in words."""

    rule: Rule
    wanted: str
    allowed: str

    def of(self, what: str) -> "Breach":
        """The same of a thing that is no cluster."""
        return self._replace(wanted=f"{what}: {self.wanted}")

    @property
    def reason(self) -> str:
        """The whole in one clause."""
        return f"policy {self.rule.name}: {self.wanted}, allowed is {self.allowed}"

    def error(self) -> StixError:
        """The refusal."""
        details = {
            "rule": self.rule.name, "wanted": self.wanted, "allowed": self.allowed, "origin": self.rule.origin,
        }  # fmt: skip
        return StixError("policy.refused", self.reason, hint=f"the rule stands in {self.rule.origin}", details=details)


class Wish(NamedTuple):
    """What rules look at of machines that are to be had.

    Attributes:
        hourly_cost: dollars of all nodes; None: not known.
        priced: whether what is not known costs money.
        images: every image that is named for them.
        labels: of the task and of the cloud's settings.
    """

    infra: str
    hourly_cost: float | None = 0.0
    priced: bool = False
    images: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}


def breach(rules: Sequence[Rule], wish: Wish) -> Breach | None:
    """The first rule that a wish breaks."""
    for rule in rules:
        check = _CHECKS.get(rule.name)
        found = check(rule, wish) if check else None
        if found:
            return found
    return None


def _infra(rule: Rule, wish: Wish) -> Breach | None:
    if any(_is_in(wish.infra, str(pattern)) for pattern in rule.value):
        return None
    return Breach(rule, wish.infra, ", ".join(rule.value))


def bucket_breach(rules: Sequence[Rule], cloud: str, region: str) -> Breach | None:
    """The first rule that a bucket's place breaks; without a region, its cloud alone is looked at."""
    if not region:
        rule = forbidding(rules, cloud)
        return Breach(rule, cloud, ", ".join(rule.value)) if rule else None
    return breach([rule for rule in rules if _CHECKS.get(rule.name) is _infra], Wish(f"{cloud}/{region}"))


def forbidding(rules: Sequence[Rule], cloud: str) -> Rule | None:
    """The first rule by which nothing goes to any part of a cloud."""
    for rule in rules:
        patterns = (
            [str(pattern).partition("/")[0] for pattern in rule.value] if _CHECKS.get(rule.name) is _infra else []
        )
        if patterns and not any(_is_in(cloud, pattern) for pattern in patterns):
            return rule
    return None


def _is_in(infra: str, pattern: str) -> bool:
    """`aws` has all of it, `aws/us-*` some regions; of a context without a name nobody knows which it is."""
    cloud, slash, rest = pattern.lower().partition("/")
    cloud = CLOUD_ALIASES.get(cloud, cloud)
    if not slash:
        return fnmatchcase(infra.lower().partition("/")[0], cloud)
    return fnmatchcase(infra.lower(), f"{cloud}/{rest}")


def _price(rule: Rule, wish: Wish) -> Breach | None:
    allowed = f"${rule.value:,.2f} an hour"
    if wish.hourly_cost is None:
        return Breach(rule, f"{wish.infra} has no known price", allowed) if wish.priced else None
    if wish.hourly_cost <= rule.value:
        return None
    return Breach(rule, f"${wish.hourly_cost:,.2f} an hour on {wish.infra}", allowed)


def _images(rule: Rule, wish: Wish) -> Breach | None:
    patterns = [str(pattern).removeprefix("docker:") for pattern in rule.value]
    for image in wish.images:
        if not any(fnmatchcase(image.removeprefix("docker:"), pattern) for pattern in patterns):
            return Breach(rule, f"image {image}", ", ".join(map(str, rule.value)))
    return None


def _labels(rule: Rule, wish: Wish) -> Breach | None:
    needed = rule.value if isinstance(rule.value, Mapping) else dict.fromkeys(rule.value)
    for name, values in needed.items():
        patterns = [values] if isinstance(values, str) else values
        has = wish.labels.get(name)
        if has is None:
            return Breach(rule, f"no label {name!r}", _values(name, patterns))
        if patterns is not None and not any(fnmatchcase(str(has), pattern) for pattern in patterns):
            return Breach(rule, f"label {name}: {has}", _values(name, patterns))
    return None


def _values(name: str, patterns: Sequence[str] | None) -> str:
    return f"{name}: {' or '.join(patterns) if patterns else 'anything'}"


_CHECKS: dict[str, Callable[[Rule, Wish], Breach | None]] = {
    "infras": _infra,
    "allowed_clouds": _infra,
    "max_hourly_cost": _price,
    "images": _images,
    "labels": _labels,
}


def tightened(
    rules: Sequence[Rule],
    said: Setting | None,
    has: Setting | None = None,
    *,
    stops: bool = True,
    age_minutes: float = 0.0,
) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """The autostop that rules leave: what nobody said is set, what was said and goes beyond is refused.

    Args:
        said: of this launch; None: nothing is said, so a live cluster keeps what it `has`.
        stops: whether machines there can stop; else what is set here removes them.
        age_minutes: how long the cluster's machines run already.

    Returns:
        the setting (None: nothing to change), and a sentence for each rule that set something.

    Raises:
        StixError: `policy.refused`.
    """
    never = {
        "idle_minutes": NEVER.idle_minutes, "down": False, "wait_for": "jobs_and_ssh", "lifetime_minutes": None,
    }  # fmt: skip
    setting = dict(said or has or never)
    setters: list[Rule] = []
    for rule in rules:
        if rule.name not in ("autostop", "max_lifetime_minutes"):
            continue
        if found := _beyond(rule, said) or _too_old(rule, setting, age_minutes):
            raise found.error()
        new = _idle(rule.value, setting) if rule.name == "autostop" else _lifetime(rule.value, setting)
        if new != setting:
            setting = new
            setters.append(rule)
    if setters and said is None and not stops:
        setting["down"] = True
    notes = tuple(f"autostop follows policy {rule.name} ({rule.origin})" for rule in setters)
    return (setting if setters else dict(said) if said else None), notes


def strictest_ends(rules: Sequence[Rule]) -> dict[str, Any]:
    """What the rules of all layers about autostop and lifetime come to, as one `policy`."""
    idle = [rule.value for rule in rules if rule.name == "autostop"]
    lives = [rule.value for rule in rules if rule.name == "max_lifetime_minutes"]
    shortest = min((rule["idle_minutes"] for rule in idle), default=0)
    down = any(rule.get("down") for rule in idle)
    return {
        **({"autostop": {"idle_minutes": shortest, "down": down}} if idle else {}),
        **({"max_lifetime_minutes": min(lives)} if lives else {}),
    }


def _idle(rule: Mapping[str, Any], setting: Mapping[str, Any]) -> dict[str, Any]:
    idle, most = setting["idle_minutes"], rule["idle_minutes"]
    shorter = most if idle < 0 or idle > most else idle
    return {**setting, "idle_minutes": shorter, "down": bool(setting.get("down") or rule.get("down"))}


def _lifetime(most: float, setting: Mapping[str, Any]) -> dict[str, Any]:
    has = setting.get("lifetime_minutes")
    return {**setting, "lifetime_minutes": most if has is None or has > most else has}


def _beyond(rule: Rule, said: Setting | None) -> Breach | None:
    """What somebody said that a rule does not allow."""
    if said is None:
        return None
    idle, lifetime = said["idle_minutes"], said.get("lifetime_minutes")
    if rule.name == "autostop":
        most = f"{rule.value['idle_minutes']:g} min idle"
        if idle < 0 and lifetime is None:
            return Breach(rule, "no autostop", most)
        return Breach(rule, f"{idle:g} min idle", most) if idle > rule.value["idle_minutes"] else None
    if lifetime is not None and lifetime > rule.value:
        return Breach(rule, f"{lifetime:g} min", f"{rule.value:g} min")
    return None


def _too_old(rule: Rule, setting: Mapping[str, Any], age_minutes: float) -> Breach | None:
    """A rule that would end a cluster at once, with all that runs on it."""
    lifetime = setting.get("lifetime_minutes")
    if rule.name != "max_lifetime_minutes" or age_minutes < rule.value or (lifetime or rule.value + 1) <= rule.value:
        return None
    return Breach(rule, f"a cluster that runs for {age_minutes:,.0f} min already", f"{rule.value:g} min")
