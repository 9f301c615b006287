"""A launch plan as text: what was asked, what would be made where, what would be done, what it costs."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from stix.cli import output

ACTIONS = {
    "create": "makes cluster {cluster!r}",
    "reuse": "uses cluster {cluster!r} as it is",
    "start": "starts cluster {cluster!r} again",
    "resize": "resizes cluster {cluster!r}",
    "restart": "restarts cluster {cluster!r}",
    "repair": "brings cluster {cluster!r} back in order",
    "refuse": "cannot run now",
}
SHOWN = 5
"""How many places the table lists; the rest is counted."""

SPARED = ("ZONES", "PRICED", "NODES", "MEM(GiB)", "CPUS")
"""Columns that a narrow terminal does without, in that order."""

WIDE = 1_000_000


def render(plan: Mapping[str, Any], *, every_row: bool = False) -> str:
    """The plan (`LaunchPlan.to_dict()`) as a few aligned lines."""
    places = plan.get("candidates") or []
    why = explanation((plan.get("refused") or {}).get("details") or {})
    blocks = [_headline(plan), _asked(plan), _candidates(places, every_row), why, _facts(plan)]
    return "\n".join(block for block in blocks if block)


def _headline(plan: Mapping[str, Any]) -> str:
    task = plan.get("task") or {}
    name = f"Task {task['name']!r}" if task.get("name") else "This task"
    if _nowhere(plan):
        return f"{name} fits nowhere."
    does = ACTIONS.get(plan["action"], plan["action"] + " {cluster!r}").format(cluster=plan["cluster"])
    where = f" on {plan['infra']}" if plan.get("exists") and plan.get("infra") else ""
    return f"{name} {does}{where}."


def _nowhere(plan: Mapping[str, Any]) -> bool:
    return plan["action"] == "refuse" and not plan.get("candidates")


def _asked(plan: Mapping[str, Any]) -> str:
    """The task's wishes in normal form; nothing where it has none."""
    task = plan.get("task") or {}
    wishes = [wish for wish in map(_wishes, task.get("resources") or []) if wish]
    if not wishes:
        return ""
    joint = " then " if task.get("resources_order") == "ordered" else " or "
    return f"asked:    {plural(_nodes(plan), 'node')}: " + joint.join(wishes)


def _nodes(plan: Mapping[str, Any]) -> int:
    return int((plan.get("task") or {}).get("num_nodes", 1))


def _wishes(candidate: Mapping[str, Any]) -> str:
    parts = []
    for key, value in candidate.items():
        if key == "use_spot":
            parts.append("spot" if value else "on demand")
        elif isinstance(value, Mapping):
            parts.append(f"{key} {accelerators(value)}")
        else:
            parts.append(f"{key} {', '.join(map(str, value)) if isinstance(value, list) else value}")
    return ", ".join(parts)


def _candidates(candidates: Sequence[Mapping[str, Any]], every_row: bool = False) -> str:
    if not candidates:
        return ""
    listed = candidates if every_row else _listed(candidates)
    columns: dict[str, list[Any]] = {
        "": ["->" if place.get("chosen") else "  " for place in listed],
        "INFRA": [_where(place) for place in listed],
        "ZONES": [len(place.get("zones") or []) or None for place in listed],
        "INSTANCE": [place.get("instance") for place in listed],
        "NODES": [place.get("nodes") for place in listed],
        "CPUS": [quantity(place.get("cpus")) for place in listed],
        "MEM(GiB)": [gib(place.get("memory")) for place in listed],
        "GPUS": [accelerators(place.get("accelerators")) for place in listed],
        "$/HOUR": [cost(place.get("hourly_cost")) for place in listed],
        "SPOT": ["spot" if place.get("spot") else None for place in listed],
        "PRICED": [priced(place) for place in listed],
        "WHY": [place.get("reason") for place in listed],
    }
    filled = {head: cells for head, cells in columns.items() if any(cells)}
    shown, width = _table(filled), _width()
    for head in SPARED:
        if max(map(len, shown.splitlines())) <= width:
            break
        filled.pop(head, None)
        shown = _table(filled)
    hidden = len(candidates) > len(listed)
    more = f"\n    {len(listed)} of {len(candidates)} places shown; 'stix plan --all' shows every one" if hidden else ""
    return shown + more


def _table(columns: Mapping[str, Sequence[Any]]) -> str:
    return output.table(list(columns), zip(*columns.values(), strict=True))


def _width() -> int:
    """Of the terminal; without one there is nothing to fit into."""
    try:
        return os.get_terminal_size(1).columns or WIDE
    except OSError:
        return WIDE


