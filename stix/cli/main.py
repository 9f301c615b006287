"""The `stix` command. Names and one-line helps are data here; a command's module is imported only when it is called."""

import sys
from collections.abc import Sequence
from importlib import import_module

import click

from stix.errors import UsageError

SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Run": {
        "up": ("launch:up", "Run a task; make its cluster if it is not there."),
        "plan": ("launch:plan", "Show what `up` would do, and do nothing."),
        "exec": ("launch:exec_", "Run a task on a cluster that is up."),
    },
    "Task files": {
        "task": ("task:task", "Show and check task files as stix understands them."),
        "explain": ("explain:explain", "What a key of a task file means."),
    },
    "Jobs": {
        "queue": ("jobs:queue", "List the jobs of clusters."),
        "logs": ("jobs:logs", "Show the log of a job, as it grows."),
        "cancel": ("jobs:cancel", "End jobs, running or waiting."),
    },
    "Clusters": {
        "status": ("clusters:status", "List clusters."),
        "ssh": ("ssh:ssh", "Open a shell on a node; manage your own machines."),
        "stop": ("clusters:stop", "Stop machines, keep their disks."),
        "start": ("clusters:start", "Start stopped clusters."),
        "autostop": ("clusters:autostop", "Stop or remove clusters once they are idle."),
        "down": ("clusters:down", "Remove clusters for good."),
        "repair": ("clusters:repair", "Look at a cluster and bring it back in order."),
        "doctor": ("doctor:doctor", "Compare a cluster with what is wanted of it."),
        "why": ("why:why", "Why a cluster is where it is, or came to nothing."),
    },
    "Ansible": {
        "playbook": ("content:playbook", "Run your own playbooks on a cluster."),
        "ansible": ("content:ansible", "Run one module on the nodes of a cluster."),
        "inventory": ("content:inventory", "Clusters as an Ansible inventory."),
        "eject": ("eject:eject", "A task as an Ansible project that goes without stix."),
        "export": ("export:export", "Tasks for other programs: AWX."),
        "bundle": ("bundle:bundle", "All of stix in one archive, for sites without a way out."),
    },
    "Data": {
        "storage": ("storage:storage", "Buckets that stix made."),
        "volumes": ("volumes:volumes", "Volumes that tasks mount by name."),
    },
    "Leftovers": {
        "gc": ("recovery:gc", "What carries our tags and nobody wants."),
        "adopt": ("recovery:adopt", "Take machines that exist into the record."),
        "forget": ("recovery:forget", "Drop a record, leave the machines."),
    },
    "Prices": {
        "gpus": ("gpus:gpus", "Accelerators and their prices."),
        "catalog": ("catalog:catalog", "What clouds offer, and how old the prices are."),
    },
    "Tools": {
        "config": ("config:config", "Settings: what holds, and where it is from."),
        "check": ("tools:check", "Which infrastructure can be used, and how to enable the rest."),
        "skips": ("why:skips", "Places that launches try last for now."),
        "cost-report": ("costs:cost_report", "What clusters cost, with those that are gone."),
        "run": ("tools:run", "What earlier runs decided and did."),
        "events": ("events:events", "What became of clusters and jobs, as it happens."),
        "completion": ("tools:completion", "Print shell completion for bash, zsh or fish."),
    },
}
ALIASES = {"launch": "up", "optimize": "plan"}
SHORTCUTS = {"show-gpus": "gpus:show_gpus"}
"""SkyPilot's names of commands that lie deeper here."""
ABSENT = {
    "api": ("stix has no server to talk to", "'stix run list' shows what was done"),
    "dashboard": ("stix has no server to show one", "'stix status' and 'stix queue' list what there is"),
    "jobs": ("managed jobs cannot be run yet", "'stix up --down -d' makes a cluster for one job"),
    "local": ("there is nothing to set up", "'--infra local' is this machine, '--infra docker' containers on it"),
    "serve": ("services cannot be run yet", "a job may listen on 'ports' of a cluster"),
}
"""SkyPilot's commands that are not here: why, and what to use. All of them are in docs/guides/from-skypilot.md."""
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def nearest(word: str, known: Sequence[str]) -> str:
    """The known word that is most like this one, or an empty string."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, 1, 0.5)), "")


class LazyGroup(click.Group):
    """A group that knows its commands' names and helps before it imports any of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the help."""
        return [name for section in SECTIONS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name or alias, imported now."""
        name = ALIASES.get(cmd_name, cmd_name)
        known = {command: place for section in SECTIONS.values() for command, (place, _) in section.items()} | SHORTCUTS
        if name not in known:
            return None
        module, attribute = known[name].split(":")
        command: click.Command = getattr(import_module(f"stix.cli.{module}"), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; an unknown one fails with the nearest that exists."""
        if args[0] in ABSENT:
            why, hint = ABSENT[args[0]]
            raise UsageError("usage", f"there is no command {args[0]!r}: {why}", hint=hint)
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            like = nearest(args[0], [*self.list_commands(ctx), *ALIASES])
            hint = f"did you mean 'stix {like}'?" if like else "'stix --help' lists the commands"
            raise UsageError("usage", f"no such command {args[0]!r}", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections of the help."""
        for title, section in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, help_) for name, (_, help_) in section.items()], col_max=14)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from stix.cli.output import version_line

    click.echo(version_line())
    ctx.exit()


@click.group("stix", cls=LazyGroup, context_settings=CONTEXT, no_args_is_help=True)
@click.option("--debug", is_flag=True, envvar="STIX_DEBUG", help="Show the traceback of an error.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show versions and exit.",
)
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Run AI and batch work on any infrastructure.

    \b
    Examples:
      stix up task.yaml                     find a place, run the task, show its log
      stix up -c dev --gpus A100:8 -- nvidia-smi
      stix exec dev train.yaml -d           another job on the same cluster
      stix logs dev                         follow the newest job
      stix down dev                         remove the machines
    """
    ctx.obj = {"debug": debug}


def main(args: Sequence[str] | None = None) -> None:
    """Entry point of the `stix` script: run the command and exit with its status."""
    from stix.cli.errors import run

    sys.exit(run(cli, list(sys.argv[1:] if args is None else args)))
