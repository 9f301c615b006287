"""Where machines are put: the VPC, a subnet for each zone, firewall groups and the key pair."""

import hashlib

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

SHARED_GROUP = "stix"
"""The firewall group of all clusters in a VPC: ssh in, everything between members."""

EVERYWHERE = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}


def named(values):
    """`Filters` out of a map name -> value."""
    return [{"Name": name, "Values": value if isinstance(value, list) else [value]} for name, value in values.items()]


def key_name(public_key):
    """A key pair's name: the same key has the same name in every region, another key another one."""
    material = public_key.split()[1] if len(public_key.split()) > 1 else public_key
    return "stix-" + hashlib.sha256(material.encode()).hexdigest()[:16]


def port_ranges(ports):
    """`(first, last)` of `8080` and `9000-9010`, sorted."""
    found = set()
    for port in ports or []:
        first, _, last = str(port).partition("-")
        found.add((int(first), int(last or first)))
    return sorted(found)


def choose_vpc(ec2, wanted, region):
    """Id of the VPC with an id or a name, or of the default one.

    Raises:
        Failure: `provision.config`, there is none.
    """
    if wanted and wanted.startswith("vpc-"):
        return wanted
    found = ec2.describe_vpcs(Filters=named({"tag:Name": wanted} if wanted else {"is-default": "true"}))["Vpcs"]
    if not found:
        raise Failure(
            "provision.config",
            "AWS %s has no VPC named '%s'" % (region, wanted) if wanted else "AWS %s has no default VPC" % region,
            "Name one by config aws.vpc_name%s."
            % ("" if wanted else ", or make one: aws ec2 create-default-vpc --region %s" % region),
            {"scope": "region", "region": region},
        )
    return found[0]["VpcId"]


def choose_subnets(subnets, zones, internal):
    """Subnets to try, best first, one for each zone; and the zones asked for that have none.

    Args:
        subnets: as EC2 describes them.
        zones: names or ids, best first; empty: all zones, by name.
        internal: prefer subnets that hand out no public addresses.
    """
    ranked = sorted(
        subnets,
        key=lambda one: (
            bool(one.get("MapPublicIpOnLaunch")) == internal,
            -(one.get("AvailableIpAddressCount") or 0),
            one["SubnetId"],
        ),
    )
    best = {}
    for subnet in ranked:
        best.setdefault(subnet["AvailabilityZone"], subnet)
    by_id = {subnet.get("AvailabilityZoneId"): subnet for subnet in best.values()}
    if not zones:
        return [best[zone] for zone in sorted(best)], []
    places = [best.get(zone) or by_id.get(zone) for zone in zones]
    lacking = [zone for zone, place in zip(zones, places, strict=True) if place is None]
    chosen = {place["SubnetId"]: place for place in places if place}
    return list(chosen.values()), lacking


class ClusterGroup:
    """The firewall group of one cluster, there when ports are asked for.

    Args:
        ec2: a client.
        cluster_id: its name is `stix-<id>`, its tag the id.
        tags: all its tags, as EC2 takes them.
    """

    def __init__(self, ec2, cluster_id, tags):
        self.ec2 = ec2
        self.name = "stix-" + cluster_id
        self.cluster_id = cluster_id
        self.tags = tags
        found = ec2.describe_security_groups(Filters=named({"tag:stix-cluster-id": cluster_id}))["SecurityGroups"]
        self.found = found[0] if found else None

    @property
    def identity(self):
        """Its id, or None."""
        return self.found and self.found["GroupId"]

    def open_ports(self):
        """`(first, last)` of what is open now, sorted."""
        return sorted({_ports(rule) for rule in self._found_rules()})

    def _found_rules(self):
        return [rule for rule in (self.found or {}).get("IpPermissions") or [] if rule.get("FromPort") is not None]

    def differs(self, ports):
        """Whether other ports are open than these."""
        return self.open_ports() != port_ranges(ports)

    def create(self, vpc):
        """Makes it, with nothing open; answers its id."""
        made = self.ec2.create_security_group(
            GroupName=self.name,
            Description="Ports of stix cluster " + self.cluster_id,
            VpcId=vpc,
            TagSpecifications=[{"ResourceType": "security-group", "Tags": self.tags}],
        )
        self.found = {"GroupId": made["GroupId"], "IpPermissions": []}
        return self.identity

    def open(self, ports):
        """Opens these ports to everybody, closes the others."""
        have, want = self.open_ports(), port_ranges(ports)
        rules = {"GroupId": self.identity}
        more = [one for one in want if one not in have]
        less = [rule for rule in self._found_rules() if _ports(rule) not in want]  # as somebody may have written them
        if more:
            self.ec2.authorize_security_group_ingress(IpPermissions=_rules(more), **rules)
        if less:
            self.ec2.revoke_security_group_ingress(IpPermissions=less, **rules)

    def delete(self):
        """Removes it."""
        self.ec2.delete_security_group(GroupId=self.identity)
        self.found = None


def _ports(rule):
    return rule["FromPort"], rule["ToPort"]


def _rules(ranges):
    return [{"IpProtocol": "tcp", "FromPort": first, "ToPort": last, **EVERYWHERE} for first, last in ranges]
