"""A cluster of EC2 instances. Tags are the truth: what carries `stix-cluster-id` is ours, whatever remembers it."""

from ansible_collections.stix.core.plugins.module_utils.aws_adopt import adopted
from ansible_collections.stix.core.plugins.module_utils.aws_api import Api
from ansible_collections.stix.core.plugins.module_utils.aws_belongings import Belongings
from ansible_collections.stix.core.plugins.module_utils.aws_instances import (
    as_tags,
    is_alive,
    rank_of,
    report,
    require_session_manager,
)
from ansible_collections.stix.core.plugins.module_utils.aws_module import require_account
from ansible_collections.stix.core.plugins.module_utils.aws_work import Work


class AwsCluster:
    """Reads and changes the instances of one cluster.

    Args:
        client: makes a client of a service; `client("ec2", once=True)` one that never repeats a call by itself.
        params: the options of the module aws_machines.
        region: the region's name.

    Attributes:
        attempts: zones that were tried in vain, each `{zone, code, reason, provider_code, seconds}`.
        diff: what `ensure` changed, or would, in the form of Ansible's.
    """

    def __init__(self, client, params, region):
        self.params = {**params, "region": region}
        self.config = params["config"]
        self.api = Api(client, region, params["wait_seconds"], bool(self.config.get("use_internal_ips")))
        self.attempts, self.diff = [], []
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
        """Makes what is missing, starts what is stopped, mends what differs; answers whether that changed anything.

        Raises:
            Missing: a firewall group or key pair has to be made first.
            Failure: `provision.*`; what this call made is gone again.
        """
        if self.config.get("use_ssm"):
            require_session_manager(self.api.region)
        work = Work(self)
        self.diff = work.diff
        if work.changes and not check:
            work.do()
            self.look()
        return work.changes

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
        held = {rank: one["InstanceId"] for rank, one in self.found.items() if is_alive(one)}
        changes = adopted(self.api, self.params, held)
        if changes and not check:
            for identity, tags in changes.items():
                self.api.call("create_tags", Resources=[identity], Tags=as_tags(tags))
            self.look()
        return bool(changes)

    def remove(self, check):
        """Terminates every machine and removes all else of the cluster; answers whether there was anything."""
        rest = Belongings(self.api, self.params["cluster_id"])
        there = bool(self.alive or rest)
        if there and not check:
            rest.cancel_requests()
            self.api.terminate(self.alive)
            rest.delete([one["InstanceId"] for one in [*self.alive, *self.dying]])
            self.look()
        return there
