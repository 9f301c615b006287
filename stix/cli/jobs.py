"""`queue`, `logs` and `cancel`: jobs on clusters."""

import sys
from typing import Any

import click

from stix.cli import options, output, prompts
from stix.cli.job_views import show_cancelled, show_queue, stream
from stix.errors import StixError, UsageError


@click.command("queue")
@options.clusters
@click.option("-s", "--skip-finished", is_flag=True, help="Only jobs that wait or run.")
@options.all_users
@options.as_output
def queue(clusters: tuple[str, ...], skip_finished: bool, all_users: bool, form: str) -> int:
    """List the jobs of clusters (of all that are up when none is named), newest first.

    \b
    Examples:
      stix queue
      stix queue dev --skip-finished
      stix queue 'dev*' -o json
    """
    from stix.cli.names import expand

    found, status = ask_queues(
        expand(clusters, everything=not clusters, status="UP"), skip_finished=skip_finished, all_users=all_users
    )
    if found or not status:
        show_queue(found, form)
    return status


def ask_queues(names: list[str], **how: bool) -> tuple[dict[str, list[dict[str, Any]]], int]:
    """Jobs of each cluster in the order of the names, and the exit status; one that does not answer is only reported.

    Raises:
        StixError: the only one that was asked does not answer.
    """
    from stix.api import jobs
    from stix.cli.errors import lines

    if len(names) == 1:
        return {names[0]: jobs.queue(names[0], **how)}, 0
    from stix.cli.several import together

    answers, status = dict(together(names, lambda name: jobs.queue(name, **how))), 0
    for name in names:
        error = answers[name]
        if isinstance(error, StixError):
            status = status or error.exit_status
            click.echo("\n".join(lines(error, about=name)), err=True)
        elif isinstance(error, BaseException):
            raise error
    return {name: answers[name] for name in names if not isinstance(answers[name], StixError)}, status


def _tail(_: click.Context, parameter: click.Parameter, text: str) -> int:
    if text == "all":
        return 0
    if not text.isdecimal():
        raise click.BadParameter(f"{text!r} is neither a number of lines nor 'all'", param=parameter)
    return int(text)


@click.command("logs")
@options.cluster
@click.argument("job_ids", nargs=-1, type=int, metavar="[JOB]...")
@click.option("--follow/--no-follow", default=True, help="Go on until the job ends.  [default: follow]")
@click.option(
    "--tail", default="all", callback=_tail, metavar="LINES", help="Begin so many lines before the end, or 'all'."
)
@click.option("-w", "--worker", type=click.IntRange(0), metavar="RANK", help="Only the lines of this node.")
@click.option("--status", is_flag=True, help="Show the job's state instead, and end with its status.")
@click.option("-s", "--sync-down", is_flag=True, help="Download the logs instead, of several jobs if you like.")
@options.as_output
def logs(cluster: str, job_ids: tuple[int, ...], **given: Any) -> int:
    """Show the log of a job (the newest when none is named) as it grows.

    Ends with the job's status: 0 succeeded, 100 failed, 101 not finished, 102 not found, 103 cancelled.
    Ctrl-C detaches; the job goes on.

    \b
    Examples:
      stix logs dev
      stix logs dev 3 --no-follow --tail 100
      stix logs dev 3 --status
      stix logs dev 1 2 --sync-down
    """
    if given["status"] and given["sync_down"]:
        raise UsageError("usage", "--status and --sync-down exclude each other")
    if given["sync_down"]:
        return download(cluster, job_ids, given["form"])
    if len(job_ids) > 1:
        raise UsageError("usage", "only one job's log can be shown at a time", hint="-s downloads the logs of several")
    job_id = job_ids[0] if job_ids else None
    if given["status"]:
        return show_status(cluster, job_id, given["form"])
    how = {name: given[name] for name in ("follow", "tail", "worker")}
    return stream_beside_record(cluster, job_id, **how) if given["form"] == "json" else stream(cluster, job_id, **how)


def stream_beside_record(cluster: str, job_id: int | None, **how: Any) -> int:
    """Write a log to stderr and, when it has ended, `{cluster, job_id, exit_code}` to stdout."""
    from stix.api import jobs

    number = job_id if job_id is not None else next(iter(jobs.job_status(cluster)))
    status = stream(cluster, number, output_stream=sys.stderr, **how)
    output.as_json({"cluster": cluster, "job_id": number, "exit_code": status})
    return status


def show_status(cluster: str, job_id: int | None, form: str) -> int:
    """Print the state of one job; returns its status."""
    from stix.api import jobs
    from stix.model.job import exit_code

    found = jobs.job_status(cluster, None if job_id is None else [job_id])
    number, status = next(iter(found.items()), (None, None))
    if form == "json":
        record = {"cluster": cluster, "job_id": number, "status": status and status.value}
        output.as_json({**record, "exit_code": exit_code(status)})
    elif status is None:
        click.echo(f"Job {job_id} not found" if job_id is not None else f"No job on cluster {cluster!r}")
    else:
        click.echo(f"Job {number}: {output.paint_states(status.value)}")
    return exit_code(status)


def download(cluster: str, job_ids: tuple[int, ...], form: str) -> int:
    """Fetch logs into local folders and say where they are."""
    from stix.api import jobs

    found = jobs.download_logs(cluster, list(job_ids) or None)
    if form == "json":
        output.as_json([{"cluster": cluster, "job_id": job, "folder": folder} for job, folder in found.items()])
    else:
        click.echo("\n".join(f"Job {job}: {folder}" for job, folder in found.items()) or "No logs.")
    return 0


@click.command("cancel")
@options.cluster
@click.argument("job_ids", nargs=-1, type=int, metavar="[JOB]...")
@click.option("-a", "--all", "everything", is_flag=True, help="All your jobs there.")
@options.all_users
@options.yes
@options.as_output
def cancel(cluster: str, job_ids: tuple[int, ...], everything: bool, all_users: bool, yes: bool, form: str) -> int:
    """End jobs, running or waiting; the newest one when none is named.

    \b
    Examples:
      stix cancel dev
      stix cancel dev 3 4 -y
      stix cancel dev --all
    """
    if job_ids and (everything or all_users):
        raise UsageError("usage", "job numbers and --all exclude each other")
    prompts.require(f"End {_which(job_ids, everything, all_users)} on cluster {cluster!r}?", default=True, yes=yes)
    from stix.api import jobs

    ended = jobs.cancel(cluster, all=everything, all_users=all_users, job_ids=list(job_ids) or None)
    show_cancelled(cluster, ended, form)
    return 0


def _which(job_ids: tuple[int, ...], everything: bool, all_users: bool) -> str:
    if job_ids:
        return f"job{'s' if len(job_ids) > 1 else ''} {', '.join(map(str, job_ids))}"
    if all_users:
        return "all jobs of all users"
    return "all your jobs" if everything else "the newest job"
