"""The suite on a subscription of Azure, whose machines are described and no machines.

Real ones are in tests/integration/launch/test_azure.py.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.conformance.backend import Backend, Cluster, Fault, Machine
from tests.conformance.suite import Suite
from tests.conftest import demand
from tests.lab.azure.lab import AzureLab
from tests.lab.cloud_proxy.lab import missing

MAKE = "PUT virtualMachines"
STATES = {"deallocated": "stopped", "deallocating": "stopping"}
QUOTA = {
    "code": "OperationNotAllowed",
    "message": "Operation could not be completed as it results in exceeding approved Total Regional Cores quota.",
}
REFUSALS = {
    "capacity": ({"code": "ZonalAllocationFailed", "late": True}, "provision.no_capacity", "region"),
    "quota": (QUOTA, "provision.quota", "region"),
    "auth": ({"action": "token", "code": "AADSTS7000222"}, "provision.auth", "cloud"),
    "permission": ({"code": "AuthorizationFailed", "status": 403}, "provision.permission", "cloud"),
    "transient": ({"code": "ServiceUnavailable", "status": 503}, "provision.transient", "region"),
    "config": ({"code": "InvalidParameter", "status": 400}, "provision.config", "region"),
    "partial": ({**QUOTA, "late": True, "times": 1}, "provision.quota", "region"),
    "unknown": ({"code": "NobodyKnowsThis", "late": True, "times": 1}, "provision.unknown", ""),
}
"""Kind -> what Azure does, our code, and what it rules out."""


class Azure(Backend):
    """Virtual machines."""

    name = "azure"
    ids_are_places = True
    cannot = {"reach": "the machines are described only; tests/integration/launch/test_azure.py has real ones"}
    cuts = {
        "provision": (MAKE,),
        "stop": ("POST virtualMachines/deallocate",),
        "terminate": ("DELETE resourceGroups",),
    }
    zones = ("2", "1")
    zones_in_a_region = 4
    regions = ("westus", "eastus")
    instance_type = "Standard_D2s_v5"

    def __enter__(self) -> "Azure":
        demand(missing())
        self.lab = AzureLab().__enter__()
        self._seen = 0
        self._held = 0.0
        return self

    def __exit__(self, *_: object) -> None:
        self.lab.__exit__(None, None, None)

    @property
    def environment(self) -> dict[str, str]:
        return self.lab.environment

    @property
    def variables(self) -> dict[str, Any]:
        return {"stix_region": "eastus"}

    def node(self, rank: int) -> dict[str, Any]:
        return {"instance_type": self.instance_type}

    def _vms(self, cluster: Cluster) -> list[dict[str, Any]]:
        ours = [vm for vm in self.lab.machines() if _tags(vm).get("stix-cluster-id") == cluster.id]
        return [vm for vm in ours if vm["properties"]["provisioningState"] != "Deleting"]

    def machines(self, cluster: Cluster) -> dict[int, Machine]:
        ours = {int(_tags(vm)["stix-rank"]): vm for vm in self._vms(cluster)}
        assert len(ours) == len(self._vms(cluster)), "two machines of one rank"
        return {rank: Machine(vm["id"], _state(vm)) for rank, vm in ours.items()}

    def things(self, cluster: Cluster) -> list[str]:
        every = [*self.lab.ask("/resourcegroups")["value"], *self.lab.resources()]
        return [one["id"] for one in every if _tags(one).get("stix-cluster-id") == cluster.id]

    def changes(self) -> list[str]:
        return [call["action"] for call in self._calls() if call.get("method", "GET") != "GET"]

    def _calls(self) -> list[dict[str, Any]]:
        every = self.lab.calls()
        fresh, self._seen = every[self._seen :], len(every)
        return fresh

    def tried(self, regions: bool = False) -> list[str]:
        return [call["region" if regions else "zone"] for call in self._calls() if call["action"] == MAKE]

    def lose(self, machine: Machine) -> None:
        self._ask(machine, "DELETE", "")

    def halt(self, machine: Machine) -> None:
        self._ask(machine, "POST", "/deallocate")

    def unmark(self, machine: Machine) -> None:
        self.lab.ask("/" + machine.id.split("/", 3)[3], "PATCH", {"tags": {}})
        self._calls()

    def _ask(self, machine: Machine, method: str, verb: str) -> None:
        self.lab.ask("/" + machine.id.split("/", 3)[3] + verb, method)
        time.sleep(0.5)
        self._calls()

    def ports(self, cluster: Cluster) -> set[int]:
        groups = self.lab.ask("/providers/Microsoft.Network/networkSecurityGroups")["value"]
        ours = [one for one in groups if _tags(one).get("stix-cluster-id") == cluster.id]
        rules = [rule["properties"] for one in ours for rule in one["properties"].get("securityRules") or []]
        return {port for rule in rules for port in _opened(rule)} - {22}

    def marks(self, cluster: Cluster, rank: int) -> dict[str, str]:
        return next(_tags(vm) for vm in self._vms(cluster) if _tags(vm)["stix-rank"] == str(rank))

    @contextlib.contextmanager
    def fault(self, kind: str, zone: str = "") -> Iterator[Fault]:
        rule, code, scope = REFUSALS[kind]
        self.lab.refuse({"action": MAKE, "message": "no", **rule, **({"zone": zone} if zone else {})})
        self._calls()
        yield Fault(code, scope)
        self.lab.refuse_nothing()

    @contextlib.contextmanager
    def cut(self, verb: str, point: str, cluster: Cluster) -> Iterator[Callable[[], bool]]:
        self._calls()
        self.lab.refuse({"action": point, "delay": 3, "times": 1})
        yield lambda: any(call["action"] == point for call in self._calls())
        self._held = time.monotonic() + 4
        self.lab.refuse_nothing()

    def settle(self) -> None:
        time.sleep(max(0.0, self._held - time.monotonic()))  # a call whose client is gone is carried out

    def clean(self) -> None:
        self.lab.refuse_nothing()
        for name in self.lab.groups():
            self.lab.ask(f"/resourcegroups/{name}", "DELETE")
        deadline = time.monotonic() + 30
        while self.lab.groups() and time.monotonic() < deadline:
            time.sleep(0.1)
        self._calls()


def _tags(thing: dict[str, Any]) -> dict[str, str]:
    return dict(thing.get("tags") or {})


def _state(vm: dict[str, Any]) -> str:
    codes = [status["code"] for status in vm["properties"]["instanceView"].get("statuses") or []]
    power = next((code.partition("/")[2] for code in codes if code.startswith("PowerState/")), "")
    return STATES.get(power, power)


def _opened(rule: dict[str, Any]) -> Iterator[int]:
    for span in rule.get("destinationPortRanges") or [rule.get("destinationPortRange")]:
        first, _, last = str(span).partition("-")
        if first.isdigit():
            yield from range(int(first), int(last or first) + 1)


class TestAzure(Suite):
    backend = Azure
