"""What the SDK's classes write they read back unchanged, and setting what is set changes nothing."""

from hypothesis import HealthCheck, given, settings

import stix
from stix.model.pipeline import Pipeline
from stix.model.resources import Resources
from stix.model.service import Service
from stix.model.storage import Storage, Volume
from stix.model.task import Task
from tests.unit.spec.strategies import RESOURCES
from tests.unit.spec.strategies_task import JOB_GROUPS, PIPELINES, SERVICES, STORAGE, TASKS, VOLUMES

some = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

CHOOSABLE = TASKS.filter(
    lambda task: all(
        each not in task.resources[:place] and each.priority == task.resources[0].priority
        for place, each in enumerate(task.resources)
    )
)
"""Tasks whose candidates can be a Python set: all different, of one priority."""


@some
@given(TASKS)
def test_task(model: Task) -> None:
    task = stix.Task._of(model)
    config = task.to_yaml_config()
    assert stix.Task.from_yaml_config(config).model == model
    assert config == stix.Task.from_yaml_config(config).to_yaml_config()


@some
@given(CHOOSABLE)
def test_setting_what_is_set_changes_nothing(model: Task) -> None:
    task = stix.Task._of(model)
    task.update_envs({}).update_secrets(task.secrets).set_service(task.service)
    task.set_file_mounts(task.file_mounts).set_storage_mounts(task.storage_mounts).set_volumes(task.volumes)
    task.workdir, task.num_nodes = task.workdir, task.num_nodes
    task.name, task.setup, task.run = task.name, task.setup, task.run
    if model.resources_order != "any_of":
        task.set_resources(task.resources)
    assert task.model == model
    task.set_resources(task.resources)
    assert set(map(repr, task.resources)) == {repr(stix.Resources.of(each)) for each in model.resources}


@some
@given(CHOOSABLE)
def test_a_task_is_the_sum_of_its_parts(model: Task) -> None:
    """The constructor takes apart what the loader takes whole."""
    task = stix.Task._of(model)
    made = stix.Task(
        task.name,
        setup=task.setup,
        run=task.run,
        envs=task.envs,
        secrets=task.secrets,
        workdir=task.workdir,
        num_nodes=task.num_nodes,
        file_mounts=task.file_mounts,
        storage_mounts=task.storage_mounts,
        volumes=task.volumes,
        resources=task.resources,
        event_callback=task.event_callback,
        api_server_access=task.api_server_access,
    ).set_service(task.service)
    elsewhere = {"managed_secrets", "volume_mounts", "inputs", "outputs", "file_mounts_mapping", "metadata"}
    unordered = {"resources"} if model.resources_order == "any_of" else set()
    for field in Task.__dataclass_fields__.keys() - elsewhere - unordered - {"api_server_access"}:
        assert getattr(made.model, field) == getattr(model, field), field


@some
@given(RESOURCES.filter(lambda each: "docker" not in each.images or each.image_id is None))
def test_resources(model: Resources) -> None:
    resources = stix.Resources.of(model)
    assert resources.copy() == resources
    (read,) = stix.Resources.from_yaml_config(resources.to_yaml_config())
    if not resources.hooks:
        assert read == resources and hash(read) == hash(resources)
    assert resources.copy(infra=None).copy(infra=model.infra).infra == model.infra or model.infra is None


@some
@given(STORAGE)
def test_storage(model: Storage) -> None:
    storage = stix.Storage.of(model)
    assert stix.Storage.from_yaml_config(storage.to_yaml_config()) == storage
    assert hash(storage) == hash(stix.Storage.of(model))


@some
@given(VOLUMES)
def test_volume(model: Volume) -> None:
    volume = stix.Volume._of(model)
    assert stix.Volume.from_yaml_config(volume.to_yaml_config()) == volume
    assert stix.Volume.from_yaml_str(volume.to_yaml_str()) == volume


@some
@given(SERVICES)
def test_service(model: Service) -> None:
    service = stix.Service.of(model)
    assert stix.Service.from_yaml_config(service.to_yaml_config()) == service
    assert service.copy() == service


@some
@given(PIPELINES)
def test_pipeline(model: Pipeline) -> None:
    dag = stix.Dag._of(model)
    assert dag.model == model and dag.is_chain()
    assert stix.Dag.from_yaml_str(dag.to_yaml_str()).model == model


@some
@given(JOB_GROUPS)
def test_job_group(model: Pipeline) -> None:
    dag = stix.Dag._of(model)
    assert dag.model == model and dag.is_job_group()
    assert stix.Dag.from_yaml_str(dag.to_yaml_str()).model == model
