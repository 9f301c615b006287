"""`up`, `plan` and `exec`: a task goes to a cluster."""

import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from stix.cli import options, output
from stix.errors import UsageError

if TYPE_CHECKING:
    from stix.cli.progress import Progress

dryrun_option = click.option("--dryrun", is_flag=True, help="Show the plan and stop there.")
minimize = click.option(
    "--minimize", type=click.Choice(["cost", "time"]), default="cost", help="What the best place saves; default: cost."
)
failover_options = options.together(
    click.option(
        "--ignore-skips", is_flag=True, help="Try places in turn that had nothing a short while ago (`stix skips`)."
    ),
    click.option(
        "--race", type=click.IntRange(2, 4), metavar="N", help="Make machines in the N best places; the first one wins."
    ),
    click.option("--resize", is_flag=True, help="Let the live cluster have as many nodes as the task, also fewer."),
    click.option("--force", is_flag=True, help="With --resize: end jobs that run on nodes which go."),
)
FAILOVER = ("ignore_skips", "race", "resize", "force")
setting_options = options.together(
    options.idle_minutes,
    options.wait_for,
    options.lifetime,
    click.option("--down", is_flag=True, help="Remove the cluster instead of stopping it, once its jobs are done."),
    click.option("--no-setup", is_flag=True, help="Leave the task's setup out."),
    click.option("--no-run", is_flag=True, help="Leave the task's run out: a cluster that is set up, and no job."),
    click.option("--fast", is_flag=True, help="Skip all that a cluster which is up has already."),
)


@click.command("up")
@options.entrypoint
@options.cluster_name
@options.task_options
@options.resource_options
@setting_options
@minimize
@failover_options
@options.retry
@options.detach
@dryrun_option
@options.yes
@options.as_output
def up(entrypoint: tuple[str, ...], **given: Any) -> int:
    """Run a task; make its cluster if it is not there.

    Shows a plan and asks once before anything is created, then streams the job's log to stdout and ends with the
    job's status. A plan that `stix plan --save` wrote is carried out exactly, or not at all. `stix launch` is the same
    command.

    \b
    Examples:
      stix up task.yaml
      stix up plan.json
      stix up -c dev --infra docker --cpus 2+ -d -y train.yaml
      stix up -c dev --env-file .env --secret HF_TOKEN -- python train.py
    """
    from stix.cli import saved_plans

    file = saved_plans.named(entrypoint)
    if given["dryrun"]:
        return show_plan(entrypoint, given)
    from stix.cli.session import Launch

    if file:
        saved_plans.refuse_changes()
        return Launch(given).run_saved(file)
    try:
        return Launch(given).run(options.build_task(given, entrypoint))
    except UsageError as error:
        raise located(error, entrypoint) from None


# So that the word `up` of a line in the shell's history can be replaced by `plan`.
of_up_only = options.together(
    *(
        click.option(*names, is_flag=True, hidden=True, expose_value=False)
        for names in (("-y", "--yes"), ("-d", "--detach-run"), ("-r", "--retry-until-up"), ("--dryrun",))
    )
)


def _json_file(_: click.Context, parameter: click.Parameter, path: str | None) -> str | None:
    """The name of a plan's file, by which `up` tells it from task files and commands."""
    if path is not None and not path.endswith(".json"):
        raise click.BadParameter(f"{path!r} does not end in .json", param=parameter)
    return path


@click.command("plan")
@options.entrypoint
@options.cluster_name
@options.task_options
@options.resource_options
@setting_options
@minimize
@failover_options
@click.option("-a", "--all", "every_place", is_flag=True, help="Every place in every region, not the best of each.")
@click.option(
    "--save",
    type=click.Path(dir_okay=False),
    callback=_json_file,
    metavar="FILE",
    help="Keep the plan for `stix up FILE`; its name ends in .json.",
)
@click.option("--check", "rehearses", is_flag=True, help="Play it in check mode and show what would change.")
@of_up_only
@options.as_output
def plan(entrypoint: tuple[str, ...], **given: Any) -> int:
    """Show what `up` would do, where, why and for how much, and do nothing.

    Places that fit but are not enabled are shown, and what `up` would answer. A file of several documents is planned
    as a pipeline. `stix optimize` is the same command.

    With --check the playbooks of the launch are played in Ansible's check mode, and their diffs are shown: machines,
    set-up, files, the job. Steps on machines that are not there yet cannot be previewed, and are named.

    \b
    Examples:
      stix plan task.yaml
      stix plan -c dev --gpus A100:8 task.yaml
      stix plan task.yaml --save plan.json
      stix plan task.yaml -o json
      stix plan --check task.yaml -c dev
    """
    return show_plan(entrypoint, given)


