"""What has to be done so that a cluster is as wanted, and doing it."""

from ansible_collections.stix.core.plugins.module_utils.aws_belongings import PlacementGroup, open_requests
from ansible_collections.stix.core.plugins.module_utils.aws_errors import classify_exception
from ansible_collections.stix.core.plugins.module_utils.aws_instances import as_tags, is_alive
from ansible_collections.stix.core.plugins.module_utils.aws_launch import Launch
from ansible_collections.stix.core.plugins.module_utils.aws_network import ClusterGroup, port_ranges
from ansible_collections.stix.core.plugins.module_utils.aws_place import Place
from ansible_collections.stix.core.plugins.module_utils.aws_request import cluster_tags
from ansible_collections.stix.core.plugins.module_utils.aws_upkeep import lacks, mend
from ansible_collections.stix.core.plugins.module_utils.difference import difference, of_machines, of_ports
from ansible_collections.stix.core.plugins.module_utils.failure import Failure


class Work:
    """The difference between the wanted nodes and the machines that are there.

    Args:
        cluster: an `AwsCluster`.

    Attributes:
        changes: whether there is anything to do.

    Raises:
        Missing: a firewall group or key pair has to be made first.
        Failure: `provision.*`.
    """

    def __init__(self, cluster):
        self.cluster, self.api, self.params = cluster, cluster.api, cluster.params
        self.nodes = {node["rank"]: node for node in self.params["nodes"]}
        self.there = {rank: one for rank, one in cluster.found.items() if is_alive(one) and rank in self.nodes}
        self.missing = [node for rank, node in sorted(self.nodes.items()) if rank not in self.there]
        self.asleep = [one for one in self.there.values() if one["State"]["Name"] in ("stopped", "stopping")]
        kept = {one["InstanceId"] for one in self.there.values()}
        extra = [one for one in cluster.alive if one["InstanceId"] not in kept]
        self.surplus = extra if self.params["remove_surplus"] and self.nodes else []
        self.lacks = [(one, lacks(one, rank, self.nodes[rank], self.params)) for rank, one in self.there.items()]
        self.ports = sorted({str(port) for node in self.nodes.values() for port in node.get("ports") or []})
        self.group = self._group()
        self.launch = Launch(self.api, self._place(), self.params) if self.missing else None
        differs = bool(self.group and self.group.differs(self.ports))
        lacking = any(lack for _, lack in self.lacks)
        self.changes = bool(self.missing or self.asleep or self.surplus or lacking or differs)

    @property
    def diff(self):
        """What `do` changes, for people."""
        names = {one["InstanceId"]: self.nodes[rank]["name"] for rank, one in self.there.items()}
        asleep = [(names[one["InstanceId"]], one["State"]["Name"]) for one in self.asleep]
        machines = of_machines(self.missing, asleep, [one["InstanceId"] for one in self.surplus])
        lacking = [(names[one["InstanceId"]], ", ".join(sorted(lack))) for one, lack in self.lacks if lack]
        marks = [(name + ": without right " + what, name + ": marked") for name, what in lacking]
        have = [_written(*each) for each in self.group.open_ports()] if self.group else []
        want = [_written(*each) for each in port_ranges(self.ports)]
        return difference(machines=machines, marks=marks, ports=of_ports(have, want))

    def do(self):
        """Brings it about.

        Raises:
            Failure: `provision.*`; what this made is gone again.
        """
        fresh = []
        try:
            groups = self._open(fresh)
            made = self._make(groups, fresh) if self.launch else {}
            mend(self.api, self.lacks)
            mend(self.api, [(one, lacks(one, rank, self.nodes[rank], self.params)) for rank, one in made.items()])
            self._start()
            self.api.wait({one["InstanceId"] for one in [*self.there.values(), *made.values()]})
            self.api.terminate(self.surplus)
        except Exception as error:
            failure = error if isinstance(error, Failure) else classify_exception(error, region=self.api.region)
            self.api.undo(self.launch.made if self.launch else [], fresh, failure)
            raise failure from error

    def _open(self, fresh):
        """The cluster's own firewall group as it should be; its id, in a list."""
        if not self.group:
            return []
        if self.group.identity is None:
            self.group.create(self.launch.place.vpc if self.launch else next(iter(self.there.values()))["VpcId"])
            fresh.append(self.group)
        self.group.open(self.ports)
        for one in self.there.values():
            have = [each["GroupId"] for each in one.get("SecurityGroups") or []]
            if self.group.identity not in have:
                words = {"InstanceId": one["InstanceId"], "Groups": [*have, self.group.identity]}
                self.api.call("modify_instance_attribute", **words)
        return [self.group.identity]

    def _make(self, groups, fresh):
        self.cluster.attempts = self.launch.attempts
        if (self.cluster.config.get("spot_interruption") or "terminate") != "terminate":
            # The request of a machine that somebody terminated would bring another one beside those made now.
            alive = {one["InstanceId"] for one in self.cluster.alive}
            requests = open_requests(self.api, self.params["cluster_id"], alive)
            if requests:
                self.api.call("cancel_spot_instance_requests", SpotInstanceRequestIds=requests)
        near = (lambda: self._near(fresh)) if len(self.nodes) > 1 else None
        return self.launch.create(self.missing, [self.launch.place.group, *groups], near)

    def _near(self, fresh):
        """Name of the cluster's placement group, made when it is not there."""
        group = PlacementGroup(self.api, self.params["cluster_id"], cluster_tags(self.params))
        if group.create():
            fresh.append(group)
        return group.identity

    def _start(self):
        ids = [one["InstanceId"] for one in self.asleep]
        if any(one["State"]["Name"] == "stopping" for one in self.asleep):
            self.api.wait(set(ids), state="stopped")
        if ids:
            zone = self.asleep[0]["Placement"]["AvailabilityZone"]
            self.api.call("start_instances", zone, InstanceIds=ids)

    def _place(self):
        """Where missing nodes go; the cluster's own zone comes first."""
        here = [one["Placement"]["AvailabilityZone"] for one in self.cluster.alive]
        zones = list(dict.fromkeys([*here, *self.params["zones"]]))
        return Place(self.api.ec2, self.api.region, zones, self.params["public_key"], self.cluster.config)

    def _group(self):
        """The cluster's firewall group, when there is or should be one."""
        name = "stix-" + self.params["cluster_id"]
        theirs = [group["GroupName"] for one in self.there.values() for group in one.get("SecurityGroups") or []]
        if not self.ports and name not in theirs:
            return None
        return ClusterGroup(self.api.ec2, self.params["cluster_id"], as_tags(cluster_tags(self.params)))


def _written(first, last):
    return str(first) if first == last else "%d-%d" % (first, last)
