"""Volumes of pods: claims that outlive them, and what a pod's specification says of claims and folders."""

import posixpath

from ansible_collections.stix.core.plugins.module_utils.disk_snapshots import sourced
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.kubernetes_names import label_value, object_name, quantity
from ansible_collections.stix.core.plugins.module_utils.kubernetes_snapshots import GROUP, ClaimSnapshots, claimed

LABEL = "stix-volume"
"""The label of claims that stix made."""

CLAIMS = "persistentvolumeclaims"
GIB = 2**30


def mounted(spec, volumes, namespace):
    """A pod's specification with volumes mounted in its first container.

    Args:
        volumes: each `target`, `resource` (a claim) or `host_path`, `sub_path`, `mode`, `config`.
        namespace: the pod's own, where its claims must be, too.

    Raises:
        Failure: provision.config.
    """
    names = {}
    for volume in volumes:
        where = volume["config"].get("namespace")
        if where and where != namespace and not volume.get("host_path"):
            raise Failure(
                "provision.config",
                "Volume %s is in namespace %s, but pods are made in %s" % (volume["name"], where, namespace),
                "Pods mount claims of their own namespace only.",
            )
        source = volume.get("host_path") or volume["resource"]
        if source not in names:
            names[source] = "stix-volume-%d" % len(names)
            spec["volumes"].append(dict(_source(volume), name=names[source]))
        mount = {"name": names[source], "mountPath": volume["target"], "readOnly": volume.get("mode") == "ro"}
        if volume.get("sub_path"):
            mount["subPath"] = posixpath.normpath(volume["sub_path"])
        spec["containers"][0]["volumeMounts"].append(mount)
    return spec


def _source(volume):
    if volume.get("host_path"):
        kind = "Directory" if volume.get("mode") == "ro" else "DirectoryOrCreate"
        return {"hostPath": {"path": volume["host_path"], "type": kind}}
    return {"persistentVolumeClaim": {"claimName": volume["resource"]}}


class Claims(ClaimSnapshots):
    """Claims of one namespace.

    Args:
        api: `kubernetes_api.Api`.
        params: the options of the module kubernetes_volumes.
    """

    def __init__(self, api, params):
        self.api = api
        self.params = params

    def have(self, volume, check):
        """Makes a claim or lets it grow; whether that changed anything, and what is there.

        Raises:
            Failure: `provision.config`.
        """
        there = self._find(volume["resource"])
        if there is None:
            if volume.get("existing"):
                raise Failure(
                    "provision.config",
                    "Namespace %s has no claim %r" % (self.api.namespace, volume["resource"]),
                    "Leave use_existing out to have one made.",
                )
            volume = sourced(self, volume)
            if not check:
                there = self.api.create(CLAIMS, self._claim(volume))
            return True, self._told(volume, there)
        if not volume.get("existing") and not self._is_ours(there, volume):
            raise Failure(
                "provision.config",
                "Claim %r of namespace %s belongs to somebody else" % (volume["resource"], self.api.namespace),
                "Choose another name, or take it as it is: use_existing: true.",
            )
        asked = quantity(there["spec"]["resources"]["requests"]["storage"])
        wanted = (volume.get("size") or 0) * GIB
        if volume.get("existing") or wanted <= asked:
            return False, self._told(volume, there)
        if not check:
            parts = {"spec": {"resources": {"requests": {"storage": "%dGi" % volume["size"]}}}}
            there = self.api.change(CLAIMS, volume["resource"], parts)
        return True, self._told(volume, there)

    def remove(self, volume, check):
        """Deletes a claim if it is ours; whether there was one.

        Raises:
            Failure: `provision.config`, a pod has it.
        """
        there = self._find(volume["resource"])
        if there is None or not self._is_ours(there, volume):
            return False
        users = [each["metadata"]["name"] for each in self.api.list("pods") if volume["resource"] in claimed(each)]
        if users:
            raise Failure(
                "provision.config",
                "Volume %s is mounted by pod %s" % (volume["name"], ", ".join(users)),
                "Take the pod down first.",
            )
        if not check:
            self.api.delete(CLAIMS, volume["resource"])
        return True

    def _find(self, name):
        try:
            return self.api.get(CLAIMS, name)
        except Failure as failure:
            if failure.details.get("provider_code") != "NotFound":
                raise
        return None

    def _claim(self, volume):
        given, config = self.params, volume["config"]
        texts = {LABEL: volume["name"], "stix-user": given["user"]}
        if volume.get("passing"):
            texts.update({"stix-cluster": given["cluster"], "stix-cluster-id": given["cluster_id"]})
        labels = {key: label_value(value) for key, value in texts.items() if value}
        if volume.get("passing"):
            labels["stix-cluster-id"] = object_name(given["cluster_id"], 63)
        spec = {
            "accessModes": [config.get("access_mode") or "ReadWriteOnce"],
            "resources": {"requests": {"storage": "%dGi" % volume["size"]}},
        }
        if config.get("storage_class_name"):
            spec["storageClassName"] = config["storage_class_name"]
        if volume.get("source"):
            spec["dataSource"] = {"apiGroup": GROUP, "kind": "VolumeSnapshot", "name": volume["source"]["id"]}
        extra = {key: label_value(value) for key, value in volume["labels"].items()}
        metadata = {"name": volume["resource"], "labels": dict(extra, **labels), "annotations": texts}
        return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}

    def _is_ours(self, there, volume):
        marks = there["metadata"].get("annotations") or {}
        return marks.get(LABEL) == volume["name"] and marks.get("stix-user", "") == self.params["user"]

    def _told(self, volume, there):
        there = there or {"metadata": {}, "spec": {}}
        asked = ((there["spec"].get("resources") or {}).get("requests") or {}).get("storage")
        return {
            "name": volume["name"],
            "resource": volume["resource"],
            "id": volume["resource"],
            "infra": "kubernetes/%s" % self.api.context if self.api.context else "kubernetes",
            "size": int(quantity(asked) // GIB) if asked else volume.get("size"),
            "ours": bool(there["metadata"]) and self._is_ours(there, volume),
            "state": ((there.get("status") or {}).get("phase") or "").lower(),
        }
