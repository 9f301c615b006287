"""Snapshots of claims: objects VolumeSnapshot, where the cluster has that kind."""

import time

from ansible_collections.stix.core.plugins.module_utils.disk_snapshots import MARK, marks_of, same, snapshot_thing
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.kubernetes_names import label_value, object_name, quantity

KIND = "volumesnapshots"
GROUP = "snapshot.storage.k8s.io"
ABSENT = ("NotFound", "404")
"""What a server says of a kind that it does not have."""

GIB = 2**30
SECONDS, PAUSE = 120, 0.5
"""How long it may take until what is on a snapshot is settled."""


def find_all(api):
    """All of the namespace that carry our label, as things; none where the cluster has no such kind."""
    try:
        found = api.list(KIND, labels=MARK)
    except Failure as failure:
        if failure.details.get("provider_code") not in ABSENT:
            raise
        return []
    return [_thing(api, one) for one in found]


def _thing(api, one):
    about = one.get("status") or {}
    size = int(-(-quantity(about.get("restoreSize")) // GIB))
    state = "failed" if about.get("error") else "ready" if about.get("readyToUse") else "pending"
    made = one["metadata"].get("creationTimestamp") or ""
    details = {"namespace": api.namespace, "reason": (about.get("error") or {}).get("message") or ""}
    return snapshot_thing(
        one["metadata"]["name"],
        one["metadata"].get("annotations") or {},
        size,
        state,
        _seconds(made),
        region=api.context,
        details={**details, "claim": one["spec"]["source"].get("persistentVolumeClaimName") or ""},
    )


def _seconds(text):
    import calendar

    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) if text else 0


class ClaimSnapshots(object):
    """Of one namespace; who inherits it has `api` and `params`."""

    def saved(self, volume, check):
        """Makes a snapshot of a claim; whether that changed anything, and the snapshot.

        Raises:
            Failure: `provision.*`; `provision.unsupported`, the cluster has no snapshots.
        """
        name = volume["snapshot"]
        there = same(self.find_snapshot(name), volume, name, self.params["user"])
        if there or check:
            return not there, [there] if there else []
        holders = [each["metadata"]["name"] for each in self.api.list("pods") if volume["resource"] in claimed(each)]
        marks = marks_of(volume, name, self.params["user"])
        labels = {key: label_value(value) for key, value in {**volume["labels"], **marks}.items()}
        spec = {"source": {"persistentVolumeClaimName": volume["resource"]}}
        if volume["config"].get("snapshot_class_name"):
            spec["volumeSnapshotClassName"] = volume["config"]["snapshot_class_name"]
        metadata = {"name": object_name("stix-" + name), "labels": labels, "annotations": marks}
        body = {"apiVersion": GROUP + "/v1", "kind": "VolumeSnapshot", "metadata": metadata, "spec": spec}
        try:
            self.api.create(KIND, body)
        except Failure as failure:
            if failure.details.get("provider_code") not in ABSENT:
                raise
            words = "Context %s has no snapshots of volumes: it lacks VolumeSnapshot (%s/v1)" % (
                self.api.context,
                GROUP,
            )
            raise Failure("provision.unsupported", words, "Its administrator can install them.") from failure
        made = self._settled(metadata["name"])
        return True, [dict(made, details=dict(made["details"], machine=holders[0] if holders else ""))]

    def _settled(self, name):
        """The snapshot as soon as it is taken; one that takes longer is pending."""
        until = time.monotonic() + SECONDS
        while True:
            one = self.api.get(KIND, name)
            about = one.get("status") or {}
            if about.get("creationTime") or about.get("error") or time.monotonic() > until:
                return _thing(self.api, one)
            time.sleep(PAUSE)

    def dropped(self, volume, check):
        """Deletes a snapshot of the user; whether there was one."""
        there = same(self.find_snapshot(volume["snapshot"]), volume, volume["snapshot"], self.params["user"])
        if there and not check:
            self.api.delete(KIND, there["id"])
        return bool(there)

    def find_snapshot(self, name):
        """The user's own snapshot of that name."""
        mine = [one for one in find_all(self.api) if (one["name"], one["user"]) == (name, self.params["user"])]
        return mine[0] if mine else None


def claimed(pod):
    """Claims that a pod has."""
    volumes = pod["spec"].get("volumes") or []
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return []
    return [(each.get("persistentVolumeClaim") or {}).get("claimName") for each in volumes]
