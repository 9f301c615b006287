"""TPU nodes as Google describes them -> ours. Each host of a slice is a machine of its own, with a rank. Pure."""

import json

from ansible_collections.stix.core.plugins.module_utils.gcp_instances import LOGIN
from ansible_collections.stix.core.plugins.module_utils.gcp_names import last, part

STATES = {
    "CREATING": "pending",
    "STARTING": "pending",
    "RESTARTING": "pending",
    "REIMAGING": "pending",
    "REPAIRING": "pending",
    "READY": "running",
    "STOPPING": "stopping",
    "STOPPED": "stopped",
    "PREEMPTED": "stopped",
    "TERMINATED": "stopped",
}
"""Google's word for a node's state -> ours; a node that is being deleted is gone."""

DEAD = ("PREEMPTED", "TERMINATED")
"""States of a node that is listed and cannot be started again: it can only be deleted."""

HOSTS = "stix-hosts"
"""The label that says how many hosts a node has."""

TOKEN = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"
LET_GO = """\
import json, urllib.request as web
def ask(url, how, **headers):
    return web.build_opener().open(web.Request(url, method=how, headers=headers), timeout=30).read()
token = json.loads(ask("%s", "GET", **{"Metadata-Flavor": "Google"}))["access_token"]
ask("%s", "%s", Authorization="Bearer " + token)
"""
"""How a host lets its node go: by the identity that the machine has itself."""


def state_of(one):
    """Our word for its state."""
    return STATES.get(one.get("state"), "gone")


def zone_of(one):
    """The zone that it is in."""
    return part(one["name"], "locations")


def index_of(one):
    """Which of the cluster's nodes it is: the end of its name."""
    told = last(one["name"]).rpartition("-")[2]
    return int(told) if told.isdigit() else 0


def hosts_of(one):
    """How many hosts it has."""
    told = (one.get("labels") or {}).get(HOSTS, "")
    return int(told) if told.isdigit() else len(one.get("networkEndpoints") or ()) or 1


def ranks_of(one):
    """The ranks of its hosts: those of the cluster's first node come first."""
    count = hosts_of(one)
    return range(index_of(one) * count, (index_of(one) + 1) * count)


def told_of(one):
    """What we wrote into its metadata when it was made: names as they are, who logs in."""
    try:
        return dict(json.loads((one.get("metadata") or {}).get("stix") or "{}"))
    except ValueError:
        return {}


def identity_of(one, host):
    """The id of a host: that of its node, with the host's number in a slice."""
    return str(one["id"]) if hosts_of(one) == 1 else "%s.%d" % (one["id"], host)


def addresses(one, host):
    """`(private, public)` of a host; empty while it has none."""
    ends = one.get("networkEndpoints") or []
    end = ends[host] if host < len(ends) else {}
    return end.get("ipAddress") or "", (end.get("accessConfig") or {}).get("externalIp") or ""


def is_spot(one):
    """Whether it may be taken back."""
    scheduling = one.get("schedulingConfig") or {}
    return bool(scheduling.get("spot") or scheduling.get("preemptible"))


def reports(one, params, project):
    """What a verb reports of its hosts, in rank order (docs/concepts/contracts.md, section 2)."""
    return [_report(one, host, rank, params, project) for host, rank in enumerate(ranks_of(one))]


def _report(one, host, rank, params, project):
    wish = next((node for node in params["nodes"] if node["rank"] == rank), {})
    labels, told, state = one.get("labels") or {}, told_of(one), state_of(one)
    private, _ = addresses(one, host)
    details = {
        "account": project,
        "zone": zone_of(one),
        "instance_type": "TPU-VM",
        "accelerator_type": one.get("acceleratorType"),
        "instance_name": last(one["name"]),
        "spot": is_spot(one),
        "on_shutdown": labels.get("stix-on-shutdown", ""),
    }
    if one.get("state") in DEAD:
        details |= {"reason": one["state"].lower(), "preempted": one["state"] == "PREEMPTED"}
    elif one.get("healthDescription"):
        details["reason"] = one["healthDescription"]
    return {
        "name": wish.get("name") or "%s-%d" % (told.get("cluster") or labels.get("stix-cluster", "node"), rank),
        "rank": rank,
        "id": identity_of(one, host),
        "state": state,
        "private_ip": private,
        "connection": _connection(one, host, told, params) if state != "gone" else {},
        "agent_port": None,
        "cpus": None,
        "memory": None,
        "gpus": [{"name": _accelerator(one)}],
        "details": details,
    }


def _accelerator(one):
    """`tpu-v5e-16` for Google's v5litepod-16."""
    return "tpu-" + str(one.get("acceleratorType") or "").replace("v5litepod", "v5e")


def accelerator_type(accelerators):
    """Google's word for a slice: v5litepod-16 for `tpu-v5e-16`; empty where none is asked for."""
    name = next(iter(accelerators or ()), "")
    return name[4:].replace("v5e", "v5litepod") if name.startswith("tpu-") else ""


def _connection(one, host, told, params):
    """Host keys are kept by node and host: addresses wander. No probe finds a TPU, so the agent is told of it."""
    more, config = dict(params["connection"]), params["config"]
    words = [more.pop("ansible_ssh_common_args", ""), "-o HostKeyAlias=gcp-tpu-%s" % identity_of(one, host)]
    private, public = addresses(one, host)
    stops = hosts_of(one) == 1
    return {
        "ansible_connection": "ssh",
        "ansible_host": private if config.get("use_internal_ips") else public or private,
        "ansible_user": told.get("login") or config.get("ssh_user") or LOGIN,
        "ansible_ssh_common_args": " ".join(word for word in words if word),
        "skylet_resources": {"gpus": [{"name": _accelerator(one)}]},
        "skylet_stop_command": let_go(one["name"], ":stop" if stops else ""),
        "skylet_down_command": let_go(one["name"], ""),
        **more,
    }


def let_go(path, verb):
    """The command by which a host stops (`:stop`) or deletes its node: a TPU is paid for also while its hosts are down.

    Where the machine's identity may not do that, the host is shut down, which ends the job and nothing else.
    """
    url = "https://tpu.googleapis.com/v2/" + path + verb
    code = LET_GO % (TOKEN, url, "POST" if verb else "DELETE")
    return ["sh", "-c", 'python3 -c "$0" || exec sudo -n shutdown -h now', code]
