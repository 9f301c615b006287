"""Options that several commands share, and the task that they describe."""

import os
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stix.errors import UsageError

if TYPE_CHECKING:
    from stix.model.task import Task

F = TypeVar("F", bound=Callable[..., Any])
YAML_SUFFIXES = (".yaml", ".yml")


def complete_clusters(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Names of known clusters that begin like this, for the shell."""
    from stix.cli.completion import cluster_names

    taken = {word for value in ctx.params.values() if isinstance(value, tuple) for word in value}
    return [name for name in cluster_names() if name.startswith(incomplete) and name not in taken]


def together(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """Several decorators as one, in the order in which the help shows them."""

    def apply(function: F) -> F:
        for decorate in reversed(decorators):
            function = decorate(function)
        return function

    return apply


def _variable(_: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> dict[str, str]:
    """`K=V` words, and `K` words that take their value from our own environment."""
    found = {}
    for word in words:
        name, given, value = word.partition("=")
        if not name.isidentifier():
            raise click.BadParameter(f"{name!r} is not a variable name; write NAME=VALUE or NAME", param=parameter)
        if not given and name not in os.environ:
            raise click.BadParameter(f"{name!r} has no value and is not set in the environment", param=parameter)
        found[name] = value if given else os.environ[name]
    return found


def _variable_file(_: click.Context, __: click.Parameter, path: str | None) -> dict[str, str]:
    if path is None:
        return {}
    from stix.spec.dotenv import parse_dotenv

    with open(path, encoding="utf-8", errors="replace") as file:
        return parse_dotenv(file.read(), file=path)


def _config(context: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> dict[str, Any]:
    """What `--config` says of the task; what it says of other settings holds until the command ends."""
    from stix.config.flags import of_task_and_others
    from stix.config.layers import flags

    of_task, others = of_task_and_others(_given_settings(words, parameter))
    if others:
        context.with_resource(flags(others))
    return of_task


def _all_settings(_: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> dict[str, Any]:
    """All that `--config` says, checked."""
    from stix.config.flags import checked

    return checked(_given_settings(words, parameter))


def _given_settings(words: tuple[str, ...], parameter: click.Parameter) -> dict[str, Any]:
    """Files of settings and `nested.key=value` words, one over the other; values are YAML."""
    found: dict[str, Any] = {}
    for word in words:
        key, given, value = word.partition("=")
        if given and not os.path.isfile(word):
            text, inner = value, key.split(".")
        else:
            try:
                with open(word, encoding="utf-8") as file:
                    text, inner = file.read(), []
            except (OSError, UnicodeDecodeError):
                raise click.BadParameter(f"{word!r} is neither a file nor KEY=VALUE", param=parameter) from None
        _overlay(found, _settings(text, inner, word, parameter))
    return found


def _settings(text: str, keys: list[str], word: str, parameter: click.Parameter) -> dict[str, Any]:
    from stix.spec import yaml_text

    try:
        documents = [data for data, _ in yaml_text.read(text)]
    except yaml_text.Fault as fault:
        raise click.BadParameter(f"{word!r}: {fault.sentence}", param=parameter) from None
    if len(documents) > 1:
        raise click.BadParameter(f"{word!r} holds several documents", param=parameter)
    data: Any = documents[0] if documents else None
    for key in reversed(keys):
        data = {key: data}
    if data is not None and not isinstance(data, dict):
        raise click.BadParameter(f"{word!r} holds no map of settings", param=parameter)
    return data or {}


def _overlay(below: dict[str, Any], above: dict[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            _overlay(below[key], value)
        else:
            below[key] = value


_FILE = click.Path(exists=True, dir_okay=False)
_DIRECTORY = click.Path(exists=True, file_okay=False)

entrypoint = click.argument("entrypoint", nargs=-1, metavar="[TASK.YAML | -- COMMAND]")
cluster = click.argument("cluster", shell_complete=complete_clusters)
clusters = click.argument("clusters", nargs=-1, shell_complete=complete_clusters)
cluster_name = click.option("-c", "--cluster", help="The cluster's name.", shell_complete=complete_clusters)
as_output = click.option(
    "-o", "--output", "form", type=click.Choice(["table", "json"]), default="table", help="Form of the data on stdout."
)
yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
all_clusters = click.option("-a", "--all", "everything", is_flag=True, help="All clusters.")
all_users = click.option("-u", "--all-users", is_flag=True, help="Those of other users, too.")
detach = click.option("-d", "--detach-run", is_flag=True, help="Return once the job is queued; show no log.")
wait_for = click.option(
    "--wait-for",
    type=click.Choice(["jobs_and_ssh", "jobs", "none"]),
    help="What counts as busy: jobs and ssh sessions, jobs, or nothing.",
)
lifetime = click.option(
    "--lifetime-minutes", type=click.IntRange(1), metavar="MINUTES", help="Hard limit on the cluster's life."
)
idle_minutes = click.option(
    "-i", "--idle-minutes-to-autostop", type=int, metavar="MINUTES", help="Stop the cluster after so long without work."
)
retry = click.option("-r", "--retry-until-up", is_flag=True, help="Try again until a place has room.")
graceful = together(
    click.option("--graceful", is_flag=True, help="Let jobs end their uploads first."),
    click.option(
        "--graceful-timeout", type=click.IntRange(0), metavar="SECONDS", help="Wait at most so long for them."
    ),
)

hooks = click.option(
    "--hooks",
    type=click.Choice(["run", "skip", "require"]),
    default="run",
    help="Run the task's hooks first and go on anyway, skip them, or go on only if all end well.",
)

secrets = click.option(
    "--secret",
    "secrets",
    multiple=True,
    callback=_variable,
    metavar="K[=V]",
    help="Secret variable; K hides it best.",
)
variables = together(
    click.option("--env", "envs", multiple=True, callback=_variable, metavar="K[=V]", help="Variable for the job."),
    click.option("--env-file", callback=_variable_file, type=_FILE, help="Variables in a dotenv file."),
    secrets,
    click.option("--secret-file", callback=_variable_file, type=_FILE, help="Secret variables in a dotenv file."),
)

task_options = together(
    click.option("-n", "--name", help="The task's name."),
    click.option("--workdir", type=_DIRECTORY, help="Folder to bring to the nodes; the job starts in it."),
    click.option("--git-url", metavar="URL", help="Git repository to bring instead of a folder."),
    click.option("--git-ref", metavar="REF", help="Branch, tag or commit of it."),
    click.option("--num-nodes", type=click.IntRange(1), metavar="N", help="How many nodes run it."),
    variables,
)
resource_options = together(
    click.option("--infra", metavar="CLOUD[/REGION[/ZONE]]", help="Where: local, ssh/my-pool, docker, ..."),
    click.option("--cloud", hidden=True, help="The first part of --infra."),
    click.option("--region", hidden=True, help="The second part of --infra."),
    click.option("--zone", hidden=True, help="The third part of --infra."),
    click.option("--gpus", metavar="NAME[:COUNT]", help="Accelerators of a node, as in A100:8."),
    click.option("--cpus", metavar="N[+]", help="CPUs of a node: exactly N, or at least N."),
    click.option("--memory", metavar="GIB[+]", help="Memory of a node; 4x is 4 GiB for each CPU."),
    click.option("-t", "--instance-type", metavar="TYPE", help="Machine type by the cloud's own name."),
    click.option("--use-spot/--no-use-spot", default=None, help="Cheaper machines that the cloud may take back."),
    click.option("--image-id", metavar="IMAGE", help="Machine image, or docker:IMAGE."),
    click.option("--disk-size", metavar="GIB", help="Size of a node's disk."),
    click.option("--disk-tier", metavar="TIER", help="Speed of that disk: low, medium, high, ultra or best."),
    click.option("--network-tier", metavar="TIER", help="Speed of the network: standard or best."),
    click.option("--local-disk", metavar="[KIND:]GB[+]", help="Disks in the machine: nvme or ssd, and their size."),
    click.option("--max-hourly-cost", metavar="DOLLARS", help="Most that a node may cost in an hour."),
    click.option("--job-recovery", metavar="STRATEGY", help="How a managed job comes back: failover, ..."),
    click.option("--priority", metavar="NUMBER|CLASS", help="Priority of a managed job, or the name of a class."),
    click.option("--ports", multiple=True, metavar="PORTS", help="Ports to open: 8080, 8000-8010, or a list."),
    click.option(
        "--config",
        multiple=True,
        callback=_config,
        metavar="FILE|KEY=VALUE",
        help="Settings for this command: docker.run_options=--shm-size=8g.",
    ),
)
settings = click.option(
    "--config",
    multiple=True,
    callback=_all_settings,
    metavar="FILE|KEY=VALUE",
    help="Settings that win over all others.",
)

_AS_TYPED = (
    *("name", "workdir", "git_url", "git_ref", "num_nodes", "infra", "cloud", "region", "zone", "gpus", "cpus"),
    *("memory", "instance_type", "use_spot", "image_id", "disk_size", "disk_tier", "network_tier", "local_disk"),
    *("max_hourly_cost", "job_recovery", "priority", "config"),
)


def build_task(given: dict[str, Any], words: tuple[str, ...]) -> "Task":
    """The task that the command line describes: a file or a command, then the flags on top.

    Raises:
        UsageError: the file is missing or wrong, or a flag does not fit.
    """
    from dataclasses import replace

    from stix.model.task import Task
    from stix.spec.load import load_file
    from stix.spec.overrides import Overrides, apply

    overrides = Overrides(
        **{name: given[name] for name in _AS_TYPED},
        ports=tuple(port for word in given["ports"] for port in word.split(",")),
        envs={**given["env_file"], **given["envs"]},
        secrets={**given["secret_file"], **given["secrets"]},
    )
    path = task_file(words)
    task = load_file(path, overrides=overrides) if path else apply(Task(run=command_line(words)), overrides)
    return replace(task, run=None) if given.get("no_run") else task


def task_file(words: tuple[str, ...]) -> str | None:
    """The task file that the words name: one word that ends in .yaml or .yml.

    Raises:
        UsageError: a word looks like a task file or a saved plan and there is no such file; a command stands behind a
            task file.
    """
    if len(words) > 1 and words[0].endswith(YAML_SUFFIXES) and os.path.isfile(words[0]):
        hint = "put the command into the file, or leave the file out"
        raise UsageError("usage", f"task file {words[0]!r} and a command exclude each other", hint=hint)
    if len(words) != 1:
        return None
    word = words[0]
    if word.endswith(YAML_SUFFIXES) and " " not in word:
        if not os.path.isfile(word):
            found = "is no file" if os.path.exists(word) else "does not exist"
            raise UsageError("usage", f"task file {word!r} {found}", hint="commands go after '--'")
        return word
    if word.endswith(".json") and " " not in word and not os.path.isfile(word):
        raise UsageError("usage", f"saved plan {word!r} does not exist", hint="'stix plan --save FILE' writes one")
    return None


def command_line(words: tuple[str, ...]) -> str | None:
    """Words as a shell line: one word is a line already, several keep their boundaries."""
    if not words:
        return None
    return words[0] if len(words) == 1 else shlex.join(words)
