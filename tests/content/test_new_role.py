"""docs/checklists/new-role.md, followed to the letter in a copy of the tree: what it says to write works and passes."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/checklists/new-role.md").read_text(encoding="utf-8")
PARTS = "collections galaxy.yml extensions meta playbooks plugins pyproject.toml roles stix tests ansible.cfg".split()


def test_the_example_works_and_passes_the_checks(tmp_path: Path, safe_world: Path) -> None:
    for part in PARTS:
        source = ROOT / part
        if source.is_dir() and part not in ("stix", "plugins", "extensions"):
            skip = shutil.ignore_patterns("__pycache__", "golden", "recorded", "conformance", "unit")
            shutil.copytree(source, tmp_path / part, symlinks=True, ignore=skip)
        else:
            (tmp_path / part).symlink_to(source)
    written = [write(tmp_path, block) for block in re.findall(r"^ *```(?:yaml|python)\n.*?```", GUIDE, re.M | re.S)]
    assert len(written) == 5 and sum(path.startswith("roles/scratch/") for path in written) == 3
    run(tmp_path, "-m", "tests.content.role_readme")
    assert (tmp_path / "roles/scratch/README.md").exists()
    for command in re.findall(r"^ *\$ pytest (.*)$", GUIDE, re.M):
        assert " passed" in run(tmp_path, "-m", "pytest", "-n", "0", *shlex.split(command))
    run(tmp_path, "-m", "ruff", "check", "tests/integration/ansible/test_scratch.py")
    run(tmp_path, "-m", "ruff", "format", "--check", "tests/integration/ansible/test_scratch.py")


def write(root: Path, block: str) -> str:
    """Puts one block of the guide where its first line says."""
    first, *lines = textwrap.dedent(block).splitlines()[1:-1]
    file = root / first.removeprefix("# ")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return str(file.relative_to(root))


def run(root: Path, *words: str) -> str:
    """What a Python program prints that runs in the copy, and ends well."""
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, *words], cwd=root, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
