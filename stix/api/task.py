"""SkyPilot's Task. It holds a frozen model (`stix.model`), and each change is checked as a task file is."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from stix.api import dag
from stix.api.dag import Dag
from stix.api.estimates import Estimates
from stix.api.kept import Kept, KeptSecrets
from stix.api.kinds import need
from stix.api.memory import memory_of, without_told_memory
from stix.api.mounts import Mounts, merged
from stix.api.resources import Resources
from stix.api.storage import Storage
from stix.errors import UsageError
from stix.model.task import ManagedSecret, candidates
from stix.model.task import Task as TaskModel
from stix.spec.dump import to_config
from stix.spec.load import from_config, load_file, load_text

if TYPE_CHECKING:
    from stix.api.service import SkyServiceSpec

Pairs = Mapping[str, str] | Iterable[tuple[str, str]] | None


class Task(Mounts, Estimates):
    """What to run, on how many nodes of what kind, with what in place. Parameters are the keys of a task file.

    As with SkyPilot, variables are put into paths (`$DATA`) where a task is read, not where it is made by this call.

    Attributes:
        best_resources: what `stix.optimize` chose; None before.

    Raises:
        UsageError: `task.invalid`, a value is wrong.
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
        storage_mounts: dict[str, Storage] | None = None,
        volumes: dict[str, str | dict[str, Any]] | None = None,
        resources: Resources | list[Resources] | set[Resources] | None = None,
        docker_image: str | None = None,
        event_callback: str | None = None,
        blocked_resources: Iterable[Resources] | None = None,
        api_server_access: bool = True,
    ) -> None:
        if docker_image:
            hint = f"name it in the resources: Resources(image_id='docker:{docker_image}')"
            raise UsageError("task.invalid", "'docker_image' of a Task does nothing in SkyPilot or stix", hint=hint)
        self._begin(TaskModel(), blocked_resources or ())
        self._change(
            name=name,
            setup=_script(setup),
            run=_script(run),
            num_nodes=num_nodes,
            event_callback=event_callback,
            api_server_access=None if api_server_access else False,
        )
        if envs or secrets:
            self._change(envs=envs, secrets=secrets)
        if workdir or file_mounts or storage_mounts or volumes:
            mounts = merged(file_mounts, storage_mounts)
            self._change(workdir=workdir, file_mounts=mounts, volumes=volumes)
        if resources is not None:
            self.set_resources(resources)
        dag.enter_current(self)

    def _begin(self, found: TaskModel, blocked: Iterable[Resources] = ()) -> None:
        self._model = found
        self._time_estimator = None
        self.blocked_resources = list(blocked)
        self.best_resources: Resources | None = None

    @classmethod
    def _of(cls, found: TaskModel, *, enter: bool = True) -> "Task":
        task = cls.__new__(cls)
        task._begin(without_told_memory(found))
        if enter:
            dag.enter_current(task)
        return task

    @staticmethod
    def from_yaml(yaml_path: str) -> "Task":
        """The task that a file describes. Whether the files it names are there is seen when it is launched.

        Raises:
            UsageError: `task.invalid` with file and line.
        """
        return Task._of(load_file(yaml_path, check_sources=False))

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
        """The task as plain data in normal form, which `from_yaml_config` reads back unchanged, secrets and all.

        Args:
            use_user_specified_yaml: leave the values of secrets out, as SkyPilot does then.
        """
        return to_config(self._model, reveal_secrets=not use_user_specified_yaml, memory_of=memory_of)

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
    def num_nodes(self) -> int:
        """How many nodes run it."""
        return self._model.num_nodes

    @num_nodes.setter
    def num_nodes(self, num_nodes: int | None) -> None:
        self._change(num_nodes=num_nodes)

    @property
    def event_callback(self) -> str | None:
        """The command that is called at turns of the job's life."""
        return self._model.event_callback

    @event_callback.setter
    def event_callback(self, event_callback: str | None) -> None:
        self._change(event_callback=event_callback)

    @property
    def api_server_access(self) -> bool:
        """Whether the job may start others."""
        return self._model.api_server_access is not False

    @property
    def metadata(self) -> dict[str, Any]:
        """What SkyPilot's own tools keep in a task; a copy."""
        return Kept(self._model.metadata, "Task.from_yaml_config")

    @property
    def metadata_json(self) -> str:
        """`metadata` as JSON."""
        return json.dumps(dict(self._model.metadata))

    @property
    def envs(self) -> dict[str, str]:
        """Variables of the job; a copy."""
        return Kept(self._model.envs, "task.update_envs({...})")

    def update_envs(self, envs: Pairs) -> "Task":
        """Add variables, replacing those of the same names; returns the task itself, as all of these do.

        Raises:
            UsageError: `task.invalid`, a name is wrong or stands twice in a list.
        """
        return self._change(envs={**self._model.envs, **_distinct(envs)}, secrets=self._model.secrets)

    @property
    def secrets(self) -> dict[str, str]:
        """Secret variables of the job; a copy that prints without the values."""
        return KeptSecrets(self._model.secrets, "task.update_secrets({...})")

    def update_secrets(self, secrets: Pairs) -> "Task":
        """Add secret variables, replacing those of the same names; errors as `update_envs`."""
        return self._change(envs=self._model.envs, secrets={**self._model.secrets, **_distinct(secrets)})

    @property
    def envs_and_secrets(self) -> dict[str, str]:
        """Both, the secrets winning; a copy that prints without values."""
        return KeptSecrets({**self._model.envs, **self._model.secrets}, "task.update_envs({...})")

    @property
    def managed_secret_refs(self) -> list[ManagedSecret]:
        """References to secrets that are kept elsewhere."""
        return list(self._model.managed_secrets)

    @property
    def resources(self) -> set[Resources] | list[Resources]:
        """The candidates: a list when their order counts, a set otherwise."""
        found = [Resources.of(each) for each in self._model.resources]
        return found if self._model.resources_order == "ordered" else set(found)

    @resources.setter
    def resources(self, resources: Resources | list[Resources] | set[Resources] | Mapping[str, Any]) -> None:
        self.set_resources(resources)

    def set_resources(self, resources: Resources | list[Resources] | set[Resources] | Mapping[str, Any]) -> "Task":
        """Ask for other machines: one candidate, a list (the first to be had), a set (the cheapest), or plain data.

        Raises:
            UsageError: `task.invalid`, a value is wrong, there is none, or their priorities differ.
        """
        if isinstance(resources, Mapping):
            return self._change(resources=resources)
        found = list(resources) if isinstance(resources, list | set | frozenset | tuple) else [resources]
        hint = "plain data goes in as one map: {'any_of': [...]} or {'ordered': [...]}"
        several = [need(each, Resources, "a candidate is a stix.Resources", hint) for each in found]
        if not several:
            raise UsageError("task.invalid", "a task needs one candidate at least", hint="Resources() asks for nothing")
        if len({each.priority for each in several} - {None}) > 1:
            raise UsageError(
                "task.invalid", "the candidates of a task have one 'priority'", details={"key": "priority"}
            )
        # A set has no order of its own; plans must not depend on chance.
        several = several if isinstance(resources, list) else sorted(several, key=repr)
        order = "ordered" if isinstance(resources, list) else "any_of"
        self._model = self._model.with_(**candidates([each.model for each in several], order))
        return self

    def set_resources_override(self, override_params: dict[str, Any]) -> "Task":
        """Change some parameters of every candidate."""
        changed = [Resources.of(each).copy(**override_params).model for each in self._model.resources]
        self._model = self._model.with_(**candidates(changed, self._model.resources_order))
        return self

    def get_resource_config(self) -> dict[str, Any]:
        """The candidates as the `resources` of a task file."""
        config: dict[str, Any] = to_config(self._model).get("resources", {})
        return config

    @property
    def use_spot(self) -> bool:
        """Whether a candidate's machines may be taken back."""
        return any(each.use_spot for each in self._model.resources)

    @property
    def service(self) -> "SkyServiceSpec | None":
        """How it is served, if it is a service or a pool."""
        from stix.api.service import SkyServiceSpec

        return None if self._model.service is None else SkyServiceSpec.of(self._model.service)

    def set_service(self, service: "SkyServiceSpec | None") -> "Task":
        """Make it a service, a pool, or (None) neither."""
        from stix.api.service import SkyServiceSpec

        found = None if service is None else need(service, SkyServiceSpec, "a service is a stix.Service").model
        self._model = self._model.with_(service=found)
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
        UsageError: `task.invalid`, a Dag of no or several tasks; `usage`, something else.
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
        return model_of(task.tasks[0])
    if isinstance(task, Task):
        if task.blocked_resources:
            raise UsageError("usage", "'blocked_resources' of a Task count in stix.optimize only")
        return task.model
    hint = f"make it a task: stix.Task(run={task!r})" if isinstance(task, str) else ""
    raise UsageError("usage", f"a task is a stix.Task or a stix.Dag, not {type(task).__name__}", hint=hint)


def _script(script: str | list[str] | None) -> str | None:
    return "\n".join(script) if isinstance(script, list) else script


def _distinct(pairs: Pairs) -> dict[str, str]:
    if pairs is None or isinstance(pairs, Mapping):
        return dict(pairs or {})
    try:
        listed = [(name, value) for name, value in pairs]
    except (TypeError, ValueError):
        raise UsageError("task.invalid", "variables are a map, or a list of pairs of a name and a value") from None
    if len({name for name, _ in listed}) < len(listed):
        raise UsageError("task.invalid", "a variable stands twice in the list")
    return dict(listed)
