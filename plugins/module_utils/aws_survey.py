"""What carries our tags, in many regions at once, as things (docs/concepts/contracts.md, section 3)."""

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.stix.core.plugins.module_utils.aws_errors import classify_exception
from ansible_collections.stix.core.plugins.module_utils.aws_instances import (
    is_alive,
    rank_of,
    report,
    shared_connection,
    tags_of,
)
from ansible_collections.stix.core.plugins.module_utils.aws_network import named
from ansible_collections.stix.core.plugins.module_utils.aws_snapshots import snapshot
from ansible_collections.stix.core.plugins.module_utils.disk_snapshots import MARK
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

PARALLEL = 24
"""Calls under way at a time, over all regions."""

OURS = {"tag-key": ["stix-cluster-id", "stix-shared", "stix-user"]}
"""Filter of what is ours; without a cluster's id it is shared."""

CALLS = {
    "machine": ("describe_instances", "Reservations"),
    "spot_request": ("describe_spot_instance_requests", "SpotInstanceRequests"),
    "disk": ("describe_volumes", "Volumes"),
    "nic": ("describe_network_interfaces", "NetworkInterfaces"),
    "address": ("describe_addresses", "Addresses"),
    "firewall": ("describe_security_groups", "SecurityGroups"),
    "group": ("describe_placement_groups", "PlacementGroups"),
    "key": ("describe_key_pairs", "KeyPairs"),
    "snapshot": ("describe_snapshots", "Snapshots"),
}
"""Kind of thing -> method of the client, and where its answer has them."""

ON_REQUEST = ("snapshot",)
"""Kinds that are looked for only where they are named: the user's data, which nothing sweeps."""

OPEN = ("open", "active")
"""States of a spot request that may still bring a machine."""


class Survey:
    """Looks in regions.

    Args:
        clients: region -> client of EC2.
        settings: `{config, private_key_file}` of the connection that machines are reported with.
    """

    def __init__(self, clients, settings):
        self.clients = clients
        self.settings = settings

    def things(self, kinds=()):
        """All things, by region; a region that does not answer is one of kind `unreachable`.

        Args:
            kinds: kinds to look for; empty: all.

        Raises:
            Failure: `provision.auth`, where every region refuses the keys.
        """
        kinds = [kind for kind in CALLS if kind in kinds or not (kinds or kind in ON_REQUEST)]
        pairs = [(region, kind) for region in self.clients for kind in kinds]
        with ThreadPoolExecutor(PARALLEL) as pool:
            answers = dict(zip(pairs, pool.map(lambda pair: self._ask(*pair), pairs), strict=True))
        refused = [answer for answer in answers.values() if isinstance(answer, Failure)]
        if refused and len(refused) == len(answers) and refused[0].code == "provision.auth":
            raise refused[0]
        return [one for region in self.clients for one in self._in(region, {k: answers[region, k] for k in kinds})]

    def _ask(self, region, kind):
        """What one call finds, or the failure that it ended with."""
        method, key = CALLS[kind]
        client, filters = self.clients[region], named({"tag-key": [MARK]} if kind == "snapshot" else OURS)
        more = {"OwnerIds": ["self"]} if kind == "snapshot" else {}
        try:
            if client.can_paginate(method):
                pages = client.get_paginator(method).paginate(Filters=filters, **more)
                return [one for page in pages for one in page[key]]
            return getattr(client, method)(Filters=filters, **more)[key]
        except Exception as error:
            return classify_exception(error, region=region)

    def _in(self, region, answers):
        silent = {kind: answer for kind, answer in answers.items() if isinstance(answer, Failure)}
        found = []
        for kind, answer in answers.items():
            if kind in silent:
                continue
            if kind == "machine":
                found += self._machines(region, answer)
            elif kind == "snapshot":
                found += [snapshot(region, one) for one in answer]
            elif kind == "spot_request":  # one with a machine goes with it
                found += [thing(kind, region, one) for one in answer if one["State"] in OPEN]
            else:
                found += [thing(kind, region, one) for one in answer]
        alive = {one["id"] for one in found if one["kind"] == "machine" and one["state"] != "gone"}
        found = [one for one in found if one["kind"] != "spot_request" or one["details"].get("machine") not in alive]
        return [*found, unreachable(region, silent)] if silent else found

    def _machines(self, region, reservations):
        """Living machines, and of each rank that has none the one that died last."""
        key_file, config = self.settings["private_key_file"], self.settings["config"]
        shared = shared_connection(config, key_file, region)
        params = {"nodes": [], "config": config, "connection": shared, "region": region}
        every = [{"OwnerId": each.get("OwnerId", ""), **one} for each in reservations for one in each["Instances"]]
        every.sort(key=lambda one: (is_alive(one), one["LaunchTime"], one["InstanceId"]))
        last = {(tags_of(one).get("stix-cluster-id"), rank_of(one)): one["InstanceId"] for one in every}
        for one in every:
            instance = report(rank_of(one), one, params)
            if is_alive(one) or one["InstanceId"] in last.values():
                yield thing("machine", region, one) | {"state": instance["state"], "instance": instance}


