"""The command that begins a cloud: what it writes is sound, and the suite says what has to be written first."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.new_cloud import write

ROOT = Path(__file__).parents[2]
PARTS = "collections galaxy.yml meta playbooks plugins pyproject.toml roles stix tests ansible.cfg inventories".split()


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the checks need, with a cloud begun in it."""
    root = tmp_path_factory.mktemp("checkout")
    skip = shutil.ignore_patterns("__pycache__", "golden", "recorded", "*.csv", "*.db", "tables")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, root / part, symlinks=True, ignore=skip)
        else:
            shutil.copy2(source, root / part)
    done = run(root, "-m", "tests.conformance.new_cloud", "acme", "Acme Cloud")
    assert done.returncode == 0 and "tests/conformance/test_acme.py" in done.stdout, done.stderr
    return root


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(root)}
    return subprocess.run(
        [sys.executable, *words], cwd=root, env=environment, capture_output=True, text=True, timeout=600
    )


def test_what_it_writes_passes_lint_contract_and_content(copy: Path) -> None:
    checked = run(copy, "-m", "ruff", "check", "plugins", "tests/conformance")
    assert checked.returncode == 0, checked.stdout
    formatted = run(copy, "-m", "ruff", "format", "--check", "plugins", "tests/conformance")
    assert formatted.returncode == 0, formatted.stdout
    files = ("tests/contract/test_roles.py", "tests/contract/test_clouds.py", "tests/content/test_ansible_content.py")
    words = "acme or documented or condition or description or outgrows"
    tested = run(copy, "-m", "pytest", "-q", "-n", "0", "-k", words, *files)
    assert tested.returncode == 0 and " passed" in tested.stdout, tested.stdout


def test_the_suite_fails_at_the_first_verb_with_a_sentence(copy: Path) -> None:
    tested = run(copy, "-m", "pytest", "-q", "-x", "-n", "0", "-k", "one_node", "tests/conformance/test_acme.py")
    assert tested.returncode == 1 and "1 failed" in tested.stdout, tested.stdout + tested.stderr
    assert "Acme Cloud is not written yet: state 'account' of acme_machines" in tested.stdout, tested.stdout


def test_a_cloud_of_the_catalog_gets_its_role(tmp_path: Path) -> None:
    described = tmp_path / "stix" / "clouds" / "seeweb" / "cloud.yml"
    described.parent.mkdir(parents=True)
    described.write_text((ROOT / "stix" / "clouds" / "seeweb" / "cloud.yml").read_text())
    before = described.read_text()
    write(tmp_path, "seeweb", "Seeweb")
    assert described.read_text() == before.replace("role: null", "role: seeweb") != before


@pytest.mark.parametrize("name", ["docker", "Two Words", "../x", "ä"])
def test_a_name_that_will_not_do_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        write(ROOT, name, name)