def _listed(candidates: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """As many as are shown, in their order: the best of each cloud before the second best of one."""
    seen: dict[str, int] = {}
    turns = []
    for number, place in enumerate(candidates):
        cloud = str(place.get("infra")).partition("/")[0]
        seen[cloud] = seen.get(cloud, 0) + 1
        turns.append((seen[cloud], number))
    return [candidates[number] for number in sorted(number for _, number in sorted(turns)[:SHOWN])]


def _where(place: Mapping[str, Any]) -> str:
    others = len(place.get("regions") or [])
    return f"{place.get('infra')} +{plural(others - 1, 'region')}" if others > 1 else str(place.get("infra"))


def priced(place: Mapping[str, Any]) -> str:
    """The date of a price, marked when it is too old to trust."""
    return f"{place.get('priced_on') or ''}{' (old)' if place.get('stale') else ''}"


def _facts(plan: Mapping[str, Any]) -> str:
    facts = []
    steps = [f"{step['play']} ({step['reason']})" if step.get("reason") else step["play"] for step in plan["steps"]]
    if steps:
        facts.append("steps:    " + ", ".join(steps))
    if plan.get("upload"):
        facts.append("upload:   " + upload(plan["upload"]))
    if spent := costs(plan.get("costs") or {}, _nodes(plan)):
        facts.append("cost:     " + spent)
    if steps:
        facts.append("autostop: " + autostop(plan.get("autostop")))
    facts += [f"not in:   {each['infra']}: {each['reason']}" for each in plan.get("refusals") or []]
    facts += [f"not yet:  {each['key']}: {each['reason']}" for each in plan.get("cannot_run") or []]
    facts += [f"note:     {note}" for note in plan.get("notes") or []]
    return "\n".join(facts + _refused(plan))


def _refused(plan: Mapping[str, Any]) -> list[str]:
    """What `up` would answer."""
    if plan.get("refused") and not _nowhere(plan):
        return [f"up:       would refuse: {plan['refused'].get('hint') or plan['refused']['message']}"]
    if plan.get("cannot_run"):
        return [f"up:       would refuse: {', '.join(each['key'] for each in plan['cannot_run'])} cannot run yet"]
    return []


def upload(found: Mapping[str, Any]) -> str:
    """'12 files, 3.4 MiB (workdir ., ~/data)'; what nodes fetch by git is named."""
    trees = found.get("trees") or []
    git = [f"git {tree['url']}{'@' + tree['ref'] if tree.get('ref') else ''}" for tree in trees if tree.get("url")]
    sent = [tree for tree in trees if not tree.get("url")]
    parts = [f"{plural(found['files'], 'file')}, {size(found['bytes'])}"] if sent or not trees else []
    if len(sent) > 1:
        each = (f"{tree['target']} {plural(tree['files'], 'file')}, {size(tree['bytes'])}" for tree in sent)
        parts[0] += f" ({'; '.join(each)})"
    return " and ".join(parts + git)


def costs(found: Mapping[str, Any], nodes: int = 1) -> str:
    """'$3.06 an hour, $3.57 until autostop after a job of an hour'; nothing for machines that cost nothing."""
    if not found.get("hourly"):
        return ""
    parts = [f"${cost(found['hourly'])} an hour" + (f" for {plural(nodes, 'node')}" if nodes > 1 else "")]
    stops, ends = found.get("until_autostop"), found.get("lifetime")
    if stops and stops != ends:
        parts.append(f"${cost(stops)} until autostop after a job of an hour")
    if ends:
        parts.append(f"at most ${cost(ends)} until its lifetime ends")
    return ", ".join(parts)


def explanation(details: Mapping[str, Any]) -> str:
    """Why nothing fits: what ruled out how many offers, and the offers that would fit if one wish went."""
    blocks = []
    if killed := details.get("killed"):
        ruled_out = ((each["constraint"], f"{each['offers']:,}", each["reason"]) for each in killed)
        blocks.append(output.table(("WISH", "RULES OUT", "WHY"), ruled_out))
    if nearest := details.get("nearest"):
        heads = ("NEAREST", "INSTANCE", "CPUS", "MEM(GiB)", "GPUS", "$/HOUR", "IF")
        blocks.append(output.table(heads, map(_near_row, nearest)))
    return "\n".join(blocks)


def _near_row(offer: Mapping[str, Any]) -> tuple[Any, ...]:
    size = quantity(offer["cpus"]), gib(offer["memory"]), accelerators(offer["accelerators"])
    return (offer["infra"], offer["instance"], *size, cost(offer["hourly_cost"]), offer["relaxed"])


def _move(edge: Mapping[str, Any]) -> str:
    what = f"{quantity(edge['gib'])} GiB, ${cost(edge['cost']) or '0'}"
    return f"moves:    {edge['from'] or 'inputs'} -> {edge['to']}: {what}"


def render_pipeline(plan: Mapping[str, Any], *, every_row: bool = False) -> str:
    """A pipeline's plan (`PipelinePlan.to_dict()`): each task's, then what is moved between them, then the sums."""
    blocks = [render(each, every_row=every_row) for each in plan["tasks"]]
    lines = [_move(edge) for edge in plan["edges"] if edge.get("gib")]
    if plan["costs"].get("total") is not None:
        lines.append(f"cost:     ${cost(plan['costs']['total']) or '0'} for all tasks, each taken to last an hour")
    name = f"Pipeline {plan['name']!r}" if plan.get("name") else "This pipeline"
    return "\n\n".join(
        [f"{name} has {plural(len(plan['tasks']), 'task')}.", *blocks, *(["\n".join(lines)] if lines else [])]
    )


def autostop(setting: Mapping[str, Any] | None) -> str:
    """The autostop setting in words: 'stopped after 10 idle minutes, at the latest after 60 minutes'."""
    idle, lifetime = (setting or {}).get("idle_minutes"), (setting or {}).get("lifetime_minutes")
    parts = [f"after {idle:g} idle minutes"] if idle is not None and idle >= 0 else []
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
    """Dollars; '?' where they are not known, nothing for machines that cost nothing extra."""
    from stix.plan.table import dollars as shown

    return "?" if dollars is None else shown(dollars) if dollars else ""


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
