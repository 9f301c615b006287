"""Capacity that the account has reserved already, on demand or as a block for machine learning."""

from ansible_collections.stix.core.plugins.module_utils.aws_network import named


def reserved(api, config, kind, count):
    """`(zone -> reservation, why others do not serve)`: reservations with room for all machines of a create.

    Args:
        config: `specific_reservations`, ids; `prioritize_reservations`: any of the account's.
        kind: the instance type.
        count: how many machines.

    Raises:
        Failure: `provision.config`, one that is named does not exist.
    """
    ids = [str(one) for one in config.get("specific_reservations") or []]
    if ids:
        found = api.call("describe_capacity_reservations", CapacityReservationIds=ids)["CapacityReservations"]
    elif config.get("prioritize_reservations"):
        words = named({"instance-type": kind, "state": "active"})
        found = api.call("describe_capacity_reservations", Filters=words)["CapacityReservations"]
    else:
        return {}, []
    serving, attempts = {}, []
    for one in found:
        why = _why_not(one, kind, count)
        if why and ids:
            reason = "%s %s" % (one["CapacityReservationId"], why)
            attempts.append({"zone": one["AvailabilityZone"], "code": "provision.no_capacity", "reason": reason})
        elif not why:
            serving.setdefault(one["AvailabilityZone"], one)
    return serving, attempts


def _why_not(one, kind, count):
    if one["State"] != "active":
        return "is %s" % one["State"]
    if one["InstanceType"] != kind:
        return "is of %s" % one["InstanceType"]
    if one["AvailableInstanceCount"] < count:
        return "has %d machines left, not %d" % (one["AvailableInstanceCount"], count)
    return ""


def in_reservation(request, one):
    """A create that takes its machines out of a reservation."""
    target = {"CapacityReservationTarget": {"CapacityReservationId": one["CapacityReservationId"]}}
    market = {"InstanceMarketOptions": {"MarketType": "capacity-block"}}
    return {
        **request,
        "CapacityReservationSpecification": target,
        **(market if one.get("ReservationType") == "capacity-block" else {}),
    }
