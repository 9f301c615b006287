"""`storage`: the buckets that stix made."""

import time
from typing import Any

import click

from stix.cli import options, output

HEADS = ("NAME", "STORE", "ADDRESS", "CREATED", "LAST USED", "CLUSTER", "KEPT")


@click.group("storage")
def storage() -> None:
    """Buckets that stix made for tasks.

    \b
    Examples:
      stix storage ls
      stix storage delete my-checkpoints
    """


@storage.command("ls")
@options.as_output
def ls(form: str) -> int:
    """List the buckets that stix made.

    \b
    Examples:
      stix storage ls
      stix storage ls -o json
    """
    from stix.api.storage import storage_ls

    found = storage_ls()
    if form == "json":
        output.as_json(found)
    else:
        click.echo(table(found, time.time()))
    return 0


@storage.command("delete")
@click.argument("names", nargs=-1)
@click.option("-a", "--all", "every", is_flag=True, help="All that stix made.")
@options.yes
@options.as_output
def delete(names: tuple[str, ...], every: bool, yes: bool, form: str) -> int:
    """Delete buckets with all that is in them.

    \b
    Examples:
      stix storage delete my-checkpoints
      stix storage delete --all
    """
    from stix.api.storage import storage_delete, storage_ls
    from stix.cli import prompts
    from stix.errors import UsageError

    if bool(names) == every:
        raise UsageError("usage", "name the buckets to delete, or give --all")
    wanted = list(dict.fromkeys([row["name"] for row in storage_ls()] if every else names))  # of two stores: once
    them = "it" if len(wanted) == 1 else "them"
    if wanted:
        question = f"Delete {', '.join(wanted)} with all that is in {them}?"
        prompts.require(question, default=False, yes=yes)
    for name in wanted:
        storage_delete(name)
        output.say(f"Deleted {name}.")
    if form == "json":
        output.as_json({"deleted": wanted})
    elif not wanted:
        output.say("There are no buckets.")
    return 0


def table(found: list[dict[str, Any]], now: float) -> str:
    """Buckets as a table."""
    if not found:
        return "No buckets. A task makes one by a mount with a name: file_mounts: {/data: {name: my-data}}"
    rows = (
        (
            row["name"],
            row["store"],
            row["address"],
            output.ago(row["created_at"], now),
            output.ago(row["last_use"], now),
            row["cluster"],
            "yes" if row["persistent"] else "until the cluster goes",
        )
        for row in found
    )
    return output.table(HEADS, rows)
