"""ansible-doc knows every plugin and role: what it does, its options, an example, what it returns."""

import ast
import json
import os
import subprocess
from pathlib import Path

import pytest

from stix.runner.content import collection_paths

ROOT = Path(__file__).parents[2]


def names(kind: str) -> list[str]:
    """Full names of all plugins of a kind, from the files; a file of filters may hold several."""
    if kind == "role":
        return [f"stix.core.{path.name}" for path in sorted((ROOT / "roles").iterdir())]
    folder = {"module": "modules"}.get(kind, kind)
    files = sorted((ROOT / "plugins" / folder).glob("*.py"))
    if kind != "filter":
        return [f"stix.core.{path.stem}" for path in files]
    return [f"stix.core.{name}" for path in files for name in filters_of(path)]


def filters_of(path: Path) -> list[str]:
    """What the method `filters` of a file returns."""
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    (method,) = [function for function in functions if function.name == "filters"]
    (returned,) = [node.value for node in ast.walk(method) if isinstance(node, ast.Return)]
    assert isinstance(returned, ast.Dict)
    return [key.value for key in returned.keys if isinstance(key, ast.Constant)]


@pytest.mark.parametrize("kind", ["module", "filter", "inventory", "role"])
def test_ansible_doc_knows_it(kind: str) -> None:
    wanted = names(kind)
    environment = os.environ | {"ANSIBLE_COLLECTIONS_PATH": collection_paths()}
    done = subprocess.run(
        ["ansible-doc", "-j", "-t", kind, *wanted], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    told = json.loads(done.stdout)
    assert wanted and set(told) == set(wanted)
    for name, about in told.items():
        if kind == "role":
            assert all(entry["short_description"] and entry["description"] for entry in about["entry_points"].values())
            continue
        assert about["doc"]["short_description"] and about["doc"]["description"] and about["examples"], name
        assert kind == "inventory" or about["return"], name