def show_plan(entrypoint: tuple[str, ...], given: dict[str, Any]) -> int:
    """Print the plan of a launch on stdout; a dry run of `up` ends with the error that `up` would end with."""
    from stix.cli import plans, saved_plans

    form, every_place = given["form"], bool(given.get("every_place"))
    with plans.answered(form):
        if saved := saved_plans.named(entrypoint):
            saved_plans.refuse_changes()
            decided = saved_plans.plan(saved, given)
        else:
            file = options.task_file(entrypoint)
            envs, secrets = {**given["env_file"], **given["envs"]}, {**given["secret_file"], **given["secrets"]}
            if file and (pipeline := plans.pipeline_in(file, envs, secrets)):
                _refuse_for_pipelines(given)
                minimize = given["minimize"]
                plans.show_pipeline(pipeline, given["cluster"], form, minimize=minimize, every_place=every_place)
                return 0
            decided = _plan_of(options.build_task(given, entrypoint), given)
        foreseen = _rehearsed(decided, given, saved) if given.get("rehearses") else None
        plans.show(decided, form, every_place=every_place, foreseen=foreseen)
    try:
        plans.end(decided, as_up=bool(given.get("dryrun")))
    except UsageError as error:
        raise located(error, entrypoint) from None
    if given.get("save"):
        click.echo(f"saved: stix up {shlex.quote(given['save'])} carries it out", err=True)
    return 0


def _rehearsed(decided: Any, given: dict[str, Any], saved: str | None) -> dict[str, Any] | None:
    """What carrying out a plan would change; None where it would be refused."""
    if decided.refused:
        return None
    from stix.api import plans
    from stix.api.preview import rehearse
    from stix.cli import saved_plans
    from stix.cli.progress import Progress

    no_setup = given["no_setup"]
    if saved:
        no_setup = bool(plans.load_saved(saved, saved_plans.secrets(given))[1].options.get("no_setup"))
    with Progress(quiet=given["form"] == "json") as progress:
        return rehearse(decided, no_setup=no_setup, on_event=progress)


def _refuse_for_pipelines(given: dict[str, Any]) -> None:
    """Several tasks have no one machine, name or autostop that an option could change.

    Raises:
        UsageError: `usage`, an option would change one task.
    """
    from stix.cli import saved_plans

    if given.get("dryrun"):
        raise UsageError("usage", "a pipeline cannot be launched yet", hint="'stix plan' plans it")
    if given.get("save"):
        raise UsageError("usage", "a pipeline's plan cannot be saved", hint="save the plan of each task")
    if given.get("rehearses"):
        raise UsageError("usage", "a pipeline cannot be played in check mode", hint="check each task")
    name = saved_plans.changing(besides=("cluster", "envs", "env_file", "minimize"))
    if name:
        raise UsageError(
            "usage", f"{name} cannot be given for a pipeline, which has several tasks", hint="write it into the tasks"
        )


def _plan_of(task: Any, given: dict[str, Any]) -> Any:
    from stix.api import plans

    wanted = ("no_setup", "fast", "down", "idle_minutes_to_autostop", "wait_for", "lifetime_minutes", "minimize")
    return plans.plan(
        task, given["cluster"], **{name: given[name] for name in (*wanted, *FAILOVER)}, save=given.get("save")
    )


def located(error: UsageError, words: tuple[str, ...]) -> UsageError:
    """An error about keys of a task, with the place of the first one in the task file where there is one."""
    keys = error.details.get("keys")
    file = options.task_file(words) if keys else None
    if file is None:
        return error
    from stix.spec.document import parse_documents

    with open(file, encoding="utf-8-sig") as source:
        documents = parse_documents(source.read(), file=file)
    for document in documents[:1]:
        path = _path(str((keys or [""])[0]), document.data)
        found = document.error(path, error.message, hint=error.hint)
        found.details.update(error.details)
        return found
    return error


