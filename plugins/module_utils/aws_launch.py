"""Makes machines: all or none of the nodes, by one create, in the first zone that has them."""

import hashlib
import json
import time

from ansible_collections.stix.core.plugins.module_utils.aws_errors import classify_exception
from ansible_collections.stix.core.plugins.module_utils.aws_images import Images, image_wish, login, root_disk
from ansible_collections.stix.core.plugins.module_utils.aws_instances import as_tags, is_alive, rank_of, rank_text
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

TRIES = 3
"""How often a create is sent when EC2 is busy; each time with the same client token."""

GENERATIONS = 60
"""How many tokens of machines that are gone are passed over, one for each repair; EC2 forgets them after a day."""


class Launch:
    """Makes the missing nodes of a cluster.

    Args:
        api: EC2.
        place: where they go.
        params: the options of the module aws_machines.

    Attributes:
        made: instances that were made, also those that did not live.
        attempts: zones tried in vain, each `{zone, code, reason}`.
    """

    def __init__(self, api, place, params):
        self.api = api
        self.place = place
        self.params = params
        self.config = params["config"]
        self.made = []
        self.attempts = [{"zone": zone, "code": "provision.config", "reason": "no subnet"} for zone in place.lacking]

    def create(self, nodes, groups):
        """Instances by rank, running and with addresses.

        Args:
            nodes: the wanted nodes.
            groups: ids of the firewall groups.

        Raises:
            Failure: `provision.*`, with `attempts` in the details; nothing is left unless the reason is unknown.
        """
        request = self._request(nodes, groups)
        failures = []
        for subnet in self.place.subnets:
            try:
                return self._create_in(subnet, [node["rank"] for node in nodes], request)
            except Failure as failure:
                zone = subnet["AvailabilityZone"]
                self.attempts.append({"zone": zone, "code": failure.code, "reason": failure.message})
                failure.details["attempts"] = self.attempts
                if failure.details.get("scope") != "zone":
                    raise
                failures.append(failure)
        raise self._nowhere(failures, "%d x %s" % (len(nodes), request["InstanceType"]))

    def _nowhere(self, failures, what):
        last = failures[-1]
        if len(failures) == 1:
            return last
        details = {key: value for key, value in last.details.items() if key != "zone"} | {"scope": "region"}
        tried = ", ".join(subnet["AvailabilityZone"] for subnet in self.place.subnets)
        words = "AWS %s: no zone has %s now (tried %s)" % (self.api.region, what, tried)
        return Failure(last.code, words, last.hint, details, True)

    def _create_in(self, subnet, ranks, request):
        zone, [interface] = subnet["AvailabilityZone"], request["NetworkInterfaces"]
        request = {**request, "NetworkInterfaces": [{**interface, "SubnetId": subnet["SubnetId"]}]}
        made = self._alive_by_token(zone, ranks, request)
        self.made += made
        try:
            self.api.wait({one["InstanceId"] for one in made}, zone)
        except Failure as failure:
            self.api.undo(made, None, failure)
            raise
        return {rank_of(one): one for one in made}

    def _alive_by_token(self, zone, ranks, request):
        """Sends the create with the first token whose machines are not gone for good."""
        # EC2 shows what is gone for an hour; tokens of those are used up.
        first = sum(not is_alive(one) for one in self._ours())
        for generation in range(first, first + GENERATIONS):
            seed = [self.params["cluster_id"], self.api.region, zone, request["InstanceType"], ranks, generation]
            token = "stix-" + hashlib.sha256(json.dumps(seed).encode()).hexdigest()[:40]
            made = self._run(zone, ranks, {**request, "ClientToken": token})
            if made:
                return made
        raise Failure(
            "provision.transient",
            "AWS %s: %d machines of this cluster were replaced within a day" % (zone, GENERATIONS),
            "Take the cluster down and launch it anew.",
            {"scope": "region", "region": self.api.region},
        )

    def _run(self, zone, ranks, request):
        """Sends a create; the instances, in EC2's order. Empty when the token is that of machines that are gone."""
        once = self.api.client("ec2", once=True)
        for number in range(TRIES):
            try:
                made = once.run_instances(**request)["Instances"]
                return made if all(one["State"]["Name"] in ("pending", "running") for one in made) else []
            except Exception as error:
                failure = classify_exception(error, region=self.api.region, zone=zone)
                if failure.details["provider_code"] == "IdempotentParameterMismatch":
                    return self._made_before(ranks)
                if failure.details["provider_code"] == "IdempotentInstanceTerminated":
                    return []
                if failure.code != "provision.transient" or number + 1 == TRIES:
                    raise failure from error
                time.sleep(0.5 * 2**number)
        return []

    def _made_before(self, ranks):
        """Machines of a call that was cut off: EC2 knows its token, so they show up soon if they live."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            ours = self._ours()
            mine = {rank_of(one): one for one in ours if is_alive(one) and rank_of(one) in ranks}
            if len(mine) == len(ranks):
                return [mine[rank] for rank in ranks]
            if not mine and any(rank_of(one) in ranks for one in ours):  # all of them are gone
                return []
            time.sleep(0.5)
        return []

    def _ours(self):
        return self.api.instances(**{"tag:stix-cluster-id": self.params["cluster_id"]})

    def _request(self, nodes, groups):
        """What EC2 is asked to run, but for subnet and token."""
        first, kind = nodes[0], nodes[0].get("instance_type")
        if not kind:
            raise Failure("provision.config", "No instance type is given", "Set instance_type for each node.", {})
        if first.get("network_tier") == "best":
            raise Failure(
                "provision.unsupported", "network_tier: best (EFA) cannot be set up on AWS yet", "Leave it out."
            )
        about = self.api.call("describe_instance_types", InstanceTypes=[kind])["InstanceTypes"][0]
        image = self._image(first, about)
        disk = root_disk(image, first.get("disk_size"), first.get("disk_tier"), self.config.get("disk_encrypted"))
        tags = self._tags(nodes, self.config.get("ssh_user") or login(image.get("Name") or ""))
        request = {
            "MinCount": len(nodes),
            "MaxCount": len(nodes),
            "ImageId": image["ImageId"],
            "InstanceType": kind,
            "KeyName": self.place.key,
            "BlockDeviceMappings": [disk],
            "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
            "NetworkInterfaces": [
                {"DeviceIndex": 0, "AssociatePublicIpAddress": not self.api.internal, "Groups": groups}
            ],
            "TagSpecifications": [
                {"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume", "network-interface")
            ],
        }
        profile = self.config.get("instance_profile")
        if profile:
            request["IamInstanceProfile"] = {"Arn" if profile.startswith("arn:") else "Name": profile}
        return {**request, **self._shutdown(bool(first.get("use_spot")))}

    def _image(self, node, about):
        arch = "arm64" if "arm64" in about["ProcessorInfo"]["SupportedArchitectures"] else "x86_64"
        images = Images(self.api.ec2, lambda: self.api.client("ssm"), self.config.get("image_owners") or ())
        gpus = bool((about.get("GpuInfo") or {}).get("Gpus"))
        return images.find(image_wish(node.get("image_id"), self.api.region), arch, gpus)

    def _tags(self, nodes, user):
        theirs = {**(self.config.get("labels") or {}), **(nodes[0].get("labels") or {})}
        more = {"stix-ssh-user": user, "stix-ranks": rank_text([node["rank"] for node in nodes])}
        if len(nodes) == 1:
            more |= {"stix-rank": str(nodes[0]["rank"]), "Name": nodes[0]["name"]}
        return as_tags({**theirs, **cluster_tags(self.params), **more})

    def _shutdown(self, spot):
        """What happens when the machine shuts down or, a spot machine, is taken back."""
        taken = self.config.get("spot_interruption") or "terminate"
        ending = {"InstanceInitiatedShutdownBehavior": self.params["on_shutdown"] or "stop"}
        if not spot:
            return ending
        kind = "one-time" if taken == "terminate" else "persistent"
        options = {"SpotInstanceType": kind, "InstanceInterruptionBehavior": taken}
        market = {"InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": options}}
        return market if taken == "terminate" else {**market, **ending}


def cluster_tags(params):
    """Tags of all that belongs to a cluster, as a map."""
    tags = {
        "stix-cluster": params["cluster"],
        "stix-cluster-id": params["cluster_id"],
        "stix-user": params["user"],
        "stix-run": params["run_id"],
        "stix-deadline": str(params["deadline"] or ""),
    }
    return {key: value for key, value in tags.items() if value}
