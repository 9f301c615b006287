"""stix runs AI and batch work on any infrastructure: `stix.launch(stix.Task.from_yaml("task.yaml"), "dev")`.

The names are SkyPilot's; docs/reference/sdk.md lists them. Importing `stix` imports nothing else: each name is
fetched when it is first used.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stix import catalog as catalog
    from stix import clouds as clouds
    from stix import exceptions as exceptions
    from stix.api import volumes as volumes
    from stix.api.answers import get, stream_and_get
    from stix.api.clusters import autostop, down, launch, start, stop
    from stix.api.costs import cost_report
    from stix.api.dag import Dag
    from stix.api.doctor import doctor
    from stix.api.enabled import enabled_clouds
    from stix.api.enumerations import (
        DagExecution,
        FileMountType,
        OptimizeTarget,
        StatusRefreshMode,
        StorageMode,
        StoreType,
    )
    from stix.api.infra import check
    from stix.api.jobs import cancel, download_logs, exec, job_status, queue, tail_logs
    from stix.api.optimizer import optimize
    from stix.api.plans import plan as preview
    from stix.api.policy_request import AdminPolicy, AdminPolicyRequestName, Config, MutatedUserRequest, UserRequest
    from stix.api.preview import rehearse
    from stix.api.recovery import adopt, forget, gc
    from stix.api.resources import Resources
    from stix.api.service import SkyServiceSpec
    from stix.api.service import SkyServiceSpec as Service
    from stix.api.status import status
    from stix.api.storage import Storage, storage_delete, storage_ls, storage_transfer
    from stix.api.task import Task
    from stix.api.volume import Volume
    from stix.api.why import skips, why
    from stix.catalog import list_accelerator_counts, list_accelerators
    from stix.clouds.objects import (
        AWS,
        DO,
        GCP,
        IBM,
        OCI,
        SCP,
        SSH,
        Azure,
        Cudo,
        Docker,
        Fluidstack,
        Hyperbolic,
        K8s,
        Kubernetes,
        Lambda,
        Local,
        Mithril,
        Nebius,
        Paperspace,
        PrimeIntellect,
        RunPod,
        Seeweb,
        Shadeform,
        Slurm,
        Vast,
        Verda,
        Vsphere,
        Yotta,
    )
    from stix.model.job import JobStatus
    from stix.model.status import ClusterStatus

__version__ = "0.1.0"

_CLOUDS = (
    "AWS Azure Cudo DO Docker Fluidstack GCP Hyperbolic IBM K8s Kubernetes Lambda Local Mithril Nebius OCI "
    "Paperspace PrimeIntellect RunPod SCP SSH Seeweb Shadeform Slurm Vast Verda Vsphere Yotta"
).split()

_POLICY = "AdminPolicy AdminPolicyRequestName Config MutatedUserRequest UserRequest".split()

_HOMES = {
    "Task": "stix.api.task",
    "Resources": "stix.api.resources",
    "Dag": "stix.api.dag",
    "Storage": "stix.api.storage",
    "storage_ls": "stix.api.storage",
    "storage_delete": "stix.api.storage",
    "storage_transfer": "stix.api.storage",
    "Volume": "stix.api.volume",
    "SkyServiceSpec": "stix.api.service",
    "Service": "stix.api.service:SkyServiceSpec",
    "OptimizeTarget": "stix.api.enumerations",
    "StatusRefreshMode": "stix.api.enumerations",
    "DagExecution": "stix.api.enumerations",
    "StorageMode": "stix.api.enumerations",
    "StoreType": "stix.api.enumerations",
    "FileMountType": "stix.api.enumerations",
    "get": "stix.api.answers",
    "stream_and_get": "stix.api.answers",
    "launch": "stix.api.clusters",
    "stop": "stix.api.clusters",
    "start": "stix.api.clusters",
    "autostop": "stix.api.clusters",
    "down": "stix.api.clusters",
    "status": "stix.api.status",
    "exec": "stix.api.jobs",
    "queue": "stix.api.jobs",
    "tail_logs": "stix.api.jobs",
    "cancel": "stix.api.jobs",
    "job_status": "stix.api.jobs",
    "download_logs": "stix.api.jobs",
    "check": "stix.api.infra",
    "cost_report": "stix.api.costs",
    "gc": "stix.api.recovery",
    "adopt": "stix.api.recovery",
    "forget": "stix.api.recovery",
    "doctor": "stix.api.doctor",
    "rehearse": "stix.api.preview",
    "why": "stix.api.why",
    "skips": "stix.api.why",
    "optimize": "stix.optimize:",
    "preview": "stix.api.plans:plan",
    "enabled_clouds": "stix.api.enabled",
    "list_accelerators": "stix.catalog",
    "list_accelerator_counts": "stix.catalog",
    "JobStatus": "stix.model.job",
    "ClusterStatus": "stix.model.status",
    "catalog": "stix.catalog:",
    "clouds": "stix.clouds:",
    "exceptions": "stix.exceptions:",
    "volumes": "stix.api.volumes:",
    **dict.fromkeys(_POLICY, "stix.api.policy_request"),
    **dict.fromkeys(_CLOUDS, "stix.clouds.objects"),
}
"""Public name -> the module that holds it, `module:name` where it is called otherwise there, `module:` for a module."""

_ABSENT = {
    "api_": "stix has no API server: calls do their work themselves",
    "backends": "stix has one way to reach machines, Ansible",
    "Optimizer": "call stix.optimize",
    "ManagedJobStatus": "managed jobs are not there yet",
    "jobs": "managed jobs are not there yet",
    "serve": "services are not there yet",
    "batch": "managed jobs are not there yet",
    "JOBS_RECOVERY_STRATEGY_REGISTRY": "managed jobs are not there yet",
    "create_debug_dump": "stix run show has what a run did",
    "download_debug_dump": "stix run show has what a run did",
    "get_user_workspace": "stix has no workspaces",
    "set_preferred_workspace": "stix has no workspaces",
    "endpoints": "opened ports are reached at the head's address: stix.status(name)[0]['head_ip']",
    "reload_config": "configuration is read at each call",
    "CLOUD_REGISTRY": "stix.clouds.CLOUDS has the clouds by name",
}
"""Names of SkyPilot, or what they begin with, and why they are not here."""

__all__ = [
    "AWS",
    "DO",
    "GCP",
    "IBM",
    "OCI",
    "SCP",
    "SSH",
    "AdminPolicy",
    "AdminPolicyRequestName",
    "Azure",
    "ClusterStatus",
    "Config",
    "Cudo",
    "Dag",
    "DagExecution",
    "Docker",
    "FileMountType",
    "Fluidstack",
    "Hyperbolic",
    "JobStatus",
    "K8s",
    "Kubernetes",
    "Lambda",
    "Local",
    "Mithril",
    "MutatedUserRequest",
    "Nebius",
    "OptimizeTarget",
    "Paperspace",
    "PrimeIntellect",
    "Resources",
    "RunPod",
    "Seeweb",
    "Service",
    "Shadeform",
    "SkyServiceSpec",
    "Slurm",
    "StatusRefreshMode",
    "Storage",
    "StorageMode",
    "StoreType",
    "Task",
    "UserRequest",
    "Vast",
    "Verda",
    "Volume",
    "Vsphere",
    "Yotta",
    "adopt",
    "autostop",
    "cancel",
    "catalog",
    "check",
    "clouds",
    "cost_report",
    "doctor",
    "down",
    "download_logs",
    "enabled_clouds",
    "exceptions",
    "exec",
    "forget",
    "gc",
    "get",
    "job_status",
    "launch",
    "list_accelerator_counts",
    "list_accelerators",
    "optimize",
    "preview",
    "queue",
    "rehearse",
    "skips",
    "start",
    "status",
    "stop",
    "storage_delete",
    "storage_ls",
    "storage_transfer",
    "stream_and_get",
    "tail_logs",
    "volumes",
    "why",
]


class _Stix(type(sys)):  # type: ignore[misc]
    """The module `stix`."""

    def __setattr__(self, name: str, value: object) -> None:
        if name == "optimize" and isinstance(value, type(sys)):
            value.__class__ = _Optimize
        super().__setattr__(name, value)


class _Optimize(type(sys)):  # type: ignore[misc]
    """The package `stix.optimize`, which can be called, for SkyPilot has a function of that name."""

    def __call__(self, dag: "Dag", minimize: "OptimizeTarget | str | None" = None, *others: object) -> "Dag":
        """`stix.api.optimizer.optimize`."""
        from stix.api.optimizer import optimize

        return optimize(dag, minimize, *others)


sys.modules[__name__].__class__ = _Stix


def __getattr__(name: str) -> object:
    """Fetch a public name from the module that holds it."""
    if name not in _HOMES:
        why = next((reason for start, reason in _ABSENT.items() if name.startswith(start)), "")
        raise AttributeError(f"module 'stix' has no attribute {name!r}" + (f": {why}" if why else ""))
    from importlib import import_module

    module, found, attribute = _HOMES[name].partition(":")
    home = import_module(module)
    value: object = home if found and not attribute else getattr(home, attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted([*__all__, "__version__"])
