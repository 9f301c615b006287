"""Volumes of EBS, found by their tags or ids: the half of `disk_volumes` that is AWS's."""

import string

from ansible_collections.stix.core.plugins.module_utils.aws_errors import classify_exception
from ansible_collections.stix.core.plugins.module_utils.aws_instances import tags_of
from ansible_collections.stix.core.plugins.module_utils.aws_snapshots import AwsSnapshots
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

ALIVE = ("pending", "running", "stopping", "stopped")
LETTERS = string.ascii_lowercase[5:16]
"""Letters of device names that AWS recommends for volumes: /dev/sdf to /dev/sdp."""

TYPE = "gp3"


class AwsVolumes(AwsSnapshots):
    """One region.

    Args:
        ec2: a client.
        region: its name.
        params: the options of the module aws_volumes.
    """

    def __init__(self, ec2, region, params):
        self.ec2 = ec2
        self.region = region
        self.params = params

    def find(self, volume):
        """The volume by its id, or by its tags; None when it is not there."""
        known = volume.get("id") or (volume["resource"] if volume["resource"].startswith("vol-") else "")
        if known:
            asked = {"VolumeIds": [known]}
        elif volume.get("existing"):
            asked = {"Filters": [{"Name": "tag:Name", "Values": [volume["resource"]]}]}
        else:
            marks = {"stix-volume": volume["name"], "stix-volume-owner": self.params["user"]}
            asked = {"Filters": [{"Name": "tag:" + key, "Values": [value]} for key, value in marks.items()]}
        try:
            found = self._call("describe_volumes", **asked)["Volumes"]
        except Failure as failure:
            if failure.details.get("provider_code") != "InvalidVolume.NotFound":
                raise
            return None
        found = [one for one in found if one["State"] not in ("deleting", "deleted")]
        if len(found) > 1:
            words = "%d volumes are called %s" % (len(found), volume["resource"])
            raise Failure("provision.config", words, "Give resource_name: vol-..., the id of one.", {"scope": ""})
        return self._disk(found[0], volume) if found else None

    def _disk(self, one, volume):
        tags = tags_of(one)
        ours = (tags.get("stix-volume"), tags.get("stix-volume-owner")) == (volume["name"], self.params["user"])
        held = [each["InstanceId"] for each in one.get("Attachments") or () if each["State"] != "detached"]
        names = {each["InstanceId"]: each["Device"] for each in one.get("Attachments") or ()}
        return {"id": one["VolumeId"], "size": one["Size"], "ours": ours, "machines": held, "names": names,
                "zone": one["AvailabilityZone"]}  # fmt: skip

    def make(self, volume):
        """Makes it in its zone."""
        config = volume.get("config") or {}
        tags = {**(volume.get("labels") or {}), "Name": volume["resource"], "stix-volume": volume["name"],
                "stix-volume-owner": self.params["user"]}  # fmt: skip
        if volume.get("passing"):
            tags.update({"stix-cluster": self.params["cluster"], "stix-cluster-id": self.params["cluster_id"],
                         "stix-user": self.params["user"]})  # fmt: skip
        wish = {
            "AvailabilityZone": self._zone(volume),
            "Size": volume["size"],
            "VolumeType": config.get("disk_type") or TYPE,
            "Encrypted": bool(config.get("encrypted")),
            "TagSpecifications": [
                {"ResourceType": "volume", "Tags": [{"Key": key, "Value": str(value)} for key, value in tags.items()]}
            ],
        }
        if volume.get("source"):  # an encrypted snapshot makes an encrypted volume, which must not be denied
            wish["SnapshotId"] = volume["source"]["id"]
            wish = {key: value for key, value in wish.items() if key != "Encrypted" or value}
        made = self._call("create_volume", **wish)
        self._wait("volume_available", made["VolumeId"])
        return self._disk(made, volume)

    def _zone(self, volume):
        """The name of its zone; a zone may be told by the id that all accounts call it by."""
        zone = volume.get("zone") or ""
        if not zone:
            raise Failure(
                "provision.config", "Volume %s has no zone" % volume["name"], "Name one: infra: aws/REGION/ZONE."
            )
        if zone.startswith(self.region):
            return zone
        found = self._call("describe_availability_zones", Filters=[{"Name": "zone-id", "Values": [zone]}])
        names = [one["ZoneName"] for one in found["AvailabilityZones"]]
        return names[0] if names else zone

    def grow(self, disk, size):
        """Asks for more room, which is there at once; what is on it is moved in the background."""
        self._call("modify_volume", VolumeId=disk["id"], Size=size)

    def delete(self, disk):
        """Deletes it."""
        self._call("delete_volume", VolumeId=disk["id"])

    def head(self):
        """The instance of rank 0."""
        marks = {"tag:stix-cluster-id": self.params["cluster_id"], "tag:stix-rank": "0", "instance-state-name": ALIVE}
        filters = [{"Name": key, "Values": [value] if isinstance(value, str) else list(value)}
                   for key, value in marks.items()]  # fmt: skip
        found = self._instances(Filters=filters)
        return found[0] if found else None

    def machine(self, identity):
        """An instance; None when it is gone."""
        found = [one for one in self._instances(InstanceIds=[identity]) if one["state"] in ALIVE]
        return found[0] if found else None

    def _instances(self, **asked):
        try:
            answer = self._call("describe_instances", **asked)
        except Failure as failure:
            if failure.details.get("provider_code") != "InvalidInstanceID.NotFound":
                raise
            return []
        return [
            {"id": one["InstanceId"], "state": one["State"]["Name"],
             "used": [each["DeviceName"] for each in one.get("BlockDeviceMappings") or ()]}
            for group in answer["Reservations"]
            for one in group["Instances"]
        ]  # fmt: skip

    def attach(self, disk, head):
        """Attaches it under a name that is free."""
        free = [letter for letter in LETTERS if not any(name.endswith("d" + letter) for name in head["used"])]
        if not free:
            raise Failure("provision.config", "%s has no room for another volume" % head["id"], "Take fewer volumes.")
        head["used"].append("/dev/sd" + free[0])
        self._call("attach_volume", VolumeId=disk["id"], InstanceId=head["id"], Device="/dev/sd" + free[0])
        self._wait("volume_in_use", disk["id"])

    def detach(self, disk, identity):
        """Detaches it."""
        self._call("detach_volume", VolumeId=disk["id"], InstanceId=identity)
        self._wait("volume_available", disk["id"])

    def devices(self, disk, identity):
        """Its serial number is its id on machines with NVMe; on others it has the name of its attachment, or xvd."""
        name = disk["names"].get(identity, "")
        serial = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_" + disk["id"].replace("-", "")
        return [serial, *([name, name.replace("/dev/sd", "/dev/xvd")] if name else [])]

    def _wait(self, word, identity):
        try:
            self.ec2.get_waiter(word).wait(VolumeIds=[identity], WaiterConfig={"Delay": 2, "MaxAttempts": 150})
        except Exception as error:
            raise classify_exception(error, region=self.region) from error

    def _call(self, method, **asked):
        try:
            return getattr(self.ec2, method)(**asked)
        except Exception as error:
            raise classify_exception(error, region=self.region) from error
