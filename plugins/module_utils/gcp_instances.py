"""Instances as Compute Engine describes them -> ours: states, ranks, what a verb reports. Pure."""

import calendar
import json
import time

from ansible_collections.stix.core.plugins.module_utils.gcp_disk_wishes import mounts
from ansible_collections.stix.core.plugins.module_utils.gcp_names import last

STATES = {
    "PENDING": "pending",
    "PROVISIONING": "pending",
    "STAGING": "pending",
    "REPAIRING": "pending",
    "RUNNING": "running",
    "PENDING_STOP": "stopping",
    "STOPPING": "stopping",
    "SUSPENDING": "stopping",
    "SUSPENDED": "stopped",
    "STOPPED": "stopped",
    "TERMINATED": "stopped",
}
"""Google's word for a state -> ours; a machine that is gone is not listed."""

LOGIN = "gcpuser"
"""Who logs in, unless config names somebody: the same as with SkyPilot."""


def state_of(one):
    """Our word for its state."""
    return STATES.get(one.get("status"), "gone")


def rank_of(one):
    """The rank: its label, or the end of its name; `_rank` of one that a group made and nobody has labelled yet."""
    labels = one.get("labels") or {}
    told = labels.get("stix-rank") or ("" if "stix-group" in labels else one["name"].rpartition("-")[2])
    return int(told) if told.isdigit() else one.get("_rank", 0)


def number(instances):
    """Gives machines that a group made free ranks, oldest first: a launch that was cut off labelled not all."""
    nameless = [
        one for one in instances if "stix-group" in (one.get("labels") or {}) and "stix-rank" not in one["labels"]
    ]
    taken = {rank_of(one) for one in instances if one not in nameless}
    free = (rank for rank in range(len(instances) + len(taken)) if rank not in taken)
    for one in sorted(nameless, key=lambda one: (one["creationTimestamp"], str(one["id"]))):
        one["_rank"] = next(free)


def told_of(one):
    """What we wrote into its metadata when it was made: names as they are, who logs in."""
    for item in (one.get("metadata") or {}).get("items") or ():
        if item["key"] == "stix":
            try:
                return dict(json.loads(item["value"]))
            except ValueError:
                return {}
    return {}


def address(one, internal):
    """Where it is reached; empty while it has no address."""
    card = (one.get("networkInterfaces") or [{}])[0]
    if internal:
        return card.get("networkIP") or ""
    return next((way["natIP"] for way in card.get("accessConfigs") or () if way.get("natIP")), "")


def is_spot(one):
    """Whether it may be taken back."""
    scheduling = one.get("scheduling") or {}
    return scheduling.get("provisioningModel") == "SPOT" or bool(scheduling.get("preemptible"))


def ends_at(one):
    """When Google itself ends this run of it, in Unix seconds; 0: never, or not known."""
    seconds = ((one.get("scheduling") or {}).get("maxRunDuration") or {}).get("seconds")
    began = unix(one.get("lastStartTimestamp"))
    return began + int(seconds) if seconds and began else 0


def unix(text):
    """Unix seconds of `2026-01-02T03:04:05.678-07:00`; 0 when it is none."""
    try:
        seconds = calendar.timegm(time.strptime((text or "")[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return 0
    zone = text[19:].lstrip(".0123456789")
    if zone[:1] not in ("+", "-"):
        return seconds
    hours, _, minutes = zone[1:].partition(":")
    shift = 60 * (60 * int(hours) + int(minutes or 0))
    return seconds + (shift if zone[0] == "-" else -shift)


def shared_connection(config, key_file, region):
    """Host variables that all machines of a region share: the private key, and the command that leads to them.

    Args:
        config: `ssh_proxy_command` of these counts: text, or a map region -> text.
        key_file: the private key's path; may be empty.
    """
    proxy = config.get("ssh_proxy_command")
    if isinstance(proxy, dict):
        proxy = proxy.get(region)
    words = ["-o IdentitiesOnly=yes"] if key_file else []
    words += ["-o ProxyCommand='%s'" % proxy] if proxy else []
    found = {"ansible_ssh_private_key_file": key_file} if key_file else {}
    return {**found, **({"ansible_ssh_common_args": " ".join(words)} if words else {})}


def report(rank, one, params, project):
    """What a verb reports of it (docs/concepts/contracts.md, section 2).

    Args:
        params: the options of the module gcp_machines.
    """
    told, state = told_of(one), state_of(one)
    wish = next((node for node in params["nodes"] if node["rank"] == rank), {})
    gpus = [{"name": name} for name, count in (wish.get("accelerators") or {}).items() for _ in range(int(count))]
    labels = one.get("labels") or {}
    details = {
        "account": project,
        "zone": last(one.get("zone")),
        "instance_type": last(one.get("machineType")),
        "instance_name": one["name"],
        "spot": is_spot(one),
        "on_shutdown": labels.get("stix-on-shutdown", ""),
    }
    ends = ends_at(one)
    if ends and state in ("running", "pending"):
        details["ends_at"] = ends
    reason = one.get("reason") or one.get("statusMessage")
    return {
        "name": wish.get("name") or "%s-%d" % (told.get("cluster") or labels.get("stix-cluster", "node"), rank),
        "rank": rank,
        "id": str(one["id"]),
        "state": state,
        "private_ip": address(one, True),
        "connection": _connection(one, told, params, wish) if state != "gone" else {},
        "agent_port": None,
        "cpus": None,
        "memory": None,
        "gpus": gpus,
        "details": {**details, **({"reason": reason} if reason and state != "running" else {})},
    }


def _connection(one, told, params, wish):
    """Host keys are kept by instance: addresses wander from machine to machine."""
    more, config = dict(params["connection"]), params["config"]
    words = [more.pop("ansible_ssh_common_args", ""), "-o HostKeyAlias=gcp-%s" % one["id"]]
    return {
        "ansible_connection": "ssh",
        "ansible_host": address(one, config.get("use_internal_ips")) or address(one, True),
        "ansible_user": told.get("login") or config.get("ssh_user") or LOGIN,
        "ansible_ssh_common_args": " ".join(word for word in words if word),
        **({"volumes_disks": mounts(wish)} if wish.get("volumes") else {}),
        **more,
    }
