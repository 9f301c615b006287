"""Changes of a Task are checked as a task file is, and what would be lost is refused."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import stix
from stix.api.task import model_of
from stix.errors import EXIT_STATUS, UsageError, from_record


def task(**given: Any) -> stix.Task:
    return stix.Task("t", run="true", **given)


WRONG: dict[str, Callable[[stix.Task], object]] = {
    "num_nodes": lambda it: setattr(it, "num_nodes", 0),
    "env name": lambda it: it.update_envs({"1A": "x"}),
    "no pairs": lambda it: it.update_envs([("A", "1", "2")]),  # type: ignore[list-item]
    "text for pairs": lambda it: it.update_secrets("A=hunter2"),  # type: ignore[arg-type]
    "candidates as plain data": lambda it: it.set_resources([{"cpus": 2}]),  # type: ignore[list-item]
    "no candidate at all": lambda it: it.set_resources(None),  # type: ignore[arg-type]
    "a candidate's name": lambda it: it.set_resources("aws"),  # type: ignore[arg-type]
    "a list of files": lambda it: it.set_file_mounts(["/a"]),  # type: ignore[arg-type]
    "an address for a bucket": lambda it: it.set_storage_mounts({"/a": "s3://b"}),  # type: ignore[dict-item]
    "no map of buckets": lambda it: stix.Task(storage_mounts=["s3://b"]),  # type: ignore[arg-type]
    "a service as plain data": lambda it: it.set_service({"replicas": 2}),  # type: ignore[arg-type]
    "no service": lambda it: stix.Service.from_yaml_config(None),  # type: ignore[arg-type]
    "a script that is none": lambda it: setattr(it, "run", print),
    "env twice": lambda it: it.update_envs([("A", "1"), ("A", "2")]),
    "secret name": lambda it: it.update_secrets({"a-b": "x"}),
    "resources": lambda it: it.set_resources({"cpus": "many"}),
    "no resources": lambda it: it.set_resources([]),
    "override": lambda it: it.set_resources_override({"memory": "much"}),
    "priorities": lambda it: it.set_resources([stix.Resources(priority=1), stix.Resources(priority=2)]),
    "workdir": lambda it: setattr(it, "workdir", {"ref": "main"}),
    "two candidates in one": lambda it: stix.Resources(accelerators={"A100": 1, "H100": 1}),
    "cloud": lambda it: stix.Resources(cloud="awz"),
    "storage": lambda it: stix.Storage(name="b", mode="GLUE"),
    "two stores": lambda it: stix.Storage(name="b", stores=["S3", "GCS"]),
    "volume": lambda it: stix.Volume(name="v", type="floppy", size=3),
    "service": lambda it: stix.Service(readiness_path="no-slash"),
    "replicas": lambda it: stix.Service(min_replicas=3, max_replicas=1, target_qps_per_replica=1),
    "a pool with ports": lambda it: stix.Service(pool=True, ports=80),
    "docker_image": lambda it: stix.Task(docker_image="ubuntu"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_task_invalid_and_changes_nothing(name: str) -> None:
    it = task(envs={"A": "1"})
    before = it.model
    with pytest.raises(stix.exceptions.InvalidSkyPilotConfigError) as caught:
        WRONG[name](it)
    assert caught.value.code == "task.invalid" and isinstance(caught.value, ValueError)
    assert it.model == before


REFUSED: dict[str, Callable[[], object]] = {
    "stix made no bucket 'b'": lambda: stix.storage_delete("b"),
    "add_store": lambda: stix.Storage(name="bu").add_store(stix.StoreType.S3),
    "stix made no bucket 'bu'": lambda: stix.Storage(name="bu").delete(),
    "blocked_resources": lambda: stix.launch(task(blocked_resources=[stix.Resources(infra="aws")]), dryrun=True),
    "time estimator": lambda: task().estimate_runtime(stix.Resources()),
    "does not name cloud and instance type": lambda: stix.Resources(cpus=2).get_cost(1),
    "stix.Task(run='echo')": lambda: stix.launch("echo", dryrun=True),
    "'idle_minutes_to_autostop' is a number of minutes, not '10'": lambda: stix.launch(
        task(),
        dryrun=True,
        idle_minutes_to_autostop="10",  # type: ignore[arg-type]
    ),
    "'lifetime_minutes' is a number of minutes, not True": lambda: stix.autostop("dev", 5, lifetime_minutes=True),
    "takes a stix.Dag, not an object of type Task": lambda: stix.optimize(task()),  # type: ignore[arg-type]
    "not in a cloud's bucket": lambda: task().get_inputs_cloud(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_stix_cannot_do_is_refused_by_name(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        REFUSED[name]()
    assert name in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("attribute", ["envs", "secrets", "file_mounts", "storage_mounts", "volumes", "metadata"])
def test_a_change_that_would_be_lost_is_refused(attribute: str) -> None:
    held = getattr(task(), attribute)
    for change in (
        lambda: held.__setitem__("A", "1"),
        lambda: held.update(A="1"),
        lambda: held.setdefault("A", "1"),
        held.clear,
        held.popitem,
    ):
        with pytest.raises(UsageError, match="would not change the task"):
            change()
    assert json.dumps(held) == "{}" and dict(held) == {} and pickle.loads(pickle.dumps(held)) == {}


def test_values_that_no_file_has_are_called_by_their_type() -> None:
    with pytest.raises(
        UsageError, match="'run' must be text, not an object of type builtin_function_or_method$"
    ) as caught:
        stix.Task(run=print)  # type: ignore[arg-type]
    assert "quotes" not in caught.value.hint


def test_a_path_can_be_the_workdir(tmp_path: Path) -> None:
    it = stix.Task(workdir=tmp_path)  # type: ignore[arg-type]
    assert it.workdir == str(tmp_path)
    it.workdir = tmp_path / "x"  # type: ignore[assignment]
    assert it.workdir == str(tmp_path / "x")


def test_any_text_can_be_a_name() -> None:
    for name in ("train", "Größe 2", "_a!"):
        it = stix.Task(name)
        it.validate_name()
        assert stix.Task.from_yaml_config(it.to_yaml_config()).name == name


def test_copies_are_dictionaries_in_yaml_too() -> None:
    it = task(envs={"A": "1"}, file_mounts={"/a": "./a"})
    for dump in (yaml.safe_dump, yaml.dump, lambda data: yaml.dump(data, Dumper=yaml.CSafeDumper)):
        assert yaml.safe_load(dump([it.envs, it.file_mounts, it.secrets])) == [{"A": "1"}, {"/a": "./a"}, {}]


def test_secrets_do_not_show() -> None:
    it = task(secrets={"TOKEN": "hunter2"}, envs={"A": "1"})
    for shown in (repr(it), repr(it.secrets), str(it.envs_and_secrets), str(it.to_yaml_config(True))):
        assert "hunter2" not in shown
    assert it.secrets["TOKEN"] == "hunter2" and it.envs_and_secrets == {"A": "1", "TOKEN": "hunter2"}


def test_variables_fill_what_is_read_and_not_what_is_made() -> None:
    config = {"envs": {"B": "b"}, "file_mounts": {"/x": "s3://$B/y"}}
    read = stix.Task.from_yaml_config(config, env_overrides=[("B", "c")])
    assert read.file_mounts == {"/x": "s3://c/y"} and config["envs"] == {"B": "b"}
    made = stix.Task(envs={"B": "b"}, file_mounts={"/x": "s3://$B/y"}).update_envs({"C": "$B"})
    assert made.file_mounts == {"/x": "s3://$B/y"} and made.set_volumes({"/v": "vol"}).file_mounts == {
        "/x": "s3://$B/y"
    }


def test_mounts_by_kind() -> None:
    it = task(file_mounts={"/a": "./a", "/b": "gs://b"}, storage_mounts={"/c": stix.Storage(source="s3://c")})
    assert it.get_local_to_remote_file_mounts() == {"/a": "./a"}
    assert it.get_cloud_to_remote_file_mounts() == {"/b": "gs://b"}
    it.set_file_mounts(None)
    assert it.file_mounts == {} and list(it.storage_mounts) == ["/c"]
    it.update_storage_mounts({"/d": stix.Storage(name="dd", mode="copy")})
    assert it.storage_mounts["/d"].mode is stix.StorageMode.COPY and list(it.storage_mounts) == ["/c", "/d"]
    assert it.set_storage_mounts(None).storage_mounts == {}


def test_candidates_list_set_and_data() -> None:
    first, second = stix.Resources(infra="aws", cpus=2), stix.Resources(infra="gcp", cpus=2)
    it = task(resources=[first, second])
    assert it.resources == [first, second] and it.model.resources_order == "ordered"
    assert it.set_resources({first, second}).resources == {first, second} and not it.use_spot
    it.set_resources_override({"use_spot": True})
    assert it.use_spot and all(each.use_spot for each in it.resources)
    it.resources = first
    assert it.resources == {first} and it.get_resource_config() == first.to_yaml_config()
    assert it.set_resources({"any_of": [{"cpus": 1}, {"cpus": 2}]}).model.resources_order == "any_of"


def test_inputs_and_outputs() -> None:
    it = task().set_inputs("s3://data", 10).set_outputs("result", 2.5)
    assert (it.get_inputs(), it.get_estimated_inputs_size_gigabytes()) == ("s3://data", 10)
    assert (it.get_outputs(), it.get_estimated_outputs_size_gigabytes()) == ("result", 2.5)
    assert it.get_inputs_cloud() == stix.AWS()
    assert it.set_time_estimator(lambda resources: 60).estimate_runtime(stix.Resources()) == 60


def test_a_service_or_a_pool() -> None:
    service = stix.Service(
        readiness_path="/up", min_replicas=2, ports="8080", tls_credential={"keyfile": "k", "certfile": "c"}
    )
    it = task().set_service(service)
    assert it.service == service and it.service.ports == "8080" and it.service.tls_credential["keyfile"] == "k"
    assert it.set_service(None).service is None
    pool = stix.SkyServiceSpec.from_yaml_str("pool: {min_workers: 1, max_workers: 3}")
    assert pool.pool and pool.max_replicas == 3 and pool.copy(max_replicas=5).max_replicas == 5
    with pytest.raises(UsageError, match="has no 'service'"):
        stix.Service.from_yaml_str("run: x")


def test_files(tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text("run: x\nworkdir: nowhere\nservice: {readiness_probe: /up}\n")
    it = stix.Task.from_yaml(str(tmp_path / "task.yaml"))
    assert stix.Service.from_yaml(str(tmp_path / "task.yaml")) == it.service
    with pytest.raises(UsageError, match="nowhere") as caught:
        it.validate()
    assert caught.value.code == "sync.source"
    it.validate(skip_workdir=True)
    assert model_of(it) is it.model


@pytest.mark.parametrize(
    ("code", "name"),
    {
        "provision.no_capacity": "ResourcesUnavailableError",
        "provision.unsupported": "NotSupportedError",
        "setup.failed": "ClusterSetUpError",
        "cluster.not_found": "ClusterDoesNotExist",
        "cluster.not_up": "ClusterNotUpError",
        "cluster.mismatch": "ResourcesMismatchError",
        "config.invalid": "InvalidSkyPilotConfigError",
    }.items(),
)
def test_errors_are_raised_by_skypilots_name(code: str, name: str) -> None:
    error = from_record({"code": code, "message": "m"})
    assert type(error) is getattr(stix.exceptions, name) and error.exit_status == EXIT_STATUS[code]
    assert isinstance(error, stix.exceptions.StixError) and str(error) == "m"


def test_memory_of_an_instance_type_is_told_and_read_back() -> None:
    written = {"resources": {"infra": "aws", "instance_type": "m5.2xlarge"}, "num_nodes": 1}
    task = stix.Task.from_yaml_config(written)
    told = task.to_yaml_config()
    again = stix.Task.from_yaml_config(told)
    assert told["resources"]["memory"] == "32.0"
    assert (again.model, again.to_yaml_config()) == (task.model, told)
    wished = stix.Task.from_yaml_config({"resources": {**written["resources"], "memory": "32+"}})
    assert wished.to_yaml_config()["resources"]["memory"] == "32+"
