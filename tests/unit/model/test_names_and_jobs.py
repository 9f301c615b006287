"""Names of clusters and nodes; states of jobs; how dear the nouns are to import."""

import subprocess
import sys

import pytest

from stix.model.job import JobStatus, exit_code
from stix.model.names import auto_cluster_name, check_cluster_name, cluster_id, node_name
from stix.model.task import Resources, Task, check_task_name


@pytest.mark.parametrize("name", ["a", "dev", "my-cluster_2.x", "A1", "x" * 100])
def test_cluster_name(name: str) -> None:
    assert check_cluster_name(name) == name


@pytest.mark.parametrize("name", ["", "1a", "-a", "a-", "a b", "a/b", "ä", "a\n", "x" * 101])
def test_no_cluster_name(name: str) -> None:
    with pytest.raises(ValueError, match=r"^must b"):
        check_cluster_name(name)


@pytest.mark.parametrize("user", ["ann", "Ann Lee", "ÄÖ", "", "x" * 80, "domain\\user.name"])
def test_auto_name_is_a_name(user: str) -> None:
    name = auto_cluster_name(user, "1f3a")
    assert check_cluster_name(name) == name and name.startswith("stix-1f3a-")


def test_derived_names() -> None:
    assert auto_cluster_name("ann", "1f3a") == "stix-1f3a-ann"
    assert (cluster_id("demo", "1f3a9c"), node_name("demo", 0)) == ("demo-1f3a9c", "demo-0")


@pytest.mark.parametrize(
    ("name", "valid"), [("train.v2", True), ("a--b", True), ("a---b", False), ("-a", False), ("a b", False)]
)
def test_task_name(name: str, valid: bool) -> None:
    if valid:
        assert check_task_name(name) == name
    else:
        with pytest.raises(ValueError, match=r"^must be letters"):
            check_task_name(name)


def test_exit_codes() -> None:
    codes = {status.value: exit_code(status) for status in JobStatus}
    assert codes == {
        **dict.fromkeys(["INIT", "PENDING", "SETTING_UP", "RUNNING"], 101),
        **dict.fromkeys(["FAILED", "FAILED_SETUP", "FAILED_DRIVER"], 100),
        "SUCCEEDED": 0,
        "CANCELLED": 103,
    }
    assert exit_code(None) == 102
    assert {status for status in JobStatus if not status.is_terminal()} == {
        status for status in JobStatus if codes[status.value] == 101
    }


def test_changing_a_task_leaves_the_old_one() -> None:
    task = Task(resources=(Resources(infra="local"), Resources(infra="docker")), resources_order="any_of")
    assert task.with_resources(infra="ssh").resources == (Resources(infra="ssh"),)
    assert task.with_resources(infra="ssh").resources_order == "single"
    assert task.with_(name="x").name == "x" and task.name is None and len(task.resources) == 2


def test_nouns_need_little() -> None:
    """The command line imports them on its way to every answer."""
    code = "import sys, stix.model.task, stix.model.job, stix.model.names; print(*sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"yaml", "json", "asyncio", "logging", "subprocess", "pathlib", "click"} & set(modules)
