"""`volumes`: disks, claims and folders that tasks mount by name."""

import time
from typing import Any

import click

from stix.cli import options, output

HEADS = ("NAME", "TYPE", "INFRA", "SIZE", "STATUS", "USED BY", "CREATED", "LAST USED")
SNAPSHOT_HEADS = ("NAME", "VOLUME", "INFRA", "SIZE", "STATUS", "CREATED")
MORE = ("NAME ON CLOUD", "KEPT", "CONFIG")


@click.group("volumes")
def volumes() -> None:
    """Volumes that tasks mount by name.

    \b
    Examples:
      stix volumes apply volume.yaml
      stix volumes ls
      stix volumes delete data
      stix volumes snapshot data
    """


_document = options.together(
    click.argument("file", required=False, type=click.Path()),
    click.option("-n", "--name", help="Its name."),
    click.option("--infra", help="Where it lies, such as k8s/my-context or aws/us-east-1/us-east-1a."),
    click.option("--type", "kind", help="What it is, such as k8s-pvc or aws-ebs."),
    click.option("--size", help="Its size in GiB, or with a unit."),
    click.option(
        "--use-existing/--no-use-existing", "existing", default=None, help="Take one that is there, make none."
    ),
)


@volumes.command("apply")
@_document
@options.yes
@options.as_output
def apply(file: str | None, yes: bool, form: str, **given: Any) -> int:
    """Make a volume, make it larger, or note one that exists.

    \b
    Examples:
      stix volumes apply volume.yaml
      stix volumes apply -n data --type k8s-pvc --infra k8s --size 100Gi
      stix volumes apply volume.yaml --size 200Gi -y
    """
    from stix.api import volumes as api
    from stix.cli import prompts

    volume = _volume(file, given)
    api.validate(volume)
    if not any(row["name"] == volume.name for row in api.ls()):
        what = f"{volume.type} volume {volume.name}"
        verb = "Note" if volume.use_existing else "Make"
        prompts.require(f"{verb} {what}?", default=True, yes=yes)
    row = api.apply(volume)
    if form == "json":
        output.as_json(row)
    else:
        output.say(f"Volume {row['name']} is ready on {row['infra']}.")
    return 0


@volumes.command("validate")
@_document
@options.as_output
def validate(file: str | None, form: str, **given: Any) -> int:
    """Look whether `apply` would take a volume's document; nothing is made.

    \b
    Examples:
      stix volumes validate volume.yaml
    """
    from stix.api import volumes as api

    volume = _volume(file, given)
    api.validate(volume)
    if form == "json":
        output.as_json(volume.to_yaml_config())
    else:
        output.say(f"Volume {volume.name} is right.")
    return 0


@volumes.command("ls")
@click.option("-v", "--verbose", is_flag=True, help="Also what the infrastructure calls them, and their settings.")
@options.as_output
def ls(verbose: bool, form: str) -> int:
    """List volumes.

    \b
    Examples:
      stix volumes ls
      stix volumes ls -v
      stix volumes ls -o json
    """
    from stix.api.volumes import ls as found

    rows = found()
    if form == "json":
        output.as_json(rows)
    else:
        click.echo(table(rows, time.time(), verbose=verbose))
    return 0


@volumes.command("delete")
@click.argument("names", nargs=-1)
@click.option("-a", "--all", "every", is_flag=True, help="All that no cluster has.")
@click.option("-p", "--purge", is_flag=True, help="Drop the entry also of one that cannot be deleted.")
@options.yes
@options.as_output
def delete(names: tuple[str, ...], every: bool, purge: bool, yes: bool, form: str) -> int:
    """Delete volumes with all that is on them.

    Of a volume that stix did not make only the entry goes.

    \b
    Examples:
      stix volumes delete data
      stix volumes delete data models -y
      stix volumes delete --all
    """
    from stix.api import volumes as api
    from stix.cli import prompts
    from stix.errors import UsageError

    if bool(names) == every:
        raise UsageError("usage", "name the volumes to delete, or give --all")
    free = [row["name"] for row in api.ls() if row["status"] != "IN_USE"]
    wanted = list(dict.fromkeys(free if every else names))
    for name in wanted:
        api.require(name)
    if wanted:
        question = f"Delete {', '.join(wanted)} with all that is on {'it' if len(wanted) == 1 else 'them'}?"
        prompts.require(question, default=False, yes=yes)
    for name in wanted:
        api.delete([name], purge=purge)
        if form != "json":
            output.say(f"Deleted {name}.")
    if form == "json":
        output.as_json({"deleted": wanted})
    elif not wanted:
        output.say("There are no volumes that could be deleted.")
    return 0


