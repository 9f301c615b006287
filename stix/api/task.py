"""SkyPilot's classes as users of the SDK know them: Task, Resources and Dag.

They hold frozen models (`stix.model`) and check each change as a task file is checked. The driver takes `Task.model`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from stix.api import dag
from stix.api.dag import Dag
from stix.api.resources import Resources
from stix.errors import UsageError
from stix.model.task import Secrets
from stix.model.task import Task as TaskModel
from stix.spec.dump import to_config
from stix.spec.load import from_config, load_file, load_text, require_sources
from stix.spec.overrides import Overrides, apply

T = TypeVar("T")
Pairs = Mapping[str, str] | Iterable[tuple[str, str]] | None

__all__ = ["Dag", "Resources", "Task", "get", "model_of", "stream_and_get"]


class Task:
    """What to run, on how many nodes of what kind, with what in place. Parameters are the keys of a task file.

    Raises:
        UsageError: `task.invalid`, a value is wrong, or asks for what stix cannot do yet.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        setup: str | list[str] | None = None,
        run: str | list[str] | None = None,
        envs: dict[str, str] | None = None,
        secrets: dict[str, str] | None = None,
        workdir: str | dict[str, Any] | None = None,
        num_nodes: int | None = None,
        file_mounts: dict[str, str] | None = None,
        storage_mounts: dict[str, Any] | None = None,
        volumes: dict[str, Any] | None = None,
        resources: "Resources | list[Resources] | set[Resources] | None" = None,
        docker_image: str | None = None,
        event_callback: str | None = None,
        blocked_resources: Iterable["Resources"] | None = None,
        api_server_access: bool = True,
    ) -> None:
        _refuse(storage_mounts=storage_mounts, docker_image=docker_image, blocked_resources=blocked_resources)
        config = {
            "name": name,
            "setup": _script(setup),
            "run": _script(run),
            "envs": envs,
            "secrets": secrets,
            "workdir": workdir,
            "num_nodes": num_nodes,
            "file_mounts": file_mounts,
            "volumes": volumes,
            "event_callback": event_callback,
            "resources": None if resources is None else resources_config(resources),
        }
        self._model = from_config({key: value for key, value in config.items() if value is not None})
        dag.enter_current(self)

    @classmethod
    def _of(cls, found: TaskModel) -> "Task":
        task = cls.__new__(cls)
        task._model = found
        dag.enter_current(task)
        return task

    @staticmethod
    def from_yaml(yaml_path: str) -> "Task":
        """The task that a file describes.

        Raises:
            UsageError: `task.invalid` with file and line, `secrets.missing`, or `sync.source`.
        """
        return Task._of(load_file(yaml_path))

    @staticmethod
    def from_yaml_str(yaml_str: str) -> "Task":
        """The task that a YAML text describes; errors as `from_yaml`."""
        return Task._of(load_text(yaml_str))

    @staticmethod
    def from_yaml_config(
        config: dict[str, Any],
        env_overrides: list[tuple[str, str]] | None = None,
        secrets_overrides: list[tuple[str, str]] | None = None,
    ) -> "Task":
        """The task that plain data describes, with variables that win over its own; errors as `from_yaml`."""
        return Task._of(from_config(config, env=dict(env_overrides or ()), secrets=dict(secrets_overrides or ())))

    def to_yaml_config(self, use_user_specified_yaml: bool = False) -> dict[str, Any]:
        """The task as plain data in normal form. Secrets have no values: loading it asks for them again."""
        return to_config(self._model)

    @property
    def model(self) -> TaskModel:
        """The frozen task that the driver takes."""
        return self._model

    @property
    def name(self) -> str | None:
        """The task's name."""
        return self._model.name

    @name.setter
    def name(self, name: str | None) -> None:
        self._change(name=name)

    @property
    def setup(self) -> str | None:
        """The script that prepares a node."""
        return self._model.setup

    @setup.setter
    def setup(self, setup: str | list[str] | None) -> None:
        self._change(setup=_script(setup))

    @property
    def run(self) -> str | None:
        """The script that is the job."""
        return self._model.run

    @run.setter
    def run(self, run: str | list[str] | None) -> None:
        self._change(run=_script(run))

    @property
    def workdir(self) -> str | dict[str, Any] | None:
        """The folder, or `{url, ref}` of the git repository, that comes to the nodes."""
        found: str | dict[str, Any] | None = to_config(self._model).get("workdir")
        return found

    @workdir.setter
    def workdir(self, workdir: str | dict[str, Any] | None) -> None:
        self._change(workdir=workdir)

    @property
    def num_nodes(self) -> int:
        """How many nodes run it."""
        return self._model.num_nodes

    @num_nodes.setter
    def num_nodes(self, num_nodes: int | None) -> None:
        self._change(num_nodes=num_nodes)

    @property
    def envs(self) -> dict[str, str]:
        """Variables of the job; a copy."""
        return dict(self._model.envs)

    @property
    def secrets(self) -> dict[str, str]:
        """Secret variables of the job; a copy that prints without the values."""
        return Secrets(self._model.secrets)

    @property
    def file_mounts(self) -> dict[str, str]:
        """Places on the nodes -> what comes there; a copy."""
        return dict(self._model.file_mounts)

    @property
    def resources(self) -> "set[Resources] | list[Resources]":
        """The candidates: a list when their order counts, a set otherwise."""
        found = [Resources.of(each) for each in self._model.resources]
        return found if self._model.resources_order == "ordered" else set(found)

    def update_envs(self, envs: Pairs) -> "Task":
        """Add variables, replacing those of the same names; returns the task itself, as all of these do."""
        return self._change(envs={**self._model.envs, **dict(envs or ())})

    def update_secrets(self, secrets: Pairs) -> "Task":
        """Add secret variables, replacing those of the same names."""
        return self._change(secrets={**self._model.secrets, **dict(secrets or ())})

    def set_file_mounts(self, file_mounts: dict[str, str] | None) -> "Task":
        """Bring these files and no others (besides the workdir)."""
        return self._change(file_mounts=file_mounts)

    def update_file_mounts(self, file_mounts: dict[str, str]) -> "Task":
        """Bring these files, too."""
        return self._change(file_mounts={**self._model.file_mounts, **file_mounts})

    def update_workdir(self, workdir: str | None, git_url: str | None, git_ref: str | None) -> "Task":
        """Bring another folder or repository; nothing changes when all are None."""
        self._model = apply(self._model, Overrides(workdir=workdir, git_url=git_url, git_ref=git_ref))
        return self

    def set_resources(self, resources: "Resources | list[Resources] | set[Resources] | dict[str, Any]") -> "Task":
        """Ask for other machines: one candidate, a list (the first to be had), a set (the cheapest), or plain data."""
        return self._change(resources=resources_config(resources))

    def set_resources_override(self, override_params: dict[str, Any]) -> "Task":
        """Change some wishes in every candidate."""
        config = to_config(self._model).get("resources", {})
        order = next((word for word in ("any_of", "ordered") if word in config), "")
        changed = [{**each, **override_params} for each in (config[order] if order else [config])]
        return self._change(resources={order: changed} if order else changed[0])

    def validate(self, skip_file_mounts: bool = False, skip_workdir: bool = False) -> None:
        """Check that what is to be brought is there; all else was checked when it was set.

        Raises:
            UsageError: `sync.source`.
        """
        checked = self._model
        if skip_workdir:
            checked = checked.with_(workdir=None)
        require_sources(checked.with_(file_mounts={}) if skip_file_mounts else checked)

    def _change(self, **changes: Any) -> "Task":
        config = {**to_config(self._model, reveal_secrets=True), **changes}
        self._model = from_config({key: value for key, value in config.items() if value is not None})
        return self

    def __rshift__(self, b: "Task") -> "Task":
        current = dag.current()
        if current is None:
            raise UsageError("usage", "'>>' joins tasks of a Dag", hint="use it inside 'with stix.Dag():'")
        current.add_edge(self, b)
        return b

    def __repr__(self) -> str:
        where = f"{self.num_nodes} x {self.resources}"
        return f"Task({self.name or '-'}, {where})"


