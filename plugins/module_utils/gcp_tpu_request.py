"""What the Cloud TPU API is asked to make of each node, and what it cannot make. Pure."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_firewall import TAG
from ansible_collections.stix.core.plugins.module_utils.gcp_names import cluster_labels, tag_of
from ansible_collections.stix.core.plugins.module_utils.gcp_request import metadata
from ansible_collections.stix.core.plugins.module_utils.gcp_tpu_nodes import HOSTS, accelerator_type

DISK = 100
"""GiB of a TPU host's boot disk, which cannot be chosen (cloud.google.com/tpu/docs/managing-tpus-tpu-vm)."""


def node_body(ground, node, params):
    """The node to make: the same for all nodes of a cluster.

    Args:
        ground: a `Ground` that is settled.
        node: one of the wanted nodes.
        params: the options of the module gcp_machines.
    """
    config, args = params["config"], node.get("accelerator_args") or {}
    network = {
        "network": ground.network.partition("/compute/v1/")[2],
        "subnetwork": ground.subnet.partition("/compute/v1/")[2],
        "enableExternalIps": not ground.api.internal,
    }
    scheduling = {"spot": True} if node.get("use_spot") else {}
    if config.get("specific_reservations"):
        scheduling["reserved"] = True
    body = {
        "acceleratorType": accelerator_type(node.get("accelerators")),
        "runtimeVersion": args["runtime_version"],
        "networkConfig": network,
        "labels": {**cluster_labels(params), HOSTS: str(hosts_asked(node))},
        "metadata": {item["key"]: item["value"] for item in metadata(params, False)},
        "tags": [TAG, tag_of(params["cluster_id"])],
        "schedulingConfig": scheduling,
    }
    if config.get("service_account"):
        scope = ["https://www.googleapis.com/auth/cloud-platform"]
        body["serviceAccount"] = {"email": config["service_account"], "scope": scope}
    return body


def hosts_asked(node):
    """How many hosts a node is to have."""
    return int(node.get("hosts") or 1)


def require_possible(node, config):
    """Makes sure, before anything is made, that a TPU can be made so.

    Raises:
        Failure: `provision.config`, `provision.unsupported`.
    """
    args = node.get("accelerator_args") or {}
    count = next(iter((node.get("accelerators") or {}).values()), 0)
    if not accelerator_type(node.get("accelerators")):
        raise Failure("provision.config", "Google Cloud: a TPU machine needs a TPU among its accelerators", "", {})
    if not args.get("runtime_version"):
        words = "Google Cloud: no runtime version is given for the TPU"
        raise Failure("provision.config", words, "Set accelerator_args.runtime_version, tpu-ubuntu2204-base say.", {})
    wishes = (
        (args.get("tpu_vm") is False, "TPU nodes without a machine of their own (tpu_vm: false) are no more"),
        (args.get("tpu_name"), "a TPU of another name (tpu_name) is not used: each has its cluster's"),
        (args.get("gcp_queued_resource"), "TPUs are not waited for in a queue (gcp_queued_resource)"),
        (count != 1, "a node is one slice of TPUs; num_nodes makes several"),
        (node.get("image_id"), "a TPU starts from a runtime_version, not from an image_id"),
        (int(node.get("disk_size") or 0) > DISK, "the disk of a TPU machine has %d GiB, not more" % DISK),
        (node.get("disk_tier") not in (None, "best"), "the disk of a TPU machine has no tier to choose"),
        (node.get("volumes"), "further disks (volumes of resources) are not attached to TPUs"),
        (config.get("managed_instance_group"), "TPUs are made in no managed instance group"),
        (config.get("placement_policy"), "TPUs have no placement policy"),
    )
    for asked, words in wishes:
        if asked:
            raise Failure("provision.unsupported", "Google Cloud: " + words, "", {"scope": "type"})
