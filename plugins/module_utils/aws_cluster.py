"""A cluster of EC2 instances. Tags are the truth: what carries `stix-cluster-id` is ours, whatever remembers it."""

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.stix.core.plugins.module_utils.aws_adopt import adopted
from ansible_collections.stix.core.plugins.module_utils.aws_api import Api
from ansible_collections.stix.core.plugins.module_utils.aws_errors import classify_exception
from ansible_collections.stix.core.plugins.module_utils.aws_instances import as_tags, is_alive, rank_of, report, tags_of
from ansible_collections.stix.core.plugins.module_utils.aws_launch import Launch, cluster_tags
from ansible_collections.stix.core.plugins.module_utils.aws_module import require_account
from ansible_collections.stix.core.plugins.module_utils.aws_network import ClusterGroup
from ansible_collections.stix.core.plugins.module_utils.aws_place import Place
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

PARALLEL = 8


class AwsCluster:
    """Reads and changes the instances of one cluster.

    Args:
        client: makes a client of a service; `client("ec2", once=True)` one that never repeats a call by itself.
        params: the options of the module aws_machines.
        region: the region's name.

    Attributes:
        attempts: zones that were tried in vain, each `{zone, code, reason}`.
    """

    def __init__(self, client, params, region):
        self.params = params
        self.config = params["config"]
        self.api = Api(client, region, params["wait_seconds"], bool(self.config.get("use_internal_ips")))
        self.attempts = []
        self.look()
        if params["account"] and not self.alive:
            require_account(client("sts"), params["account"], region)

    def look(self):
        """Reads the instances anew; of several with one rank the oldest living one counts, or the last that died."""
        every = self.api.instances(**{"tag:stix-cluster-id": self.params["cluster_id"]})
        every.sort(key=lambda one: (one["LaunchTime"], one["InstanceId"]))
        self.alive = [one for one in every if is_alive(one)]
        self.dying = [one for one in every if one["State"]["Name"] == "shutting-down"]
        self.found = {}
        for one in [*self.alive, *reversed(every)]:
            self.found.setdefault(rank_of(one), one)

    def instances(self, gone=False):
        """What is reported of the machines, by rank; `gone`: also of those that are no more."""
        shown = sorted(rank for rank, one in self.found.items() if gone or is_alive(one))
        return [report(rank, self.found[rank], self.params) for rank in shown]

    def ensure(self, check):
        """Makes what is missing, starts what is stopped, opens and closes ports; answers whether that changed anything.

        Raises:
            Missing: a firewall group or key pair has to be made first.
            Failure: `provision.*`; what this call made is gone again.
        """
        nodes = {node["rank"]: node for node in self.params["nodes"]}
        there = {rank: one for rank, one in self.found.items() if is_alive(one) and rank in nodes}
        missing = [node for rank, node in sorted(nodes.items()) if rank not in there]
        asleep = [one for one in there.values() if one["State"]["Name"] in ("stopped", "stopping")]
        unnamed = {rank: one for rank, one in there.items() if "stix-rank" not in tags_of(one)}
        ports = sorted({str(port) for node in nodes.values() for port in node.get("ports") or []})
        group = self._group(ports, there.values())
        launch = Launch(self.api, self._place(), self.params) if missing else None
        changes = bool(missing or asleep or unnamed or (group and group.differs(ports)))
        if changes and not check:
            self._change(nodes, there, missing, asleep, unnamed, group, ports, launch)
            self.look()
        return changes

    def _change(self, nodes, there, missing, asleep, unnamed, group, ports, launch):
        fresh = None
        try:
            if group and group.identity is None:
                group.create(launch.place.vpc if launch else next(iter(there.values()))["VpcId"])
                fresh = group
            if group:
                group.open(ports)
                self._attach(group, there.values())
            made = {}
            if launch:
                self.attempts = launch.attempts
                own = [group.identity] if group else []
                made = launch.create(missing, [launch.place.group, *own])
            self._name({**unnamed, **made}, nodes)
            self._start(asleep)
            self.api.wait({one["InstanceId"] for one in [*there.values(), *made.values()]})
        except Exception as error:
            failure = error if isinstance(error, Failure) else classify_exception(error, region=self.api.region)
            self.api.undo(launch.made if launch else [], fresh, failure)
            raise failure from error

    def stop(self, check):
        """Stops what runs; answers whether anything did. Their disks stay."""
        running = [one["InstanceId"] for one in self.alive if one["State"]["Name"] in ("running", "pending")]
        if running and not check:
            if any(one["State"]["Name"] == "pending" for one in self.alive):
                self.api.wait(set(running))
            self.api.call("stop_instances", InstanceIds=running)
            self.look()
        return bool(running)

    def adopt(self, check):
        """Marks machines that exist as the cluster's; answers whether that changed anything.

        Raises:
            Failure: `provision.config`, one of them cannot be.
        """
        changes = adopted(self.api, self.params, {rank: one["InstanceId"] for rank, one in self._ranks().items()})
        if changes and not check:
            for identity, tags in changes.items():
                self.api.call("create_tags", Resources=[identity], Tags=as_tags(tags))
            self.look()
        return bool(changes)

    def _ranks(self):
        return {rank: one for rank, one in self.found.items() if is_alive(one)}

    def remove(self, check):
        """Terminates every machine and removes the cluster's firewall group; answers whether there was anything."""
        group = ClusterGroup(self.api.ec2, self.params["cluster_id"], as_tags(cluster_tags(self.params)))
        there = bool(self.alive or group.identity)
        if there and not check:
            self.api.terminate(self.alive)
            if group.identity:
                self.api.delete_when_free(group, [one["InstanceId"] for one in [*self.alive, *self.dying]])
            self.look()
        return there

    def _place(self):
        """Where missing nodes go; the cluster's own zone comes first."""
        here = [one["Placement"]["AvailabilityZone"] for one in self.alive]
        zones = list(dict.fromkeys([*here, *self.params["zones"]]))
        return Place(self.api.ec2, self.api.region, zones, self.params["public_key"], self.config)

    def _group(self, ports, there):
        """The cluster's firewall group, when there is or should be one."""
        name = "stix-" + self.params["cluster_id"]
        has = any(group["GroupName"] == name for one in there for group in one.get("SecurityGroups") or [])
        if not ports and not has:
            return None
        return ClusterGroup(self.api.ec2, self.params["cluster_id"], as_tags(cluster_tags(self.params)))

    def _attach(self, group, there):
        for one in there:
            have = [each["GroupId"] for each in one.get("SecurityGroups") or []]
            if group.identity not in have:
                words = {"InstanceId": one["InstanceId"], "Groups": [*have, group.identity]}
                self.api.call("modify_instance_attribute", **words)

    def _name(self, instances, nodes):
        """Gives machines their rank and name; a machine without knows its rank by `stix-ranks` and its launch index."""
        unnamed = [(rank, one) for rank, one in instances.items() if "stix-rank" not in tags_of(one)]

        def tag(pair):
            rank, one = pair
            words = as_tags({"stix-rank": str(rank), "Name": nodes[rank]["name"]})
            self.api.call("create_tags", Resources=[one["InstanceId"]], Tags=words)

        if unnamed:
            with ThreadPoolExecutor(PARALLEL) as pool:
                for done in [pool.submit(tag, pair) for pair in unnamed]:
                    done.result()

    def _start(self, asleep):
        ids = [one["InstanceId"] for one in asleep]
        if any(one["State"]["Name"] == "stopping" for one in asleep):
            self.api.wait(set(ids), state="stopped")
        if ids:
            zone = asleep[0]["Placement"]["AvailabilityZone"]
            self.api.call("start_instances", zone, InstanceIds=ids)
