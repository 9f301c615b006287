"""Where the machines of a cluster go: a VPC, subnets by zone, the shared firewall group, the key pair."""

from ansible_collections.stix.core.plugins.module_utils.aws_network import (
    SHARED_GROUP,
    choose_subnets,
    choose_vpc,
    key_name,
    named,
)
from ansible_collections.stix.core.plugins.module_utils.failure import Failure


class Missing(Exception):
    """What must exist before machines can be made; `needs` says what, the role makes it."""

    def __init__(self, needs):
        super().__init__("missing: %s" % ", ".join(sorted(needs)))
        self.needs = needs


class Place:
    """What must be there before machines are made.

    Args:
        ec2: a client.
        region: the region's name.
        zones: names or ids, best first; empty: any.
        public_key: the key that logs in, as text.
        config: the option `config` of the module aws_machines.

    Attributes:
        vpc: its id.
        subnets: subnets to try, best first, one for each zone.
        lacking: zones asked for in which there is no subnet.
        group: id of the firewall group that all clusters share, or of the one that `config` names.
        key: name of the key pair.

    Raises:
        Missing: the firewall group or the key pair has to be made.
        Failure: `provision.config`, what `config` names is not there.
    """

    def __init__(self, ec2, region, zones, public_key, config):
        self.ec2 = ec2
        self.region = region
        self.vpc = choose_vpc(ec2, config.get("vpc_name"), region)
        self.subnets, self.lacking = self._subnets(zones, config)
        self.key = key_name(public_key)
        self.group = self._group(config.get("security_group_name"))
        needs = {}
        if not ec2.describe_key_pairs(Filters=named({"key-name": self.key}))["KeyPairs"]:
            needs["key_pair"] = {"name": self.key}
        if self.group is None:
            needs["security_group"] = {"name": SHARED_GROUP, "vpc_id": self.vpc}
        if needs:
            raise Missing(needs)

    def _subnets(self, zones, config):
        filters = {"vpc-id": self.vpc, "state": "available"}
        if config.get("subnet_ids"):
            filters["subnet-id"] = [str(one) for one in config["subnet_ids"]]
        found = self.ec2.describe_subnets(Filters=named(filters))["Subnets"]
        subnets, lacking = choose_subnets(found, zones, bool(config.get("use_internal_ips")))
        if not subnets:
            raise self._failure(
                "%s has no subnet in %s" % (self.vpc, " or ".join(lacking) or "any zone"),
                "Name another VPC by config aws.vpc_name, or other zones.",
            )
        return subnets, lacking

    def _group(self, wanted):
        name = wanted or SHARED_GROUP
        found = self.ec2.describe_security_groups(Filters=named({"vpc-id": self.vpc, "group-name": name}))
        if found["SecurityGroups"]:
            return found["SecurityGroups"][0]["GroupId"]
        if wanted:
            raise self._failure(
                "%s has no security group named '%s'" % (self.vpc, wanted),
                "Make it, or leave config aws.security_group_name out.",
            )
        return None

    def _failure(self, words, hint):
        details = {"scope": "region", "region": self.region}
        return Failure("provision.config", "AWS %s: %s" % (self.region, words), hint, details)
