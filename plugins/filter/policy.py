"""What breaks a site's rules, for playbooks; `stix` holds its own launches to the same ones (docs/guides/policy.md)."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ansible.errors import AnsibleFilterError

RULES = ("infras", "labels", "images", "max_hourly_cost", "autostop", "max_lifetime_minutes")
ALIASES = {"k8s": "kubernetes", "digitalocean": "do"}

Found = tuple[str, str, str]
"""Rule, what is wanted, what is allowed."""


def policy_breach(
    rules: Mapping[str, Any],
    infra: str = "",
    nodes: Sequence[Mapping[str, Any]] = (),
    hourly_cost: float = -1,
    autostop: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """The first rule that is broken, C(rule), C(wanted), C(allowed) and C(message); empty where none is.

    Args:
        infra: `cloud` or `cloud/region`.
        nodes: as `stix_wanted_nodes`, of which `labels` and `image_id` count.
        hourly_cost: dollars of all nodes; below 0: not known, so that it is not looked at.
        autostop: as `skylet_autostop`; None: not known.
    """
    if unknown := sorted(set(rules) - set(RULES)):
        raise AnsibleFilterError(f"stix_policy has no rule {unknown[0]!r}; there are: {', '.join(RULES)}")
    for rule, wanted, allowed in _breaches(rules, infra, nodes, float(hourly_cost), autostop):
        message = f"policy {rule}: {wanted}, allowed is {allowed}"
        return {"rule": rule, "wanted": wanted, "allowed": allowed, "message": message}
    return {}


def _breaches(
    rules: Mapping[str, Any],
    infra: str,
    nodes: Sequence[Mapping[str, Any]],
    hourly_cost: float,
    autostop: Mapping[str, Any] | None,
) -> Iterator[Found]:
    given = {name: value for name, value in rules.items() if value is not None}
    if "infras" in given and not any(_is_in(infra.lower(), str(each).lower()) for each in given["infras"]):
        yield "infras", infra, ", ".join(map(str, given["infras"]))
    for node in nodes:
        yield from _labels(given, node.get("labels") or {})
        yield from _image(given, str(node.get("image_id") or ""))
    most = given.get("max_hourly_cost")
    if most is not None and hourly_cost > float(most):
        yield "max_hourly_cost", f"${hourly_cost:,.2f} an hour on {infra}", f"${float(most):,.2f} an hour"
    if autostop is not None:
        yield from _ends(given, autostop)


def _is_in(infra: str, pattern: str) -> bool:
    cloud, slash, rest = pattern.partition("/")
    cloud = ALIASES.get(cloud, cloud)
    return fnmatchcase(infra, f"{cloud}/{rest}") if slash else fnmatchcase(infra.partition("/")[0], cloud)


def _labels(rules: Mapping[str, Any], has: Mapping[str, Any]) -> Iterator[Found]:
    wanted = rules.get("labels") or {}
    for name, values in (wanted if isinstance(wanted, Mapping) else dict.fromkeys(wanted)).items():
        patterns = [values] if isinstance(values, str) else values
        allowed = f"{name}: {' or '.join(patterns) if patterns else 'anything'}"
        if has.get(name) is None:
            yield "labels", f"no label {name!r}", allowed
        elif patterns is not None and not any(fnmatchcase(str(has[name]), each) for each in patterns):
            yield "labels", f"label {name}: {has[name]}", allowed


def _image(rules: Mapping[str, Any], image: str) -> Iterator[Found]:
    patterns = [str(each).removeprefix("docker:") for each in rules.get("images") or ()]
    if image and "images" in rules and not any(fnmatchcase(image.removeprefix("docker:"), each) for each in patterns):
        yield "images", f"image {image}", ", ".join(map(str, rules["images"]))


def _ends(rules: Mapping[str, Any], autostop: Mapping[str, Any]) -> Iterator[Found]:
    """What somebody said that goes beyond; what nobody said is set (`policy_autostop`)."""
    idle, lifetime = autostop.get("idle_minutes"), autostop.get("lifetime_minutes")
    most = rules.get("autostop")
    if most is not None and idle is not None:
        allowed = f"{float(most['idle_minutes']):g} min idle"
        if float(idle) > float(most["idle_minutes"]):
            yield "autostop", f"{float(idle):g} min idle", allowed
        elif float(idle) < 0 and lifetime is None:
            yield "autostop", "no autostop", allowed
    longest = rules.get("max_lifetime_minutes")
    if longest is not None and lifetime is not None and float(lifetime) > float(longest):
        yield "max_lifetime_minutes", f"{float(lifetime):g} min", f"{float(longest):g} min"


def policy_autostop(autostop: Mapping[str, Any], rules: Mapping[str, Any], stops: bool = True) -> dict[str, Any]:
    """An autostop as rules leave it: nothing in it goes beyond them.

    Args:
        stops: whether the machines can stop; where they cannot, what is set here removes them.
    """
    setting, idle = dict(autostop), autostop.get("idle_minutes")
    idle = -1.0 if idle is None else float(idle)
    most, longest, said = rules.get("autostop"), rules.get("max_lifetime_minutes"), idle >= 0
    if most is not None:
        setting["idle_minutes"] = min(idle, float(most["idle_minutes"])) if said else float(most["idle_minutes"])
        setting["down"] = bool(setting.get("down") or most.get("down"))
    if longest is not None:
        has = setting.get("lifetime_minutes")
        setting["lifetime_minutes"] = float(longest) if has is None else min(float(has), float(longest))
    if setting != autostop and not (said or stops):
        setting["down"] = True
    return setting


class FilterModule:
    """The filter by its name."""

    def filters(self) -> dict[str, Any]:
        """Names as they are used in templates."""
        return {"policy_breach": policy_breach, "policy_autostop": policy_autostop}
