"""Records names and signatures of SkyPilot's SDK: run it with a Python that has SkyPilot, in an empty HOME.

It writes skypilot.json to standard output; `tests/contract/test_sdk.py` holds ours against what it wrote.
"""

import enum
import inspect
import json
import sys

import sky
from sky import catalog, clouds
from sky.client import sdk
from sky.serve import service_spec
from sky.utils import common
from sky.volumes import volume

CLASSES = {
    "Task": sky.Task,
    "Resources": sky.Resources,
    "Dag": sky.Dag,
    "Storage": sky.Storage,
    "SkyServiceSpec": service_spec.SkyServiceSpec,
    "Volume": volume.Volume,
}
ENUMERATIONS = {
    "OptimizeTarget": common.OptimizeTarget,
    "StatusRefreshMode": common.StatusRefreshMode,
    "DagExecution": sky.DagExecution,
    "StorageMode": sky.StorageMode,
    "StoreType": sky.StoreType,
    "FileMountType": sky.FileMountType,
    "ClusterStatus": sky.ClusterStatus,
    "JobStatus": sky.JobStatus,
}


def signature(function):
    """Parameters without private ones: name, positional or keyword, default as source (null: required)."""
    found = []
    for each in inspect.signature(function).parameters.values():
        if each.name in ("self", "cls") or each.name.startswith("_") or each.kind is each.VAR_KEYWORD:
            continue
        kind = "keyword" if each.kind is each.KEYWORD_ONLY else "positional"
        default = each.default.name if isinstance(each.default, enum.Enum) else repr(each.default)
        found.append([each.name, kind, None if each.default is each.empty else default])
    return found


def main():
    signatures, attributes = {}, {}
    for name, cls in CLASSES.items():
        for member in sorted(set(dir(cls)) - set(dir(object)) | {"__init__"}):
            value = inspect.getattr_static(cls, member)
            if member.startswith("_") and member != "__init__" or inspect.isclass(value):
                continue
            if callable(getattr(cls, member)):
                signatures[f"{name}.{member}"] = signature(getattr(cls, member))
            else:
                attributes.setdefault(name, []).append(member)
    for name in [*sky.__all__, "enabled_clouds", "check"]:
        value = getattr(sky, name, None)
        if value is None or inspect.ismodule(value):
            value = getattr(sdk, name, None)
        if inspect.isfunction(inspect.unwrap(value)) and not inspect.isclass(value):
            signatures[name] = signature(value)
    for name, value in inspect.getmembers(catalog, inspect.isfunction):
        if not name.startswith("_") and value.__module__ == "sky.catalog":
            signatures[f"catalog.{name}"] = signature(value)
    record = {
        "version": sky.__version__,
        "names": sorted(set(sky.__all__) - {"__version__", "__root_dir__"}),
        "clouds": {
            name: clouds.__dict__[name]._REPR for name in clouds.__all__ if "_REPR" in vars(clouds.__dict__[name])
        },
        "enumerations": {name: {each.name: each.value for each in words} for name, words in ENUMERATIONS.items()},
        "attributes": attributes,
        "signatures": signatures,
    }
    json.dump(record, sys.stdout, indent=1, sort_keys=True)
    print()


main()
