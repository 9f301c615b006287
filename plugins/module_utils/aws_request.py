"""What EC2 is asked to run: a create's words, but for subnet and client token."""

from ansible_collections.stix.core.plugins.module_utils.aws_efa import interfaces
from ansible_collections.stix.core.plugins.module_utils.aws_images import (
    Images,
    data_disks,
    image_wish,
    login,
    root_disk,
)
from ansible_collections.stix.core.plugins.module_utils.aws_instances import as_tags, rank_text
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

USER_DATA = 16384
"""Bytes of user data that EC2 takes."""


class Request:
    """Makes the words of a create.

    Args:
        api: EC2.
        params: the options of the module aws_machines.
        key: name of the key pair.
    """

    def __init__(self, api, params, key):
        self.api = api
        self.params = params
        self.config = params["config"]
        self.key = key

    def words(self, nodes, groups, about, adapters, placement):
        """Options of `run_instances`.

        Args:
            nodes: the wanted nodes; the first one's wishes count.
            groups: ids of the firewall groups.
            about: the instance type as EC2 describes it.
            adapters: how many network adapters of `network_tier: best`; 0: an ordinary network card.
            placement: name of a placement group, or empty.

        Raises:
            Failure: `provision.config`, an image or a setting does not serve.
        """
        first, spot = nodes[0], bool(nodes[0].get("use_spot"))
        image = self._image(first, about)
        encrypted = self.config.get("disk_encrypted")
        disk = root_disk(image, first.get("disk_size"), first.get("disk_tier"), encrypted)
        tags = self._tags(nodes, self.config.get("ssh_user") or login(image.get("Name") or ""), spot)
        kinds = ("instance", "volume", "network-interface", *(["spot-instances-request"] if spot else []))
        request = {
            "MinCount": len(nodes),
            "MaxCount": len(nodes),
            "ImageId": image["ImageId"],
            "InstanceType": about["InstanceType"],
            "KeyName": self.key,
            "BlockDeviceMappings": [disk, *data_disks(self.config.get("extra_volumes"), encrypted)],
            "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
            "NetworkInterfaces": interfaces(adapters, groups, self.api.internal),
            "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in kinds],
            **self._optional(placement),
        }
        return {**request, **self._shutdown(spot)}

    def _optional(self, placement):
        found, profile, data = {}, self.config.get("instance_profile"), self.config.get("user_data")
        if profile:
            found["IamInstanceProfile"] = {"Arn" if profile.startswith("arn:") else "Name": profile}
        if placement:
            found["Placement"] = {"GroupName": placement}
        if data:
            if len(str(data).encode()) > USER_DATA:
                words = "user_data of config.aws is longer than %d bytes" % USER_DATA
                raise Failure("provision.config", words, "Have it fetch the rest.", {"scope": "cloud"})
            found["UserData"] = str(data)
        return found

    def _image(self, node, about):
        arch = "arm64" if "arm64" in about["ProcessorInfo"]["SupportedArchitectures"] else "x86_64"
        images = Images(self.api.ec2, lambda: self.api.client("ssm"), self.config.get("image_owners") or ())
        gpus = bool((about.get("GpuInfo") or {}).get("Gpus"))
        return images.find(image_wish(node.get("image_id"), self.api.region), arch, gpus)

    def _tags(self, nodes, user, spot):
        theirs = {**(self.config.get("labels") or {}), **(nodes[0].get("labels") or {})}
        more = {"stix-ssh-user": user, "stix-ranks": rank_text([node["rank"] for node in nodes])}
        if "InstanceInitiatedShutdownBehavior" in self._shutdown(spot):
            more["stix-on-shutdown"] = self.params["on_shutdown"] or "stop"
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
