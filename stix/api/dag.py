"""SkyPilot's Dag: tasks that belong together."""

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stix.api.task import Task


class Dag:
    """Tasks that belong together; stix runs a Dag of one task so far.

    `with Dag() as dag:` takes in every task that is made inside.
    """

    def __init__(self) -> None:
        self.name: str | None = None
        self.tasks: list[Task] = []
        self.edges: list[tuple[Task, Task]] = []

    def add(self, task: "Task") -> None:
        """Take a task in."""
        self.tasks.append(task)

    def remove(self, task: "Task") -> None:
        """Leave a task and its edges out."""
        self.tasks.remove(task)
        self.edges = [edge for edge in self.edges if task not in edge]

    def add_edge(self, op1: "Task", op2: "Task") -> None:
        """Say that one task runs after another."""
        self.edges.append((op1, op2))

    def __len__(self) -> int:
        return len(self.tasks)

    def __enter__(self) -> "Dag":
        self._token = _current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)

    def __repr__(self) -> str:
        return f"Dag({self.tasks})"


_current: ContextVar[Dag | None] = ContextVar("stix_dag", default=None)


def current() -> Dag | None:
    """The innermost Dag whose `with` block we are in."""
    return _current.get()


def enter_current(task: "Task") -> None:
    """Add a new task to the current Dag, if there is one."""
    innermost = current()
    if innermost is not None:
        innermost.add(task)
