"""compute.googleapis.com, version 1, as much of it as is used: things in collections, operations, refusals."""

import re
import time
from typing import Any

from tests.lab.cloud_proxy.cloud import Answer, Request
from tests.lab.faults import Faults
from tests.lab.gcp import disks, facts
from tests.lab.gcp.filters import fits
from tests.lab.gcp.groups import KINDS, Groups
from tests.lab.gcp.instances import Instances
from tests.lab.gcp.store import PROJECT, ROOT, Refusal, Store, Thing

PATH = re.compile(r"/compute/v1/projects/([^/]+)(?:/(global|aggregated|zones/[^/]+|regions/[^/]+))?(?:/(.+))?")
OPERATION_CODE = re.compile(r"[A-Z0-9_]+")


class Compute:
    """Answers calls."""

    def __init__(self, slot: int, faults: Faults) -> None:
        self.faults = faults
        self.store = Store(slot)
        self.instances = Instances(self.store)
        self.groups = Groups(self.store, self.instances, faults)
        self.store.make_network("default")
        for project, family, name, size, arch in facts.IMAGES:
            image = {"name": name, "family": family, "diskSizeGb": str(size), "architecture": arch, "status": "READY"}
            self.store.put(project, "global", "images", image)

    def __call__(self, request: Request) -> Answer:
        """One call."""
        try:
            if not request.headers.get("Authorization", "").startswith("Bearer "):
                raise Refusal(401, "required", "Login Required.")
            found = PATH.fullmatch(request.path)
            if not found:
                raise Refusal(404, "notFound", f"unknown path {request.path}")
            return Answer(body=_shown(self._answer(request, *found.groups())))
        except Refusal as refusal:
            told = {"message": refusal.message, "domain": "global", "reason": refusal.reason}
            return Answer(
                refusal.status, {"error": {"code": refusal.status, "message": refusal.message, "errors": [told]}}
            )

    def _answer(self, request: Request, project: str, scope: str | None, rest: str | None) -> Thing:
        collection, _, more = (rest or "").partition("/")
        name, _, verb = more.partition("/")
        error = self._met(request, scope or "", collection, name, verb)
        if collection == "operations" and name:
            return self._operation(f"{project}/{scope}/operations/{name}", verb)
        with self.store.lock:
            known = request.query.get("requestId", "")
            if known in self.store.requests:
                return self.store.requests[known]
            done = self._do(request, project, scope or "", collection, name, verb, error)
            if known:
                self.store.requests[known] = self.store.operations[done["selfLink"].partition("/projects/")[2]]
            return done

    def _met(self, request: Request, scope: str, collection: str, name: str, verb: str) -> Thing | None:
        """Asks the fault rules; a rule with one of an operation's codes is answered as the operation's error."""
        body = request.body if isinstance(request.body, dict) else {}
        properties = body.get("instanceProperties") or body
        words = {"GET": "get" if name else "list", "POST": verb or "insert", "DELETE": "delete"}
        action = f"{collection or 'projects'}.{words.get(request.method, 'patch')}"
        if collection == "instances" and name == "bulkInsert":
            action = "instances.bulkInsert"
        if verb.startswith("resizeRequests"):
            _, _, what = verb.partition("/")
            words["GET"], words["POST"] = ("get" if what else "list"), what.partition("/")[2] or "insert"
            action = f"resizeRequests.{words.get(request.method)}"
        zone = scope.partition("/")[2] if scope.startswith("zones/") else ""
        call = {
            "action": action, "method": request.method, "zone": zone, "name": name or body.get("name", ""),
            "region": zone.rpartition("-")[0] or scope.removeprefix("regions/") if "/" in scope else "",
            "type": str(properties.get("machineType", "")).rpartition("/")[2],
            "spot": (properties.get("scheduling") or {}).get("provisioningModel") == "SPOT",
            "body": body, "query": dict(request.query),
        }  # fmt: skip
        rule = self.faults.met(call)
        if rule is None:
            return None
        message = rule.get("message") or (
            f"The zone 'projects/{PROJECT}/zones/{zone}' does not have enough resources available to fulfill the "
            "request.  '(resource type:compute)'."
        )
        if request.method != "GET" and OPERATION_CODE.fullmatch(rule["code"]) and not rule.get("status"):
            return {"code": rule["code"], "message": message}
        raise Refusal(rule.get("status", 403), rule["code"], message)

    def _operation(self, path: str, verb: str) -> Thing:
        if path not in self.store.operations:
            raise Refusal(404, "notFound", f"The resource 'projects/{path}' was not found")
        operation = self.store.operations[path]
        until = time.monotonic() + 10
        while verb == "wait" and operation["status"] != "DONE" and time.monotonic() < until:
            time.sleep(0.02)
        return dict(operation)

    def _do(
        self, request: Request, project: str, scope: str, collection: str, name: str, verb: str, error: Thing | None
    ) -> Thing:
        method, body = request.method, request.body
        if method == "GET":
            if verb.startswith("resizeRequests"):
                return self.groups.read(f"{project}/{scope}/{collection}/{name}", verb)
            return self._read(request, project, scope, collection, name)
        if name == "bulkInsert":
            return self.instances.bulk(scope.partition("/")[2], body, error)
        path = f"{project}/{scope}/{collection}/{name}"
        if error:
            failed = {"errors": [error]}
            return self.store.operate(scope, verb or method.lower(), path, error=failed)
        if collection in KINDS:
            return self.groups.change(method, scope, collection, name, verb, body)
        if method == "POST" and not name:
            return self._insert(scope, collection, body)
        thing = self.store.get(path)
        if method == "DELETE":
            using = [one for one in self.store.every("instances") if path in str(one.get("resourcePolicies"))]
            if collection == "resourcePolicies" and using:
                raise Refusal(400, "resourceInUseByAnotherResource", f"'projects/{path}' is already being used")
            if collection == "disks" and thing.get("users"):
                raise Refusal(400, "resourceInUseByAnotherResource", f"'projects/{path}' is already being used")
            thing["status"] = "STOPPING"
            dropping = self.instances.drop if collection == "instances" else self.store.things.pop
            return self.store.operate(scope, "delete", path, target_id=thing["id"], then=lambda: dropping(path))
        if method in ("PATCH", "PUT"):
            thing.update(body)
            return self.store.operate(scope, "patch", path)
        if verb in disks.VERBS:
            disks.change(self.store, thing, verb, body, request.query)
            return self.store.operate(scope, verb, path)
        return self._change(scope, path, thing, verb, body)

    def _change(self, scope: str, path: str, thing: Thing, verb: str, body: Any) -> Thing:
        if verb in ("start", "resume"):
            thing["status"] = "STAGING"
            names, zone = [thing["name"]], scope.partition("/")[2]
            return self.store.operate(scope, verb, path, then=lambda: self.instances.run(zone, names))
        if verb == "stop":
            self.instances.halt(thing, "STOPPING")
            return self.store.operate(scope, verb, path, then=lambda: thing.update(status="TERMINATED"))
        if verb == "setScheduling":
            if thing["status"] != "TERMINATED":
                raise Refusal(400, "resourceNotReady", "Max run duration can only be changed for a stopped instance.")
            thing["scheduling"] = body
            return self.store.operate(scope, verb, path)
        parts = {"setLabels": "labels", "setTags": "tags", "setMetadata": "metadata"}
        if verb not in parts:
            raise Refusal(404, "notFound", f"the lab has no {verb}")
        part = parts[verb]
        have = thing["labelFingerprint"] if part == "labels" else thing[part]["fingerprint"]
        if body.get("labelFingerprint" if part == "labels" else "fingerprint") != have:
            raise Refusal(412, "conditionNotMet", "Supplied fingerprint does not match current fingerprint.")
        if part == "labels":
            thing |= {"labels": body["labels"], "labelFingerprint": self.store.number()}
        else:
            thing[part] = {**body, "fingerprint": self.store.number()}
        return self.store.operate(scope, verb, path)

    def _insert(self, scope: str, collection: str, body: Thing) -> Thing:
        disks.check_source(self.store, body)
        path = f"{PROJECT}/{scope}/{collection}/{body['name']}"
        if path in self.store.things:
            raise Refusal(409, "alreadyExists", f"The resource 'projects/{path}' already exists")
        if collection == "networks":
            self.store.make_network(body["name"], automatic=bool(body.get("autoCreateSubnetworks")))
        else:
            self.store.put(PROJECT, scope, collection, {**body})
        return self.store.operate(scope, "insert", path)

    def _read(self, request: Request, project: str, scope: str, collection: str, name: str) -> Thing:
        if not collection:
            return self._place(project, scope)
        if scope == "aggregated":
            return self._aggregated(collection, request.query)
        if collection == "images" and name.startswith("family/"):
            family = name.partition("/")[2]
            return self._newest(project, family)
        if name == "family":
            return self._newest(project, request.path.rpartition("/")[2])
        if name:
            return self.store.get(f"{project}/{scope}/{collection}/{name}")
        start = f"{project}/{scope}/{collection}/"
        source = self.store.operations if collection == "operations" else self.store.things
        items = [one for path, one in source.items() if path.startswith(start)]
        return self._page(collection, items, request.query)

    def _page(self, collection: str, items: list[Thing], query: Any) -> Thing:
        fitting = [_shown(one) for one in items if fits(query.get("filter", ""), one)]
        return {"kind": f"compute#{collection}List", **({"items": fitting} if fitting else {})}

    def _newest(self, project: str, family: str) -> Thing:
        found = [one for one in self.store.every("images", project) if one.get("family") == family]
        if not found:
            path = f"projects/{project}/global/images/family/{family}"
            raise Refusal(404, "notFound", f"The resource '{path}' was not found")
        return found[-1]

    def _place(self, project: str, scope: str) -> Thing:
        """A project or a region, with its quotas."""
        if project != PROJECT:
            raise Refusal(404, "notFound", f"Failed to find project {project}")
        region = scope.removeprefix("regions/")
        if not scope:
            limits = {metric: (limit, 0) for metric, limit in facts.GLOBAL_QUOTAS.items()}
        elif region in facts.ZONES:
            used = self.instances.used(region)
            limits = {metric: (limit, used.get(metric, 0)) for metric, limit in facts.QUOTAS.items()}
        else:
            raise Refusal(404, "notFound", f"The resource 'projects/{project}/{scope}' was not found")
        quotas = [{"metric": metric, "limit": limit, "usage": used} for metric, (limit, used) in limits.items()]
        zones = [f"{ROOT}{project}/zones/{region}-{letter}" for letter in facts.ZONES.get(region, "")]
        return {"name": region or project, "quotas": quotas, **({"zones": zones} if zones else {})}

    def _aggregated(self, collection: str, query: Any) -> Thing:
        wanted = query.get("filter", "").removeprefix("name=")
        if collection == "machineTypes":
            found = [facts.machine_type(wanted, zone) for zone in facts.zones()]
            items = [one for one in found if one]
        elif collection == "acceleratorTypes":
            items = [{"name": wanted, "zone": zone} for zone in facts.ACCELERATORS.get(wanted, ())]
        else:
            source = self.store.operations if collection == "operations" else self.store.things
            items = [_shown(one) for path, one in source.items() if path.split("/")[-2] == collection]
            items = [one for one in items if fits(query.get("filter", ""), one)]
        places: dict[str, list[Thing]] = {}
        for one in items:
            kind = "zone" if one.get("zone") else "region"
            place = str(one.get(kind, "")).rpartition("/")[2]
            places.setdefault(f"{kind}s/{place}" if place else "global", []).append(one)
        return {
            "kind": f"compute#{collection}AggregatedList",
            "items": {key: {collection: value} for key, value in places.items()},
        }


def _shown(thing: Thing) -> Thing:
    """A thing without what only the lab knows."""
    return {key: value for key, value in thing.items() if not key.startswith("_")}
