"""tpu.googleapis.com, version 2, as much of it as is used: nodes of one host or of several, and their operations."""

import re
import threading
from typing import Any

from tests.lab.cloud_machines import Machine
from tests.lab.cloud_proxy.cloud import Answer, Request
from tests.lab.faults import Faults
from tests.lab.gcp.instances import LABEL, NAME
from tests.lab.gcp.store import OP_SECONDS, PROJECT, Refusal, Store, Thing, now

PATH = re.compile(r"/v2/projects/([^/]+)/locations/([^/]+)/(nodes|operations)(?:/([^/:]+))?(?::(\w+))?")
ZONES = {
    "v5p": ("us-central1-a",),
    "v5litepod": ("us-central1-a", "us-central1-b", "us-east1-c"),
    "v6e": ("us-east1-d", "us-central1-b"),
    "v4": ("us-central1-c",),
}
"""Generation -> zones that have it."""

CORES = {"v4": 8, "v5p": 8, "v5litepod": 4, "v6e": 4}
"""What each host of a slice has, of what names count."""

ALONE = 8
"""The largest slice that is one host."""

RUNTIMES = ("tpu-vm-base", "v2-alpha-tpuv5", "v2-alpha-tpuv6e", "tpu-ubuntu2204-base")


def hosts_of(kind: str) -> int:
    """How many hosts a slice has."""
    generation, _, size = kind.partition("-")
    return 1 if int(size) <= ALONE else int(size) // CORES[generation]


