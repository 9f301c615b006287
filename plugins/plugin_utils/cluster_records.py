"""The record of clusters, as `stix` keeps it in `$STIX_HOME/state.db`, for who has no `stix`: read, never written.

Only table `clusters` is read; docs/concepts/state.md says what of it may be relied on.
"""

import contextlib
import json
import os
import re
import sqlite3
from fnmatch import fnmatchcase

NEWEST_FORMAT = 5
"""The last `user_version` of the database that this file can read."""

PASSWORD_EXPRESSION = (
    "{{ lookup('ansible.builtin.file', stix_pool_file) | from_yaml"
    " | stix.core.pool_password(stix_pool, stix_pool_host) }}"
)
"""What the record holds in the place of a password: Ansible reads it from the pools file when it connects."""

KEPT = (
    "name cluster_id user infra num_nodes wanted seen phase nodes autostop launched_at lives_since hourly_cost".split()
)
"""Fields of a record that an inventory is made from; none is a secret, so that they may lie in a cache."""


def read_records(home, patterns=("*",)):
    """Records of the clusters whose names fit one of the patterns, by name, each with the fields `KEPT`.

    Args:
        home: stix's folder. One without a database has no clusters.

    Raises:
        ValueError: the database cannot be read; the text says why.
    """
    path = os.path.join(home, "state.db")
    if not os.path.exists(path):
        return []
    try:
        with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % _quoted(path), uri=True, timeout=30)) as database:
            form = database.execute("pragma user_version").fetchone()[0]
            if form > NEWEST_FORMAT:
                raise ValueError("%s was written by a newer stix (format %d): upgrade stix.core" % (path, form))
            rows = database.execute("select record from clusters order by name").fetchall() if form else []
    except sqlite3.Error as error:
        raise ValueError("%s cannot be read: %s" % (path, error)) from error
    records = [json.loads(row[0]) for row in rows]
    return [
        {key: record.get(key) for key in KEPT}
        for record in records
        if any(fnmatchcase(record["name"], pattern) for pattern in patterns)
    ]


def _quoted(path):
    return re.sub(r"[%?#]", lambda sign: "%%%02x" % ord(sign[0]), os.path.abspath(path))


def safe_name(text):
    """Text as the name of a group: what Ansible does not like in one becomes an underscore."""
    safe = re.sub(r"\W", "_", text, flags=re.ASCII)
    return "_" + safe if safe[:1].isdigit() else safe


def cluster_groups(records):
    """Name of each cluster -> name of its group: its own, as far as a group may be called so.

    No two clusters share a group, and none takes one of Ansible's or ours: such a one is called by its id.
    """
    safe = {record["name"]: safe_name(record["name"]) for record in records}
    groups = {}
    for record in records:
        name = record["name"]
        wanted = safe[name]
        taken = wanted in ("all", "ungrouped") or wanted.startswith(("stix_", "infra_", "gpu_"))
        if taken or (wanted != name and list(safe.values()).count(wanted) > 1):
            wanted = "cluster_" + safe_name(record["cluster_id"])
        groups[name] = wanted
    return groups


def node_groups(record, node):
    """Groups of a node beside its cluster's: a list of lists, each from the outer group to the inner."""
    parts = [safe_name(part) for part in record["infra"].split("/")]
    places = ["infra_" + "_".join(parts[: length + 1]) for length in range(len(parts))]
    role = "stix_workers" if node["rank"] else "stix_head"
    gpus = sorted({"gpu_" + safe_name(gpu["name"]) for gpu in node.get("gpus") or ()})
    return [["stix_nodes", role], places, *([gpu] for gpu in gpus)]


def host_vars(record, node):
    """Variables of a node: how it is reached, and what is known of it and of its cluster."""
    gpus = {}
    for gpu in node.get("gpus") or ():
        gpus[gpu["name"]] = gpus.get(gpu["name"], 0) + 1
    cost, lifetime = record["hourly_cost"], (record["autostop"] or {}).get("lifetime_minutes")
    begin = record["lives_since"] or record["launched_at"]
    return {
        "stix_cluster": record["name"],
        "stix_cluster_id": record["cluster_id"],
        "stix_user": record["user"],
        "stix_cloud_role": record["infra"].partition("/")[0],
        "stix_num_nodes": record["num_nodes"],
        "stix_infra": record["infra"],
        "stix_status": status_word(record),
        "stix_rank": node["rank"],
        "stix_node_ip": node.get("private_ip") or "",
        "stix_node_id": node.get("id") or "",
        "stix_node_state": node.get("state") or "",
        "stix_cpus": node.get("cpus"),
        "stix_memory": node.get("memory"),
        "stix_gpus": gpus,
        "stix_price_per_hour": None if cost is None else cost / max(record["num_nodes"], 1),
        "stix_autostop": record["autostop"] or {},
        "stix_deadline": int(begin + 60 * lifetime) if lifetime else 0,
        **(node.get("connection") or {}),
    }


def status_word(record):
    """UP, STOPPED or INIT, as `stix status` says it."""
    if record["wanted"] == "up" and record["seen"] == "running" and record["phase"] == "ready":
        return "UP"
    return "STOPPED" if record["wanted"] == "stopped" and record["seen"] == "stopped" else "INIT"
