"""Settings of Azure, and what some of them add to a virtual machine: security, reserved capacity, a placement group."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

SETTINGS = frozenset(
    "subscription_id auth_source profile cloud resource_group_vm vnet_name vpc_name subnet_name vnet_range ssh_user "
    "security_group_name use_internal_ips ssh_proxy_command managed_identity spot_eviction custom_data labels "
    "security_type capacity_reservation_group placement_group".split()
)
"""Keys of the option `config`."""

COMPACT = "compact"
"""The value of `placement_group` for one of the cluster's own."""


def require_known(config):
    """Makes sure that there is nothing else among the settings.

    Raises:
        Failure: `provision.config`.
    """
    unknown = sorted(set(config) - SETTINGS)
    if unknown:
        hint = "Known are: %s." % ", ".join(sorted(SETTINGS))
        raise Failure("provision.config", "Azure has no setting '%s'" % unknown[0], hint, {"scope": "cloud"})


def extras(config, size, spot):
    """Properties of a machine that follow from settings.

    Raises:
        Failure: `provision.config`, the instance type or the machine's kind does not go with one.
    """
    found, reserved = {}, config.get("capacity_reservation_group")
    if config.get("security_type") == "TrustedLaunch":
        if size.generation == 1 or size.able.get("TrustedLaunchDisabled") == "True":
            raise _unfit("%s has no trusted launch" % size.name, "config azure.security_type: Standard does without.")
        # NVIDIA's driver for Ubuntu is built on the machine and signed by nobody that the firmware knows.
        firmware = {"secureBootEnabled": not size.gpus, "vTpmEnabled": True}
        found["securityProfile"] = {"securityType": "TrustedLaunch", "uefiSettings": firmware}
    elif config.get("security_type") not in (None, "Standard"):
        raise _unfit("config azure.security_type must be TrustedLaunch or Standard", "")
    if reserved:
        if spot:
            raise _unfit("spot machines use no reserved capacity", "Leave use_spot or capacity_reservation_group out.")
        if not reserved.lower().startswith("/subscriptions/"):
            raise _unfit("config azure.capacity_reservation_group must be the id of a group", "")
        found["capacityReservation"] = {"capacityReservationGroup": {"id": reserved}}
    return found


def placement(api, base, name, tags, config, wanted):
    """The id of the proximity placement group of the machines; empty where there is none. One of its own is made.

    Args:
        base: path of the cluster's resource group.
        name: what its own is called.
        wanted: whether the best network is asked for, for several nodes.
    """
    asked = config.get("placement_group") or (COMPACT if wanted else "")
    if not asked or asked.lower().startswith("/subscriptions/"):
        return asked
    if asked != COMPACT:
        group, _, last = asked.rpartition("/")
        base, name = ("%s/resourceGroups/%s" % (api.root, group) if group else base), last
    path = "%s/providers/Microsoft.Compute/proximityPlacementGroups/%s" % (base, name)
    if asked == COMPACT:
        body = {"location": api.region, "tags": tags, "properties": {"proximityPlacementGroupType": "Standard"}}
        api.put(path, body)
    return path


def _unfit(words, hint):
    return Failure("provision.config", "Azure: " + words, hint, {"scope": "type"})
