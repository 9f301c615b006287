"""What starting costs: the help and completion import nothing that they do not need."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stix.state.home import Home
from stix.state.store import Store

ROOT = str(Path(__file__).parents[3])
HEAVY = tuple("ansible asyncio dataclasses importlib.metadata sqlite3 stix.api tempfile yaml".split())


def imported(program: str) -> set[str]:
    """Modules that a program imports in a fresh interpreter, beyond those of click."""

    def modules(text: str) -> set[str]:
        shown = text + "\nimport sys; print('\\n'.join(sys.modules), file=sys.stderr)"
        done = subprocess.run([sys.executable, "-c", shown], cwd=ROOT, capture_output=True, text=True, check=True)
        return set(done.stderr.split())

    return modules(program) - modules("import click")


def test_import_stix_imports_nothing_else() -> None:
    assert {name for name in imported("import stix") if name.startswith("stix")} == {"stix"}


@pytest.mark.parametrize("args", [["--help"], ["up", "--help"], ["status", "--help"], ["ssh", "--help"]])
def test_help_imports_little(args: list[str]) -> None:
    program = (
        f"import sys\nfrom stix.cli.main import main\ntry: main({args})\nexcept SystemExit as end: assert not end.code"
    )
    found = imported(program)
    assert not [name for name in found if name.startswith(HEAVY)]


def complete(shell: str, words: list[str], env: dict[str, str]) -> list[str]:
    variables = {
        "_STIX_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "stix"], env=env | variables | {"PYTHONPATH": ROOT}, capture_output=True, text=True
    )
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


def test_completion_knows_commands_options_and_clusters(stix_home: Path) -> None:
    store = Store(Home(stix_home).ensure().database)
    for name in ("dev", "deep", "other"):
        record = {"name": name, "cluster_id": name, "user": "a", "infra": "local", "num_nodes": 1}
        store.append(name, "intent", record)
    env = dict(os.environ)
    assert complete("bash", ["stix", "st"], env) == ["status", "stop", "start", "storage"]
    assert complete("bash", ["stix", "up", "--num"], env) == ["--num-nodes"]
    assert complete("bash", ["stix", "logs", "de"], env) == ["deep", "dev"]
    assert complete("bash", ["stix", "stop", "dev", "de"], env) == ["deep"]
    assert complete("bash", ["stix", "ssh", "de"], env) == ["deep", "dev"]
    assert complete("bash", ["stix", "up", "-c", "o"], env) == ["other"]


def test_completion_makes_no_records(stix_home: Path) -> None:
    assert complete("bash", ["stix", "logs", ""], dict(os.environ)) == []
    assert not stix_home.exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str, run_stix) -> None:
    done = run_stix("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"_STIX_COMPLETE={shell}_complete" in done.stdout
