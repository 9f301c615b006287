"""SkyPilot's Dag: tasks that belong together, and which runs after which."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from stix.api.enumerations import DagExecution
from stix.api.kinds import need
from stix.errors import UsageError
from stix.model.pipeline import Pipeline, find_cycle, topological_order

if TYPE_CHECKING:
    from stix.api.task import Task
    from stix.optimize.dag import Assignment

Pairs = Iterable[tuple[str, str]] | Mapping[str, str] | None


class Dag:
    """A pipeline (a chain or any other graph of tasks), or a job group (tasks side by side).

    `with Dag() as dag:` takes in every task that is made inside; blocks may be nested, and each thread has its own.

    Attributes:
        name: of the whole.
        execution: `DagExecution.PARALLEL` makes it a job group; None is serial.
        pool: the pool of workers that runs it.
        primary_tasks, termination_delay, inter_connection: a job group's; as its head document has them.
        assignment: what `stix.optimize` found for the whole; None before.
    """

    def __init__(self) -> None:
        self.name: str | None = None
        self.execution: DagExecution | None = None
        self.pool: str | None = None
        self.primary_tasks: list[str] | None = None
        self.termination_delay: str | dict[str, str] | None = None
        self.inter_connection: bool | None = None
        self.assignment: Assignment | None = None
        # Dictionaries keep the order, and single operations on them are safe between threads.
        self._tasks: dict[Task, None] = {}
        self._edges: dict[tuple[Task, Task], None] = {}

    @staticmethod
    def from_yaml(yaml_path: str, env_overrides: Pairs = None, secrets_overrides: Pairs = None) -> "Dag":
        """The tasks of a file with one or several documents: a pipeline, or a job group when its head says so.

        Raises:
            UsageError: `task.invalid` with file and line, `secrets.missing`.
        """
        from stix.api.documents import read

        return Dag.from_yaml_str(read(yaml_path), env_overrides, secrets_overrides, _file=yaml_path)

    @staticmethod
    def from_yaml_str(
        yaml_str: str, env_overrides: Pairs = None, secrets_overrides: Pairs = None, *, _file: str = "task.yaml"
    ) -> "Dag":
        """As `from_yaml`, from text."""
        from stix.api.documents import load

        return Dag._of(load(yaml_str, file=_file, env=dict(env_overrides or ()), secrets=dict(secrets_overrides or ())))

    @classmethod
    def _of(cls, found: Pipeline) -> "Dag":
        from stix.api.task import Task

        dag = cls()
        dag.name, dag.execution, dag.pool = found.name, DagExecution(found.execution), found.pool
        dag.primary_tasks = list(found.primary_tasks) or None
        delay = found.termination_delay
        dag.termination_delay = dict(delay) if isinstance(delay, Mapping) else delay
        dag.inter_connection = found.inter_connection
        tasks = [Task._of(each, enter=False) for each in found.tasks]
        dag._tasks = dict.fromkeys(tasks)
        dag._edges = dict.fromkeys((tasks[first], tasks[then]) for first, then in sorted(found.edges))
        return dag

    def to_yaml_config(self) -> list[dict[str, Any]]:
        """One map for each document: a head when there is more than tasks to say, then the tasks in their order.

        Raises:
            UsageError: `usage`, a graph that is neither a chain nor a job group has no form as a file.
        """
        from stix.api.memory import memory_of
        from stix.spec.dump import pipeline_config

        pipeline = self.model
        if not (pipeline.is_chain or self.is_job_group()):
            raise UsageError("usage", "only a chain of tasks or a job group can be written as YAML documents")
        return pipeline_config(pipeline, head=True, reveal_secrets=True, memory_of=memory_of)

    def to_yaml_str(self) -> str:
        """The documents as YAML text, which `from_yaml_str` reads back."""
        from stix.api.documents import dump

        return dump(self.to_yaml_config())

    @property
    def model(self) -> Pipeline:
        """The frozen pipeline, its tasks in an order in which they can run.

        Raises:
            UsageError: `task.invalid`, they wait for one another in a circle.
        """
        tasks = self.topological_order()
        place = {task: number for number, task in enumerate(tasks)}
        return Pipeline(
            tasks=tuple(task.model for task in tasks),
            name=self.name,
            edges=frozenset((place[first], place[then]) for first, then in tuple(self._edges)),
            execution=_execution(self.execution or "serial").value,
            primary_tasks=tuple(self.primary_tasks or ()),
            termination_delay=self.termination_delay,
            inter_connection=self.inter_connection,
            pool=self.pool,
        )

    @property
    def tasks(self) -> "list[Task]":
        """The tasks in the order in which they came; a copy."""
        return list(self._tasks)

    @property
    def edges(self) -> "list[tuple[Task, Task]]":
        """Pairs of a task and one that runs after it; a copy."""
        return list(self._edges)

    def add(self, task: "Task") -> None:
        """Take a task in; one that is there already stays where it is.

        Raises:
            UsageError: `task.invalid`, it is no task.
        """
        self._tasks.setdefault(_task(task))

    def remove(self, task: "Task") -> None:
        """Leave a task and its edges out.

        Raises:
            UsageError: `usage`, it is not in this Dag.
        """
        self._need(task)
        for edge in self.edges:
            if task in edge:
                self._edges.pop(edge, None)
        del self._tasks[task]

    def add_edge(self, op1: "Task", op2: "Task") -> None:
        """Say that `op2` runs after `op1`.

        Raises:
            UsageError: `usage`, one is not in this Dag; `task.invalid`, both are the same.
        """
        self._need(op1)
        self._need(op2)
        if op1 is op2:
            raise UsageError("task.invalid", f"task {self._labels()[op1]} cannot run after itself")
        self._edges[(op1, op2)] = None

    def topological_order(self) -> "list[Task]":
        """The tasks so that each comes after all it waits for; of those that may come next, the earliest added first.

        Raises:
            UsageError: `task.invalid`, naming the tasks that wait for one another in a circle.
        """
        tasks = self.tasks
        place = {task: number for number, task in enumerate(tasks)}
        edges = frozenset((place[first], place[then]) for first, then in self.edges)
        try:
            return [tasks[number] for number in topological_order(len(tasks), edges)]
        except ValueError:
            labels = self._labels()
        circle = [labels[tasks[number]] for number in find_cycle(len(tasks), edges)]
        raise UsageError(
            "task.invalid",
            f"the tasks wait for one another in a circle: {_shortened(' >> ', [*circle, circle[0]])}",
            hint="take one of these edges away",
            details={"cycle": circle},
        )

    def is_chain(self) -> bool:
        """Whether the tasks run one after another; so do none and one."""
        tasks = self.tasks
        place = {task: number for number, task in enumerate(tasks)}
        edges = frozenset((place[first], place[then]) for first, then in self.edges)
        return Pipeline(tuple(task.model for task in tasks), edges=edges).is_chain

    def is_job_group(self) -> bool:
        """Whether the tasks run side by side."""
        return self.execution in (DagExecution.PARALLEL, "parallel")

    def set_execution(self, execution: DagExecution) -> None:
        """Make it a pipeline or a job group.

        Raises:
            UsageError: `task.invalid`, it is neither `serial` nor `parallel`.
        """
        self.execution = _execution(execution)

    def inter_connection_enabled(self) -> bool:
        """Whether the tasks of a job group reach one another by name."""
        return self.inter_connection is not False

    def is_primary_task(self, task_name: str) -> bool:
        """Whether the job group lasts as long as this task; without `primary_tasks` all do."""
        return not self.primary_tasks or task_name in self.primary_tasks

    def get_auxiliary_task_names(self) -> list[str]:
        """Names of tasks that end after the primary ones."""
        return [task.name for task in self.tasks if task.name is not None and not self.is_primary_task(task.name)]

    def get_termination_delay_secs(self, task_name: str) -> int:
        """Seconds that an auxiliary task gets after the primary ones have ended.

        Raises:
            UsageError: `task.invalid`, the delay is no duration.
        """
        from stix.model.quantities import parse_minutes

        delay = self.termination_delay
        if isinstance(delay, Mapping):
            delay = delay.get(task_name, delay.get("default"))
        try:
            return 0 if delay is None else round(60 * parse_minutes(delay))
        except ValueError as error:
            raise UsageError("task.invalid", f"'termination_delay' {error}") from None

    def validate(self, skip_file_mounts: bool = False, skip_workdir: bool = False) -> None:
        """Check that no task waits for itself, and each task as `Task.validate` does."""
        for task in self.topological_order():
            task.validate(skip_file_mounts=skip_file_mounts, skip_workdir=skip_workdir)

    def _need(self, task: "Task") -> None:
        if _task(task) not in self._tasks:
            raise UsageError("usage", f"task {task.name or '(without a name)'} is not in this Dag", hint="add it first")

    def _labels(self) -> "dict[Task, str]":
        """The tasks' names; with their places among the tasks where they have none or share it."""
        tasks = self.tasks
        times = Counter(task.name for task in tasks)
        return {
            task: task.name if task.name is not None and times[task.name] == 1 else f"{task.name or 'task'}#{place}"
            for place, task in enumerate(tasks, 1)
        }

    def __len__(self) -> int:
        return len(self._tasks)

    def __enter__(self) -> "Dag":
        _entered.set((*_entered.get(), self))
        return self

    def __exit__(self, *_: object) -> None:
        _entered.set(_entered.get()[:-1])

    def __repr__(self) -> str:
        return f"Dag({_shortened(', ', list(self._labels().values()))})"


def _task(thing: object) -> "Task":
    from stix.api.task import Task

    return need(thing, Task, "what a Dag takes is a stix.Task")


def _execution(word: DagExecution | str) -> DagExecution:
    try:
        return DagExecution(word)
    except ValueError:
        raise UsageError("task.invalid", f"'execution' must be serial or parallel, not {word!r}") from None


def _shortened(between: str, names: list[str], most: int = 20) -> str:
    """Names for a message, some of the middle left out where there are many."""
    if len(names) > most:
        names = [*names[: most // 2], f"... {len(names) - most} more ...", *names[-(most // 2) :]]
    return between.join(names)


_entered: ContextVar[tuple[Dag, ...]] = ContextVar("stix_dags", default=())
"""Dags whose `with` blocks we are in, the innermost last; a thread starts with none."""


def current() -> Dag | None:
    """The innermost Dag whose `with` block we are in."""
    entered = _entered.get()
    return entered[-1] if entered else None


def enter_current(task: "Task") -> None:
    """Add a new task to the current Dag, if there is one."""
    innermost = current()
    if innermost is not None:
        innermost.add(task)
