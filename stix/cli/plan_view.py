"""A launch plan as text: what would be made where, what would be done, what it costs."""

from collections.abc import Mapping
from typing import Any

from stix.cli import output

ACTIONS = {
    "create": "makes cluster {cluster!r}",
    "reuse": "uses cluster {cluster!r} as it is",
    "start": "starts cluster {cluster!r} again",
    "restart": "restarts cluster {cluster!r}",
    "repair": "brings cluster {cluster!r} back in order",
}
SHOWN = 5
"""How many places the table lists; the rest is counted."""


def render(plan: Mapping[str, Any]) -> str:
    """The plan (`LaunchPlan.to_dict()`) as a few aligned lines."""
    blocks = [_headline(plan), _candidates(plan.get("candidates") or []), _facts(plan)]
    return "\n".join(block for block in blocks if block)


def _headline(plan: Mapping[str, Any]) -> str:
    task = plan.get("task") or {}
    name = f"Task {task['name']!r}" if task.get("name") else "This task"
    return f"{name} {ACTIONS.get(plan['action'], plan['action'] + ' {cluster!r}').format(cluster=plan['cluster'])}."


def _candidates(candidates: list[Mapping[str, Any]]) -> str:
    if not candidates:
        return ""
    ranked = sorted(candidates, key=lambda place: not place.get("chosen"))
    columns: dict[str, list[Any]] = {
        "": ["->" if place.get("chosen") else "  " for place in ranked],
        "INFRA": [place.get("infra") for place in ranked],
        "INSTANCE": [place.get("instance") for place in ranked],
        "NODES": [place.get("nodes") for place in ranked],
        "CPUS": [quantity(place.get("cpus")) for place in ranked],
        "MEM(GiB)": [gib(place.get("memory")) for place in ranked],
        "GPUS": [accelerators(place.get("accelerators")) for place in ranked],
        "$/HOUR": [cost(place.get("hourly_cost")) for place in ranked],
        "WHY": [place.get("reason") for place in ranked],
    }
    filled = {head: cells[:SHOWN] for head, cells in columns.items() if any(cells)}
    more = f"\n    {SHOWN} of {len(ranked)} places shown" if len(ranked) > SHOWN else ""
    return output.table(list(filled), zip(*filled.values(), strict=True)) + more


def _facts(plan: Mapping[str, Any]) -> str:
    facts = []
    steps = [f"{step['play']} ({step['reason']})" if step.get("reason") else step["play"] for step in plan["steps"]]
    if steps:
        facts.append("steps:    " + ", ".join(steps))
    upload = plan.get("upload")
    if upload:
        facts.append(f"upload:   {plural(upload['files'], 'file')}, {size(upload['bytes'])}")
    facts.append("autostop: " + autostop(plan.get("autostop")))
    facts += [f"not in:   {each['infra']}: {each['reason']}" for each in plan.get("refusals") or []]
    facts += [f"note:     {note}" for note in plan.get("notes") or []]
    return "\n".join(facts)


def autostop(setting: Mapping[str, Any] | None) -> str:
    """The autostop setting in words: 'stopped after 10 idle minutes, at the latest after 60 minutes'."""
    idle, lifetime = (setting or {}).get("idle_minutes"), (setting or {}).get("lifetime_minutes")
    parts = [f"after {idle} idle minutes"] if idle is not None and idle >= 0 else []
    if lifetime is not None:
        parts.append(("at the latest " if parts else "") + f"after {lifetime:g} minutes")
    verb = "removed" if (setting or {}).get("down") else "stopped"
    return f"{verb} {', '.join(parts)}" if parts else "never"


def accelerators(wanted: Any) -> str:
    """'A100:8' from a mapping of names to counts; text stays as it is."""
    if isinstance(wanted, Mapping):
        return ", ".join(f"{name}:{quantity(count)}" for name, count in wanted.items())
    return str(wanted or "")


def quantity(value: Any) -> str:
    """A number without a needless '.0'; None as nothing."""
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, (int, float)) else str(value)


def gib(value: Any) -> str:
    """GiB with at most one decimal."""
    return quantity(round(value, 1)) if isinstance(value, (int, float)) else quantity(value)


def cost(dollars: float | None) -> str:
    """Dollars an hour; machines that cost nothing extra show nothing."""
    return f"{dollars:.2f}" if dollars else ""


def plural(count: int, noun: str) -> str:
    """'1 file', '2 files'."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def size(count: float) -> str:
    """Bytes for people: '12.3 MiB'."""
    if count < 1024:
        return f"{count:.0f} B"
    for unit in ("KiB", "MiB", "GiB"):
        count /= 1024
        if count < 1024:
            return f"{count:.1f} {unit}"
    return f"{count / 1024:.1f} TiB"
