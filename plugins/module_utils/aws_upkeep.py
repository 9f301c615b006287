"""What a machine that is there should have changed in place: name and rank, deadline, what its shutdown does."""

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.stix.core.plugins.module_utils.aws_instances import as_tags, tags_of
from ansible_collections.stix.core.plugins.module_utils.deadline import kept_deadline

PARALLEL = 8


def ends_once(one, config):
    """Whether it is a spot machine that EC2 ends in any case: it cannot be told to stop."""
    return one.get("InstanceLifecycle") == "spot" and (config.get("spot_interruption") or "terminate") == "terminate"


def lacks(one, rank, node, params):
    """`{tags, deadline, on_shutdown}`: what is not as it should be; absent: it is.

    Args:
        params: the options of the module aws_machines.
    """
    have, found = tags_of(one), {}
    if "stix-rank" not in have:
        found["tags"] = {"stix-rank": str(rank), "Name": node["name"]}
    deadline = kept_deadline(have.get("stix-deadline", ""), str(params["deadline"] or ""))
    if have.get("stix-deadline", "") != deadline:
        found["deadline"] = deadline
    wanted = params["on_shutdown"]
    if wanted and have.get("stix-on-shutdown") != wanted and not ends_once(one, params["config"]):
        found["on_shutdown"] = wanted
    return found


def mend(api, changes):
    """Brings `(instance, what it lacks)` about, many at a time.

    Raises:
        Failure: `provision.*`.
    """
    with ThreadPoolExecutor(PARALLEL) as pool:
        for done in [pool.submit(_mend, api, one, lack) for one, lack in changes if lack]:
            done.result()


def _mend(api, one, lack):
    tags = dict(lack.get("tags") or {})
    if "on_shutdown" in lack:
        words = {"Attribute": "instanceInitiatedShutdownBehavior", "Value": lack["on_shutdown"]}
        api.call("modify_instance_attribute", InstanceId=one["InstanceId"], **words)
        tags["stix-on-shutdown"] = lack["on_shutdown"]
    if tags:
        api.call("create_tags", Resources=[one["InstanceId"]], Tags=as_tags(tags))
    if "deadline" in lack:
        api.call("create_tags", Resources=_parts(one), Tags=as_tags({"stix-deadline": lack["deadline"]}))


def _parts(one):
    """The machine, and its disks and network cards when stix made them."""
    parts = [one["InstanceId"]]
    if "stix-ranks" in tags_of(one):
        disks = [disk["Ebs"] for disk in one.get("BlockDeviceMappings") or [] if disk.get("Ebs")]
        parts += [disk["VolumeId"] for disk in disks if disk.get("DeleteOnTermination")]
        parts += [card["NetworkInterfaceId"] for card in one.get("NetworkInterfaces") or []]
    return parts
