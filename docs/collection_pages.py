"""Pages of the collection, made while the site is built: every role, module, filter and the inventory plugin.

Roles have a README each; plugins say what they do to `ansible-doc`, and this writes down what it answers. The pages
lie in generated/, which is not kept.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

KINDS = ("module", "filter", "inventory")
ORPHAN = "---\norphan: true\n---\n\n"
"""Pages that a table leads to, not the menu: it is drawn on every page, and would be twice as long."""
MARKUP = re.compile(r"\b(RV|[A-Z])\(((?:\\.|[^()\\]|\([^()]*\))*)\)")


def page_of(inside: Path) -> str:
    """The page, from the start of the site, that is made of a path in the repository; empty if none is."""
    if inside.parts[0] == "roles" and inside.name == "README.md":
        return f"generated/roles/{inside.parts[1]}.md"
    return f"generated/{inside}.md" if str(inside) in ("playbooks", "roles", "plugins") else ""


def write(root: Path, docs: Path) -> None:
    """All pages, under docs/generated."""
    folder = docs / "generated"
    shutil.rmtree(folder, ignore_errors=True)
    write_playbooks(root, folder)
    write_roles(root, folder)
    write_plugins(root, folder)


def write_playbooks(root: Path, folder: Path) -> None:
    """One page: what each playbook does, by the names of its plays, and to which machines."""
    lines = ["# Playbooks", "", "Each is `stix.core.NAME`.", "", "| playbook | does | to |", "|---|---|---|"]
    for path in sorted((root / "playbooks").glob("*.yml")):
        for play in yaml.safe_load(path.read_text()):
            hosts = cell(str(play["hosts"])) if "hosts" in play else ""
            lines.append(f"| `{path.stem}` | {cell(play['name'])} | `{hosts}` |")
    save(folder / "playbooks.md", "\n".join([*lines, ""]))


def write_roles(root: Path, folder: Path) -> None:
    """A page for each role, and one that lists them."""
    readmes = sorted((root / "roles").glob("*/README.md"))
    lines = []
    for readme in readmes:
        name = readme.parent.name
        save(folder / "roles" / f"{name}.md", ORPHAN + readme.read_text())
        verbs = yaml.safe_load((readme.parent / "meta/argument_specs.yml").read_text())["argument_specs"]
        named = ", ".join(f"`{verb}`" for verb in verbs)
        does = verbs["main"]["short_description"] if "main" in verbs else f"One verb each: {named}"
        lines.append(f"| [{name}](roles/{name}.md) | {cell(does)} |")
    text = "Each is `stix.core.NAME`; its page has all its variables."
    save(folder / "roles.md", listing("Roles", text, "role", lines))


def write_plugins(root: Path, folder: Path) -> None:
    """A page for each plugin, and one that lists them by kind."""
    environment = os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(root / "collections")}
    command = [
        str(Path(sys.executable).with_name("ansible-doc")),
        "--metadata-dump",
        "--no-fail-on-errors",
        "stix.core",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=root)
    told = json.loads(done.stdout)["all"]
    lines = []
    for kind in KINDS:
        for name, about in sorted(told[kind].items()):
            short = name.removeprefix("stix.core.")
            path = f"{kind}/{short}"
            save(folder / f"{path}.md", ORPHAN + plugin_page(name, kind, about))
            lines.append(f"| [{short}]({path}.md) | {kind} | {cell(about['doc']['short_description'])} |")
    text = "Each is `stix.core.NAME`, and `ansible-doc stix.core.NAME` says the same."
    save(folder / "plugins.md", listing("Modules and plugins", text, "name | kind", lines))


def listing(title: str, text: str, columns: str, rows: list[str]) -> str:
    """A page with a table of others."""
    rule = "---|" * (columns.count("|") + 2)
    table = [f"| {columns} | does |", f"|{rule}", *rows]
    return "\n".join([f"# {title}", "", text, "", *table, ""])


def plugin_page(name: str, kind: str, about: dict[str, Any]) -> str:
    """A plugin's page: what it does, its options, examples, what it returns."""
    doc = about["doc"]
    lines = [f"# {name}", "", f"{markdown(doc['short_description'])} ({kind}).", ""]
    lines += [f"{markdown(line)}\n" for line in paragraphs(doc["description"])]
    lines += [f"- {markdown(line)}" for line in paragraphs(doc.get("notes", []))]
    if options := list(rows_of(doc.get("options", {}), "suboptions")):
        lines += ["", "## Options", "", "| option | type | default | meaning |", "|---|---|---|---|"]
        lines += [f"| `{key}` | {each['type']} | {default_of(each)} | {meaning(each)} |" for key, each in options]
    if about.get("examples"):
        lines += ["", "## Examples", "", "```yaml", about["examples"].strip("\n"), "```"]
    if returned := list(rows_of(about.get("return") or {}, "contains")):
        lines += ["", "## Returns", "", "| key | type | meaning |", "|---|---|---|"]
        lines += [f"| `{key}` | {each['type']} | {meaning(each)} |" for key, each in returned]
    return "\n".join([*lines, ""])


def rows_of(options: dict[str, Any], below: str, prefix: str = "") -> Any:
    """Pairs of dotted name and description, those within others after them."""
    for key, each in options.items():
        yield prefix + key, {"type": "str"} | each
        yield from rows_of(each.get(below) or {}, below, f"{prefix}{key}.")


def default_of(option: dict[str, Any]) -> str:
    """What an option is if it is not given."""
    if option.get("required"):
        return "must be given"
    default = option.get("default")
    return "" if default is None else f"`{cell(json.dumps(default))}`"


def meaning(option: dict[str, Any]) -> str:
    """What an option or a value means, in one cell."""
    words = " ".join(paragraphs(option.get("description", [])))
    choices = option.get("choices") or []
    end = f" One of {', '.join(f'`{each}`' for each in choices)}." if choices else ""
    return cell(markdown(words) + end)


def paragraphs(text: Any) -> list[str]:
    """Descriptions are a text or a list of them."""
    return [text] if isinstance(text, str) else list(text)


def cell(text: str) -> str:
    """Text that can stand in a table."""
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")


def markdown(text: str) -> str:
    """Ansible's markup as Markdown's."""
    return MARKUP.sub(mark, text)


def mark(found: re.Match[str]) -> str:
    """One piece of markup: `C(word)` and its like."""
    sign, inner = found[1], found[2].replace("\\", "")
    if sign == "L":
        words, address = (part.strip() for part in inner.rsplit(",", 1))
        return f"[{words}]({address})"
    plain = {"U": "<{}>", "B": "**{}**", "I": "*{}*"}
    return plain.get(sign, "`{}`").format(inner)


def save(path: Path, text: str) -> None:
    """Writes a page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
