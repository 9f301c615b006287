"""stix runs AI and batch work on any infrastructure: `stix.launch(stix.Task.from_yaml("task.yaml"), "dev")`.

The names are SkyPilot's; docs/reference/sdk.md lists them. Importing `stix` imports nothing else: each name is
fetched when it is first used.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stix import errors as exceptions
    from stix.api.clusters import autostop, down, launch, start, status, stop
    from stix.api.clusters import plan as preview
    from stix.api.infra import check
    from stix.api.jobs import cancel, download_logs, exec, job_status, queue, tail_logs
    from stix.api.task import Dag, Resources, Task, get, stream_and_get
    from stix.model.cluster import ClusterStatus
    from stix.model.job import JobStatus

__version__ = "0.1.0"

_HOMES = {
    "Task": "stix.api.task",
    "Resources": "stix.api.task",
    "Dag": "stix.api.task",
    "launch": "stix.api.clusters",
    "exec": "stix.api.jobs",
    "status": "stix.api.clusters",
    "queue": "stix.api.jobs",
    "tail_logs": "stix.api.jobs",
    "cancel": "stix.api.jobs",
    "stop": "stix.api.clusters",
    "start": "stix.api.clusters",
    "autostop": "stix.api.clusters",
    "down": "stix.api.clusters",
    "job_status": "stix.api.jobs",
    "download_logs": "stix.api.jobs",
    "preview": "stix.api.clusters:plan",
    "check": "stix.api.infra",
    "get": "stix.api.task",
    "stream_and_get": "stix.api.task",
    "JobStatus": "stix.model.job",
    "ClusterStatus": "stix.model.cluster",
    "exceptions": "stix.errors:",
}

__all__ = [
    "ClusterStatus",
    "Dag",
    "JobStatus",
    "Resources",
    "Task",
    "autostop",
    "cancel",
    "check",
    "down",
    "download_logs",
    "exceptions",
    "exec",
    "get",
    "job_status",
    "launch",
    "preview",
    "queue",
    "start",
    "status",
    "stop",
    "stream_and_get",
    "tail_logs",
]


def __getattr__(name: str) -> object:
    """Fetch a public name from the module that holds it."""
    if name not in _HOMES:
        raise AttributeError(f"module 'stix' has no attribute {name!r}")
    from importlib import import_module

    module, found, attribute = _HOMES[name].partition(":")
    home = import_module(module)
    value: object = home if found and not attribute else getattr(home, attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted([*__all__, "__version__"])
