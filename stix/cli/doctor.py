"""`doctor`: what of a cluster is not as wanted, and having it mended."""

from collections.abc import Sequence
from typing import Any

import click

from stix.cli import options, output, prompts
from stix.cli.plan_view import plural
from stix.errors import UsageError

UNSOUND = 7
"""Exit status where something is not as wanted."""

HEADS = ("NODE", "WHAT", "WANTED", "IS", "WHAT MENDS IT")


@click.command("doctor")
@options.cluster
@click.option("--fix", is_flag=True, help="Apply the difference, after a question, and compare again.")
@click.option("-y", "--yes", is_flag=True, help="With --fix: do not ask.")
@options.as_output
def doctor(cluster: str, fix: bool, yes: bool, form: str) -> int:
    """Compare a cluster with what is wanted of it, and change nothing.

    Looked at are its machines, what stands around them (ports, disks), and on each node the login, the clock, the
    agent and its settings, volumes, buckets and the container; then autostop and jobs. Ends with 0 where all is as
    wanted, with 7 where something is not.

    \b
    Examples:
      stix doctor dev
      stix doctor dev -o json
      stix doctor dev --fix
    """
    if yes and not fix:
        raise UsageError("usage", "-y goes with --fix; without it nothing is changed")
    from stix.api import doctor as api
    from stix.cli.progress import Progress

    def agree(findings: Sequence[Any]) -> bool:
        progress.close()
        if form != "json":
            click.echo(table(cluster, [each.to_dict() for each in findings]), err=True)
        agreed = prompts.confirm(f"Mend {counted(len(findings))}?", default=False, yes=yes)
        if agreed:
            progress.open()
        return agreed

    with Progress(quiet=form == "json") as progress:
        found = api.doctor(cluster, fix=fix, on_event=progress, confirm=agree)
    if form == "json":
        output.as_json(found)
    else:
        output.say(render(found))
    return 0 if found["sound"] else UNSOUND


def render(found: dict[str, Any]) -> str:
    """A diagnosis as text: a line for each finding, and what can be done about all of them."""
    name, findings, mended = found["cluster"], found["findings"], len(found["mended"])
    lines = [f"Mended: {counted(mended)}."] if mended else []
    if found["infra"] is None:
        return "\n".join([*lines, f"Cluster {name!r} is gone, and so is its record."])
    if not findings:
        return "\n".join([*lines, f"Cluster {name!r} is as wanted."])
    lines += [f"Cluster {name!r} is not as wanted: {counted(len(findings))}.", table(name, findings)]
    fixable = sum(each["fixable"] for each in findings)
    if fixable:
        them = "them" if fixable == len(findings) > 1 else "it" if len(findings) == 1 else f"{fixable} of them"
        lines.append(f"'stix doctor {name} --fix' mends {them}.")
    return "\n".join(lines)


def table(name: str, findings: Sequence[dict[str, Any]]) -> str:
    """One line for each finding; what a person has to do is told as such."""
    words = ("part", "wanted", "found")
    rows = [[each["node"] or name, *(each[word] for word in words), _fix(each)] for each in findings]
    return output.table(HEADS, rows)


def _fix(finding: dict[str, Any]) -> str:
    return f"--fix: {finding['fix']}" if finding["fixable"] else f"you: {finding['fix']}"


def counted(number: int) -> str:
    """'1 finding', '3 findings'."""
    return plural(number, "finding")
