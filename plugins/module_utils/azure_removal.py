"""Removes things in the order that they need: machines, interfaces, addresses and disks, firewall groups, networks."""

from ansible_collections.stix.core.plugins.module_utils.azure_vms import tags_of

ORDER = (
    ("microsoft.compute/virtualmachines",),
    ("microsoft.network/networkinterfaces",),
    ("microsoft.network/publicipaddresses", "microsoft.compute/disks"),
    ("microsoft.network/networksecuritygroups", "microsoft.network/virtualnetworks"),
)
"""Types that stix makes; those of one row do not need each other."""

TYPES = frozenset(kind for row in ORDER for kind in row)


def type_of(identity):
    """The type in an id in lower case: `microsoft.compute/virtualmachines`; that of a group is `group`."""
    words = identity.lower().strip("/").split("/")
    if "providers" not in words:
        return "group" if len(words) == 4 else ""
    place = len(words) - 1 - words[::-1].index("providers")
    return "/".join([words[place + 1], *words[place + 2 :: 2]])


def remove_things(api, ids):
    """Removes things by their ids; what is gone already is a success.

    Raises:
        Failure: one of them stays; the others had their turn.
    """
    for row in ORDER:
        batch = [identity for identity in ids if type_of(identity) in row]
        machines = row == ORDER[0]
        api.together(lambda one, force=machines: _delete(api, one, force), batch)


def remove_machines(api, base, names):
    """Removes machines of one group with all that is theirs alone, by their names."""
    ids = []
    for name in names:
        ids.append("%s/providers/Microsoft.Compute/virtualMachines/%s" % (base, name))
        ids.append("%s/providers/Microsoft.Compute/disks/%s-os" % (base, name))
        ids.append("%s/providers/Microsoft.Network/networkInterfaces/%s" % (base, name))
        ids.append("%s/providers/Microsoft.Network/publicIPAddresses/%s" % (base, name))
    remove_things(api, ids)


def remove_group(api, base, ours):
    """Removes a resource group with all that is in it, and makes sure that it is gone.

    A group in which somebody else keeps things is not removed: ours are, and the group is marked as ours no more.

    Args:
        ours: whether a thing, as Resource Manager lists it, is ours.
    """
    inside = api.every(base + "/resources")
    mine = [one["id"] for one in inside if ours(one)]
    others = [one for one in inside if not _belongs(one, mine)]
    if not others:
        api.delete(base, forceDeletionTypes="Microsoft.Compute/virtualMachines")
        return
    remove_things(api, mine)
    group = api.get(base)
    if group:
        kept = {key: value for key, value in (group.get("tags") or {}).items() if not key.lower().startswith("stix-")}
        api.patch(base, {"tags": kept})


def is_tagged(thing, cluster_id=""):
    """Whether a thing carries our tags; with an id: those of that cluster."""
    found = tags_of(thing).get("stix-cluster-id", "")
    return found == cluster_id if cluster_id else bool(found)


def _belongs(thing, mine):
    identity, holder = thing["id"].lower(), (thing.get("managedBy") or "").lower()
    return any(
        identity == one.lower() or identity.startswith(one.lower() + "/") or holder == one.lower() for one in mine
    )


def _delete(api, identity, force):
    api.delete(identity, **({"forceDeletion": "true"} if force else {}))
