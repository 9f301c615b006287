"""All local clusters below one folder: what a survey reports of them, and what a sweep removes."""

import os
import pwd
from pathlib import Path
from typing import Any

from ansible_collections.stix.core.plugins.plugin_utils.local_cluster import LocalCluster, is_name


def survey(root: str) -> list[dict[str, Any]]:
    """Every node's home, and every cluster's folder that has none (docs/concepts/contracts.md, section 3)."""
    folder = Path(os.path.expanduser(root)).absolute()
    found = sorted(path for path in folder.iterdir() if _is_ours(path)) if folder.is_dir() else []
    return [thing for path in found for thing in _things(path, str(folder))]


def sweep(root: str, things: list[dict[str, Any]], check: bool) -> list[dict[str, Any]]:
    """Removes the clusters whose nodes are all named; answers those of the things that are still there."""
    named = {thing["id"] for thing in things}
    there = [thing for thing in survey(root) if thing["id"] in named]
    if not check:
        for cluster_id in sorted({thing["cluster_id"] for thing in there}):
            every = {thing["id"] for thing in survey(root) if thing["cluster_id"] == cluster_id}
            if every <= named:
                LocalCluster(root, cluster_id).remove(check=False)
    left = {thing["id"] for thing in survey(root)}
    return [thing for thing in there if thing["id"] in left]


def _is_ours(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and is_name(path.name)


def _things(path: Path, root: str) -> list[dict[str, Any]]:
    cluster = LocalCluster(root, path.name)
    nodes = {instance["name"]: instance for instance in cluster.instances()}
    homes = sorted(home.name for home in path.iterdir() if home.is_dir())
    about = path.stat()
    common = {
        "region": "",
        "zone": "",
        "cluster": path.name.rpartition("-")[0],
        "cluster_id": path.name,
        "user": _login(about.st_uid),
        "run": "",
        "created_at": int(about.st_mtime),
        "deadline": 0,
        "shared": False,
        "details": {},
    }
    if not homes:
        return [{"kind": "disk", "id": str(path), "name": path.name, "state": "", **common}]
    return [
        {
            "kind": "machine",
            "id": str(path / name),
            "name": name,
            "state": nodes[name]["state"] if name in nodes else "stopped",
            **common,
            **({"instance": nodes[name]} if name in nodes else {}),
        }
        for name in homes
    ]


def _login(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(os.getuid())
