"""An ejected project makes machines, runs the job and removes them, where no Python package of ours can be imported."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

OURS = ("stix", "_stix", "__editable__")


@pytest.fixture
def alone(safe_world: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """`alone("ansible-playbook", "up.yml", folder=...)`: by a Python that has all packages of this one but ours."""
    packages = safe_world / "packages"
    packages.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.lower().startswith(OURS) and not entry.name.endswith(".pth"):
            (packages / entry.name).symlink_to(entry)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", safe_world / "env"], check=True)
    python = safe_world / "env" / "bin" / "python"
    monkeypatch.setenv("PYTHONPATH", str(packages))
    # ssh finds its files by the user's entry in passwd, whatever HOME says.
    monkeypatch.setenv("ANSIBLE_SSH_EXTRA_ARGS", f"-o UserKnownHostsFile={safe_world}/known_hosts")
    programs = Path(sys.executable).parent

    def run(program: str, *words: str, folder: Path) -> str:
        command = [python, programs / program, *words]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name != "STIX_HOME"},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    (safe_world / "probe").write_text(
        "import ansible\ntry:\n    import stix\nexcept ImportError:\n    print('alone')\n"
    )
    assert subprocess.run([python, "probe"], cwd=safe_world, capture_output=True, text=True).stdout == "alone\n"
    return run


@pytest.fixture
def finished(alone) -> Callable[[Path, str], str]:
    """`finished(project, "text")`: the log of its first job, once it has that text."""

    def wait(project: Path, text: str) -> str:
        for _ in range(60):
            alone("ansible-playbook", "logs.yml", folder=project)
            log = project / "logs" / "1.log"
            if log.exists() and text in log.read_text():
                return log.read_text()
        raise AssertionError("the job does not end")

    return wait


def test_on_containers(docker_engine, task_file, run_stix, ok, alone, finished, safe_world, clusters) -> None:
    (safe_world / "code").mkdir()
    (safe_world / "code" / "word").write_text("salve\n")
    task = task_file(
        name="greet", num_nodes=2, workdir="code", setup="echo ready", secrets={"TOKEN": "pl4nted-s3cret"},
        run='echo "$(cat word) from $STIX_NODE_RANK: ${#TOKEN}"; test $STIX_NODE_RANK = 1 || { sleep 2; echo end; }',
        resources={"infra": "docker", "image_id": "docker:stix-test/debian"},
    )  # fmt: skip
    project = safe_world / "project"
    assert "2 nodes on docker" in ok(run_stix("eject", task, project))
    again = run_stix("eject", task, project)
    assert again.returncode == 2 and "not empty" in again.stderr
    assert clusters() == [] and docker_engine.docker("ps", "-aq").split() == []
    texts = [path for path in project.rglob("*") if path.is_file() and b"pl4nted-s3cret" in path.read_bytes()]
    assert texts == [] and "TOKEN" in (project / "README.md").read_text()
    assert yaml.safe_load((project / "requirements.yml").read_text())["collections"][0]["name"] == "community.docker"

    (project / "secrets.json").write_text('{"TOKEN": "pl4nted-s3cret"}')
    alone("ansible-playbook", "up.yml", folder=project)
    assert len(docker_engine.docker("ps", "-q").split()) == 2
    log = finished(project, "end")
    assert "salve from 0: 14" in log and "salve from 1: 14" in log
    assert alone("ansible", "stix_nodes", "-m", "ping", "-o", folder=project).count("SUCCESS") == 2
    alone("ansible-playbook", "down.yml", folder=project)
    assert docker_engine.docker("ps", "-aq").split() == []
    assert not (project / "inventory" / "nodes.yml").exists()


def test_on_a_machine_of_ones_own(ssh_hosts, pool, task_file, run_stix, ok, alone, finished, safe_world) -> None:
    (host,) = ssh_hosts(1)
    pool("rack", [host])
    project = safe_world / "project"
    task = task_file(run="echo by $(whoami) on $(hostname)", resources={"infra": "ssh/rack"})
    ok(run_stix("eject", task, project))
    (safe_world / ".stix").rename(safe_world / "gone")  # nothing of it is needed
    alone("ansible-playbook", "up.yml", folder=project)
    assert f"by ann on {host.name}" in finished(project, "by ann")
    alone("ansible-playbook", "down.yml", folder=project)
    assert "skylet" not in "\n".join(map(str, host.processes()))


def test_secrets_that_are_kept_elsewhere_are_named_and_own_content_is_refused(
    task_file, run_stix, ok, safe_world
) -> None:
    kept = ["HF_TOKEN", {"KEY": {"mount_path": "~/key"}}]
    ok(run_stix("eject", task_file(run="ls", managed_secrets=kept), "project", "--infra", "local"))
    head = yaml.safe_load((safe_world / "project" / "inventory" / "group_vars" / "stix_head.yml").read_text())
    assert head["job_secret_names"] == ["HF_TOKEN"] and head["job_secret_files"] == {"~/key": "KEY"}
    assert "(HF_TOKEN, KEY)" in (safe_world / "project" / "README.md").read_text()
    (safe_world / "site.yml").write_text("- hosts: all\n  tasks: []\n")
    task = task_file(run="ls", config={"ansible": {"playbook": "site.yml"}})
    done = run_stix("eject", task, "other", "--infra", "local")
    assert done.returncode == 2 and "plays no content of yours" in done.stderr
    for keys in (
        {"workdir": {"url": "https://me:pl4nted-t0ken@git.example/a.git"}},
        {"file_mounts": {"~/pl4nted-t0ken": "site.yml"}, "secrets": {"TOKEN": "pl4nted-t0ken"}},
    ):
        done = run_stix("eject", task_file(run="ls", **keys), "other", "--infra", "local")
        assert done.returncode == 2 and "would show the secret" in done.stderr and "pl4nted" not in done.stderr
        assert not (safe_world / "other").exists()
