"""What a cluster has besides its machines: firewall group, placement group, addresses, spot requests; found by tag."""

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.stix.core.plugins.module_utils.aws_instances import as_tags
from ansible_collections.stix.core.plugins.module_utils.aws_network import ClusterGroup, named


class Belongings:
    """Everything of one cluster that is to go with it, looked for at once.

    Args:
        api: EC2.
        cluster_id: the cluster's.
    """

    def __init__(self, api, cluster_id):
        self.api = api
        with ThreadPoolExecutor(4) as pool:
            group = pool.submit(ClusterGroup, api.ec2, cluster_id, [])
            placement = pool.submit(PlacementGroup, api, cluster_id, {})
            addresses = pool.submit(Addresses, api, cluster_id, {})
            requests = pool.submit(open_requests, api, cluster_id)
            self.held = [each for each in (group.result(), placement.result(), addresses.result()) if each.identity]
            self.requests = requests.result()

    def __bool__(self):
        return bool(self.held or self.requests)

    def cancel_requests(self):
        """No more machine is asked for."""
        if self.requests:
            self.api.call("cancel_spot_instance_requests", SpotInstanceRequestIds=self.requests)

    def delete(self, ids):
        """Removes the rest, as soon as the machines `ids` do not use it any more."""
        for each in self.held:
            self.api.delete_when_free(each, ids)


def open_requests(api, cluster_id, alive=()):
    """Ids of the cluster's spot requests that may still bring a machine; without those of machines `alive`."""
    words = named({"tag:stix-cluster-id": cluster_id, "state": ["open", "active"]})
    pages = api.ec2.get_paginator("describe_spot_instance_requests").paginate(Filters=words)
    found = [one for page in pages for one in page["SpotInstanceRequests"]]
    return [one["SpotInstanceRequestId"] for one in found if one.get("InstanceId") not in alive]


class PlacementGroup:
    """Machines close together, for network cards that need it; `stix-<cluster id>`.

    Args:
        tags: all its tags, as a map.
    """

    def __init__(self, api, cluster_id, tags):
        self.api, self.tags = api, tags
        self.name = "stix-" + cluster_id
        found = api.call("describe_placement_groups", Filters=named({"tag:stix-cluster-id": cluster_id}))
        self.identity = next((one["GroupName"] for one in found["PlacementGroups"]), None)

    def create(self):
        """Makes it; whether it was not there before."""
        if self.identity:
            return False
        tags = [{"ResourceType": "placement-group", "Tags": as_tags(self.tags)}]
        self.api.call("create_placement_group", GroupName=self.name, Strategy="cluster", TagSpecifications=tags)
        self.identity = self.name
        return True

    def delete(self):
        """Removes it."""
        self.api.ec2.delete_placement_group(GroupName=self.identity)
        self.identity = None


class Addresses:
    """Public addresses of machines with several network cards: EC2 gives those none by itself."""

    def __init__(self, api, cluster_id, tags):
        self.api, self.tags = api, tags
        self.name = "the public addresses of the cluster"
        words = named({"tag:stix-cluster-id": cluster_id})
        self.found = api.call("describe_addresses", Filters=words)["Addresses"]

    @property
    def identity(self):
        """Whether there are any."""
        return bool(self.found)

    def of(self, instances):
        """These addresses, without those of other machines."""
        ids = {one["InstanceId"] for one in instances}
        self.found = [one for one in self.found if not one.get("AssociationId") or one.get("InstanceId") in ids]
        return self

    def give(self, instances):
        """Gives each machine one; those that nobody uses come first."""
        free = [one for one in self.found if not one.get("AssociationId")]
        for one in instances:
            tags = [{"ResourceType": "elastic-ip", "Tags": as_tags(self.tags)}]
            place = free.pop() if free else self.api.call("allocate_address", Domain="vpc", TagSpecifications=tags)
            if place not in self.found:
                self.found.append(place)
            card = next(each for each in one["NetworkInterfaces"] if each["Attachment"]["DeviceIndex"] == 0)
            words = {"AllocationId": place["AllocationId"], "NetworkInterfaceId": card["NetworkInterfaceId"]}
            self.api.call("associate_address", **words)

    def delete(self):
        """Gives them back."""
        while self.found:
            self.api.ec2.release_address(AllocationId=self.found[-1]["AllocationId"])
            self.found.pop()
