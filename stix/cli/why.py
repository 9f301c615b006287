"""`why` and `skips`: what launches tried in vain, and what later ones pass over for that."""

import time
from collections.abc import Mapping
from typing import Any

import click

from stix.cli import options, output
from stix.cli.plan_view import cost, plural

ATTEMPT_HEADS = ("TRIED", "INSTANCE", "NODES", "CODE", "PROVIDER", "TOOK", "WHY")
RANKING_HEADS = ("", "INFRA", "INSTANCE", "NODES", "$/HOUR", "SPOT", "WHY")
SKIP_HEADS = ("PLACE", "INSTANCE", "SPOT", "CODE", "SINCE", "FOR ANOTHER", "WHY")
SHORT = 90


@click.command("why")
@options.cluster
@options.as_output
def why(cluster: str, form: str) -> int:
    """Why a cluster is where it is, or why its launch came to nothing.

    Shows the places that the last launch of that name chose from, every place that was tried in vain, for how long and
    with which answer, and what was ruled out by that. Works for a cluster that is gone, too.

    \b
    Examples:
      stix why dev
      stix why dev -o json
    """
    from stix.api import why as api

    found = api.why(cluster)
    if form == "json":
        output.as_json(found)
    else:
        click.echo(describe(found, time.time()))
    return 0


def describe(found: Mapping[str, Any], now: float) -> str:
    """A launch's story for people."""
    chosen, error = found.get("chosen") or {}, found.get("error")
    name, when = repr(found["cluster"]), output.ago(found["launched_at"], now)
    if found["exists"]:
        head = f"Cluster {name} is on {found['infra']}, launched {when} by run {found['run']}."
    else:
        head = f"There is no cluster {name} now; run {found['run']} tried to launch it {when}."
    lines = [head]
    if found["exists"] and chosen.get("reason"):
        lines.append(f"chosen:   {chosen['infra']}, {_kind(chosen)}: {chosen['reason']}")
    if error:
        lines.append(f"ended by: {error['message']} ({error['code']})")
    lines += [f"note:     {note}" for note in chosen.get("notes") or ()]
    blocks = ["\n".join(lines)]
    if tried := [row for attempt in found["attempts"] for row in attempt_rows(attempt)]:
        blocks.append(output.table(ATTEMPT_HEADS, tried))
    if candidates := chosen.get("candidates"):
        more = chosen.get("more_candidates") or 0
        tail = f"\n  and {plural(more, 'more place')}" if more else ""
        taken = found["infra"], chosen.get("instance")
        blocks.append(output.table(RANKING_HEADS, (_ranking_row(each, taken) for each in candidates)) + tail)
    facts = [f"not in:   {each['infra']}: {each['reason']}" for each in chosen.get("refusals") or ()]
    facts += [f"ruled out: {', '.join(chosen['ruled_out'])}"] if chosen.get("ruled_out") else []
    return "\n\n".join([*blocks, *(["\n".join(facts)] if facts else [])])


def _kind(place: Mapping[str, Any]) -> str:
    return plural(int(place.get("nodes") or 1), "node") + (f" of {place['instance']}" if place.get("instance") else "")


def attempt_rows(attempt: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """An attempt as rows of `ATTEMPT_HEADS`: one for each zone, else one for the place."""
    kind = (attempt["instance"] + (" (spot)" if attempt["spot"] else "")) or ", ".join(attempt["hosts"])
    zones = attempt["zones"]
    tried = (
        [{**each, "place": f"{attempt['infra']}/{each['zone']}"} for each in zones]
        if zones
        else [{**attempt, "place": attempt["infra"]}]
    )
    return [
        (
            each["place"],
            kind,
            attempt["nodes"],
            each["code"],
            each.get("provider_code"),
            output.seconds(each.get("seconds")),
            f"{_short(each['reason'])}; {attempt['left']}",
        )
        for each in tried
    ]


def _short(text: str) -> str:
    return text if len(text) <= SHORT else text[: SHORT - 3].rstrip() + "..."


def _ranking_row(place: Mapping[str, Any], taken: tuple[Any, Any]) -> tuple[Any, ...]:
    mark = "->" if (place["infra"], place["instance"]) == taken else "  "
    spot = "spot" if place["spot"] else None
    return mark, place["infra"], place["instance"], place["nodes"], cost(place["hourly_cost"]), spot, place["reason"]


@click.command("skips")
@click.argument("infra", required=False, metavar="[INFRA]")
@click.option("--clear", is_flag=True, help="Forget the entries, so that the next launch tries these places in turn.")
@options.as_output
def skips(infra: str | None, clear: bool, form: str) -> int:
    """List places that launches try last for now, because they had no room, quota or permission.

    An entry expires by itself: 10 minutes after a lack of room, 30 minutes after a lack of quota; one about an account
    holds until `stix check` finds the account good. `stix up --ignore-skips` takes no notice of the list.

    \b
    Examples:
      stix skips
      stix skips aws/us-east-1 --clear
    """
    from stix.api import why as api

    found = api.skips(clear=clear, infra=infra)
    if form == "json":
        output.as_json(found)
    elif clear:
        click.echo(f"Forgot {plural(len(found), 'entry' if len(found) == 1 else 'entrie')}.")
    else:
        now = time.time()
        rows = (skip_row(each, now) for each in found)
        click.echo(output.table(SKIP_HEADS, rows) if found else "Nothing is passed over now.")
    return 0


def skip_row(skip: Mapping[str, Any], now: float) -> tuple[Any, ...]:
    """An entry as cells of `SKIP_HEADS`."""
    left = skip["seconds_left"]
    return (
        skip["infra"],
        skip["name"] or "all",
        "spot" if skip["spot"] else None,
        skip["code"],
        output.ago(skip["at"], now),
        f"until stix check {skip['infra']}" if left is None else output.seconds(left),
        _short(skip["reason"]),
    )
