"""The SDK's classes: what they hold, and that each change is checked."""

from pathlib import Path

import pytest

import stix
from stix.api.task import model_of
from stix.errors import UsageError


def test_task_and_yaml_say_the_same(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text(
        "name: t\nnum_nodes: 2\nresources: {infra: local, cpus: 2+}\nenvs: {A: 1}\nsecrets: {S: x}\nsetup: s\nrun: r\n"
    )
    made = stix.Task(
        "t",
        num_nodes=2,
        resources=stix.Resources(infra="local", cpus="2+"),
        envs={"A": "1"},
        secrets={"S": "x"},
        setup="s",
        run="r",
    )
    read = stix.Task.from_yaml(str(file))
    assert made.model == read.model == stix.Task.from_yaml_str(file.read_text()).model
    again = stix.Task.from_yaml_config(made.to_yaml_config(), secrets_overrides=[("S", "x")])
    assert again.model == made.model


def test_changes_are_checked_and_chain() -> None:
    task = stix.Task(run=["a", "b"], envs={"A": "1"})
    assert task.run == "a\nb"
    task.update_envs({"B": "2"}).update_envs([("A", "3")]).update_secrets({"S": "x"})
    assert (task.envs, task.secrets) == ({"A": "3", "B": "2"}, {"S": "x"})
    assert "x" not in repr(task.secrets) and "x" not in str(task.to_yaml_config(use_user_specified_yaml=True))
    task.num_nodes, task.name, task.setup = 4, "n", "prepare"
    assert (task.num_nodes, task.name, task.setup) == (4, "n", "prepare")
    with pytest.raises(UsageError, match="num_nodes"):
        task.num_nodes = 0
    with pytest.raises(UsageError):
        task.update_envs({"1X": "a"})
    assert (task.num_nodes, task.envs) == (4, {"A": "3", "B": "2"})


def test_files(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    task = stix.Task(file_mounts={"/a": str(tmp_path / "f")}).update_file_mounts({"/b": str(tmp_path)})
    assert set(task.file_mounts) == {"/a", "/b"}
    task.validate()
    assert task.set_file_mounts(None).file_mounts == {}
    task.workdir = str(tmp_path / "nowhere")
    with pytest.raises(UsageError) as raised:
        task.validate()
    assert raised.value.code == "sync.source"
    task.validate(skip_workdir=True)
    assert task.update_workdir(None, "https://example.org/r.git", "v1").workdir == {
        "url": "https://example.org/r.git",
        "ref": "v1",
    }


def test_resources_forms() -> None:
    docker, local = stix.Resources(infra="docker", memory="4+"), stix.Resources(infra="local")
    task = stix.Task(resources=docker)
    assert task.resources == {docker}
    assert task.set_resources([docker, local]).resources == [docker, local]
    assert task.model.resources_order == "ordered"
    assert task.set_resources({docker, local}).resources == {docker, local}
    assert task.model.resources_order == "any_of"
    task.set_resources_override({"cpus": "2+"})
    assert {each.cpus for each in task.resources} == {"2+"}
    assert task.set_resources({"accelerators": "A100:2"}).resources == {stix.Resources(accelerators={"A100": 2})}


def test_resources_properties_and_copy() -> None:
    asked = stix.Resources(
        infra="ssh/rack", cpus=4, memory="8+", accelerators="A100", ports=[80, "90-91"], labels={"a": "b"}, disk_size=10
    )
    assert (asked.cloud, asked.region, asked.zone) == (stix.SSH(), "rack", None)
    assert (asked.cpus, asked.memory, asked.accelerators) == ("4", "8+", {"A100": 1})
    assert (asked.ports, asked.labels, asked.disk_size) == (["80", "90-91"], {"a": "b"}, 10)
    assert asked.copy(cpus=None, infra="docker").to_yaml_config()["infra"] == "docker"
    assert asked.copy() == asked and hash(asked.copy()) == hash(asked)
    assert stix.Resources.from_yaml_config({"any_of": [{"infra": "docker"}, {"infra": "local"}]}) == {
        stix.Resources(infra="docker"),
        stix.Resources(infra="local"),
    }


def test_dag_of_one_is_its_task() -> None:
    with stix.Dag() as dag:
        task = stix.Task(run="x")
    outside = stix.Task(run="y")
    assert dag.tasks == [task] and outside not in dag.tasks
    assert model_of(dag) == model_of(task) == model_of(task.model)
    with pytest.raises(UsageError):
        model_of("task.yaml")
    with pytest.raises(UsageError, match="joins tasks of a Dag"):
        task >> outside
