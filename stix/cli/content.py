"""`playbook`, `ansible` and `inventory`: the user's own Ansible content on clusters."""

import os
from pathlib import Path

import click

from stix.cli import options, output
from stix.errors import UsageError

HANDED_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": ["-h", "--help"]}
isolated_option = click.option(
    "--isolated", is_flag=True, help="Leave your ansible.cfg and ANSIBLE_* variables out; goes before CLUSTER."
)


@click.command("playbook", context_settings=HANDED_ON)
@isolated_option
@options.cluster
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="PLAYBOOK... [OPTIONS]")
def playbook(cluster: str, words: tuple[str, ...], isolated: bool) -> None:
    """Run your own playbooks on a cluster.

    All words after CLUSTER are ansible-playbook's, and so is the exit status. The nodes are in group `all`, the head in
    `stix_head`, the others in `stix_workers`.

    \b
    Examples:
      stix playbook dev site.yml
      stix playbook dev site.yml --check --diff --tags web --limit stix_head
      stix playbook dev site.yml -e release=7 --vault-id prod@prompt
      stix playbook --isolated dev stix.core.probe
    """
    _become("ansible-playbook", cluster, words, isolated)


@click.command("ansible", context_settings=HANDED_ON)
@isolated_option
@options.cluster
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[OPTIONS]")
def ansible(cluster: str, words: tuple[str, ...], isolated: bool) -> None:
    """Run one module on the nodes of a cluster.

    All words after CLUSTER are ansible's, and so is the exit status.

    \b
    Examples:
      stix ansible dev -m ping
      stix ansible dev -m apt -a 'name=htop state=present' --become --check
      stix ansible dev --limit stix_workers -m shell -a uptime
    """
    _become("ansible", cluster, ("all", *words), isolated)


def _become(program: str, cluster: str, words: tuple[str, ...], isolated: bool) -> None:
    """Replace this process, so that questions, signals and the exit status are the program's own."""
    from stix.api.content import ansible_call

    argv, environment = ansible_call(program, cluster, words, isolated)
    os.execve(argv[0], argv, environment)


@click.command("inventory")
@options.clusters
@click.option("--list", "listed", is_flag=True, help="All groups and variables as JSON; the same as -o json.")
@click.option("--host", metavar="NAME", help="The variables of one node as JSON.")
@click.option("--export", type=click.Path(file_okay=False, path_type=Path), help="Write hosts.yml into this folder.")
@options.as_output
def inventory(clusters: tuple[str, ...], listed: bool, host: str | None, export: Path | None, form: str) -> int:
    """Show clusters (all, or those named) as an Ansible inventory, or write it.

    It is what the inventory plugin stix.core.clusters gives. What is exported needs no stix; it holds no secret and
    does not follow what becomes of the clusters.

    \b
    Examples:
      stix inventory
      stix inventory 'train-*' --list
      stix inventory dev --host dev-0
      stix inventory dev --export inventories/dev
    """
    if sum((listed or form == "json", host is not None, export is not None)) > 1:
        raise UsageError("usage", "--list, --host and --export exclude each other")
    from stix.api import content
    from stix.cli.names import expand

    names = expand(clusters, everything=not clusters)
    if export is not None:
        click.echo(content.export_inventory(names, export))
        return 0
    if host is None and not listed and form != "json":
        click.echo(content.inventory(names, "--graph"), nl=False)
    else:
        output.as_json(content.listed_inventory(names, host))
    return 0
