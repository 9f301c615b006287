"""`explain`: what a key of a task file means, from the schema that validates it."""

import textwrap
from typing import TYPE_CHECKING

import click

from stix.cli import options, output

if TYPE_CHECKING:
    from stix.spec.explain import Explanation

KINDS = ("task", "pipeline", "job-group", "volume", "storage", "settings")
WIDTH = 100


@click.command("explain")
@click.argument("path", metavar="[KEY]", default="")
@click.option("--as", "kind", type=click.Choice(KINDS), default="task", show_default=True, help="Kind of document.")
@click.option("--json-schema", is_flag=True, help="The whole schema as JSON Schema (2020-12), for editors.")
@options.as_output
def explain(path: str, kind: str, json_schema: bool, form: str) -> int:
    """What a key of a task file means: what it takes, its default, examples, and whether `up` can run it yet.

    KEY is a path with dots; one word finds the key wherever it belongs. Without it, all keys of a document.

    \b
    Examples:
      stix explain
      stix explain resources.accelerators
      stix explain service.replica_policy
      stix explain --as volume config.access_mode
      stix explain --json-schema > task.schema.json
    """
    if json_schema:
        from stix.spec.json_schema import render

        output.say(render(kind).rstrip())
        return 0
    from stix.spec import explain as spec

    found = spec.explain(path, kind=kind)
    if form == "json":
        output.as_json(found.to_dict())
    else:
        output.say(as_text(found))
    return 0


def as_text(found: "Explanation") -> str:
    """An explanation for people."""
    from stix.spec import explain as spec

    key = found.key
    lines = [found.path or spec.TITLES[found.kind]]
    if key.doc:
        lines += ["", *_wrapped(key.doc)]
    facts = {
        "takes": spec.takes(key) if key.forms and found.path else "",
        "one of": ", ".join(key.choices),
        "must be": key.like,
        "bounds": spec.bounds(key),
        "default": key.default,
        "needed": "yes" if key.needed else "",
        "instead": key.instead,
        "up": "" if found.works else "is read and kept, but `stix up` cannot run it yet",
    }
    told = [[f"  {name}", text] for name, text in facts.items() if text]
    if told:
        width = max(len(name) for name, _ in told) + 2
        lines += ["", *(f"{name.ljust(width)}{text}" for name, text in told)]
    if found.path and spec.examples(key):
        lines += ["", "Examples:", *(textwrap.indent(each, "  ") for each in spec.examples(key))]
    return "\n".join([*lines, *_keys(found)])


def _keys(found: "Explanation") -> list[str]:
    from stix.spec import explain as spec

    keys = list(spec.public(spec.below(found.key)))
    if not keys:
        return []
    names = [name + ("" if found.works and child.works else " *") for name, child in keys]
    wide = max(len(name) for name in names) + 2
    lines = ["", "Keys:"]
    for name, (_, child) in zip(names, keys, strict=True):
        lines.append(f"  {name.ljust(wide)}{_first_sentence(child.doc, WIDTH - wide - 2)}")
    if found.works and not all(child.works for _, child in keys):
        lines += ["", "* is read and kept, but `stix up` cannot run it yet"]
    return [line.rstrip() for line in lines]


def _first_sentence(doc: str, width: int) -> str:
    sentence = doc.split(". ")[0].rstrip(".")
    return sentence if len(sentence) <= width else textwrap.shorten(sentence, width, placeholder=" ...")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")
