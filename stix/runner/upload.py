"""What a launch will bring to its nodes, counted by the rules of the transfer itself."""

import os
import stat
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

from stix.model.task import GitSource, Task, is_address
from stix.runner.content import collections_path

IGNORE = "ansible_collections/stix/core/plugins/module_utils/ignore.py"
"""The part of the collection that says which files stay behind; it needs neither Ansible nor stix."""


def upload_of(task: Task) -> dict[str, Any] | None:
    """`{files, bytes, trees}` of workdir and local file mounts; None when there is nothing to bring.

    A tree is `{target, source, files, bytes}`, or `{target, url, ref}` where nodes fetch it by git; links count as
    files of no size. What cannot be read is left out here; the transfer will name it.
    """
    trees: list[dict[str, Any]] = []
    if isinstance(task.workdir, GitSource):
        trees.append({"target": "~/sky_workdir", "url": task.workdir.url, "ref": task.workdir.ref})
    elif task.workdir:
        trees.append(_counted("~/sky_workdir", task.workdir))
    trees += [_counted(target, source) for target, source in task.file_mounts.items() if not is_address(source)]
    if not trees:
        return None
    return {
        "files": sum(tree.get("files", 0) for tree in trees),
        "bytes": sum(tree.get("bytes", 0) for tree in trees),
        "trees": trees,
    }


def _counted(target: str, source: str) -> dict[str, Any]:
    path = os.path.expanduser(source)
    sizes = [os.path.getsize(path)] if os.path.isfile(path) else list(_sizes(path)) if os.path.isdir(path) else []
    return {"target": target, "source": source, "files": len(sizes), "bytes": sum(sizes)}


def _sizes(folder: str) -> list[int]:
    sizes = []
    try:
        for _, entry in _rules().walk(folder):
            info = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(info.st_mode):
                sizes.append(info.st_size)
            elif stat.S_ISLNK(info.st_mode):
                sizes.append(0)
    except OSError:
        pass
    return sizes


def _rules() -> ModuleType:
    spec = spec_from_file_location("stix_ignore_rules", collections_path() / IGNORE)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
