"""Any task that can be made can be written and read back unchanged."""

import json

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stix.model.pipeline import Pipeline
from stix.model.quantities import Quantity, parse_count
from stix.model.storage import Storage, Volume
from stix.model.task import Task
from stix.spec.dump import pipeline_config, to_config
from stix.spec.load import from_config, load_job_group, load_pipeline, load_text, load_volume
from stix.spec.storage import storage_config
from stix.spec.volume import volume_config
from tests.unit.spec.strategies import QUANTITIES
from tests.unit.spec.strategies_task import FIELDS, JOB_GROUPS, PIPELINES, STORAGE, TASKS, VOLUMES

slow = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def as_yaml(*documents: object) -> str:
    return yaml.safe_dump_all(documents, allow_unicode=True)


def test_every_field_is_tried() -> None:
    # What the driver fills in is in no file.
    filled_in = {"file_secrets"}
    assert {*FIELDS, "resources", "resources_order"} == Task.__dataclass_fields__.keys() - filled_in


@slow
@given(TASKS)
def test_config_reads_back(task: Task) -> None:
    config = to_config(task, reveal_secrets=True)
    assert from_config(config) == task
    assert to_config(from_config(config), reveal_secrets=True) == config


@slow
@given(TASKS)
def test_yaml_reads_back(task: Task) -> None:
    assert load_text(as_yaml(to_config(task, reveal_secrets=True))) == task


@slow
@given(TASKS)
def test_hidden_secrets_are_asked_for_again(task: Task) -> None:
    config = to_config(task)
    if task.secrets:
        assert set(config["secrets"].values()) == {None}
    assert from_config(config, secrets=task.secrets) == task


@slow
@given(st.data(), TASKS)
def test_hidden_secrets_are_nowhere(data: st.DataObject, task: Task) -> None:
    """What a secret was filled into shows its name."""
    filled = "planted-secret"
    config = to_config(task, reveal_secrets=True)
    config["secrets"] = {"PLANTED": filled}
    config["file_mounts"] = {"/at/$PLANTED": "s3://${PLANTED}/x", "/b": {"name": "of-$PLANTED", "mode": "MOUNT"}}
    config["service"] = {"readiness_probe": {"path": "/", "headers": {"Authorization": "Bearer $PLANTED"}}}
    read = from_config(config)
    assert filled in json.dumps(to_config(read, reveal_secrets=True)["file_mounts"])
    shown = to_config(read)
    assert filled not in json.dumps(shown, default=str)
    assert from_config(shown, secrets=read.secrets) == read


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(PIPELINES)
def test_pipeline_reads_back(pipeline: Pipeline) -> None:
    assert load_pipeline(as_yaml(*pipeline_config(pipeline, head=True, reveal_secrets=True))) == pipeline


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(JOB_GROUPS)
def test_job_group_reads_back(group: Pipeline) -> None:
    assert load_job_group(as_yaml(*pipeline_config(group, head=True, reveal_secrets=True))) == group


@slow
@given(VOLUMES)
def test_volume_reads_back(volume: Volume) -> None:
    assert load_volume(as_yaml(volume_config(volume))) == volume


@slow
@given(STORAGE)
def test_bucket_reads_back(storage: Storage) -> None:
    target = {"/at": storage_config(storage)}
    assert from_config({"file_mounts": target}).storage_mounts == {"/at": storage}


def test_what_follows_from_the_task_is_no_wish_of_a_candidate() -> None:
    login = {"USERNAME": "ann", "PASSWORD": "planted", "SERVER": "ghcr.io"}
    task = from_config(
        {
            "secrets": {f"SKYPILOT_DOCKER_{key}": value for key, value in login.items()},
            "envs": {"SKYPILOT_RUNPOD_DOCKER_USERNAME": "ann"},
            "file_mounts": {"/data": {"name": "x"}},
            "resources": {"image_id": "docker:private/image"},
        }
    )
    config = to_config(task, reveal_secrets=True)
    derived = {"_requires_fuse", "_docker_login_config", "_docker_username_for_runpod"}
    assert derived <= config["resources"].keys()
    assert not task.resources[0].internal
    assert from_config(config) == task
    assert "planted" not in json.dumps(to_config(task), default=str, skipkeys=True)


@given(QUANTITIES)
def test_quantity_is_its_text(quantity: Quantity) -> None:
    assert parse_count(str(quantity)) == quantity
