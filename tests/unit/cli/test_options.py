"""From words on the command line to a task."""

from pathlib import Path

import click
import pytest

from stix.cli import launch, options
from stix.errors import UsageError
from stix.model.task import GitSource, Task

TASK = """\
name: train
workdir: .
resources: {infra: docker, cpus: 2+, ports: 80}
envs: {EPOCHS: 1, TOKEN_FILE: null}
secrets: {KEY: null}
run: python train.py
"""


def task_of(*args: str) -> Task:
    given = launch.plan.make_context("plan", list(args)).params
    return options.build_task(given, given.pop("entrypoint"))


@pytest.fixture
def task_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "task.yaml").write_text(TASK)
    return "task.yaml"


def test_flags_win_over_the_file(task_file: str, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    task = task_of(
        *[
            "--name",
            "n2",
            "--num-nodes",
            "3",
            "--workdir",
            "code",
            "--infra",
            "ssh/rack",
            "--cpus",
            "4",
            "--memory",
            "8+",
        ],
        *["--gpus", "A100:2", "--ports", "8080,9000-9001", "--ports", "22", "--disk-size", "100"],
        *["--env", "EPOCHS=9", "--env", "TOKEN_FILE=x=y", "--secret", "KEY=k", task_file],
    )
    assert (task.name, task.num_nodes, task.workdir) == ("n2", 3, "code")
    (asked,) = task.resources
    assert (asked.infra, str(asked.cpus), str(asked.memory)) == ("ssh/rack", "4", "8+")
    assert (asked.accelerators, asked.disk_size) == ({"A100": 2}, 100)
    assert set(asked.ports) == {"8080", "9000-9001", "22"}
    assert dict(task.envs) == {"EPOCHS": "9", "TOKEN_FILE": "x=y"}
    assert dict(task.secrets) == {"KEY": "k"}


def test_variables_come_from_the_environment_and_from_files(
    task_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_FILE", "/from/env")
    (tmp_path / "vars").write_text("EPOCHS=5\nEXTRA='a b'\n")
    (tmp_path / "keys").write_text("export KEY=from-file\n")
    task = task_of("--env", "TOKEN_FILE", "--env-file", "vars", "--env", "EPOCHS=6", "--secret-file", "keys", task_file)
    assert dict(task.envs) == {"EPOCHS": "6", "TOKEN_FILE": "/from/env", "EXTRA": "a b"}
    assert dict(task.secrets) == {"KEY": "from-file"}


def test_a_variable_without_a_value_is_refused(run_stix) -> None:
    done = run_stix("plan", "--env", "NOT_SET_ANYWHERE", "--", "true")
    assert done.returncode == 2
    assert "'NOT_SET_ANYWHERE' has no value and is not set in the environment" in done.stderr


@pytest.mark.parametrize(
    ("words", "run"),
    [
        (["--", "nvidia-smi"], "nvidia-smi"),
        (["--", "echo $HOME && ls"], "echo $HOME && ls"),
        (["--", "python", "-c", "print('a b')"], """python -c 'print('"'"'a b'"'"')'"""),
        (["bash", "job.sh"], "bash job.sh"),
        ([], None),
    ],
)
def test_command_after_dashes(words: list[str], run: str | None) -> None:
    assert task_of("--num-nodes", "2", *words).run == run


def test_none_takes_a_wish_away(task_file: str) -> None:
    task = task_of("--infra", "none", "--secret", "KEY=k", "--env", "TOKEN_FILE=f", task_file)
    assert task.resources[0].infra is None
    assert str(task.resources[0].cpus) == "2+"


def test_git_takes_the_folders_place(task_file: str) -> None:
    given = ["--secret", "KEY=k", "--env", "TOKEN_FILE=f", task_file]
    git = ["--git-url", "https://example.org/x.git", "--git-ref", "v1"]
    assert task_of(*git, *given).workdir == GitSource("https://example.org/x.git", "v1")
    with pytest.raises(UsageError, match="--workdir"):
        task_of(*git, "--workdir", ".", *given)


def test_a_missing_task_file_is_no_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"task file 'nope\.yaml' does not exist"):
        task_of("nope.yaml")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(UsageError, match=r"task file 'folder\.yaml' is no file"):
        task_of("folder.yaml")


def test_a_missing_saved_plan_is_no_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"saved plan 'nope\.json' does not exist"):
        task_of("nope.json")
    assert task_of("--", "cat nope.json").run == "cat nope.json"


def test_a_command_behind_a_task_file_is_refused(task_file: str) -> None:
    with pytest.raises(UsageError, match="and a command exclude each other"):
        task_of(task_file, "--", "echo", "hi")


def test_every_wish_has_a_flag(task_file: str) -> None:
    task = task_of(
        *["--cloud", "aws", "--region", "us-east-1", "-t", "m5.large", "--use-spot", "--disk-tier", "high"],
        *["--network-tier", "best", "--local-disk", "nvme", "--max-hourly-cost", "2.5", "--job-recovery", "failover"],
        *["--priority", "7", "--image-id", "none", "--ports", "none", "--env", "TOKEN_FILE=x", "--secret", "KEY=y"],
        task_file,
    )
    one = task.resources[0]
    assert (one.infra, one.instance_type, one.use_spot) == ("aws/us-east-1", "m5.large", True)
    assert (one.disk_tier, one.network_tier, one.local_disk) == ("high", "best", "nvme:100+")
    assert (one.max_hourly_cost, one.job_recovery, one.priority) == (2.5, {"strategy": "FAILOVER"}, 7)
    assert (one.image_id, one.ports) == (None, ())


def test_settings_come_from_files_and_words(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("kubernetes: {enable_docker: true, provision_timeout: 5}\n")
    task = task_of(
        *["--config", str(tmp_path / "settings.yaml"), "--config", "kubernetes.provision_timeout=60"],
        *["--config", "docker.run_options=[--shm-size=8g]", "echo"],
    )
    assert task.resources[0].config == {
        "kubernetes": {"enable_docker": True, "provision_timeout": 60},
        "docker": {"run_options": ["--shm-size=8g"]},
    }


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("nothing", "'nothing' is neither a file nor KEY=VALUE"),
        ("a={", "'a={': a value is missing here"),
        ("a=2020-13-45", "'2020-13-45' cannot be read"),
        ("a=1\n---\n2", "holds several documents"),
        ("a=[\x00]", "has a NUL character"),
        ("kubernets.x=1", "--config: unknown key 'kubernets' under 'config'"),
    ],
)
def test_wrong_settings(word: str, sentence: str) -> None:
    with pytest.raises((click.BadParameter, UsageError)) as raised:
        task_of("--config", word, "echo")
    assert sentence in raised.value.message


@pytest.mark.parametrize("name", ["task.yaml", "plan"])
def test_a_plan_is_saved_where_up_finds_it(task_file: str, name: str) -> None:
    with pytest.raises(click.BadParameter, match=r"does not end in \.json"):
        task_of(task_file, "--save", name)
    assert Path(task_file).read_text() == TASK


def test_exec_runs_no_saved_plan(run_stix, tmp_path: Path) -> None:
    (tmp_path / "my plan.json").write_text("{}")
    done = run_stix("exec", "dev", "my plan.json", cwd=tmp_path)
    assert done.returncode == 2 and "stix up" in done.stderr
