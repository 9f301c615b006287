"""`eject`: a task as an Ansible project that goes without stix."""

from pathlib import Path
from typing import Any

import click

from stix.cli import options, output
from stix.cli.launch import minimize, setting_options
from stix.errors import UsageError


@click.command("eject")
@click.argument("file", metavar="TASK.YAML")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@options.cluster_name
@options.task_options
@options.resource_options
@setting_options
@minimize
@options.as_output
def eject(file: str, folder: Path, **given: Any) -> int:
    """Write a task as an Ansible project that goes without stix: playbooks up, logs and down, inventory, collection.

    The place is chosen as by `stix up`; nothing is made. Paths of workdir and files stay those on this machine. What is
    made by the project is not in the record of stix.

    \b
    Examples:
      stix eject train.yaml ansible/train
      stix eject train.yaml ansible/train --infra docker --num-nodes 2
    """
    if options.task_file((file,)) is None:
        raise UsageError("usage", f"{file!r} is no task file", hint="its name ends in .yaml or .yml")
    from stix.api.content import eject as write

    task = options.build_task(given, (file,))
    kept = ("no_setup", "down", "idle_minutes_to_autostop", "wait_for", "lifetime_minutes", "minimize")
    infra, nodes = write(task, folder, given["cluster"], **{name: given[name] for name in kept})
    if given["form"] == "json":
        output.as_json({"folder": str(folder.absolute()), "infra": infra, "num_nodes": nodes})
    else:
        click.echo(f"{folder}: {nodes} node{'s' * (nodes > 1)} on {infra}; README.md there has the commands.")
    return 0
