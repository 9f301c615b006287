"""Virtual machines as Resource Manager describes them -> ours: states, ranks, tags, what a verb reports. Pure."""

import re

from ansible_collections.stix.core.plugins.module_utils.azure_login import CLOUDS
from ansible_collections.stix.core.plugins.module_utils.azure_mounts import mounts
from ansible_collections.stix.core.plugins.module_utils.azure_release import release_command
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

STATES = {
    "starting": "pending",
    "running": "running",
    "stopping": "stopping",
    "stopped": "stopped",
    "deallocating": "stopping",
    "deallocated": "stopped",
}
"""Azure's word for a power state -> ours."""

BILLED = "it shut itself down without being deallocated, so Azure still bills it; `stix stop` deallocates it"
FORBIDDEN = re.compile(r"[<>%&\\?/]")
MOST_TAGS = 50


def as_tags(words):
    """A map as tags: forbidden characters of a name become `_`.

    Raises:
        Failure: `provision.config`, too long or too many.
    """
    tags = {FORBIDDEN.sub("_", str(key)): str(value) for key, value in words.items()}
    long = [key for key, value in tags.items() if len(key) > 512 or len(value) > 256]
    if long:
        raise Failure(
            "provision.config",
            "The label '%s' is too long for a tag of Azure" % long[0][:60],
            "At most 512 characters, 256 of its value.",
        )
    if len(tags) > MOST_TAGS:
        raise Failure(
            "provision.config", "Azure takes %d tags, here are %d" % (MOST_TAGS, len(tags)), "Use fewer labels."
        )
    return tags


def tags_of(thing):
    """Tags as a map; names as we write them, whatever their case there."""
    found = thing.get("tags") or {}
    return {(key.lower() if key.lower().startswith("stix-") else key): value for key, value in found.items()}


def group_of(identity):
    """The resource group in an id."""
    found = re.search(r"/resourcegroups/([^/]+)", identity, re.IGNORECASE)
    return found.group(1) if found else ""


def rank_of(vm):
    """The rank, by its tag."""
    text = tags_of(vm).get("stix-rank", "")
    return int(text) if text.isdigit() else 0


def power(vm):
    """Azure's word for the power state: `running`, `stopped`, `deallocated`; empty while there is none."""
    view = vm["properties"].get("instanceView") or {}
    for status in view.get("statuses") or []:
        if status.get("code", "").startswith("PowerState/"):
            return status["code"].partition("/")[2]
    return ""


def state_of(vm):
    """Our word for its state."""
    provisioning = (vm["properties"].get("provisioningState") or "").lower()
    if provisioning == "deleting":
        return "gone"
    return STATES.get(power(vm), "pending")


def is_broken(vm):
    """Whether it was never made to run: what a create that failed leaves."""
    return (vm["properties"].get("provisioningState") or "").lower() in ("failed", "canceled") and not power(vm)


def nic_ids(vm):
    """Ids of its network interfaces, the primary one first."""
    found = (vm["properties"].get("networkProfile") or {}).get("networkInterfaces") or []
    found = sorted(found, key=lambda one: not (one.get("properties") or {}).get("primary", True))
    return [one["id"] for one in found]


def addresses(vm, nics, publics):
    """`(private, public)` of a machine; empty while it has none.

    Args:
        nics, publics: lower-case id -> network interface, public address.
    """
    for identity in nic_ids(vm):
        for setting in (nics.get(identity.lower()) or {"properties": {}})["properties"].get("ipConfigurations") or []:
            about = setting["properties"]
            public = publics.get(((about.get("publicIPAddress") or {}).get("id") or "").lower()) or {"properties": {}}
            return about.get("privateIPAddress") or "", public["properties"].get("ipAddress") or ""
    return "", ""


def report(vm, where, params, account, rank=None):
    """What a verb reports of it (docs/concepts/contracts.md, section 2).

    Args:
        where: its `(private, public)` addresses.
        params: the options of the module azure_machines.
        account: the subscription's id.
    """
    tags, state, about = tags_of(vm), state_of(vm), vm["properties"]
    rank = rank_of(vm) if rank is None else rank
    wish = next((node for node in params["nodes"] if node["rank"] == rank), {})
    gpus = [{"name": name} for name, count in (wish.get("accelerators") or {}).items() for _ in range(int(count))]
    profile = about.get("storageProfile") or {}
    reason = _reason(vm, state)
    return {
        "name": tags.get("stix-name") or wish.get("name") or vm["name"],
        "rank": rank,
        "id": vm["id"],
        "state": state,
        "private_ip": where[0],
        "connection": _connection(vm, where, tags, params, wish) if state != "gone" else {},
        "agent_port": None,
        "cpus": None,
        "memory": None,
        "gpus": gpus,
        "details": {
            "account": account,
            "region": vm.get("location") or "",
            "zone": (vm.get("zones") or [""])[0],
            "resource_group": group_of(vm["id"]),
            "instance_type": (about.get("hardwareProfile") or {}).get("vmSize"),
            "image": _image(profile.get("imageReference") or {}),
            "spot": about.get("priority") == "Spot",
            "on_shutdown": tags.get("stix-on-shutdown", ""),
            **({"reason": reason} if reason else {}),
        },
    }


def _reason(vm, state):
    if state == "stopped" and power(vm) == "stopped":
        return BILLED
    if state == "stopped" and vm["properties"].get("priority") == "Spot":
        return "deallocated, by us or because Azure took the spot machine back"
    if is_broken(vm):
        return "it could not be made"
    return ""


def _image(reference):
    for key in ("id", "communityGalleryImageId", "sharedGalleryImageId"):
        if reference.get(key):
            return reference[key]
    words = [reference.get(key) or "" for key in ("publisher", "offer", "sku", "version")]
    return ":".join(words) if any(words) else None


def _connection(vm, where, tags, params, wish):
    """Host keys are kept by machine: addresses wander from one to another."""
    more, config = dict(params["connection"]), params["config"]
    alias = "azure-" + (vm["properties"].get("vmId") or vm["name"])
    words = [more.pop("ansible_ssh_common_args", ""), "-o HostKeyAlias=%s" % alias]
    public = "" if config.get("use_internal_ips") else where[1]
    found = {
        "ansible_connection": "ssh",
        "ansible_host": public or where[0],
        "ansible_user": tags.get("stix-ssh-user") or config.get("ssh_user") or "azureuser",
        "ansible_ssh_common_args": " ".join(word for word in words if word),
        **more,
    }
    if wish.get("volumes"):
        found["volumes_disks"] = mounts(wish)
    if config.get("managed_identity"):
        manager = "https://" + CLOUDS[config.get("cloud") or "AzureCloud"][0]
        for word, verb in (("stop", "deallocate"), ("down", "delete")):
            found["skylet_%s_command" % word] = release_command(verb, config["managed_identity"], manager=manager)
    return found


def is_changing(vm):
    """Whether it is being made, removed, started or stopped."""
    state = (vm["properties"].get("provisioningState") or "").lower()
    return state in ("creating", "deleting") or power(vm) in ("starting", "stopping", "deallocating")


def public_ids(nic):
    """Ids of the public addresses of a network interface."""
    settings = [one["properties"] for one in nic["properties"].get("ipConfigurations") or []]
    return [one["publicIPAddress"]["id"] for one in settings if one.get("publicIPAddress")]


def mark_with(api, identity, tags):
    """Puts tags on a thing, beside those that it has."""
    path = identity + "/providers/Microsoft.Resources/tags/default"
    api.patch(path, {"operation": "Merge", "properties": {"tags": tags}})
