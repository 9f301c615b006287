"""`storage`: the buckets that stix made, and what goes from one to another."""

import time
from typing import Any

import click

from stix.cli import options, output

HEADS = ("NAME", "STORE", "ADDRESS", "CREATED", "LAST USED", "CLUSTER", "KEPT")


@click.group("storage")
def storage() -> None:
    """Buckets: those that stix made for tasks, and transfers between any.

    \b
    Examples:
      stix storage ls
      stix storage delete my-checkpoints
      stix storage transfer s3://ckpt gs://ckpt-eu
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


@storage.command("transfer")
@click.argument("source")
@click.argument("target")
@options.as_output
def transfer(source: str, target: str, form: str) -> int:
    """Copy what is in a bucket or a folder to another; what is there already is not sent again.

    \b
    Examples:
      stix storage transfer s3://ckpt gs://ckpt-eu
      stix storage transfer ./data r2://my-data/raw
    """
    return _transfer(source, target, form, exact=False)


@storage.command("sync")
@click.argument("source")
@click.argument("target")
@options.yes
@options.as_output
def sync(source: str, target: str, yes: bool, form: str) -> int:
    """Make a bucket or a folder the same as another: also delete what the source lacks.

    \b
    Examples:
      stix storage sync s3://ckpt gs://ckpt-eu
      stix storage sync -y r2://my-data ./data
    """
    from stix.cli import prompts

    prompts.require(f"Delete from {target} what {source} lacks?", default=False, yes=yes)
    return _transfer(source, target, form, exact=True)


def _transfer(source: str, target: str, form: str, *, exact: bool) -> int:
    from stix.api.storage import storage_transfer
    from stix.cli.progress import Progress

    with Progress(quiet=form == "json") as progress:
        done = storage_transfer(source, target, delete=exact, on_event=progress)
    if form == "json":
        output.as_json(done)
        return 0
    deleted = f", {done['deleted']} deleted" if exact else ""
    output.say(f"{done['files']} files, {done['bytes'] / 2**20:.1f} MiB brought to {target}{deleted}.")
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
