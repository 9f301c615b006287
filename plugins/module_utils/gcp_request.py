"""What Compute Engine is asked to make of each node. Pure, but for the clock."""

import re
import time

from ansible_collections.stix.core.plugins.module_utils import gcp_placement
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_disk_wishes import scratch
from ansible_collections.stix.core.plugins.module_utils.gcp_firewall import TAG
from ansible_collections.stix.core.plugins.module_utils.gcp_images import disk
from ansible_collections.stix.core.plugins.module_utils.gcp_instances import LOGIN
from ansible_collections.stix.core.plugins.module_utils.gcp_names import cluster_labels, facts, tag_of

FAST_NETWORK = {"n2": 32, "n2d": 48, "c2": 30, "c2d": 56, "c3": 44, "c3d": 60, "c4": 48}
"""Family -> vCPUs from which its network can be bought at a higher speed (TIER_1)."""

SHORTEST, LONGEST = 60, 120 * 24 * 3600
"""Seconds that a limited run may be told to last: Compute Engine's own bounds, rounded up."""

SLACK = 900
"""Seconds after the deadline at which Google ends a machine: the agent goes first, with its hooks and buckets."""


def properties(place, params):
    """`instanceProperties` of a bulk insert: the same for all nodes.

    Args:
        place: a `Place`.
        params: the options of the module gcp_machines.

    Raises:
        Failure: `provision.config`, `provision.unsupported`.
    """
    node, config = place.node, params["config"]
    labels = cluster_labels(params)
    root = disk(place.image, place.kind, node.get("disk_size"), node.get("disk_tier"))
    request = {
        "machineType": place.kind,
        "labels": labels,
        "tags": {"items": [TAG, tag_of(params["cluster_id"])]},
        "metadata": {"items": metadata(params, place.has_gpus)},
        "disks": [
            {"boot": True, "autoDelete": True, "type": "PERSISTENT", "initializeParams": {**root, "labels": labels}},
            *scratch(node),
        ],
        "networkInterfaces": [_card(place, params)],
        "scheduling": scheduling(params, bool(node.get("use_spot")), place.has_gpus),
    }
    if place.gpus:
        request["guestAccelerators"] = [
            {"acceleratorType": name, "acceleratorCount": count} for name, count in place.gpus.items()
        ]
    if gcp_placement.wanted(params, place.kind):
        request["resourcePolicies"] = [
            "projects/%s/%s" % (place.api.project, gcp_placement.path_of(params, place.api.region))
        ]
        request["scheduling"]["onHostMaintenance"] = "TERMINATE"
    family = place.kind.partition("-")[0]
    if node.get("network_tier") == "best" and place.about["guestCpus"] >= FAST_NETWORK.get(family, 10**6):
        request["networkPerformanceConfig"] = {"totalEgressBandwidthTier": "TIER_1"}
    return {**request, **_identity(config), **_reservation(config)}


def metadata(params, gpus):
    """Items of the metadata: who logs in by which key, the names as they are, what the user adds."""
    config = params["config"]
    user = config.get("ssh_user") or LOGIN
    items = {
        "ssh-keys": "%s:%s" % (user, params["public_key"]),
        "enable-oslogin": "TRUE" if config.get("os_login") else "FALSE",
        "block-project-ssh-keys": "FALSE" if config.get("block_project_ssh_keys") is False else "TRUE",
        **({"install-nvidia-driver": "True"} if gpus else {}),
        **{str(key): str(value) for key, value in (config.get("metadata") or {}).items()},
        "stix": facts(params, user),
    }
    return [{"key": key, "value": value} for key, value in items.items()]


def _card(place, params):
    """The network interface; Google's own kind of card where the user wants speed."""
    card = {"network": place.network, "subnetwork": place.subnet}
    if place.node.get("network_tier") == "best" or params["config"].get("enable_gvnic"):
        card["nicType"] = "GVNIC"
    if not place.api.internal:
        card["accessConfigs"] = [{"name": "External NAT", "type": "ONE_TO_ONE_NAT", "networkTier": "PREMIUM"}]
    return card


def scheduling(params, spot, gpus):
    """What happens when the host is maintained, the machine is taken back, or its time is over."""
    words = {}
    if gpus or spot:
        words["onHostMaintenance"] = "TERMINATE"
    if spot:
        action = "STOP" if params["config"].get("spot_interruption") == "stop" else "DELETE"
        words |= {"provisioningModel": "SPOT", "automaticRestart": False, "instanceTerminationAction": action}
    if params["deadline"]:
        left = int(params["deadline"] + SLACK - time.time())
        action = "STOP" if params["on_shutdown"] == "stop" else "DELETE"
        words |= {
            "maxRunDuration": {"seconds": str(max(SHORTEST, min(left, LONGEST)))},
            "instanceTerminationAction": words.get("instanceTerminationAction", action),
            "automaticRestart": False,
        }
    return words


def limited(one, params):
    """The scheduling of a stopped instance, with the limit of its next run as it is to be."""
    now, asked = dict(one.get("scheduling") or {}), scheduling(params, False, False)
    words = ["maxRunDuration"]
    if now.get("provisioningModel") != "SPOT":  # what becomes of a spot machine does not change
        words.append("instanceTerminationAction")
    if "maxRunDuration" in now:
        now = {key: value for key, value in now.items() if key not in words}
    return {**now, **{key: asked[key] for key in words if key in asked}}


def _identity(config):
    """The service account that the machines act as: no key is copied, and there is none unless it is named."""
    account = config.get("service_account")
    if not account:
        return {}
    return {"serviceAccounts": [{"email": account, "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}]}


def _reservation(config):
    named = config.get("specific_reservations")
    if not named:
        return {}
    values = [named] if isinstance(named, str) else [str(one) for one in named]
    if not all(re.fullmatch(r"[-a-z0-9./]+", one) for one in values):
        raise Failure("provision.config", "config gcp.specific_reservations must hold names of reservations")
    affinity = {
        "consumeReservationType": "SPECIFIC_RESERVATION",
        "key": "compute.googleapis.com/reservation-name",
        "values": values,
    }
    return {"reservationAffinity": affinity}
