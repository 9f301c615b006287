"""`export`: tasks in the formats of other programs."""

from pathlib import Path
from typing import Any

import click

from stix.cli import options, output
from stix.cli.launch import minimize
from stix.cli.main import CONTEXT
from stix.errors import UsageError


@click.group("export", context_settings=CONTEXT)
def export() -> None:
    """Tasks for other programs.

    \b
    Examples:
      stix export awx train.yaml awx
    """


@export.command("awx")
@click.argument("words", nargs=-1, required=True, metavar="[TASK.YAML]... DIR")
@click.option("--organization", default="Default", show_default=True, help="AWX's organization that all is made in.")
@click.option("--git-url", default="", metavar="URL", help="The repository that the project will be in.")
@click.option("--git-ref", default="", metavar="REF", help="Its branch, tag or commit.")
@click.option(
    "--image", default="localhost/stix-ee:latest", show_default=True, help="The image of the execution environment."
)
@click.option(
    "--credential",
    "credentials",
    multiple=True,
    metavar="NAME",
    help="A credential of AWX that all templates use, as of a cloud's account; several times.",
)
@click.option(
    "--state",
    default="",
    metavar="DIR",
    help="Also an inventory of all clusters, from the record in this folder as jobs of AWX see it.",
)
@options.secrets
@minimize
@options.as_output
def awx(words: tuple[str, ...], form: str, minimize: str | None, **site: Any) -> int:
    """Write tasks as a project of AWX, with inventories, credential types, job templates, surveys and workflows.

    Places are chosen as by `stix up`; nothing is made, and no secret is written. README.md in DIR says how to go on.

    \b
    Examples:
      stix export awx train.yaml eval.yaml awx --git-url https://git.example.org/ops/stix.git
      stix export awx train.yaml awx --credential 'AWS research'
      stix export awx awx --state /var/lib/stix
    """
    *files, folder = words
    if folder.endswith(options.YAML_SUFFIXES):
        raise UsageError("usage", "the last word is the folder to write", hint="stix export awx TASK.YAML... DIR")
    if not files and not site["state"]:
        raise UsageError("usage", "there is nothing to export", hint="name task files, or --state DIR")
    from stix.api.content import export_awx

    found = export_awx(files, Path(folder), minimize=minimize, **site)
    if form == "json":
        output.as_json({"folder": str(Path(folder).absolute()), "objects": found})
    else:
        count = sum(len(listed) for listed in found.values())
        click.echo(f"{folder}: a project and {count} objects of AWX; README.md there says how to go on.")
    return 0
