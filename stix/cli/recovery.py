"""`gc`, `adopt` and `forget`: what the record lost, and what it should lose."""

import time
from typing import Any

import click

from stix.cli import options, output, prompts
from stix.errors import StixError, UsageError

HEADS = ("KIND", "ID", "CLUSTER", "WHERE", "STATE", "AGE", "COSTS", "WHY")
PLURALS = {"address": "addresses"}


@click.command("gc")
@click.option("--apply", "removes", is_flag=True, help="Remove what is listed, after a question.")
@click.option("--infra", "infras", multiple=True, metavar="CLOUD[/REGION]", help="Look only there.")
@click.option("--expired", is_flag=True, help="End clusters whose time is over, at once; made for cron.")
@click.option("--dry-run", is_flag=True, help="With --expired: list them only.")
@click.option(
    "--older-than",
    type=click.FloatRange(0),
    metavar="MINUTES",
    help="Also what was never recorded here and is older; left out, it is only listed.",
)
@click.option("-u", "--all-users", is_flag=True, help="Also what belongs to other users.")
@click.option("-y", "--yes", is_flag=True, help="Remove what is listed without a question.")
@options.as_output
def gc(**given: Any) -> int:
    """List what carries the tags of stix and no record wants; remove it with --apply.

    Every enabled cloud is asked, and every one that has or had a cluster: for machines, disks, addresses, firewall
    groups, keys, networks. What this computer never recorded, another's record may want: it goes only by its age.

    \b
    Examples:
      stix gc
      stix gc --infra aws/us-east-1 --apply
      stix gc --older-than 1440 --apply
      stix gc --expired --all-users
    """
    if given["dry_run"] and not given["expired"]:
        raise UsageError(
            "usage", "--dry-run goes with --expired; without it nothing is removed unless --apply is given"
        )
    if given["expired"] and given["older_than"] is not None:
        raise UsageError("usage", "--expired and --older-than exclude each other: deadlines say when")
    from stix.api import recovery
    from stix.cli.progress import Progress

    def agree(rows: list[dict[str, Any]]) -> bool:
        progress.close()
        if given["form"] != "json":
            click.echo(table(rows, time.time()), err=True)
        return prompts.confirm(f"Remove {counted(rows)}?", default=False, yes=given["yes"])

    asks = (given["removes"] or given["yes"]) and not given["expired"]
    with Progress(quiet=True) as progress:
        found = recovery.gc(
            given["infras"] or None,
            apply=asks or (given["expired"] and not given["dry_run"]),
            expired=given["expired"],
            older_than_minutes=given["older_than"],
            all_users=given["all_users"],
            confirm=agree if asks and not given["yes"] else None,
        )
    return _tell(found, given)


def _tell(found: Any, given: dict[str, Any]) -> int:
    for sentence in found.silent:
        click.echo(f"not asked: {sentence}", err=True)
    failed = [row for row in found if row["done"] is False]
    if given["form"] == "json":
        output.as_json(list(found))
    elif not found:
        if found.silent and not found.asked:
            raise StixError("provision.transient", "no infrastructure answered, so nothing is known", retryable=True)
        where = ", ".join(found.asked) or "nowhere: no infrastructure is enabled ('stix check')"
        click.echo(f"Nothing to {'end' if given['expired'] else 'collect'} (looked at {where}).")
    else:
        click.echo(table(found, time.time()))
        click.echo(_summary(found, given))
    for row in failed:
        click.echo(f"left: {row['kind']} {row['id']}: {row['reason']}", err=True)
    return 1 if failed else 0


def _summary(found: list[dict[str, Any]], given: dict[str, Any]) -> str:
    done = [row for row in found if row["done"]]
    if done:
        stopped = [row for row in done if row["action"] == "stop"]
        removed = [row for row in done if row["action"] == "remove"]
        parts = [f"{word} {counted(rows)}" for word, rows in (("removed", removed), ("stopped", stopped)) if rows]
        return f"{' and '.join(parts).capitalize()}."
    doomed = [row for row in found if row["action"] != "keep"]
    if not doomed:
        return "Nothing of this would be removed now."
    paid = sum(row["costs"] for row in doomed)
    words = "'stix gc --apply' removes them" if not given["expired"] else "without --dry-run they are ended"
    return f"{counted(doomed)}, {paid} of which cost money; {words}."


def counted(rows: list[dict[str, Any]]) -> str:
    """'2 machines, 1 network', with the clusters' names: '(of dev, train)'."""
    kinds: dict[str, int] = {}
    for row in rows:
        kinds[row["kind"]] = kinds.get(row["kind"], 0) + 1
    parts = [f"{count} {_plural(kind, count)}" for kind, count in sorted(kinds.items())]
    names = sorted({row["cluster_id"] or row["cluster"] for row in rows} - {""})
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(parts) + (f" (of {', '.join(names[:5])}{more})" if names else "")