def model_of(task: Task | Dag | TaskModel) -> TaskModel:
    """The frozen task that any of these stands for.

    Raises:
        UsageError: `task.invalid`, a Dag of no or several tasks.
    """
    if isinstance(task, TaskModel):
        return task
    if isinstance(task, Dag):
        if len(task) != 1:
            raise UsageError(
                "task.invalid",
                f"this Dag has {len(task)} tasks; stix runs a Dag of one",
                hint="launch each task by itself",
            )
        return task.tasks[0].model
    if isinstance(task, Task):
        return task.model
    raise UsageError("usage", f"a task is a stix.Task or a stix.Dag, not {type(task).__name__}")


def resources_config(resources: "Resources | list[Resources] | set[Resources] | Mapping[str, Any]") -> dict[str, Any]:
    """Wishes in any form as the `resources` of a task file."""
    if isinstance(resources, Resources):
        return resources.to_yaml_config()
    if isinstance(resources, Mapping):
        return dict(resources)
    if len(resources) == 1:
        return next(iter(resources)).to_yaml_config()
    order = "ordered" if isinstance(resources, list) else "any_of"
    return {order: [each.to_yaml_config() for each in resources]}


def get(request_id: T) -> T:
    """What a call answered. Calls of stix wait for their end themselves; `sky.get(sky.launch(...))` keeps working."""
    return request_id


def stream_and_get(
    request_id: T | None = None,
    log_path: str | None = None,
    tail: int | None = None,
    follow: bool = True,
    output_stream: Any = None,
    relay_rich_status: bool = False,
) -> T | None:
    """As `get`."""
    return request_id


def _script(script: str | list[str] | None) -> str | None:
    return "\n".join(script) if isinstance(script, list) else script


def _refuse(**parameters: Any) -> None:
    for name, value in parameters.items():
        if value:
            raise UsageError("task.invalid", f"{name!r} of a Task does not work in stix yet", details={"key": name})
