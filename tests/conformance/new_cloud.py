"""Begins a new cloud: `python -m tests.conformance.new_cloud NAME [TITLE]`, from the repository's root.

Writes role, description, module and the suite's adapter; everything answers that it is not written yet.
docs/checklists/new-cloud.md says what comes then.
"""

import re
import sys
from pathlib import Path

from tests.content.role_readme import render

TEMPLATE = Path(__file__).parent / "template"
COMMON = "region config cluster_id account private_key_file"
VERBS = {
    "ensure": ("present", "Have the machines", f"{COMMON} cluster user run_id zones nodes remove_surplus public_key "
               "on_shutdown deadline"),
    "query": ("query", "Find the machines", COMMON),
    "stop": ("stopped", "Stop the machines", COMMON),
    "terminate": ("absent", "Remove the machines", COMMON),
    "survey": ("surveyed", "Look for all that is ours", "config private_key_file regions kinds"),
    "sweep": ("swept", "Remove what nobody wants", "config things"),
    "adopt": ("adopted", "Mark the machines", f"{COMMON} cluster user run_id machines"),
}  # fmt: skip
"""Verb -> the module's state, what it does, and the options that it is given."""

VARIABLES = {"things": "sweep", "machines": "adopt"}
"""Options that have another name than the role's variable."""


def write(root: Path, name: str, title: str) -> list[Path]:
    """Write the files below a checkout.

    Raises:
        ValueError: the name cannot be a cloud's, or there is such a role already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*", name):
        raise ValueError(f"{name!r} cannot be a cloud's name: use small letters and digits, a letter first")
    role = root / "roles" / f"cloud_{name}"
    if role.exists():
        raise ValueError(f"there is a role for {name} already: {role.relative_to(root)}")
    files = {
        role / "defaults" / "main.yml": _filled("defaults.yml", name, title),
        role / "meta" / "argument_specs.yml": _filled("argument_specs.yml", name, title),
        role / "tasks" / "check.yml": _filled("check.yml", name, title),
        **{role / "tasks" / f"{verb}.yml": _verb(verb, name, title) for verb in VERBS},
        root / "plugins" / "modules" / f"{name}_machines.py": _filled("module.txt", name, title),
        root / "tests" / "conformance" / f"test_{name}.py": _filled("suite.txt", name, title),
    }
    described = root / "stix" / "clouds" / name / "cloud.yml"
    known = described.read_text() if described.exists() else ""
    files[described] = known.replace("role: null", f"role: {name}") or _filled("cloud.yml", name, title)
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (role / "README.md").write_text(render(role))
    return [*files, role / "README.md"]


def _filled(file: str, name: str, title: str, **more: str) -> str:
    words = {"name": name, "NAME": name.upper(), "Class": name.capitalize(), "title": title, **more}
    text = (TEMPLATE / file).read_text()
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


def _verb(verb: str, name: str, title: str) -> str:
    state, step, options = VERBS[verb]
    variables = {option: f"cloud_{name}_{VARIABLES.get(option, option)}" for option in options.split()}
    arguments = "\n".join(f'        {option}: "{{{{ {value} }}}}"' for option, value in variables.items())
    kind = "resources" if verb in ("survey", "sweep") else "instances"
    words = {"Task": step, "Step": f"Ask {title}", "state": state, "arguments": arguments, "kind": kind}
    return _filled("verb.yml", name, title, **words)


def main() -> None:
    """The command."""
    words = sys.argv[1:]
    if not 1 <= len(words) <= 2 or words[0].startswith("-"):
        sys.exit("usage: python -m tests.conformance.new_cloud NAME [TITLE]")
    root = Path.cwd()
    if not (root / "galaxy.yml").is_file() or not (root / "roles").is_dir():
        sys.exit("start it in the repository's root, where galaxy.yml and roles/ are")
    try:
        written = write(root, words[0], words[1] if words[1:] else words[0].capitalize())
    except ValueError as error:
        sys.exit(str(error))
    for file in written:
        print(file.relative_to(root))
    print("next: docs/checklists/new-cloud.md")


if __name__ == "__main__":
    main()
