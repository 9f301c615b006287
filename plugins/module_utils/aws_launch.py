"""Makes machines: all or none of the nodes, by one create, in the first zone that has them."""

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.stix.core.plugins.module_utils.aws_belongings import Addresses
from ansible_collections.stix.core.plugins.module_utils.aws_efa import cards, open_between_members
from ansible_collections.stix.core.plugins.module_utils.aws_errors import classify_exception
from ansible_collections.stix.core.plugins.module_utils.aws_instances import is_alive, rank_of
from ansible_collections.stix.core.plugins.module_utils.aws_offer import Offer
from ansible_collections.stix.core.plugins.module_utils.aws_request import Request, cluster_tags
from ansible_collections.stix.core.plugins.module_utils.aws_reservations import in_reservation, reserved
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

ELSEWHERE = ("provision.no_capacity", "provision.quota")
"""After these the next of a node's `instance_types` is tried."""

TRIES = 3
"""How often a create is sent when EC2 is busy; each time with the same client token."""

LOST = ("ReadTimeoutError", "ConnectionClosedError", "ResponseStreamingError", "IncompleteReadError", "HTTPClientError")
"""The SDK's exceptions after which EC2 may have made machines: its answer did not come."""

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
        attempts: zones tried in vain, each `{zone, code, reason, provider_code, seconds}`.
    """

    def __init__(self, api, place, params):
        self.api = api
        self.place = place
        self.params = params
        self.config = params["config"]
        self.made = []
        self.attempts = [{"zone": zone, "code": "provision.config", "reason": "no subnet"} for zone in place.lacking]

    def create(self, nodes, groups, near):
        """Instances by rank, running and with addresses; of the first instance type that there is room for.

        Args:
            nodes: the wanted nodes.
            groups: ids of the firewall groups.
            near: makes a placement group, if it is needed, and answers its name; or None.

        Raises:
            Failure: `provision.*`, with `attempts` in the details; nothing is left unless the reason is unknown.
        """
        kinds = list(dict.fromkeys([nodes[0].get("instance_type"), *(nodes[0].get("instance_types") or [])]))
        if not kinds[0]:
            raise Failure("provision.config", "No instance type is given", "Set instance_type for each node.", {})
        for kind in kinds[:-1]:
            try:
                return self._create_of(kind, nodes, groups, near)
            except Failure as failure:
                if failure.code not in ELSEWHERE:
                    raise
        return self._create_of(kinds[-1], nodes, groups, near)

    def _create_of(self, kind, nodes, groups, near):
        best, spot = nodes[0].get("network_tier") == "best", bool(nodes[0].get("use_spot"))
        ways, attempts = ({}, []) if spot else reserved(self.api, self.config, kind, len(nodes))
        self.attempts += attempts
        quotas = None if ways else self.api.client("service-quotas", once=True, haste=True)
        with ThreadPoolExecutor(3) as pool:
            offer = Offer(self.api, pool, kind, spot, quotas)
            about = self.api.call("describe_instance_types", InstanceTypes=[kind])["InstanceTypes"][0]
            adapters = cards(about) if best else 0
            if adapters:
                open_between_members(self.api, self.place.group, not self.config.get("security_group_name"))
            words = Request(self.api, self.params, self.place.key)
            placement = near() if near and adapters and not ways else ""
            request = words.words(nodes, groups, about, adapters, placement)
        try:
            offer.require_quota(len(nodes), (about.get("VCpuInfo") or {}).get("DefaultVCpus"))
        except Failure as failure:
            self._note(failure, "")
            raise
        return self._create_anywhere([node["rank"] for node in nodes], request, offer, ways)

    def _create_anywhere(self, ranks, request, offer, ways):
        """In each zone with a reservation, then in each zone."""
        subnets, failures = self.place.subnets, []
        tries = [(subnet, ways[subnet["AvailabilityZone"]]) for subnet in subnets if subnet["AvailabilityZone"] in ways]
        for subnet, reservation in [*tries, *((subnet, None) for subnet in subnets)]:
            zone, began = subnet["AvailabilityZone"], time.monotonic()
            try:
                refusal = None if reservation else offer.refusal(zone)
                if refusal:
                    raise refusal
                words = in_reservation(request, reservation) if reservation else request
                return self._create_in(subnet, ranks, words)
            except Failure as failure:
                self._note(failure, self._called(subnet), time.monotonic() - began)
                # Machines for which no time is left would be made in each zone and ended at once.
                if failure.details.get("scope") != "zone" or time.monotonic() > self.api.deadline:
                    raise
                failures.append(failure)
        raise self._nowhere(failures, "%d x %s" % (len(ranks), request["InstanceType"]))

    def _called(self, subnet):
        """Its zone as whoever asked calls it: by name or id, for the same name means other zones in other accounts."""
        identity = subnet.get("AvailabilityZoneId")
        return identity if identity in self.params["zones"] else subnet["AvailabilityZone"]

    def _note(self, failure, zone, seconds=0.0):
        if zone and failure.details.get("zone"):
            failure.details["zone"] = zone
        self.attempts.append({
            "zone": zone,
            "code": failure.code,
            "reason": failure.message,
            "provider_code": failure.details.get("provider_code"),
            "seconds": seconds,
        })  # fmt: skip
        failure.details["attempts"] = self.attempts

    def _nowhere(self, failures, what):
        last = failures[-1]
        if len(failures) == 1:
            return last
        details = {key: value for key, value in last.details.items() if key != "zone"} | {"scope": "region"}
        tried = ", ".join(subnet["AvailabilityZone"] for subnet in self.place.subnets)
        words = "AWS %s: no zone has %s now (tried %s)" % (self.api.region, what, tried)
        return Failure(last.code, words, last.hint, details, True)

    def _create_in(self, subnet, ranks, request):
        zone = subnet["AvailabilityZone"]
        cards = [{**card, "SubnetId": subnet["SubnetId"]} for card in request["NetworkInterfaces"]]
        made = self._alive_by_token(zone, ranks, {**request, "NetworkInterfaces": cards})
        self.made += made
        try:
            bare = len(cards) > 1 and not self.api.internal
            self.api.wait({one["InstanceId"] for one in made}, zone, **({"internal": True} if bare else {}))
            if bare:
                self.addresses().give(made)
        except Exception as error:
            failure = error if isinstance(error, Failure) else classify_exception(error, region=self.api.region)
            self.api.undo(made, [self.addresses().of(made)] if bare else [], failure)
            raise failure from error
        return {rank_of(one): one for one in made}

    def addresses(self):
        """The cluster's own public addresses, as they are now."""
        return Addresses(self.api, self.params["cluster_id"], cluster_tags(self.params))

    def _alive_by_token(self, zone, ranks, request):
        """Sends the create with the first token whose machines are not gone for good."""
        # EC2 shows what is gone for an hour; tokens of those are used up.
        first = sum(not is_alive(one) for one in self._ours())
        for generation in range(first, first + GENERATIONS):
            seed = [self.params["cluster_id"], self.api.region, zone, request["InstanceType"], ranks, generation]
            if "CapacityReservationSpecification" in request:
                seed.append(request["CapacityReservationSpecification"])
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
                    made = self._made_before(ranks) if failure.details["provider_code"] in LOST else []
                    if made:
                        return made
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