class Tpu:
    """Answers calls; nodes and operations are in the store of Compute Engine, whose networks they are in."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self.store, self.faults = store, faults

    def __call__(self, request: Request) -> Answer:
        """One call."""
        try:
            if not request.headers.get("Authorization", "").startswith("Bearer "):
                raise Refusal(401, "UNAUTHENTICATED", "Request is missing required authentication credential.")
            found = PATH.fullmatch(request.path)
            if not found:
                raise Refusal(404, "NOT_FOUND", f"unknown path {request.path}")
            return Answer(body=self._answer(request, *found.groups()))
        except Refusal as refusal:
            told = {"code": refusal.status, "message": refusal.message, "status": refusal.reason}
            return Answer(refusal.status, {"error": told})

    def _answer(
        self, request: Request, project: str, zone: str, kind: str, name: str | None, verb: str | None
    ) -> Thing:
        words = {"GET": "get" if name else "list", "POST": verb or "create", "DELETE": "delete", "PATCH": "patch"}
        body = request.body or {}
        call = {
            "action": f"{kind}.{words[request.method]}", "method": request.method, "zone": zone, "body": body,
            "name": name or request.query.get("nodeId", ""), "type": body.get("acceleratorType", ""),
            "query": dict(request.query), "spot": bool((body.get("schedulingConfig") or {}).get("spot")),
        }  # fmt: skip
        rule = self.faults.met(call)
        error = None
        if rule and str(rule["code"]).isdigit():
            error = {"code": int(rule["code"]), "message": rule.get("message", "")}
        elif rule:
            raise Refusal(rule.get("status", 403), rule["code"], rule.get("message", ""))
        if kind == "operations":
            return self._operation(f"{project}/locations/{zone}/operations/{name}")
        with self.store.lock:
            if request.method == "GET":
                return self._shown(self.get(project, zone, name)) if name else self._list(zone)
            if not name:
                return self._create(zone, request.query.get("nodeId", ""), body, error)
            return self._change(request.method, verb, self.get(project, zone, name), zone, body, error)

    def get(self, project: str, zone: str, name: str) -> Thing:
        """A node."""
        path = f"{project}/locations/{zone}/nodes/{name}"
        if path not in self.store.things:
            raise Refusal(404, "NOT_FOUND", f"Resource 'projects/{path}' was not found")
        return self.store.things[path]

    def _list(self, zone: str) -> Thing:
        found = [one for one in self.store.every("nodes") if zone in ("-", one["_zone"])]
        return {"nodes": [self._shown(one) for one in found]}

    def _shown(self, one: Thing) -> Thing:
        return {key: value for key, value in one.items() if not key.startswith("_")}

    def _create(self, zone: str, name: str, body: Thing, error: Thing | None) -> Thing:
        kind = body["acceleratorType"]
        path = f"{PROJECT}/locations/{zone}/nodes/{name}"
        if path in self.store.things:
            raise Refusal(409, "ALREADY_EXISTS", f"Resource 'projects/{path}' already exists")
        if not NAME.fullmatch(name):
            raise Refusal(400, "INVALID_ARGUMENT", f"node ID {name!r} is not valid")
        for key, value in body["labels"].items():
            if not LABEL.fullmatch(key) or len(key) > 63 or value != value.lower() or len(value) > 63:
                raise Refusal(400, "INVALID_ARGUMENT", f"label {key}: {value} is not valid")
        if body["runtimeVersion"] not in RUNTIMES:
            raise Refusal(400, "INVALID_ARGUMENT", f"the runtime version {body['runtimeVersion']} was not found")
        if zone not in ZONES.get(kind.partition("-")[0], ()):
            words = f"Cloud TPU received a bad request. the accelerator {kind} was not found in zone {zone} [EID: 0x1]"
            raise Refusal(400, "INVALID_ARGUMENT", words)
        for collection in ("network", "subnetwork"):
            self.store.get(body["networkConfig"][collection].removeprefix("projects/"))
        if error:
            return self._operate(zone, "create", path, error=error)
        one = {
            **body, "name": f"projects/{path}", "id": self.store.number(), "state": "CREATING", "createTime": now(),
            "_zone": zone, "_ran": False, "networkEndpoints": [],
        }  # fmt: skip
        self.store.things[path] = one
        return self._operate(zone, "create", path, then=lambda: self._run(one))

    def _run(self, one: Thing) -> None:
        subnet = self.store.get(one["networkConfig"]["subnetwork"].removeprefix("projects/"))
        for _ in range(hosts_of(one["acceleratorType"]) if not one["_ran"] else 0):
            one["networkEndpoints"].append({"ipAddress": self.store.private_address(subnet), "port": 8470})
        for end in one["networkEndpoints"] if one["networkConfig"]["enableExternalIps"] else ():
            end["accessConfig"] = {"externalIp": self.store.public_address()}
        one |= {"state": "READY", "_ran": True}

    def _halt(self, one: Thing, state: str) -> None:
        one["state"] = state
        for end in one["networkEndpoints"]:
            end.pop("accessConfig", None)

    def _change(self, method: str, verb: str | None, one: Thing, zone: str, body: Thing, error: Thing | None) -> Thing:
        path = one["name"].removeprefix("projects/")
        if error:
            return self._operate(zone, verb or method.lower(), path, error=error)
        if method == "DELETE":
            one["state"] = "DELETING"
            return self._operate(zone, "delete", path, then=lambda: self.store.things.pop(path, None))
        if one["state"] in ("PREEMPTED", "TERMINATED"):
            words = (
                f"Cloud TPU received a bad request. update is not supported while in state {one['state']} [EID: 0x2]"
            )
            raise Refusal(400, "FAILED_PRECONDITION", words)
        if method == "PATCH":
            one["labels"] = body["labels"]
            return self._operate(zone, "update", path)
        if verb == "stop":
            if len(one["networkEndpoints"]) > 1:
                raise Refusal(400, "FAILED_PRECONDITION", "only single-host nodes can be stopped")
            self._halt(one, "STOPPING")
            return self._operate(zone, "stop", path, then=lambda: one.update(state="STOPPED"))
        one["state"] = "STARTING"
        return self._operate(zone, "start", path, then=lambda: self._run(one))

    def _operate(self, zone: str, verb: str, target: str, then: Any = None, error: Thing | None = None) -> Thing:
        path = f"{PROJECT}/locations/{zone}/operations/operation-{self.store.number()}"
        one: Thing = {"name": f"projects/{path}", "done": False}
        one["metadata"] = {"verb": verb, "target": f"projects/{target}", "createTime": now()}
        self.store.operations[path] = one
        threading.Timer(OP_SECONDS, self._finish, (one, then, error)).start()
        return dict(one)

    def _finish(self, operation: Thing, then: Any, error: Thing | None) -> None:
        with self.store.lock:
            if then:
                then()
            operation |= {"done": True, **({"error": error} if error else {"response": {}})}

    def _operation(self, path: str) -> Thing:
        if path not in self.store.operations:
            raise Refusal(404, "NOT_FOUND", f"Resource 'projects/{path}' was not found")
        return dict(self.store.operations[path])

    def preempt(self, name: str) -> bool:
        """Take a spot node back: it stays listed, and is of no use any more."""
        for one in self.store.every("nodes"):
            if one["name"].endswith(f"/nodes/{name}") and one["schedulingConfig"].get("spot"):
                self._halt(one, "PREEMPTED")
                return True
        return False

    def machines(self) -> list[Machine]:
        """Hosts that have a disk."""
        ready = [one for one in self.store.every("nodes") if one["_ran"]]
        return [self._machine(one, host) for one in ready for host in range(len(one["networkEndpoints"]))]

    def _machine(self, one: Thing, host: int) -> Machine:
        told, end = one["metadata"], one["networkEndpoints"][host]
        lines = [line.partition(":") for line in told.get("ssh-keys", "").splitlines()]
        user = lines[0][0] if lines else ""
        network = self.store.get(one["networkConfig"]["network"].removeprefix("projects/"))
        return Machine(
            id=f"gcp-tpu-{one['id']}-{host}",
            hostname=f"{one['name'].rpartition('/')[2]}-w-{host}",
            running=one["state"] == "READY",
            network=f"gcp-{self.store.slot}-{network['name']}",
            addresses=self.store.network_range(network),
            private_ip=end["ipAddress"],
            public_ip=(end.get("accessConfig") or {}).get("externalIp", ""),
            user=user,
            keys=tuple(key for name, _, key in lines if name == user),
            user_data=str(told.get("user-data") or told.get("startup-script") or "").encode(),
        )