def _path(key: str, data: Any) -> tuple[str, ...]:
    """The path of a dotted key in a document; a mount's target may hold dots, a candidate lies in a list."""
    head, _, rest = key.partition(".")
    inner = data.get(head) if isinstance(data, dict) else None
    return (head, rest) if rest and isinstance(inner, dict) and rest in inner else (head,)


@click.command("exec")
@click.argument("cluster", required=False, shell_complete=options.complete_clusters)
@options.entrypoint
@click.option("-c", "--cluster", "cluster_option", hidden=True, shell_complete=options.complete_clusters)
@options.task_options
@options.resource_options
@options.detach
@dryrun_option
@options.as_output
def exec_(cluster: str | None, cluster_option: str | None, entrypoint: tuple[str, ...], **given: Any) -> int:
    """Run a task on a cluster that is up.

    Brings the workdir and queues the job; makes no machines and leaves the task's setup out. Streams the log and
    ends with the job's status.

    \b
    Examples:
      stix exec dev train.yaml
      stix exec dev -d --gpus A100:0.5 -- python eval.py
      stix exec dev 'echo $SKYPILOT_NODE_RANK'
    """
    from stix.api import jobs
    from stix.cli import saved_plans
    from stix.cli.progress import Progress

    if cluster_option:
        entrypoint, cluster = ((cluster, *entrypoint) if cluster else entrypoint), cluster_option
    if not cluster:
        raise UsageError("usage", "exec needs a cluster", hint="'stix status' lists the clusters")
    if not entrypoint:
        raise UsageError(
            "usage", "exec needs a task file or a command", hint=f"for example: stix exec {cluster} -- nvidia-smi"
        )
    if file := saved_plans.named(entrypoint):
        raise UsageError("usage", "exec runs no saved plan", hint=f"'stix up {shlex.quote(file)}' carries it out")
    task = options.build_task(given, entrypoint)
    try:
        if given["dryrun"]:
            return show_target(task, jobs.exec(task, cluster, dryrun=True)[1], given["form"])
        with Progress(quiet=given["form"] == "json") as progress:
            job_id, _ = jobs.exec(task, cluster, on_event=progress)
    except UsageError as error:
        raise located(error, entrypoint) from None
    return finish(cluster, job_id, given, progress)


def show_target(task: Any, handle: Any, form: str) -> int:
    """Print where `exec` would run a task."""
    from stix.cli.plan_view import plural

    if form == "json":
        output.as_json({"cluster": handle.cluster_name, "infra": handle.infra, "num_nodes": task.num_nodes})
    else:
        nodes = f"{task.num_nodes} of {plural(len(handle.nodes), 'node')}"
        click.echo(f"This task would run on cluster {handle.cluster_name!r} ({handle.infra}), {nodes}.")
    return 0


def finish(cluster: str, job_id: int | None, given: dict[str, Any], progress: "Progress") -> int:
    """Say what runs where, stream its log unless detached; returns the job's status, or 0."""
    from stix.cli.job_views import stream

    in_words = given["form"] != "json"
    if in_words:
        click.echo(summary(cluster, job_id, progress), err=True)
    follows = job_id is not None and not given["detach_run"]
    # With JSON on stdout, the log goes to stderr.
    status = stream(cluster, job_id, follow=True, output_stream=None if in_words else sys.stderr) if follows else 0
    if in_words:
        click.echo(next_commands(cluster, job_id), err=True)
    else:
        record = {"cluster": cluster, "job_id": job_id, "exit_code": status if follows else None}
        output.as_json({**record, "seconds": progress.timings})
    return status


def summary(cluster: str, job_id: int | None, progress: "Progress") -> str:
    """'Cluster 'dev' runs job 3 (14 s: ...)'."""
    does = f"runs job {job_id}" if job_id is not None else "is up"
    timing = progress.summary()
    return f"Cluster {cluster!r} {does}" + (f"  ({timing})" if timing else "")


def next_commands(cluster: str, job_id: int | None) -> str:
    """What people type next."""
    log = f"stix logs {cluster}" + (f" {job_id}" if job_id is not None else "")
    return f"log: {log}   shell: stix ssh {cluster}   remove: stix down {cluster}"
