"""`ssh`: a shell on a node; and the pools of machines that you own."""

import os
from typing import Any

import click

from stix.cli import options, output
from stix.cli.main import CONTEXT
from stix.errors import UsageError

HOST_HEADS = ("POOL", "HOST", "ADDRESS", "STATE", "CPUS", "MEM(GiB)", "GPUS", "CLUSTER")


class NodeOrPool(click.Group):
    """A group whose first word is one of its commands or else the name of a cluster."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Send `ssh CLUSTER ...` to the hidden command that opens a shell."""
        if args and not args[0].startswith("-") and args[0] not in self.list_visible():
            args = ["node", *args]
        return super().parse_args(ctx, args)

    def list_visible(self) -> list[str]:
        """Words that are no clusters' names here."""
        return [name for name, command in self.commands.items() if not command.hidden]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """The group's commands and the names of clusters."""
        from click.shell_completion import CompletionItem

        from stix.cli.completion import cluster_names

        names = [CompletionItem(name) for name in cluster_names() if name.startswith(incomplete)]
        return [*super().shell_complete(ctx, incomplete), *names]


@click.group(
    "ssh", cls=NodeOrPool, context_settings=CONTEXT, subcommand_metavar="CLUSTER [-- COMMAND] | COMMAND [ARGS]"
)
def ssh() -> None:
    """Open a shell on a node of a cluster, or run a command there; manage pools of your own machines.

    \b
    Examples:
      stix ssh dev                      the head node
      stix ssh dev --node 1             another node, by rank
      stix ssh dev -- nvidia-smi -L
      stix ssh up --infra rack          prepare the hosts of a pool
      stix ssh up --inventory hosts.ini
    """


@ssh.command("node", hidden=True)
@options.cluster
@click.option("--node", metavar="NODE", help="The node's rank or name (1, worker1); the head when left out.")
@click.argument("words", nargs=-1, metavar="[-- COMMAND]")
def node(cluster: str, node: str | None, words: tuple[str, ...]) -> None:
    """Open a shell on a node of a cluster, or run a command there."""
    from stix.api import clusters

    argv = clusters.shell_argv(cluster, node, options.command_line(words))
    os.execvp(argv[0], argv)


pool = click.option("--infra", "pool", metavar="POOL", help="The pool, with or without 'ssh/'; all when left out.")


def _pool(name: str | None) -> str | None:
    return name.removeprefix("ssh/") if name else None


@ssh.command("up", short_help="Look at the hosts of pools.")
@pool
@click.option("--inventory", type=click.Path(exists=True), help="Take the hosts of an Ansible inventory as a pool.")
@click.option("-f", "--file", "inventory_file", type=click.Path(exists=True), hidden=True)
@options.as_output
def ssh_up(pool: str | None, inventory: str | None, inventory_file: str | None, form: str) -> int:
    """Look at the hosts of pools, so that tasks can be placed on them.

    \b
    Examples:
      stix ssh up
      stix ssh up --infra rack
      stix ssh up --infra lab --inventory hosts.ini
    """
    if inventory_file:
        raise UsageError("usage", "--file is not a flag of stix", hint="pools are in ~/.stix/ssh_node_pools.yaml")
    from stix.api import infra
    from stix.cli.progress import Progress

    with Progress(quiet=form == "json") as progress:
        hosts = infra.ssh_up(_pool(pool), inventory=inventory, on_event=progress)
    show_hosts(hosts, form)
    return 0 if all(host.get("state") not in ("unreachable", "failed") for host in hosts) else 1


@ssh.command("down", short_help="Remove stix from the hosts of pools.")
@pool
@options.yes
@options.as_output
def ssh_down(pool: str | None, yes: bool, form: str) -> int:
    """Remove stix from the hosts of pools, and forget what was seen of them.

    \b
    Examples:
      stix ssh down --infra rack
    """
    from stix.api import infra
    from stix.cli.prompts import require

    name = _pool(pool)
    require(f"Remove stix from {f'pool {name!r}' if name else 'all pools'}?", default=False, yes=yes)
    infra.ssh_down(name)
    if form == "json":
        output.as_json({"pool": name, "ok": True})
    else:
        click.echo(f"Pool {name!r} is taken back." if name else "All pools are taken back.")
    return 0


@ssh.command("status", short_help="List the hosts of pools.")
@pool
@options.as_output
def ssh_status(pool: str | None, form: str) -> int:
    """List the hosts of pools: their hardware, and who has them.

    \b
    Examples:
      stix ssh status
      stix ssh status --infra rack -o json
    """
    from stix.api import infra

    show_hosts(infra.ssh_status(_pool(pool)), form)
    return 0


def show_hosts(hosts: list[dict[str, Any]], form: str) -> None:
    """Print hosts as a table with what is wrong below it, or as JSON."""
    if form == "json":
        output.as_json(hosts)
        return
    if not hosts:
        click.echo("No hosts. 'stix ssh up' looks at those in ~/.stix/ssh_node_pools.yaml, or at an --inventory.")
        return
    click.echo(output.table(HOST_HEADS, (host_row(host) for host in hosts)))
    for host in hosts:
        if host.get("message"):
            click.echo(f"{host['pool']}/{host['host']}: {host['message']}")


def host_row(host: dict[str, Any]) -> tuple[Any, ...]:
    """A host as cells of `HOST_HEADS`."""
    from stix.cli.plan_view import accelerators, gib

    gpus = host.get("gpus")
    named = accelerators(gpus) if not isinstance(gpus, list) else ", ".join(map(_gpu, gpus))
    return (
        host["pool"],
        host["host"],
        host.get("address"),
        host.get("state"),
        host.get("cpus"),
        gib(host.get("memory")),
        named,
        host.get("cluster"),
    )


def _gpu(gpu: Any) -> str:
    return str(gpu.get("name", gpu)) if isinstance(gpu, dict) else str(gpu)
