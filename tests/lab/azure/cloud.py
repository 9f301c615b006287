"""Azure as the lab has it: Entra ID, and Resource Manager with operations that take a moment and are followed.

A call is told to the fault rules as `{action, method, region, zone, size, spot, name, path}`; action is the method and
the type, `PUT virtualMachines`, `POST virtualMachines/start`, `GET resources`, `DELETE resourceGroups`; or `token`. A
rule with `late: true` lets the call through and its operation fail, as Azure does when it finds no room.
"""

import re
import threading
import uuid
from collections.abc import Callable
from typing import Any

from tests.lab.azure import catalog, disks, entra
from tests.lab.azure.things import GROUP, VM, Refused, Things, now, shown, type_of, view
from tests.lab.cloud_machines import Machine
from tests.lab.cloud_proxy.cloud import Answer, Request
from tests.lab.faults import Faults

SUBSCRIPTION = "8d65815f-a5b6-402f-9298-045155da7d74"
MANAGER = "management.azure.com"
MOMENT = 0.15
"""Seconds that an operation takes."""

POWER = {"start": "running", "restart": "running", "deallocate": "deallocated", "poweroff": "stopped"}


class Cloud:
    """Its hosts and what they answer.

    Who logs in as the client `reader` may only read.
    """

    def __init__(self, slot: int) -> None:
        self.faults = Faults()
        self.hosts = {entra.HOST: lambda request: entra.answer(request, self.faults), MANAGER: self.manage}
        self._things = Things(slot)
        self._operations: dict[str, dict[str, Any]] = {}
        self._lock = threading.RLock()

    def machines(self) -> list[Machine]:
        """Machines that have a disk."""
        with self._lock:
            self._settle()
            return self._things.machines()

    def preempt(self, name: str) -> bool:
        """Take a spot machine back, by its name or id."""
        with self._lock:
            return self._things.evict(name)

    def manage(self, request: Request) -> Answer:
        """One call of Resource Manager."""
        call = self._call(request)
        rule = self.faults.met(call) if "operations" not in request.path else None
        try:
            if rule and not rule.get("late"):
                return _error(rule.get("status", 409), rule["code"], rule.get("message", rule["code"]))
            self._admit(request)
            with self._lock:
                self._settle()
                return self._answer(request, rule)
        except Refused as refused:
            return _error(*refused.args)

    def _admit(self, request: Request) -> None:
        client = entra.client_of(request.headers.get("Authorization", ""))
        if not client:
            raise Refused(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
        words = request.path.strip("/").split("/")
        if len(words) > 1 and words[1].lower() != SUBSCRIPTION:
            raise Refused(404, "SubscriptionNotFound", f"The subscription '{words[1]}' could not be found.")
        if "api-version" not in request.query:
            raise Refused(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
        if client == "reader" and request.method != "GET":
            action = f"Microsoft.{type_of(request.path).removeprefix('microsoft.')}/write"
            words = f"The client 'reader' does not have authorization to perform action '{action}' over scope '/'."
            raise Refused(403, "AuthorizationFailed", words)

    def _call(self, request: Request) -> dict[str, Any]:
        body = request.body if isinstance(request.body, dict) else {}
        about = body.get("properties") or {}
        words = request.path.strip("/").split("/")
        last = next((word for word in reversed(words[1::2] if "providers" not in words else _types(words)) if word), "")
        kind = {GROUP: "resourceGroups"}.get(type_of(request.path), last) if len(words) in (3, 4) else last
        if len(words) < 3:
            kind = "subscriptions"
        elif words[-1].lower() == "resources":
            kind = "resources"
        verb = "/" + words[-1] if request.method == "POST" else ""
        there = self._things.by_id.get(request.path.lower().removesuffix(verb.lower()), {})
        return {
            "action": f"{request.method} {kind}{verb}", "method": request.method, "path": request.path,
            "name": words[-1], "region": body.get("location") or there.get("location", ""),
            "zone": (body.get("zones") or there.get("zones") or [""])[0],
            "size": (about.get("hardwareProfile") or {}).get("vmSize", ""), "spot": about.get("priority") == "Spot",
            "body": body, "query": dict(request.query),
        }  # fmt: skip

    def _answer(self, request: Request, rule: dict[str, Any] | None) -> Answer:
        path, words = request.path, request.path.strip("/").split("/")
        if "operations" in words:
            return self._operation(words[-1], plain="plain" in request.query)
        if request.method == "GET":
            found = self._read(request, words)
            if found is None:
                code = "ResourceGroupNotFound" if type_of(path) == GROUP else "ResourceNotFound"
                raise Refused(404, code, f"The Resource '{path}' was not found.")
            return Answer(body=shown(found))
        if request.method == "PUT":
            return self._put(path, request.body or {}, rule)
        if request.method == "DELETE":
            return self._delete(path)
        if request.method == "PATCH":
            return self._patch(path, request.body or {})
        return self._post(path, words[-1].lower())

    def _put(self, path: str, body: dict[str, Any], rule: dict[str, Any] | None) -> Answer:
        if "/securityRules/" in path:
            return Answer(201, self._things.rule(path, body))
        made = self._things.put(path, body)
        if type_of(path) == GROUP:
            self._things.finish(path)
            return Answer(201, shown(made))
        follow = self._begin(lambda: self._things.finish(path, failed=rule is not None), rule)
        return Answer(201, shown(made), follow)

    def _delete(self, path: str) -> Answer:
        if "/securityRules/" in path:
            self._things.rule(path, None)
            return Answer(204)
        if path.lower() not in self._things.by_id:
            if type_of(path) == GROUP:
                raise Refused(404, "ResourceGroupNotFound", f"Resource group '{path}' could not be found.")
            return Answer(204)
        self._things.why_not(path)
        self._things.by_id[path.lower()]["properties"]["provisioningState"] = "Deleting"
        follow = self._begin(lambda: self._things.remove(path), None)
        if type_of(path) == GROUP:  # a group is followed by Location alone
            follow = {"Location": follow["Azure-AsyncOperation"] + "&plain=1"}
        return Answer(202, None, follow)

    def _patch(self, path: str, body: dict[str, Any]) -> Answer:
        target = re.sub(r"/providers/Microsoft\.Resources/tags/default$", "", path, flags=re.IGNORECASE)
        one = self._things.by_id.get(target.lower())
        if one is None:
            raise Refused(404, "ResourceNotFound", f"The Resource '{target}' was not found.")
        if target != path:
            one["tags"] = {**(one.get("tags") or {}), **body["properties"]["tags"]}
        else:
            one["tags"] = body.get("tags", one.get("tags"))
            try:
                disks.change(self._things.by_id, one, body.get("properties") or {})
            except disks.InUse as error:
                raise Refused(409, "AttachDiskWhileBeingDetached", str(error)) from None
        return Answer(200, shown(one))

    def _post(self, path: str, verb: str) -> Answer:
        vm = self._things.by_id.get(path.rpartition("/")[0].lower())
        if vm is None or verb not in POWER:
            raise Refused(404, "ResourceNotFound", f"The Resource '{path}' was not found.")

        def switch() -> None:
            vm["_power"] = POWER[verb]

        vm["_power"] = {"start": "starting", "deallocate": "deallocating"}.get(verb, "stopping")
        return Answer(202, None, self._begin(switch, None))

    def _begin(self, end: Callable[[], None], rule: dict[str, Any] | None) -> dict[str, str]:
        name = str(uuid.uuid4())
        self._operations[name] = {"due": now() + MOMENT, "end": end, "rule": rule}
        where = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/locations/lab/operations/{name}"
        return {"Azure-AsyncOperation": f"https://{MANAGER}{where}?api-version=2024-07-01"}

    def _settle(self) -> None:
        """End what is due, whether anybody follows it or not."""
        for operation in self._operations.values():
            if operation["end"] and operation["due"] <= now():
                end, operation["end"] = operation["end"], None
                end()

    def _operation(self, name: str, *, plain: bool) -> Answer:
        operation = self._operations[name]
        if plain:
            return Answer(202 if operation["end"] else 200)
        if operation["end"]:
            return Answer(body={"name": name, "status": "InProgress"})
        rule = operation["rule"]
        if rule:
            error = {"code": rule["code"], "message": rule.get("message", rule["code"])}
            return Answer(body={"name": name, "status": "Failed", "error": error})
        return Answer(body={"name": name, "status": "Succeeded"})

    def _read(self, request: Request, words: list[str]) -> Any:
        key, query = request.path.lower().rstrip("/"), request.query
        if key.endswith("/resources"):
            return {"value": self._tagged(key.removesuffix("/resources"), query)}
        if len(words) in (1, 3) and words[-1].lower() in ("subscriptions", "resourcegroups"):
            return {"value": self._listed(words[-1].lower(), query)}
        if len(words) == 2:
            return {"id": request.path, "subscriptionId": SUBSCRIPTION, "displayName": "lab", "state": "Enabled"}
        if len(words) == 4 and words[2] == "providers":
            return {"namespace": words[3], "registrationState": "Registered"}
        fixed = self._fixed(key, words, query, entra.client_of(request.headers.get("Authorization", "")))
        if fixed is not None:
            return fixed
        one = self._things.by_id.get(key)
        if one:
            return self._seen(one, query)
        return self._list(key, query)

    def _fixed(self, key: str, words: list[str], query: Any, client: str) -> Any:
        if key.endswith("/permissions"):
            return {"value": [{"actions": ["*/read"] if client == "reader" else ["*"], "notActions": []}]}
        if key.endswith("/skus") and "/publishers/" not in key:
            return {"value": catalog.skus(query["$filter"].split("'")[1])}
        if key.endswith("/usages"):
            return {"value": catalog.usages(words[-2], self._counted(words[-2]))}
        image = re.search(
            r"/publishers/([^/]+)/artifacttypes/vmimage/offers/([^/]+)/skus/([^/]+)/versions(/.+)?$", "/".join(words)
        )
        if image and image.groups()[:3] in catalog.IMAGES:
            plan = catalog.IMAGES[image.groups()[:3]]
            return {"name": "1.0.0", "properties": {"plan": plan}} if image.group(4) else [{"name": "1.0.0"}]
        return [] if image and not image.group(4) else None

    def _counted(self, region: str) -> list[tuple[str, bool]]:
        vms = [vm for vm in self._things.of_type(VM) if vm["location"] == region and vm.get("_power") != "deallocated"]
        return [
            (vm["properties"]["hardwareProfile"]["vmSize"], vm["properties"].get("priority") == "Spot") for vm in vms
        ]

    def _tagged(self, base: str, query: Any) -> list[dict[str, Any]]:
        found = [one for one in self._things.below(base) if one["type"].count("/") == 1 and one["type"] != GROUP]
        rows = []
        for one in filter(lambda each: _meets(each, query.get("$filter", "")), found):
            row = {
                key: one[key] for key in ("id", "name", "type", "location", "tags", "zones", "managedBy") if key in one
            }
            rows.append(row | ({"createdTime": one["_created"]} if "createdTime" in query.get("$expand", "") else {}))
        return rows

    def _listed(self, word: str, query: Any) -> list[dict[str, Any]]:
        if word == "subscriptions":
            return [{"subscriptionId": SUBSCRIPTION, "displayName": "lab", "state": "Enabled"}]
        return [one for one in self._things.of_type(GROUP) if _meets(one, query.get("$filter", ""))]

    def _list(self, key: str, query: Any) -> Any:
        """A list of one type: in a group, or in the whole subscription."""
        found = re.fullmatch(r"(/subscriptions/[^/]+(?:/resourcegroups/[^/]+)?)/providers/([^/]+/[^/]+)", key)
        if not found:
            return None
        base, kind = found.groups()
        if "/resourcegroups/" in base and base not in self._things.by_id:
            raise Refused(404, "ResourceGroupNotFound", f"Resource group '{base}' could not be found.")
        rows = [one for one in self._things.below(base) if one["type"] == kind]
        if query.get("statusOnly") == "true":
            return {
                "value": [{"id": vm["id"], "name": vm["name"], "properties": {"instanceView": view(vm)}} for vm in rows]
            }
        return {"value": [self._seen(one, {}) for one in rows]}

    def _seen(self, one: dict[str, Any], query: Any) -> dict[str, Any]:
        if one["type"] == VM and query.get("$expand") == "instanceView":
            return {**one, "properties": {**one["properties"], "instanceView": view(one)}}
        return one


def _types(words: list[str]) -> list[str]:
    place = len(words) - 1 - words[::-1].index("providers")
    return words[place + 2 :: 2]


def _meets(one: dict[str, Any], condition: str) -> bool:
    named, valued = re.search(r"tagName eq '([^']*)'", condition), re.search(r"tagValue eq '([^']*)'", condition)
    tags = {key.lower(): value for key, value in (one.get("tags") or {}).items()}
    if named and named.group(1).lower() not in tags:
        return False
    return not (named and valued) or tags[named.group(1).lower()] == valued.group(1)


def _error(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}})
