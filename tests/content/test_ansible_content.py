"""The Ansible content as text: named tasks, full names, prefixes, specs that agree with defaults, sizes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import ChainableUndefined
from jinja2.nativetypes import NativeEnvironment

from tests.content.role_readme import ROLES, render, specs

ROOT = ROLES.parent
ROLE_FOLDERS = sorted(path for path in ROLES.iterdir() if path.is_dir())
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
TASK_FILES = sorted(ROLES.glob("*/tasks/*.yml"))
KEYWORDS = frozenset(
    "name block rescue always when register loop loop_control vars tags check_mode changed_when failed_when run_once "
    "delegate_to no_log until retries delay environment ignore_errors ignore_unreachable any_errors_fatal "
    "become".split()
)


class Loader(yaml.SafeLoader):
    """Reads Ansible's own tags as plain text."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: loader.construct_scalar(node))


def load(path: Path) -> Any:
    return yaml.load(path.read_text(), Loader)


def tasks(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        yield item
        for part in ("block", "rescue", "always"):
            yield from tasks(item.get(part) or [])


def all_tasks(path: Path) -> Iterator[dict[str, Any]]:
    loaded = load(path)
    if path.parent.name == "playbooks":
        loaded = [task for play in loaded for task in play.get("tasks") or []]
    yield from tasks(loaded)


def ident(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*TASK_FILES, *PLAYBOOKS], ids=ident)
def test_every_task_is_named_and_calls_its_action_by_full_name(path: Path) -> None:
    for task in all_tasks(path):
        assert re.match(r"[A-Z].*[^.]$", task["name"]), task
        actions = [key for key in task if key not in KEYWORDS]
        if "block" not in task:
            assert len(actions) == 1 and actions[0].count(".") == 2, actions


@pytest.mark.parametrize("path", [*TASK_FILES, *PLAYBOOKS], ids=ident)
def test_no_shell_and_nothing_is_ignored(path: Path) -> None:
    for task in all_tasks(path):
        assert not {"ansible.builtin.shell", "ansible.builtin.command", "ansible.builtin.raw"} & set(task), task["name"]
        assert "ignore_errors" not in task


@pytest.mark.parametrize("path", [*TASK_FILES, *PLAYBOOKS], ids=ident)
def test_tasks_from_has_no_extension(path: Path) -> None:
    """With one, Ansible skips the entry point's spec without a word."""
    for task in all_tasks(path):
        include = task.get("ansible.builtin.include_role") or task.get("ansible.builtin.import_role") or {}
        assert not str(include.get("tasks_from", "")).endswith((".yml", ".yaml"))


@pytest.mark.parametrize("role", ROLE_FOLDERS, ids=ident)
def test_defaults_are_those_of_the_specs(role: Path) -> None:
    defaults = load(role / "defaults" / "main.yml")
    described: dict[str, Any] = {}
    for spec in specs(role).values():
        for name, option in spec["options"].items():
            assert described.setdefault(name, option) == option, f"{name} is described twice, differently"
            assert option["description"]
    assert defaults.keys() == described.keys()
    for name, option in described.items():
        assert option["type"] in ("str", "path", "raw") or "{{" not in str(option["default"]), f"{name}: antsibull-docs"
        assert option["default"] == defaults[name] or option["default"] == alone(option["type"], defaults[name]), name


def alone(kind: str, default: Any) -> Any:
    """What a default is where no other variable is set; in a spec only text can be an expression."""
    if kind in ("str", "path", "raw") or "{{" not in str(default):
        return default
    variables = {name: [] for name in re.findall(r"__\w+", default)}
    return NativeEnvironment(undefined=ChainableUndefined).from_string(default).render(variables)


@pytest.mark.parametrize("role", ROLE_FOLDERS, ids=ident)
def test_variables_carry_the_role_in_their_name(role: Path) -> None:
    prefix = role.name + "_"
    internal = load(role / "vars" / "main.yml") if (role / "vars").is_dir() else {}
    registered = [
        task["register"] for path in role.glob("tasks/*.yml") for task in all_tasks(path) if "register" in task
    ]
    for name in load(role / "defaults" / "main.yml"):
        assert name.startswith(prefix) or f"job_{name[4:]}" == name == f"{role.name}_{name[4:]}", name
    assert all(name.startswith("__" + prefix) for name in internal)
    assert all(name.startswith(prefix) for name in registered)


@pytest.mark.parametrize("role", ROLE_FOLDERS, ids=ident)
def test_tasks_use_only_variables_that_the_spec_names(role: Path) -> None:
    known = set(load(role / "defaults" / "main.yml"))
    internal = load(role / "vars" / "main.yml") if (role / "vars").is_dir() else {}
    text = "".join(path.read_text() for path in role.glob("tasks/*.yml")) + yaml.dump(internal)
    templates = " ".join(re.findall(r"\{\{.*?\}\}|when: .*", text))
    names = set(re.findall(rf"(?<![\w.'])(?:__)?{role.name}_\w+", templates))
    made = {task["register"] for path in role.glob("tasks/*.yml") for task in all_tasks(path) if "register" in task}
    made |= {name for path in role.glob("tasks/*.yml") for task in all_tasks(path) for name in task.get("vars") or {}}
    made |= {
        task["loop_control"]["loop_var"]
        for path in role.glob("tasks/*.yml")
        for task in all_tasks(path)
        if "loop" in task
    }
    assert names - known - made - set(internal) == set()


@pytest.mark.parametrize("role", ROLE_FOLDERS, ids=ident)
def test_readme_is_made_from_the_specs(role: Path) -> None:
    assert (role / "README.md").read_text() == render(role), "run python -m tests.content.role_readme"


@pytest.mark.parametrize("path", PLAYBOOKS, ids=ident)
def test_a_playbook_is_short_and_gathers_no_facts(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 40
    for play in load(path):
        if "ansible.builtin.import_playbook" in play:
            assert play.keys() == {"name", "ansible.builtin.import_playbook"}
            continue
        assert play["gather_facts"] is False
        assert play["hosts"] in ("stix_cloud", "stix_nodes", "stix_head")


def test_no_file_outgrows_its_reader() -> None:
    limits = [("plugins/**/*.py", 250), ("roles/*/tasks/*.yml", 100), ("roles/*/meta/*.yml", 180)]
    big = {
        ident(path): lines
        for pattern, limit in limits
        for path in ROOT.glob(pattern)
        if (lines := len(path.read_text().splitlines())) > limit
    }
    assert big == {}


def test_no_line_is_longer_than_ansible_lint_takes_it() -> None:
    """`make sanity` looks at all that is published; this is what trips most often, in a moment."""
    files = [
        path for top in ("changelogs", "meta", "playbooks", "plugins", "roles") for path in ROOT.glob(f"{top}/**/*.yml")
    ]
    long = {ident(path) for path in files if max(map(len, path.read_text().splitlines()), default=0) > 160}
    assert len(files) > 100 and long == set()


@pytest.mark.parametrize("path", sorted((ROOT / "changelogs/fragments").glob("*.yml")), ids=ident)
def test_a_fragment_of_the_changelog_is_lists_of_sentences(path: Path) -> None:
    for kind, lines in yaml.safe_load(path.read_text()).items():
        assert kind.endswith(("_changes", "fixes", "_features")) and all(isinstance(line, str) for line in lines)
