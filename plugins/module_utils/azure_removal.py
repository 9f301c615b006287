"""Removes things in the order that they need: machines, interfaces, addresses and disks, firewall groups, networks."""

import time

from ansible_collections.stix.core.plugins.module_utils.azure_vms import tags_of
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

ORDER = (
    ("microsoft.compute/virtualmachines",),
    ("microsoft.network/networkinterfaces",),
    ("microsoft.network/publicipaddresses", "microsoft.compute/disks"),
    (
        "microsoft.network/networksecuritygroups",
        "microsoft.network/virtualnetworks",
        "microsoft.compute/proximityplacementgroups",
    ),
)
"""Types that stix makes; those of one row do not need each other."""

RESERVED = "NicReservedForAnotherVm"
RESERVED_SECONDS, PAUSE = 200, 3
"""So long Azure keeps an interface for a machine that could not be made: three minutes, and a little more."""

TYPES = frozenset(kind for row in ORDER for kind in row)


def type_of(identity):
    """The type in an id in lower case: `microsoft.compute/virtualmachines`; that of a group is `group`."""
    words = identity.lower().strip("/").split("/")
    if "providers" not in words:
        return "group" if len(words) == 4 else ""
    place = len(words) - 1 - words[::-1].index("providers")
    return "/".join([words[place + 1], *words[place + 2 :: 2]])


def remove_things(api, ids, patient=True):
    """Removes things by their ids; what is gone already is a success.

    Args:
        patient: waits for interfaces that Azure keeps for a while.

    Raises:
        Failure: one of them stays; the others had their turn.
    """
    first = None
    for row in ORDER:
        batch = [identity for identity in ids if type_of(identity) in row]
        machines = row == ORDER[0]
        try:
            api.together(lambda one, force=machines: _delete(api, one, force, patient), batch)
        except Failure as failure:
            first = first or failure
    if first:
        raise first


def remove_machines(api, base, names, patient=True):
    """Removes machines of one group with all that is theirs alone, by their names."""
    ids = []
    for name in names:
        ids.append("%s/providers/Microsoft.Compute/virtualMachines/%s" % (base, name))
        ids.append("%s/providers/Microsoft.Compute/disks/%s-os" % (base, name))
        ids.append("%s/providers/Microsoft.Network/networkInterfaces/%s" % (base, name))
        ids.append("%s/providers/Microsoft.Network/publicIPAddresses/%s" % (base, name))
    remove_things(api, ids, patient)


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


def _delete(api, identity, force, patient):
    until = time.monotonic() + (RESERVED_SECONDS if patient else 0)
    while True:
        try:
            return api.delete(identity, **({"forceDeletion": "true"} if force else {}))
        except Failure as failure:
            if failure.details.get("provider_code") != RESERVED or time.monotonic() > until:
                raise
        time.sleep(PAUSE)