def _plural(kind: str, count: int) -> str:
    word = kind.replace("_", " ")
    return word if count == 1 else PLURALS.get(kind, f"{word}s")


def table(rows: list[dict[str, Any]], now: float) -> str:
    """Things as a table."""
    return output.table(HEADS, (_cells(row, now) for row in rows))


def _cells(row: dict[str, Any], now: float) -> tuple[Any, ...]:
    where = row["infra"] if not row["region"] or "/" in row["infra"] else f"{row['infra']}/{row['region']}"
    costs = "yes" if row["costs"] else "no"
    state = row["state"]
    if row["done"] is not None:
        state = {"remove": "removed", "stop": "stopped"}[row["action"]] if row["done"] else "left"
    identity = row["id"] if len(row["id"]) < 40 else row["name"] or row["id"][:12]
    return (
        row["kind"],
        identity,
        row["cluster_id"],
        where,
        state,
        output.ago(row["created_at"], now),
        costs,
        row["why"],
    )


@click.command("adopt")
@click.argument("name", metavar="NAME")
@click.argument("instance_ids", metavar="[INSTANCE_ID]...", nargs=-1)
@click.option("--infra", metavar="CLOUD[/REGION]", help="Where the machines are; looked for if left out.")
@click.option("--cluster-id", metavar="ID", help="Which cluster, where the name does not say it.")
@click.option("-f", "--force", is_flag=True, help="Also what belongs to another user.")
@click.option("--no-setup", is_flag=True, help="Only record it; 'stix start NAME' makes it ready.")
@options.as_output
def adopt(name: str, instance_ids: tuple[str, ...], infra: str | None, cluster_id: str | None, **given: Any) -> int:
    """Take a cluster that exists, but is not recorded here, or machines by their ids into the record.

    \b
    Examples:
      stix adopt dev
      stix adopt dev --infra aws/us-east-1 --cluster-id train-1f3a9c
      stix adopt rig --infra aws/us-east-1 i-0123456789abcdef0 i-0fedcba9876543210
    """
    if cluster_id and instance_ids:
        raise UsageError("usage", "--cluster-id and instance ids exclude each other")
    from stix.api import recovery
    from stix.cli.progress import Progress

    with Progress(quiet=given["form"] == "json") as progress:
        handle = recovery.adopt(
            name, infra, cluster_id=cluster_id, instance_ids=instance_ids, force=given["force"],
            no_setup=given["no_setup"], on_event=progress,
        )  # fmt: skip
    if given["form"] == "json":
        words = ("cluster_name", "cluster_id", "infra", "nodes")
        output.as_json({word: getattr(handle, word) for word in words})
    else:
        nodes = f"{len(handle.nodes)} node{'s' if len(handle.nodes) != 1 else ''}"
        click.echo(f"Cluster {name!r} is recorded: {nodes} on {handle.infra} ({handle.cluster_id}).")
    return 0


@click.command("forget")
@options.cluster
@options.yes
@options.as_output
def forget(cluster: str, yes: bool, form: str) -> int:
    """Drop the record of a cluster without touching its machines; they may go on to cost money.

    \b
    Examples:
      stix forget dev
      stix forget dev -y -o json
    """
    from stix.api import recovery, status

    store = status.open_store()
    if not yes:
        from stix.plan.orphans import still_there

        click.echo(left_text(still_there(store.need_cluster(cluster))), err=True)
    store.cluster_record(cluster)
    prompts.require(f"Forget cluster {cluster!r}, and leave its machines?", default=False, yes=yes)
    left = recovery.forget(cluster)
    if form == "json":
        output.as_json(left)
    else:
        click.echo(f"Cluster {cluster!r} is forgotten.")
        if yes:
            click.echo(left_text(left))
    return 0


def left_text(left: dict[str, Any]) -> str:
    """What a forgotten cluster may leave, in words."""
    if not left["machines"]:
        return "No machine of it is known to be left; 'stix gc' looks."
    names = ", ".join(f"{one['name']} ({str(one['id'] or '?')[:19]}, {one['state']})" for one in left["machines"])
    hourly = left["hourly_cost"]
    price = "at an unknown price" if hourly is None else f"${hourly:.2f} an hour" if hourly else ""
    awake = [one for one in left["machines"] if one["state"] not in ("stopped", "stopping")]
    cost = f"; they may cost {price}" if awake and price else ""
    disks = "; disks of stopped machines are paid for" if hourly != 0 and len(awake) < len(left["machines"]) else ""
    back = f"'stix adopt {left['cluster']}' takes it back, 'stix gc' removes it"
    return f"On {left['infra']} there may still be {names}{cost}{disks}. {back}."
