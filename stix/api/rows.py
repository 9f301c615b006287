"""Clusters' records as `status` gives them; imports little, for a look at the record must take milliseconds."""

from typing import Any

from stix.api.records import Record
from stix.model.status import ClusterStatus


def row(record: dict[str, Any]) -> Record:
    """What `status` gives of a cluster."""
    autostop = record.get("autostop") or {}
    nodes = record["nodes"]
    fields = {
        "name": record["name"],
        "status": ClusterStatus(status_word(record)),
        "phase": record["phase"],
        "wanted": record["wanted"],
        "seen": record["seen"],
        "infra": record["infra"],
        "resources_str": resources_text(record),
        "num_nodes": record["num_nodes"],
        "launched_at": record["launched_at"],
        "autostop": autostop.get("idle_minutes", -1),
        "to_down": bool(autostop.get("down")),
        "lifetime_minutes": autostop.get("lifetime_minutes"),
        "last_error": record["last_error"],
        "head_ip": nodes[0].get("private_ip") if nodes else None,
        "user": record["user"],
        "last_use": record["last_use"],
        "cluster_id": record["cluster_id"],
        "nodes": nodes,
    }
    return Record(fields)


def status_word(record: dict[str, Any]) -> str:
    """As `stix.model.cluster.status_word`, which costs the import of dataclasses; a test holds the two together."""
    if record["wanted"] == "up" and record["seen"] == "running" and record["phase"] == "ready":
        return "UP"
    return "STOPPED" if record["wanted"] == "stopped" and record["seen"] == "stopped" else "INIT"


def resources_text(record: dict[str, Any]) -> str:
    """`2x ssh/rack (8 CPUs, 64 GiB, H100:4)`: what the nodes are, of the head's kind."""
    head = record["nodes"][0] if record["nodes"] else {}
    gpus: dict[str, int] = {}
    for gpu in head.get("gpus") or ():
        gpus[gpu["name"]] = gpus.get(gpu["name"], 0) + 1
    parts = [f"{head['cpus']:g} CPUs"] if head.get("cpus") else []
    parts += [f"{head['memory']:.3g} GiB"] if head.get("memory") else []
    parts += [f"{name}:{count}" for name, count in gpus.items()]
    return f"{record['num_nodes']}x {record['infra']}" + (f" ({', '.join(parts)})" if parts else "")
