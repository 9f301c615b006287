"""Snapshots of EBS volumes: the half of `disk_snapshots` that is AWS's."""

from ansible_collections.stix.core.plugins.module_utils.aws_instances import tags_of
from ansible_collections.stix.core.plugins.module_utils.disk_snapshots import MARK, marks_of, snapshot_thing
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

STATES = {"completed": "ready", "pending": "pending", "recovering": "pending", "recoverable": "failed"}


def snapshot(region, one):
    """A snapshot as EC2 describes it, as a thing."""
    details = {"account": one.get("OwnerId", ""), "disk": one.get("VolumeId", "")}
    began = one.get("StartTime")
    return snapshot_thing(
        one["SnapshotId"],
        tags_of(one),
        one["VolumeSize"],
        STATES.get(one["State"], "failed"),
        int(began.timestamp()) if began else 0,
        region=region,
        details=details,
    )


class AwsSnapshots(object):
    """Of one region; who inherits it has `region`, `params` and `_call`."""

    def find_snapshot(self, name):
        """The user's own by its name, anybody's by its id."""
        if name.startswith("snap-"):
            asked = {"SnapshotIds": [name]}
        else:
            marks = {MARK: name, "stix-volume-owner": self.params["user"]}
            filters = [{"Name": "tag:" + key, "Values": [value]} for key, value in marks.items()]
            asked = {"OwnerIds": ["self"], "Filters": filters}
        try:
            found = self._call("describe_snapshots", **asked)["Snapshots"]
        except Failure as failure:
            if failure.details.get("provider_code") not in ("InvalidSnapshot.NotFound", "InvalidSnapshotID.Malformed"):
                raise
            return None
        return snapshot(self.region, found[0]) if found else None

    def save(self, volume, disk, name):
        """Makes one: what will be on it is settled at once, and copied in the background."""
        tags = {**(volume.get("labels") or {}), "Name": name, **marks_of(volume, name, self.params["user"])}
        words = [{"Key": key, "Value": str(value)} for key, value in tags.items()]
        made = self._call(
            "create_snapshot",
            VolumeId=disk["id"],
            Description="stix: volume %s" % volume["name"],
            TagSpecifications=[{"ResourceType": "snapshot", "Tags": words}],
        )
        return snapshot(self.region, made)

    def drop(self, there):
        """Deletes it."""
        self._call("delete_snapshot", SnapshotId=there["id"])

    def saving(self, disk):
        """One that is copied from the volume still; who may not look has made none."""
        marks = {"volume-id": disk["id"], "status": "pending"}
        filters = [{"Name": key, "Values": [value]} for key, value in marks.items()]
        try:
            found = self._call("describe_snapshots", OwnerIds=["self"], Filters=filters)["Snapshots"]
        except Failure as failure:
            if failure.code != "provision.permission":
                raise
            return ""
        return snapshot(self.region, found[0])["name"] if found else ""
