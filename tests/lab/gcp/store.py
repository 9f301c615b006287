"""Things of the lab's Compute Engine, operations on them, and the addresses they get."""

import itertools
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.lab.cloud_proxy.lab import RANGES
from tests.lab.gcp import facts

PROJECT = "lab-project"
ROOT = "https://www.googleapis.com/compute/v1/projects/"
OP_SECONDS = 0.15
"""How long an operation takes."""

Thing = dict[str, Any]


def now() -> str:
    """The time as Compute Engine writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000-00:00", time.gmtime())


class Refusal(Exception):
    """An answer that is none: HTTP status, reason, sentence."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


class Store:
    """All things by path below `projects/`; `operations` likewise. Whoever changes something holds `lock`."""

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.lock = threading.RLock()
        self.things: dict[str, Thing] = {}
        self.operations: dict[str, Thing] = {}
        self.requests: dict[str, Thing] = {}
        self._numbers = itertools.count(10**18 + random.randrange(10**15))
        self._public = itertools.count(5)
        self._networks = itertools.count()

    def number(self) -> str:
        """A new id."""
        return str(next(self._numbers))

    def public_address(self) -> str:
        """A new address on the loopback device."""
        place = next(self._public)
        return f"127.78.{self.slot}.{place % 250 + 1}"

    def put(self, project: str, scope: str, collection: str, body: Thing) -> Thing:
        """Add a thing."""
        path = f"{project}/{scope}/{collection}/{body['name']}"
        body |= {"id": self.number(), "selfLink": ROOT + path, "creationTimestamp": now()}
        kind, _, place = scope.partition("/")
        if place:
            body[kind[:-1]] = f"{ROOT}{project}/{scope}"
        self.things[path] = body
        return body

    def get(self, path: str) -> Thing:
        """A thing. Raises Refusal when there is none."""
        if path not in self.things:
            raise Refusal(404, "notFound", f"The resource 'projects/{path}' was not found")
        return self.things[path]

    def every(self, collection: str, project: str = PROJECT) -> list[Thing]:
        """All things of a collection."""
        found = list(self.things.items())
        return [one for path, one in found if f"/{collection}/" in path and path.startswith(project + "/")]

    def operate(
        self, scope: str, kind: str, target: str, *, then: Callable[[], None] | None = None, **more: Any
    ) -> Thing:
        """An operation that is done in a moment; `then` happens when it is."""
        name = f"operation-{self.number()}"
        path = f"{PROJECT}/{scope}/operations/{name}"
        place, _, word = scope.partition("/")
        one: Thing = {
            "kind": "compute#operation", "id": self.number(), "name": name, "operationType": kind, "status": "RUNNING",
            "targetLink": ROOT + target, "targetId": more.pop("target_id", ""), "user": "ann@lab.example",
            "insertTime": now(), "selfLink": ROOT + path, **more,
        }  # fmt: skip
        if word:
            one[place[:-1]] = f"{ROOT}{PROJECT}/{scope}"
        self.operations[path] = one
        threading.Timer(OP_SECONDS, self._finish, (one, then)).start()
        return dict(one)

    def _finish(self, operation: Thing, then: Callable[[], None] | None) -> None:
        with self.lock:
            if then:
                then()
            operation |= {"status": "DONE", "progress": 100}

    def make_network(self, name: str, *, automatic: bool = True) -> Thing:
        """A network; an automatic one has a subnet in each region, within a range that is this lab's alone."""
        body = {"name": name, "autoCreateSubnetworks": automatic, "_number": next(self._networks)}
        network = self.put(PROJECT, "global", "networks", body)
        for region in facts.ZONES if automatic else ():
            self.make_subnet(network, region, name)
        return network

    def make_subnet(self, network: Thing, region: str, name: str) -> Thing:
        """A subnet of a network in a region."""
        third = 64 * network["_number"] + 4 * list(facts.ZONES).index(region)
        cidr = f"10.{RANGES['gcp'] + self.slot}.{third}.0/22"
        body = {"name": name, "network": network["selfLink"], "ipCidrRange": cidr}
        return self.put(PROJECT, f"regions/{region}", "subnetworks", body)

    def private_address(self, subnet: Thing) -> str:
        """A free address of a subnet."""
        start = subnet["ipCidrRange"].rpartition(".")[0]
        cards = [card for one in self.every("instances") for card in one["networkInterfaces"]]
        used = {card.get("networkIP") for card in cards}
        used |= {end["ipAddress"] for node in self.every("nodes") for end in node["networkEndpoints"]}
        return next(f"{start}.{n}" for n in range(2, 250) if f"{start}.{n}" not in used)

    def network_range(self, network: Thing) -> str:
        """The range that all subnets of a network lie in."""
        return f"10.{RANGES['gcp'] + self.slot}.{64 * network['_number']}.0/18"