def thing(kind, region, one):
    """A thing as it is reported, of what EC2 describes."""
    tags, (identity, name, created, state, details) = tags_of(one), ABOUT[kind](one)
    zone = one.get("AvailabilityZone") or (one.get("Placement") or {}).get("AvailabilityZone") or ""
    return {
        "kind": kind,
        "id": identity,
        "name": tags.get("Name") or name or identity,
        "region": region,
        "zone": zone,
        "state": state,
        "cluster": tags.get("stix-cluster", ""),
        "cluster_id": tags.get("stix-cluster-id", ""),
        "user": tags.get("stix-user", ""),
        "run": tags.get("stix-run", ""),
        "created_at": int(created.timestamp()) if created else 0,
        "deadline": int(tags["stix-deadline"]) if tags.get("stix-deadline", "").isdigit() else 0,
        "shared": "stix-cluster-id" not in tags,
        "details": {key: value for key, value in details.items() if value not in (None, "")},
        "instance": None,
    }


def unreachable(region, failures):
    """A region that did not answer, or not to every question: kind of thing -> its failure."""
    reason = next(iter(failures.values()))
    empty = dict.fromkeys(("zone", "state", "cluster", "cluster_id", "user", "run"), "")
    facts = {"reason": reason.message, "code": reason.code, "hint": reason.hint, "kinds": sorted(failures)}
    words = {"kind": "unreachable", "id": region, "name": region, "region": region, "shared": False, "details": facts}
    return {**empty, **words, "created_at": 0, "deadline": 0, "instance": None}


def _machine(one):
    # It is launched anew with each start; its first network card was attached when it was made.
    cards = [card["Attachment"].get("AttachTime") for card in one.get("NetworkInterfaces") or []]
    facts = {
        "account": one["OwnerId"],
        "instance_type": one["InstanceType"],
        "request": one.get("SpotInstanceRequestId"),
        "on_shutdown": tags_of(one).get("stix-on-shutdown"),
    }
    return one["InstanceId"], "", next(iter(cards), None) or one["LaunchTime"], "", facts


def _disk(one):
    holder = next(iter(one.get("Attachments") or []), {})
    facts = {
        "machine": holder.get("InstanceId"),
        "goes_with_machine": holder.get("DeleteOnTermination"),
        "gib": one["Size"],
        "volume_type": one.get("VolumeType"),
    }
    return one["VolumeId"], "", one.get("CreateTime"), one["State"], facts


def _nic(one):
    holder = one.get("Attachment") or {}
    facts = {
        "account": one.get("OwnerId"),
        "machine": holder.get("InstanceId"),
        "goes_with_machine": holder.get("DeleteOnTermination"),
    }
    return one["NetworkInterfaceId"], one.get("PrivateIpAddress"), None, one["Status"], facts


def _address(one):
    facts = {"machine": one.get("InstanceId")}
    return one["AllocationId"], one["PublicIp"], None, "in-use" if one.get("AssociationId") else "available", facts


def _firewall(one):
    return one["GroupId"], one["GroupName"], None, "", {"account": one.get("OwnerId"), "vpc": one.get("VpcId")}


def _group(one):
    return one["GroupId"], one["GroupName"], None, one["State"], {"group": one["GroupName"]}


def _key(one):
    return one["KeyPairId"], one["KeyName"], one.get("CreateTime"), "", {}


def _spot_request(one):
    facts = {"machine": one.get("InstanceId"), "type": one.get("Type")}
    return one["SpotInstanceRequestId"], "", one.get("CreateTime"), one["State"], facts


ABOUT = {
    "machine": _machine,
    "spot_request": _spot_request,
    "disk": _disk,
    "nic": _nic,
    "address": _address,
    "firewall": _firewall,
    "group": _group,
    "key": _key,
}
"""Kind -> `(id, name, time it was made, state, details)` of what EC2 describes."""
