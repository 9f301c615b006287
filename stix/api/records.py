"""Rows of the SDK's listings."""

from typing import Any

ALSO = {
    "cluster_hash": "cluster_id",
    "user_name": "user",
    "username": "user",
    "job_name": "name",
    "start_at": "started_at",
    "end_at": "ended_at",
    "duration": "up_seconds",
    "total_cost": "cost",
}
"""SkyPilot's name of a field -> ours."""


class Record(dict[str, Any]):
    """A row of `status`, `queue` or `cost_report`, which answers to SkyPilot's names of its fields, too."""

    def __missing__(self, name: str) -> Any:
        if ALSO.get(name, name) in self:
            return self[ALSO[name]]
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:
        """The field, or `default` where there is none."""
        return super().get(ALSO.get(name, name) if name not in self else name, default)
