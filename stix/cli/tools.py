"""`check`, `run` and `completion`."""

import textwrap
import time
from typing import Any

import click

from stix.cli import options, output
from stix.cli.main import CONTEXT

CHECK_HEADS = ("INFRA", "STATE", "ACCOUNT", "TOOK", "FOUND")
RUN_HEADS = ("ID", "CLUSTER", "VERB", "STARTED", "TOOK", "RESULT")


@click.command("check")
@click.argument("infra", nargs=-1)
@click.option("-v", "--verbose", is_flag=True, help="Accepted for SkyPilot's sake; accounts are always shown.")
@options.as_output
def check(infra: tuple[str, ...], verbose: bool, form: str) -> int:
    """Which infrastructure can be used; how to enable the rest.

    All are looked at together. Ends with 1 when something that was asked for (or everything) cannot be used.

    \b
    Examples:
      stix check
      stix check docker ssh/rack aws
      stix check -o json
    """
    from stix.api import infra as api
    from stix.cli.progress import Progress

    with Progress(quiet=form == "json", named=True) as progress:
        found = api.check(list(infra) or None, on_event=progress)
    if form == "json":
        output.as_json(found)
    else:
        click.echo(check_table(found, every=bool(infra)))
    usable = [record["ok"] for record in found]
    return 0 if (all(usable) if infra else any(usable)) else 1


def check_table(found: list[dict[str, Any]], *, every: bool = False) -> str:
    """Infrastructures as a table, enabled ones first; below it, what would help where one cannot be used.

    Args:
        every: a row also for clouds on which stix cannot make machines yet; else they are named in one line.
    """
    later = [] if every else [record for record in found if not record.get("works", True)]
    listed = sorted((record for record in found if record not in later), key=lambda record: not record["ok"])
    hints = [f"  {each['infra']}: {each['hint']}" for each in listed if each.get("hint") and not each["ok"]]
    blocks = [output.table(CHECK_HEADS, map(check_row, listed))] if listed else []
    blocks += ["to enable:", *hints] if hints else []
    return "\n".join([*blocks, *not_yet(later)])


def check_row(record: dict[str, Any]) -> tuple[Any, ...]:
    """An infrastructure as cells of `CHECK_HEADS`."""
    state = "enabled" if record["ok"] else "disabled" if record.get("works", True) else "not yet"
    took = output.seconds(record.get("seconds"))
    return (record["infra"], state, record.get("account"), took, record.get("message"))


def not_yet(clouds: list[dict[str, Any]]) -> list[str]:
    """Clouds that are only priced, in a few lines."""
    if not clouds:
        return []
    words = f"prices only, stix cannot make machines there yet: {', '.join(record['infra'] for record in clouds)}"
    accounts = [record["infra"] for record in clouds if record.get("credentials")]
    lines = textwrap.wrap(words, 100, subsequent_indent="  ")
    return [*lines, *([f"  credentials found: {', '.join(accounts)}"] if accounts else [])]


@click.group("run", context_settings=CONTEXT)
def run() -> None:
    """What earlier runs decided and did.

    \b
    Examples:
      stix run list
      stix run show             the newest run
      stix run show 20261122-101500-dev-up
    """


@run.command("list")
@click.option("--limit", type=click.IntRange(1), metavar="N", default=20, show_default=True, help="At most so many.")
@options.as_output
def run_list(limit: int, form: str) -> int:
    """List runs, newest first.

    \b
    Examples:
      stix run list --limit 5
    """
    from stix.api import runs

    found = runs.runs(limit)
    if form == "json":
        output.as_json(found)
    else:
        now = time.time()
        click.echo(output.table(RUN_HEADS, (run_row(record, now) for record in found)) if found else "No runs yet.")
    return 0


def run_row(record: dict[str, Any], now: float) -> tuple[Any, ...]:
    """A run as cells of `RUN_HEADS`."""
    started, ended = record.get("started_at"), record.get("ended_at")
    return (
        record["id"],
        record.get("cluster"),
        record.get("verb"),
        output.ago(started, now),
        output.seconds(ended - started if started and ended else None),
        result(record),
    )


def result(record: dict[str, Any]) -> str:
    """How a run ended: 'ok', an error's code, or 'running' (or cut off) while nothing is known."""
    if record.get("ok") is None:
        return "unfinished"
    error = record.get("error") or {}
    return "ok" if record["ok"] else str(error.get("code") or "failed")


@run.command("show")
@click.argument("run_id", default="last", metavar="[RUN]")
@click.option("--log", is_flag=True, help="Show all that Ansible printed, instead.")
@options.as_output
def run_show(run_id: str, log: bool, form: str) -> int:
    """What a run decided and did, with the ansible-playbook line of each play that repeats it.

    \b
    Examples:
      stix run show
      stix run show last --log
      stix run show 20261122-101500-dev-up -o json
    """
    from stix.api import runs

    record = runs.run_show(run_id)
    if log:
        show_logs([play["log"] for play in record["plays"]])
    elif form == "json":
        output.as_json(record)
    else:
        click.echo(describe(record, time.time()))
    return 0


def show_logs(files: list[str]) -> None:
    """Copy log files to stdout; a play that was cut off before it wrote one is passed over."""
    for name in files:
        try:
            with open(name, encoding="utf-8", errors="replace") as file:
                for line in file:
                    click.echo(line, nl=False)
        except FileNotFoundError:
            continue


def describe(record: dict[str, Any], now: float) -> str:
    """A run as text: head, plan, plays, place."""
    from stix.cli.plan_view import render

    started = output.ago(record.get("started_at"), now)
    took = output.seconds(record.get("seconds"))
    lines = [f"Run {record['id']}: {record.get('verb')} {record.get('cluster')}, {started}, {took}, {result(record)}"]
    error = record.get("error")
    if error:
        lines += [f"error:    {error.get('message')}"] + ([f"hint:     {error['hint']}"] if error.get("hint") else [])
    if (record.get("plan") or {}).get("steps"):
        lines += ["", render(record["plan"])]
    for play in record.get("plays") or []:
        mark = {True: "ok", False: "failed"}.get(play.get("ok"), "unfinished")
        lines += ["", f"{play['playbook']}  {output.seconds(play.get('seconds'))}  {mark}", f"  {play.get('command')}"]
    return "\n".join([*lines, "", f"folder:   {record.get('folder')}  ({record.get('events', 0)} events)"])


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script of a shell, for its start-up file.

    \b
    Examples:
      echo 'eval "$(stix completion bash)"' >> ~/.bashrc
      echo 'eval "$(stix completion zsh)"' >> ~/.zshrc
      stix completion fish > ~/.config/fish/completions/stix.fish
    """
    from stix.cli.completion import script

    click.echo(script(shell))
    return 0
