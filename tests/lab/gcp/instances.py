"""Instances of the lab's Compute Engine: made one by one or by bulk insert, started, stopped, deleted, taken back."""

import copy
import re
from typing import Any

from tests.lab.cloud_machines import Machine
from tests.lab.gcp import facts
from tests.lab.gcp.store import PROJECT, Refusal, Store, Thing, now

LABEL = re.compile(r"[^\W\dA-Z_][^\WA-Z]*(?:[\w-]*)")
NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")


def invalid(field: str, words: str) -> Refusal:
    """Compute Engine's refusal of a field."""
    return Refusal(400, "invalid", f"Invalid value for field '{field}': {words}")


class Instances:
    """What can be done with instances; `store` holds them."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def bulk(self, zone: str, body: Thing, error: Thing | None) -> Thing:
        """Bulk insert: the operation. With `error` it ends so, and nothing is made; Raises Refusal."""
        names = list(body["perInstanceProperties"])
        if int(body["count"]) != len(names):
            raise invalid("count", f"'{body['count']}'. It must be the number of perInstanceProperties.")
        for name in names:
            self.check(zone, name, body["instanceProperties"])
        scope, group = f"zones/{zone}", self.store.number()
        target = f"{PROJECT}/{scope}"
        taken = [name for name in names if f"{PROJECT}/{scope}/instances/{name}" in self.store.things]
        if taken:
            told = f"The resource 'projects/{PROJECT}/{scope}/instances/{taken[0]}' already exists"
            error = {"code": "RESOURCE_ALREADY_EXISTS", "message": told}
        error = error or self.over_quota(zone, body["instanceProperties"], len(names))
        if error:
            few = {"code": "VM_MIN_COUNT_NOT_REACHED"}
            few["message"] = f"Requested minimum count of {len(names)} VMs could not be created."
            self.store.operate(
                scope, "insert", f"{target}/instances/{names[0]}", error={"errors": [error]}, operationGroupId=group
            )
            return self.store.operate(scope, "bulkInsert", target, error={"errors": [few]}, operationGroupId=group)
        for name in names:
            self.make(zone, name, copy.deepcopy(body["instanceProperties"]))
        return self.store.operate(
            scope, "bulkInsert", target, operationGroupId=group, then=lambda: self.run(zone, names)
        )

    def check(self, zone: str, name: str, body: Thing) -> None:
        """What Compute Engine refuses at once."""
        if not NAME.fullmatch(name):
            raise invalid(
                "resource.name", f"'{name}'. Must be a match of regex '(?:[a-z](?:[-a-z0-9]{{0,61}}[a-z0-9])?)'"
            )
        for key, value in (body.get("labels") or {}).items():
            if not LABEL.fullmatch(key) or len(key) > 63 or value != value.lower() or len(value) > 63:
                raise invalid("resource.labels", f"'{key}: {value}'. Label is not valid.")
        kind = body["machineType"].rpartition("/")[2]
        if facts.machine_type(kind, zone) is None:
            raise invalid(
                "resource.machineType", f"'{kind}'. Machine type with name '{kind}' does not exist in zone '{zone}'."
            )
        spot = (body.get("scheduling") or {}).get("provisioningModel") == "SPOT"
        if spot and (body["scheduling"].get("automaticRestart") is not False):
            raise invalid(
                "scheduling.automaticRestart", "'true'. Scheduling must have automatic restart disabled for Spot."
            )
        if body.get("guestAccelerators") and body["scheduling"].get("onHostMaintenance") != "TERMINATE":
            raise invalid(
                "scheduling.onHostMaintenance",
                "'MIGRATE'. Instances with guest accelerators do not support live migration.",
            )
        for policy in body.get("resourcePolicies") or ():
            self.store.get(policy.partition("projects/")[2])
            if body["scheduling"].get("onHostMaintenance") != "TERMINATE":
                raise invalid("scheduling.onHostMaintenance", "'MIGRATE'. Placed instances are not migrated.")
        for card in body["networkInterfaces"]:
            self.store.get(card["subnetwork"].partition("/projects/")[2])

    def over_quota(self, zone: str, body: Thing, count: int) -> Thing | None:
        """The error of an operation that needs more CPUs than the region's quota allows."""
        kind = body["machineType"].rpartition("/")[2]
        region, family = zone.rpartition("-")[0], kind.partition("-")[0]
        metric = "CPUS" if family in ("e2", "n1") else f"{family.upper()}_CPUS"
        about = facts.machine_type(kind, zone)
        limit = facts.QUOTAS.get(metric, 10**6)
        if about and int(about["guestCpus"]) * count + self.used(region).get(metric, 0) > limit:
            return {
                "code": "QUOTA_EXCEEDED",
                "message": f"Quota '{metric}' exceeded.  Limit: {limit:.1f} in region {region}.",
            }
        return None

    def used(self, region: str) -> dict[str, int]:
        """Usage of a region's quotas."""
        found: dict[str, int] = {}
        for one in self.store.every("instances"):
            zone = one["zone"].rpartition("/")[2]
            if zone.rpartition("-")[0] == region and one["status"] != "TERMINATED":
                kind = one["machineType"].rpartition("/")[2]
                metric = "CPUS" if kind[:2] in ("e2", "n1") else f"{kind.partition('-')[0].upper()}_CPUS"
                found[metric] = found.get(metric, 0) + int((facts.machine_type(kind, zone) or {}).get("guestCpus", 0))
                found["INSTANCES"] = found.get("INSTANCES", 0) + 1
        return found

    def make(self, zone: str, name: str, body: Thing) -> None:
        """Describe a new instance, on its way to run."""
        scope = f"zones/{zone}"
        card = body["networkInterfaces"][0]
        subnet = self.store.get(card["subnetwork"].partition("/projects/")[2])
        card |= {"name": "nic0", "networkIP": self.store.private_address(subnet)}
        kind = body["machineType"].rpartition("/")[2]
        link = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/{scope}"
        body |= {"name": name, "status": "STAGING", "machineType": f"{link}/machineTypes/{kind}"}
        body |= {"labelFingerprint": self.store.number(), "_ran": False}
        for part in ("tags", "metadata"):
            body.setdefault(part, {})["fingerprint"] = self.store.number()
        disk = body["disks"][0]
        made = self.store.put(PROJECT, scope, "instances", body)
        params = disk.pop("initializeParams")
        root = {"name": name, "status": "READY", "labels": params.get("labels") or {}, "users": [made["selfLink"]]}
        root |= {"sizeGb": params["diskSizeGb"], "type": params["diskType"], "sourceImage": params["sourceImage"]}
        disk["source"] = self.store.put(PROJECT, scope, "disks", root)["selfLink"]

    def run(self, zone: str, names: list[str]) -> None:
        """They run now, with new public addresses."""
        for name in names:
            one = self.store.things.get(f"{PROJECT}/zones/{zone}/instances/{name}")
            if one:
                one |= {"status": "RUNNING", "_ran": True, "lastStartTimestamp": now()}
                for way in one["networkInterfaces"][0].get("accessConfigs") or ():
                    way["natIP"] = self.store.public_address()

    def halt(self, one: Thing, status: str = "TERMINATED") -> None:
        """It does not run any more; its public address is somebody else's."""
        one["status"] = status
        for way in one["networkInterfaces"][0].get("accessConfigs") or ():
            way.pop("natIP", None)

    def drop(self, path: str) -> None:
        """It is gone, and its disks that go with it."""
        one = self.store.things.pop(path, None)
        for disk in [disk for disk in (one or {}).get("disks", ()) if disk.get("type") != "SCRATCH"]:
            disk_path = disk["source"].partition("/projects/")[2]
            if disk.get("autoDelete"):
                self.store.things.pop(disk_path, None)
            elif disk_path in self.store.things:
                users = self.store.things[disk_path]["users"]
                self.store.things[disk_path]["users"] = [link for link in users if link != (one or {})["selfLink"]]

    def preempt(self, name: str) -> bool:
        """Take a spot machine back, as its scheduling says."""
        for path, one in list(self.store.things.items()):
            scheduling = one.get("scheduling") or {}
            if path.endswith(f"/instances/{name}") and scheduling.get("provisioningModel") == "SPOT":
                scope = "zones/" + one["zone"].rpartition("/")[2]
                self.store.operate(scope, "compute.instances.preempted", path, target_id=one["id"])
                if scheduling.get("instanceTerminationAction") == "DELETE":
                    self.drop(path)
                else:
                    self.halt(one)
                return True
        return False

    def machines(self, profiles: dict[str, list[str]]) -> list[Machine]:
        """Those that have a disk; `profiles` are the keys of OS Login, by login."""
        return [self._machine(one, profiles) for one in self.store.every("instances") if one["_ran"]]

    def _machine(self, one: Thing, profiles: dict[str, list[str]]) -> Machine:
        items: dict[str, Any] = {item["key"]: item["value"] for item in one["metadata"].get("items") or ()}
        lines = [line.partition(":") for line in items.get("ssh-keys", "").splitlines() if ":" in line]
        if items.get("enable-oslogin") == "TRUE":
            lines = [(login, ":", key) for login, keys in profiles.items() for key in keys]
        user = lines[0][0] if lines else ""
        card = one["networkInterfaces"][0]
        network = self.store.get(card["network"].partition("/projects/")[2])
        public = next((way["natIP"] for way in card.get("accessConfigs") or () if "natIP" in way), "")
        return Machine(
            id=f"gcp-{one['id']}",
            hostname=one["name"],
            running=one["status"] in ("RUNNING", "STAGING"),
            network=f"gcp-{self.store.slot}-{network['name']}",
            addresses=self.store.network_range(network),
            private_ip=card["networkIP"],
            public_ip=public,
            user=user,
            keys=tuple(key for name, _, key in lines if name == user),
            user_data=str(items.get("user-data") or items.get("startup-script") or "").encode(),
        )
