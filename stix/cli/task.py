"""`task show` and `task check`: a task file as stix understands it."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import click

from stix.cli import options, output
from stix.cli.main import CONTEXT
from stix.errors import UsageError

KINDS = ("task", "job-group", "volume", "storage")

as_kind = click.option(
    "--as", "kind", type=click.Choice(KINDS), default="task", show_default=True, help="Kind of document in the file."
)


@click.group("task", context_settings=CONTEXT)
def task() -> None:
    """Task files as stix understands them.

    \b
    Examples:
      stix task show train.yaml
      stix task check *.yaml
      stix explain resources.accelerators       what a key means
    """


@task.command("show")
@click.argument("file", metavar="FILE")
@as_kind
@options.variables
@click.option("-o", "--output", "form", type=click.Choice(["yaml", "json"]), default="yaml", help="Form on stdout.")
def show(file: str, kind: str, form: str, **given: dict[str, str]) -> int:
    """The task in SkyPilot's normal form: defaults and shorthands written out, one entry for each document.

    FILE may be `-` for standard input. Secrets never show: they are null, and where one was filled in stands its name.
    With `-o json` it is a list.

    \b
    Examples:
      stix task show train.yaml
      stix task show pipeline.yaml -o json
      stix task show group.yaml --as job-group
      stix task show serve.yaml --env MODEL=llama --secret HF_TOKEN
    """
    from stix.spec.source import named, read_source

    env, secrets = _variables(given)
    documents = normal_form(read_source(file), named(file), kind, env, secrets)
    if form == "json":
        output.as_json(documents)
    else:
        sys.stdout.write(as_yaml(documents))
    return 0


@task.command("check")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@as_kind
@options.variables
@options.as_output
def check(files: tuple[str, ...], kind: str, form: str, **given: dict[str, str]) -> int:
    """Whether files are right, and all that is wrong with them; ends with 2 if anything is.

    Variables and secrets that a file leaves to be given are named and count as given.

    \b
    Examples:
      stix task check train.yaml
      stix task check examples/*.yaml -o json
      stix task check data.yaml --as volume
    """
    env, secrets = _variables(given)
    found = [checked(file, kind, env, secrets) for file in files]
    if form == "json":
        output.as_json(found)
    else:
        output.say("\n".join(line for record in found for line in check_lines(record)))
    return 0 if all(record["ok"] for record in found) else 2


def normal_form(
    text: str, file: str, kind: str, env: Mapping[str, str], secrets: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The documents of a text in normal form, that of a head first.

    Raises:
        UsageError: task.invalid.
    """
    from stix.api.memory import memory_of
    from stix.spec import dump, load

    if kind == "volume":
        from stix.spec.volume import volume_config

        return [volume_config(load.load_volume(text, file=file))]
    if kind == "storage":
        from stix.spec.storage import storage_config

        return [storage_config(load.load_storage(text, file=file))]
    read = load.load_job_group if kind == "job-group" else load.load_pipeline
    try:
        pipeline = read(text, file=file, env=env, secrets=secrets)
    except UsageError as error:
        if kind == "task" and error.details.get("key") == "execution":
            error.hint = "a job group is read with --as job-group"
        raise
    # A single task without a head gives its name to the whole.
    headed = len(pipeline.tasks) > 1 or kind == "job-group" or pipeline.name != pipeline.tasks[0].name
    return dump.pipeline_config(pipeline, head=headed, memory_of=memory_of)


def as_yaml(documents: Iterable[Mapping[str, Any]]) -> str:
    """Documents as YAML: commands of several lines as blocks, no aliases, keys in their order."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def of_text(dumper: Any, text: str) -> Any:
        block = "\n" in text and not any(line.endswith((" ", "\t")) for line in text.split("\n"))
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if block else None)

    Dumper.add_representer(str, of_text)
    return yaml.dump_all(documents, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1000)


def checked(file: str, kind: str, env: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, Any]:
    """One file's record: `file`, `ok`, `needs` (variables to be given), `problems` (sentences with their places)."""
    from stix.spec.source import named, read_source

    needs: list[str] = []
    problems: list[str] = []
    try:
        text = read_source(file)
        needs = [name for name in unset(text, named(file)) if name not in env]
        normal_form(text, named(file), kind, {**dict.fromkeys(needs, "unset"), **env}, secrets)
    except UsageError as error:
        problems = [f"{error.message} ({error.hint})" if error.hint else error.message, *error.details.get("also", [])]
    return {"file": file, "ok": not problems, "needs": needs, "problems": problems}


def check_lines(record: Mapping[str, Any]) -> list[str]:
    """A record of `checked` for people."""
    if not record["ok"]:
        return list(record["problems"])
    needs = f" (needs {', '.join(f'--env {name}=...' for name in record['needs'])})" if record["needs"] else ""
    return [f"{record['file']}: ok{needs}"]


def unset(text: str, file: str) -> list[str]:
    """Environment variables that the documents of a text leave without a value."""
    from stix.spec.document import parse_documents

    maps = [each.data.get("envs") for each in parse_documents(text, file=file) if isinstance(each.data, Mapping)]
    names = [name for envs in maps if isinstance(envs, Mapping) for name, value in envs.items() if value is None]
    return list(dict.fromkeys(names))


def _variables(given: Mapping[str, Mapping[str, str]]) -> tuple[dict[str, str], dict[str, str]]:
    return {**given["env_file"], **given["envs"]}, {**given["secret_file"], **given["secrets"]}
