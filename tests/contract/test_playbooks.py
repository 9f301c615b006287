"""Every playbook is there under its name, and Ansible can read it with the example inventory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERBS = (
    "adopt apply_volumes autostop bake cancel_job check delete_buckets delete_snapshots delete_volumes doctor "
    "fill_buckets logs mount_volumes prepare probe provision query release run_job setup snapshot_volumes stop "
    "survey sweep sync terminate transfer_buckets up"
).split()


def test_the_verbs_are_complete() -> None:
    assert sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml")) == VERBS


@pytest.mark.parametrize("inventory", ["example", "local"])
def test_ansible_reads_every_playbook(inventory: str) -> None:
    names = [f"stix.core.{verb}" for verb in VERBS]
    words = ["ansible-playbook", "-i", f"inventories/{inventory}", "--syntax-check", *names]
    run = subprocess.run(_found(words), capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("playbook: ") == len(VERBS), run.stdout
    assert "WARNING" not in run.stderr, run.stderr


def test_the_example_shows_every_variable() -> None:
    """What a hand-written inventory may say is found in the example."""
    shown = "".join(path.read_text() for path in (ROOT / "inventories" / "example").rglob("*.yml"))
    for role in ("skylet", "files", "job"):
        for line in (ROOT / "roles" / role / "defaults" / "main.yml").read_text().splitlines():
            name = line.partition(":")[0]
            handed_on = name in ("skylet_workdir", "skylet_mounts", "skylet_report", "files_progress")
            handed_on = handed_on or "agent_home" in name or "node_state" in name
            if name.strip("-") and not handed_on and name != "files_user_home":
                assert f"{name}:" in shown, name


def test_the_links_make_the_root_a_collection() -> None:
    core = ROOT / "collections" / "ansible_collections" / "stix" / "core"
    assert sorted(os.listdir(core)) == ["extensions", "galaxy.yml", "meta", "playbooks", "plugins", "roles"]
    for link in core.iterdir():
        assert link.is_symlink() and link.resolve() == ROOT / link.name


def _found(words: list[str]) -> list[str]:
    return [str(Path(sys.executable).with_name(words[0])), *words[1:]]
