"""The plan of a pipeline: one for each task, and what moves between them. Pure."""

from dataclasses import dataclass
from typing import Any

from stix.model.pipeline import Pipeline
from stix.model.plan import LaunchPlan
from stix.optimize.dag import Assignment


@dataclass(frozen=True, slots=True)
class PipelinePlan:
    """Plans of the tasks, in their order, at the places that are best together.

    Attributes:
        assignment: those places, with the data that moves and the sums.
    """

    pipeline: Pipeline
    plans: tuple[LaunchPlan, ...]
    assignment: Assignment

    def to_dict(self, *, every_place: bool = False) -> dict[str, Any]:
        """JSON-able, without a secret's value; `every_place` as for one plan.

        `edges` has what moves along each edge (`from` is null for what a task reads from a bucket); `costs.total` is
        dollars of all tasks for their estimated hours and of all moves, null where a price is not known.
        """
        moved = {(move.first, move.then): move for move in self.assignment.moves}
        edges: list[tuple[int | None, int]] = sorted(self.pipeline.edges)
        edges += [edge for edge in moved if edge[0] is None]
        return {
            "name": self.pipeline.name,
            "execution": self.pipeline.execution,
            "tasks": [plan.to_dict(every_place=every_place) for plan in self.plans],
            "edges": [
                {
                    "from": None if first is None else self._label(first),
                    "to": self._label(then),
                    "gib": moved[first, then].gib if (first, then) in moved else 0.0,
                    "cost": moved[first, then].dollars if (first, then) in moved else 0.0,
                    "seconds": moved[first, then].seconds if (first, then) in moved else 0.0,
                }
                for first, then in edges
            ],
            "costs": {
                "total": self.assignment.dollars,
                "moves": sum(move.dollars for move in self.assignment.moves),
            },
            "seconds": self.assignment.seconds,
            "method": self.assignment.method,
        }

    def _label(self, number: int) -> str:
        return self.pipeline.tasks[number].name or f"task {number + 1}"
