"""The suite on a project of Google Cloud, whose instances are described and no machines.

Real ones are in tests/integration/launch/test_gcp.py.
"""

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.conformance.backend import Backend, Cluster, Fault, Machine
from tests.conformance.suite import Suite
from tests.conftest import demand
from tests.lab.gcp import lab

MAKE = "instances.bulkInsert"
STATES = {"RUNNING": "running", "TERMINATED": "stopped", "STOPPING": "stopping"}
QUOTA = {"code": "QUOTA_EXCEEDED", "message": "Quota 'CPUS' exceeded. Limit: 8.0 in region us-central1."}
FORBIDDEN = {
    "code": "forbidden",
    "message": "Required 'compute.instances.create' permission for 'projects/lab-project'",
}
REFUSALS = {
    "capacity": ({"code": "ZONE_RESOURCE_POOL_EXHAUSTED"}, "provision.no_capacity", "region"),
    "quota": (QUOTA, "provision.quota", "region"),
    "auth": ({"code": "authError", "status": 401, "message": "Invalid Credentials"}, "provision.auth", "cloud"),
    "permission": (FORBIDDEN, "provision.permission", "cloud"),
    "transient": ({"code": "backendError", "status": 503, "message": "Backend Error"}, "provision.transient", "region"),
    "config": ({"code": "invalid", "status": 400, "message": "Invalid value for field"}, "provision.config", "region"),
    "partial": (QUOTA, "provision.quota", "region"),
}
"""Kind -> what Compute Engine says, our code, and what it rules out."""


class Gcp(Backend):
    """Instances of Compute Engine."""

    name = "gcp"
    cannot = {
        "reach": "the instances are described only; tests/integration/launch/test_gcp.py has real ones",
        "fault unknown": "all nodes are made by one call: when nobody knows what became of it, there are none yet",
    }
    cuts = {
        "provision": (MAKE,),
        "stop": ("instances.stop",),
        "terminate": ("instances.delete",),
    }
    stored = {"größe": "groß-ü", "team": "x"}
    zones = ("us-central1-c", "us-central1-a")
    zones_in_a_region = 4
    regions = ("us-east1", "us-central1")
    instance_type = "n2-standard-2"

    def __enter__(self) -> "Gcp":
        demand(lab.missing())
        self.lab = lab.GcpLab().__enter__()
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
        return {"stix_region": "us-central1"}

    def node(self, rank: int) -> dict[str, Any]:
        return {"instance_type": self.instance_type}

    def _ours(self, cluster: Cluster) -> list[dict[str, Any]]:
        marked = [one for one in self.lab.all() if "stix-cluster-id" in (one.get("labels") or {})]
        ids = (cluster.id,)
        return [one for one in marked if one["labels"]["stix-cluster-id"] in ids or _told(one).get("cluster_id") in ids]

    def machines(self, cluster: Cluster) -> dict[int, Machine]:
        ours = self._ours(cluster)
        ranks = {int((one.get("labels") or {}).get("stix-rank") or one["name"].rpartition("-")[2]): one for one in ours}
        assert len(ranks) == len(ours), "two machines of one rank"
        return {rank: Machine(str(one["id"]), STATES.get(one["status"], one["status"])) for rank, one in ranks.items()}

    def things(self, cluster: Cluster) -> list[str]:
        every = [*self.lab.all(), *self.lab.all("firewalls"), *self.lab.all("disks")]
        plain = re.sub("[^a-z0-9]", "-", cluster.id.lower())
        own = re.escape(plain) if len(plain) <= 50 else plain[:30] + ".*"  # a long id is cut, and ends otherwise
        return [one["name"] for one in every if re.fullmatch(rf"(stix-)?{own}(-\d)?", one["name"])]

    def changes(self) -> list[str]:
        made = [call for call in self._calls() if call.get("method", "GET") != "GET"]
        return [call["action"] for call in made if call["action"] not in ("operations.wait", "token")]

    def _calls(self) -> list[dict[str, Any]]:
        every = self.lab.calls()
        fresh, self._seen = every[self._seen :], len(every)
        return fresh

    def tried(self, regions: bool = False) -> list[str]:
        return [call["region" if regions else "zone"] for call in self._calls() if call["action"] == MAKE]

    def lose(self, machine: Machine) -> None:
        self.lab.call("DELETE", _path(self._found(machine)))
        self._wait(machine, None)

    def halt(self, machine: Machine) -> None:
        self.lab.call("POST", _path(self._found(machine)) + "/stop")
        self._wait(machine, "TERMINATED")

    def unmark(self, machine: Machine) -> None:
        self.lab.unlabel(machine.id)
        self._calls()

    def _found(self, machine: Machine) -> dict[str, Any]:
        return next((one for one in self.lab.all() if str(one["id"]) == machine.id), {})

    def _wait(self, machine: Machine, state: str | None) -> None:
        deadline = time.monotonic() + 30
        while self._found(machine).get("status") != state:
            assert time.monotonic() < deadline, machine
            time.sleep(0.1)
        self._calls()

    def ports(self, cluster: Cluster) -> set[int]:
        ours = [one for one in self.lab.all("firewalls") if one["name"] == f"stix-{cluster.id}"]
        spans = [span for one in ours for allowed in one["allowed"] for span in allowed.get("ports") or []]
        ends = [span.partition("-")[::2] for span in spans]
        return {port for first, last in ends for port in range(int(first), int(last or first) + 1)}

    def marks(self, cluster: Cluster, rank: int) -> dict[str, str]:
        ranks = {one["labels"].get("stix-rank"): one["labels"] for one in self._ours(cluster)}
        return dict(ranks.get(str(rank)) or ranks[None])

    @contextlib.contextmanager
    def fault(self, kind: str, zone: str = "") -> Iterator[Fault]:
        rule, code, scope = REFUSALS[kind]
        self.lab.refuse({"action": MAKE, **rule, **({"zone": zone} if zone else {})})
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
        for one in self.lab.all():
            self.lab.call("DELETE", _path(one))
        for one in self.lab.all("firewalls"):
            self.lab.call("DELETE", f"global/firewalls/{one['name']}")
        deadline = time.monotonic() + 30
        while self.lab.all() and time.monotonic() < deadline:
            time.sleep(0.1)
        self._calls()


def _path(one: dict[str, Any]) -> str:
    return f"zones/{one['zone'].rpartition('/')[2]}/instances/{one['name']}"


def _told(one: dict[str, Any]) -> dict[str, Any]:
    for item in (one.get("metadata") or {}).get("items") or []:
        if item["key"] == "stix":
            return dict(json.loads(item["value"]))
    return {}


class TestGcp(Suite):
    backend = Gcp
