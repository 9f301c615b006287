"""`network_tier: best`: Elastic Fabric Adapters, one for each network card that can be one."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure


def cards(about):
    """How many adapters a machine of a type can have; 0: none.

    Args:
        about: the instance type as EC2 describes it.
    """
    network = about.get("NetworkInfo") or {}
    if not network.get("EfaSupported"):
        return 0
    most = (network.get("EfaInfo") or {}).get("MaximumEfaInterfaces") or 1
    return min(most, network.get("MaximumNetworkCards") or 1)


def interfaces(count, groups, internal):
    """Network interfaces of a create. Only a single one may ask for a public address.

    Args:
        count: how many adapters; 0: an ordinary interface.
        groups: ids of firewall groups.
        internal: whether no public address is wanted.
    """
    first = {"DeviceIndex": 0, "Groups": groups}
    if count <= 1:
        first["AssociatePublicIpAddress"] = not internal
    if not count:
        return [first]
    rest = [{"NetworkCardIndex": card, "DeviceIndex": 1, "Groups": groups} for card in range(1, count)]
    words = {"InterfaceType": "efa", "DeleteOnTermination": True}
    return [{**each, **words} for each in ({**first, "NetworkCardIndex": 0}, *rest)]


def open_between_members(api, group, ours):
    """Lets the adapters of a firewall group's members talk: a rule to and from the group itself is asked for by EC2.

    Args:
        ours: whether the group is the shared one of stix, which may be changed.

    Raises:
        Failure: `provision.config`, a group of the user's has no such rule.
    """
    [found] = api.call("describe_security_groups", GroupIds=[group])["SecurityGroups"]
    ways = (("IpPermissions", "ingress"), ("IpPermissionsEgress", "egress"))
    lacking = [way for key, way in ways if not any(_to_itself(rule, group) for rule in found[key])]
    if lacking and not ours:
        raise Failure(
            "provision.config",
            "The security group %s has no rule that lets its members talk to each other (%s)"
            % (found["GroupName"], " and ".join(lacking)),
            "EFA needs all traffic from and to the group itself.",
            {"scope": "region", "region": api.region},
        )
    for way in lacking:
        rule = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
        api.call("authorize_security_group_" + way, GroupId=group, IpPermissions=[rule])


def _to_itself(rule, group):
    return rule["IpProtocol"] == "-1" and any(one["GroupId"] == group for one in rule.get("UserIdGroupPairs") or [])