@volumes.command("snapshot")
@click.argument("volume")
@click.option("-n", "--name", default="", help="Its name; default: the volume's, with the time.")
@options.as_output
def snapshot(volume: str, name: str, form: str) -> int:
    """Make a snapshot of a volume, where the infrastructure has them.

    Of a volume that a running machine has, it is what a power cut would leave (crash-consistent): its file system is
    sound, and programs find what they had made sure of.

    \b
    Examples:
      stix volumes snapshot data
      stix volumes snapshot data -n before-tuning
    """
    from stix.api import volumes as api

    row = api.snapshot(volume, name)
    if row["machine"]:
        click.echo(f"{row['machine']} has the volume and runs: the snapshot is crash-consistent", err=True)
    if form == "json":
        output.as_json(row)
    else:
        more = "" if row["status"] == "READY" else "; the cloud is still copying it"
        output.say(f"Snapshot {row['name']} of {volume} is made{more}.")
    return 0


_where = click.option("--infra", help="Look only there, such as aws/us-east-1.")


@volumes.command("snapshots")
@_where
@click.option("-u", "--all-users", is_flag=True, help="Also those of other people.")
@options.as_output
def snapshots(infra: str | None, all_users: bool, form: str) -> int:
    """List snapshots of volumes that stix made, in all accounts.

    \b
    Examples:
      stix volumes snapshots
      stix volumes snapshots --infra aws/us-east-1 -o json
    """
    from stix.api.volumes import snapshot_row

    found, silent = _snapshots(infra, all_users)
    rows = [snapshot_row(thing) for thing in found]
    if form == "json":
        output.as_json(rows)
    else:
        click.echo(snapshot_table(rows, time.time()))
    return 1 if silent and not rows else 0


@volumes.command("delete-snapshot")
@click.argument("names", nargs=-1, required=True)
@_where
@options.yes
@options.as_output
def delete_snapshot(names: tuple[str, ...], infra: str | None, yes: bool, form: str) -> int:
    """Delete snapshots of yours; volumes that were made from them stay as they are.

    \b
    Examples:
      stix volumes delete-snapshot before-tuning
    """
    from stix.cli import prompts
    from stix.driver.session import World
    from stix.driver.snapshots import chosen, delete

    found, silent = _snapshots(infra, False)
    wanted = [chosen(found, name, silent) for name in dict.fromkeys(names)]
    question = ", ".join(f"{one.name} of {one.about('volume')} ({one.about('infra')})" for one in wanted)
    prompts.require(f"Delete {question}?", default=False, yes=yes)
    for one in wanted:
        delete(World(), one)
        if form != "json":
            output.say(f"Deleted {one.name}.")
    if form == "json":
        output.as_json({"deleted": [one.name for one in wanted]})
    return 0


def _snapshots(infra: str | None, all_users: bool) -> Any:
    """As `stix.driver.snapshots.listed`; who did not answer is told."""
    from stix.driver.session import World
    from stix.driver.snapshots import listed

    found, silent = listed(World(), [infra] if infra else (), all_users=all_users)
    for sentence in silent:
        click.echo(f"{sentence}; its snapshots are not listed", err=True)
    return found, silent


def _volume(file: str | None, given: dict[str, Any]) -> Any:
    """The volume that a file and flags describe; flags win."""
    from stix.api.volume import Volume
    from stix.errors import UsageError

    flags = {"type" if key == "kind" else "use_existing" if key == "existing" else key: value
             for key, value in given.items() if value is not None}  # fmt: skip
    if file is None and not flags:
        raise UsageError("usage", "give the volume's file, or --name, --type and --size", hint="stix volumes apply -h")
    if file is None:
        return Volume.from_yaml_config(flags)
    return Volume.from_yaml(file, **flags)


def table(rows: list[dict[str, Any]], now: float, *, verbose: bool = False) -> str:
    """Volumes as a table."""
    if not rows:
        return "No volumes. 'stix volumes apply volume.yaml' makes one."
    return output.table(HEADS + (MORE if verbose else ()), [_cells(row, now, verbose) for row in rows])


def snapshot_table(rows: list[dict[str, Any]], now: float) -> str:
    """Snapshots as a table."""
    if not rows:
        return "No snapshots. 'stix volumes snapshot NAME' makes one."
    cells = [
        (row["name"], row["volume"], row["infra"], f"{row['size']} GiB" if row["size"] else "-", row["status"],
         output.ago(row["created_at"], now))
        for row in rows
    ]  # fmt: skip
    return output.table(SNAPSHOT_HEADS, cells)


def _cells(row: dict[str, Any], now: float, verbose: bool) -> tuple[str, ...]:
    cells = (
        row["name"],
        row["type"],
        row["infra"],
        f"{row['size']} GiB" if row["size"] else "-",
        row["status"],
        ", ".join(row["usedby_clusters"]) or "-",
        output.ago(row["launched_at"], now),
        output.ago(row["last_attached_at"], now) if row["last_attached_at"] else "never",
    )
    if not verbose:
        return cells
    kept = "until the cluster goes" if row["is_ephemeral"] else "always" if row["use_existing"] else "yes"
    config = ", ".join(f"{key}={value}" for key, value in row["config"].items())
    return (*cells, row["name_on_cloud"], kept, config or "-")
