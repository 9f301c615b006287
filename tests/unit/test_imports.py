"""The shape of the code: every module imports alone, imports point down, files and functions stay small."""

import ast
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = [*sorted(ROOT.glob("stix/**/*.py")), *sorted(ROOT.glob("plugins/**/*.py")), *sorted(ROOT.glob("tests/**/*.py"))]
MAX_LINES = 400
MAX_FUNCTION_LINES = 60

FORK = """
import asyncio, importlib, json, logging, os, sqlite3, subprocess, sys, traceback, urllib.request
import ansible_runner, click, yaml
bad = 0
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            importlib.import_module(name)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    bad += os.waitpid(child, 0)[1] != 0
sys.exit(bad > 0)
"""
"""Imports each module in a child of its own: as fresh as an interpreter each, without paying for its start and for what
is not ours."""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_module_imports_alone() -> None:
    names = [module_name(path) for path in CODE if relative(path).startswith("stix/")]
    names = [name for name in names if not name.endswith("__main__")]
    command = [sys.executable, "-c", FORK, *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr


def test_imports_point_down() -> None:
    """import-linter's contracts in pyproject.toml hold."""
    program = Path(sys.executable).with_name("lint-imports")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[done.stdout.find("Broken contracts") :] + done.stderr


def test_files_are_small() -> None:
    lines = {relative(path): path.read_text().count("\n") for path in CODE}
    assert {path: count for path, count in lines.items() if count > MAX_LINES} == {}


def test_functions_are_small() -> None:
    lines = {
        f"{relative(path)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: count for name, count in lines.items() if count > MAX_FUNCTION_LINES} == {}
