"""What is in the subscription: resource groups and their things, each with what Azure adds to it and takes along."""

import base64
import itertools
import time
import uuid
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

from tests.lab.azure import disks
from tests.lab.azure.catalog import IMAGES, SIZES
from tests.lab.cloud_machines import Machine

VM = "microsoft.compute/virtualmachines"
DISK = "microsoft.compute/disks"
NIC = "microsoft.network/networkinterfaces"
ADDRESS = "microsoft.network/publicipaddresses"
FIREWALL = "microsoft.network/networksecuritygroups"
NETWORK = "microsoft.network/virtualnetworks"
GROUP = "microsoft.resources/resourcegroups"


class Refused(Exception):
    """Resource Manager says no: status, code, message."""


def type_of(path: str) -> str:
    """The type in a path in lower case; that of a resource group where no provider is named."""
    words = path.lower().strip("/").split("/")
    if "providers" not in words:
        return GROUP
    place = len(words) - 1 - words[::-1].index("providers")
    return "/".join([words[place + 1], *words[place + 2 :: 2]])


class Things:
    """Things by their ids in lower case. Who calls holds a lock.

    Args:
        slot: number of the lab; public addresses are 127.79.SLOT.*.
    """

    def __init__(self, slot: int) -> None:
        self.by_id: dict[str, dict[str, Any]] = {}
        self._slot = slot
        self._numbers = itertools.count(5)

    def below(self, path: str) -> list[dict[str, Any]]:
        """Things whose ids begin with a path."""
        begin = path.lower().rstrip("/") + "/"
        return [one for key, one in self.by_id.items() if key.startswith(begin)]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Things of a type."""
        return [one for key, one in self.by_id.items() if type_of(key) == kind]

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make a thing or put it anew; it is `Creating`, for `finish` to end."""
        kind, old = type_of(path), self.by_id.get(path.lower())
        group = "/".join(path.split("/")[:5])
        if kind != GROUP and group.lower() not in self.by_id:
            raise Refused(404, "ResourceGroupNotFound", f"Resource group '{path.split('/')[4]}' could not be found.")
        words = path.strip("/").split("/")
        made = {**body, "id": path, "name": words[-1], "type": kind, "properties": {**(body.get("properties") or {})}}
        made.setdefault(
            "_created", (old or {}).get("_created") or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
        )
        made["properties"]["provisioningState"] = "Creating"
        disks.copy(self.by_id, made["properties"])
        add = {VM: self._vm, NIC: self._nic, ADDRESS: self._address, FIREWALL: self._firewall, NETWORK: self._network}
        if kind in add:
            add[kind](made, (old or {}).get("properties") or {})
        self.by_id[path.lower()] = made
        return made

    def finish(self, path: str, *, failed: bool = False) -> None:
        """End the making of a thing."""
        one = self.by_id.get(path.lower())
        if one is None:
            return
        one["properties"]["provisioningState"] = "Failed" if failed else "Succeeded"
        if type_of(path) == VM and not failed:
            one.setdefault("_power", "running")

    def remove(self, path: str) -> None:
        """Remove a thing, what is below it, and what it was told to take along."""
        one = self.by_id.pop(path.lower(), None)
        if one is None:
            return
        for each in self.below(path):
            self.by_id.pop(each["id"].lower(), None)
        about = one["properties"]
        along: list[dict[str, Any]] = []
        if one["type"] == VM:
            disks.release(self.by_id, one)
            along += about["networkProfile"]["networkInterfaces"]
            profile = about["storageProfile"]
            for disk in [profile["osDisk"], *(profile.get("dataDisks") or [])]:
                identity = disk["managedDisk"]["id"]
                along.append({"id": identity, "properties": {"deleteOption": disk.get("deleteOption")}})
                self.by_id.get(identity.lower(), {}).pop("managedBy", None)
        if one["type"] == NIC:
            along += [each["properties"].get("publicIPAddress") or {} for each in about["ipConfigurations"]]
        for each in along:
            if each and (each.get("properties") or {}).get("deleteOption") == "Delete":
                self.remove(each["id"])

    def why_not(self, path: str) -> None:
        """Refuse to remove what is in use."""
        one = self.by_id.get(path.lower())
        if one and one["type"] == NIC and self._user_of(path):
            raise Refused(
                400, "NicInUse", f"Network Interface {path} is used by existing resource {self._user_of(path)}."
            )
        if one and one["type"] == FIREWALL:
            using = [nic for nic in self.of_type(NIC) if path.lower() in str(nic).lower()]
            if using:
                raise Refused(400, "InUseNetworkSecurityGroupCannotBeDeleted", f"{path} is in use by {using[0]['id']}.")
        if one and one["type"] == NETWORK and any(path.lower() in str(nic).lower() for nic in self.of_type(NIC)):
            raise Refused(400, "InUseSubnetCannotBeDeleted", f"Subnet of {path} is in use.")

    def machines(self) -> list[Machine]:
        """Machines that have a disk."""
        return [self._machine(vm) for vm in self.of_type(VM) if vm.get("_power")]

    def addresses(self, vm: dict[str, Any]) -> tuple[str, str, str]:
        """Private address, range of its subnet and public address."""
        nic = self.by_id[vm["properties"]["networkProfile"]["networkInterfaces"][0]["id"].lower()]
        about = nic["properties"]["ipConfigurations"][0]["properties"]
        public = self.by_id.get((about.get("publicIPAddress") or {}).get("id", "").lower())
        return about["privateIPAddress"], self._range(about), public["properties"]["ipAddress"] if public else ""

    def _machine(self, vm: dict[str, Any]) -> Machine:
        private, addresses, public = self.addresses(vm)
        system = vm["properties"]["osProfile"]
        keys = [key["keyData"] for key in system["linuxConfiguration"]["ssh"]["publicKeys"]]
        return Machine(
            id="az-" + vm["properties"]["vmId"], hostname=system["computerName"], running=vm["_power"] == "running",
            network="az-" + addresses.replace("/", "-"), addresses=addresses, private_ip=private, public_ip=public,
            user=system["adminUsername"], keys=tuple(keys), user_data=base64.b64decode(system.get("customData", "")),
        )  # fmt: skip

    def _vm(self, vm: dict[str, Any], old: dict[str, Any]) -> None:
        about = vm["properties"]
        size = about["hardwareProfile"]["vmSize"]
        if size not in SIZES:
            raise Refused(400, "InvalidParameter", f"The value {size} provided for the VM size is not valid.")
        image = about["storageProfile"]["imageReference"]
        if "publisher" in image and IMAGES.get((image["publisher"], image["offer"], image["sku"])) != vm.get("plan"):
            raise Refused(
                400,
                "VMMarketplaceInvalidInput",
                "Creating a virtual machine from Marketplace image requires Plan information.",
            )
        for one in about["networkProfile"]["networkInterfaces"]:
            if one["id"].lower() not in self.by_id:
                raise Refused(404, "NotFound", f"Resource {one['id']} not found.")
            if self._user_of(one["id"]) not in ("", vm["id"].lower()):
                raise Refused(400, "NicInUse", f"{one['id']} is used by another machine.")
        about["vmId"] = old.get("vmId") or str(uuid.uuid4())
        about["timeCreated"] = vm["_created"]
        disk = about["storageProfile"]["osDisk"]
        path = "/".join(vm["id"].split("/")[:5]) + "/providers/Microsoft.Compute/disks/" + disk["name"]
        disk["managedDisk"] = {**disk.get("managedDisk", {}), "id": path}
        made = self.put(path, {"location": vm["location"], "managedBy": vm["id"], "tags": dict(vm.get("tags") or {})})
        made["properties"] |= {"diskSizeGB": disk.get("diskSizeGB", 30), "provisioningState": "Succeeded"}
        for disk in about["storageProfile"].get("dataDisks") or []:
            self._data_disk(vm, disk)
        for key in ("proximityPlacementGroup",):
            if key in about and about[key]["id"].lower() not in self.by_id:
                raise Refused(404, "ResourceNotFound", f"The entity {about[key]['id']} was not found.")

    def _data_disk(self, vm: dict[str, Any], disk: dict[str, Any]) -> None:
        if disk["createOption"] == "Empty":
            path = "/".join(vm["id"].split("/")[:5]) + "/providers/Microsoft.Compute/disks/" + disk["name"]
            disk["managedDisk"]["id"] = path
            made = self.put(path, {"location": vm["location"], "tags": dict(vm.get("tags") or {})})
            made["properties"] |= {"diskSizeGB": disk["diskSizeGB"], "provisioningState": "Succeeded"}
        found = self.by_id.get(disk["managedDisk"]["id"].lower())
        if found is None:
            raise Refused(404, "NotFound", f"Disk {disk['managedDisk']['id']} is not found.")
        if found.get("managedBy", vm["id"]) != vm["id"]:
            raise Refused(409, "ConflictingUserInput", f"Disk {found['id']} cannot be attached as the disk is in use.")
        if found.get("zones", vm.get("zones")) != vm.get("zones"):
            raise Refused(400, "BadRequest", f"Disk {found['id']} is not in the zone of the machine.")
        found["managedBy"] = vm["id"]

    def _user_of(self, nic: str) -> str:
        for vm in self.of_type(VM):
            if any(one["id"].lower() == nic.lower() for one in vm["properties"]["networkProfile"]["networkInterfaces"]):
                return vm["id"].lower()
        return ""

    def _nic(self, nic: dict[str, Any], old: dict[str, Any]) -> None:
        former = [one["properties"].get("privateIPAddress") for one in old.get("ipConfigurations") or []]
        for number, one in enumerate(nic["properties"]["ipConfigurations"]):
            about = one["properties"] = dict(one["properties"])
            for key, needed in (("subnet", NETWORK + "/subnets"), ("publicIPAddress", ADDRESS)):
                if key in about and about[key]["id"].lower() not in self.by_id:
                    raise Refused(400, "InvalidResourceReference", f"{about[key]['id']} ({needed}) was not found.")
            used = {each["properties"].get("privateIPAddress") for each in self._settings()}
            free = (str(each) for each in itertools.islice(ip_network(self._range(about)).hosts(), 3, None))
            about["privateIPAddress"] = (
                former[number] if number < len(former) else next(ip for ip in free if ip not in used)
            )

    def _settings(self) -> list[dict[str, Any]]:
        return [one for nic in self.of_type(NIC) for one in nic["properties"]["ipConfigurations"]]

    def _range(self, about: dict[str, Any]) -> str:
        return str(self.by_id[about["subnet"]["id"].lower()]["properties"]["addressPrefix"])

    def _address(self, address: dict[str, Any], old: dict[str, Any]) -> None:
        address["properties"]["ipAddress"] = (
            old.get("ipAddress") or f"127.79.{self._slot}.{next(self._numbers) % 250 + 1}"
        )

    def _firewall(self, firewall: dict[str, Any], old: dict[str, Any]) -> None:
        rules = [dict(one) for one in firewall["properties"].get("securityRules") or []]
        firewall["properties"]["securityRules"] = rules

    def _network(self, network: dict[str, Any], old: dict[str, Any]) -> None:
        for one in network["properties"].get("subnets") or []:
            one["id"] = f"{network['id']}/subnets/{one['name']}"
            self.by_id[one["id"].lower()] = {**one, "type": NETWORK + "/subnets", "_created": ""}

    def rule(self, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        """Put a rule of a firewall group, or remove it."""
        holder, _, name = path.rpartition("/securityRules/")
        if holder.lower() not in self.by_id:
            raise Refused(404, "ResourceNotFound", f"The Resource '{holder}' was not found.")
        about = self.by_id[holder.lower()]["properties"]
        about["securityRules"] = [one for one in about["securityRules"] if one["name"] != name]
        if body is None:
            return {}
        made = {"id": path, "name": name, "properties": {**body["properties"], "provisioningState": "Succeeded"}}
        about["securityRules"].append(made)
        return made

    def evict(self, name: str) -> bool:
        """Take a spot machine back, as its policy says."""
        for vm in self.of_type(VM):
            if name in (vm["name"], vm["id"]) and vm["properties"].get("priority") == "Spot":
                if vm["properties"].get("evictionPolicy") == "Delete":
                    self.remove(vm["id"])
                else:
                    vm["_power"] = "deallocated"
                return True
        return False


def shown(one: Any) -> Any:
    """A thing as it is answered: without what only the lab knows."""
    if isinstance(one, dict):
        return {key: shown(value) for key, value in one.items() if not key.startswith("_")}
    return [shown(each) for each in one] if isinstance(one, list) else one


def view(vm: dict[str, Any]) -> dict[str, Any]:
    """`instanceView` of a machine."""
    state = vm["properties"]["provisioningState"]
    statuses = [{"code": f"ProvisioningState/{state.lower()}", "level": "Info", "displayStatus": state}]
    if vm.get("_power"):
        power = vm["_power"]
        statuses.append({"code": f"PowerState/{power}", "level": "Info", "displayStatus": f"VM {power}"})
    return {"statuses": statuses}


def now() -> float:
    """Seconds by a clock that only goes forward."""
    return time.monotonic()
