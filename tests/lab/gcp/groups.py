"""Managed instance groups of the lab: templates, groups, and resize requests that a queue serves whole or not."""

import copy
from typing import Any

from tests.lab.faults import Faults
from tests.lab.gcp.instances import Instances, invalid
from tests.lab.gcp.store import PROJECT, Refusal, Store, Thing

KINDS = ("instanceGroupManagers", "instanceTemplates")
WAITING = ("CREATING", "ACCEPTED")


class Groups:
    """Answers calls that change groups and templates; whoever asks holds the store's lock.

    A fault rule for `resizeRequests.serve` with the code `WAIT` leaves a request in the queue; another code fails it.
    """

    def __init__(self, store: Store, instances: Instances, faults: Faults) -> None:
        self.store, self.instances, self.faults = store, instances, faults

    def change(self, method: str, scope: str, collection: str, name: str, verb: str, body: Any) -> Thing:
        """A call that is no GET: its operation. Raises Refusal."""
        path = f"{PROJECT}/{scope}/{collection}/{name}"
        if method == "POST" and not name:
            return self._insert(scope, collection, body)
        thing = self.store.get(path)
        if method == "DELETE" and not verb:
            return self._delete(scope, collection, path, thing)
        _, _, rest = verb.partition("/")
        if verb == "deleteInstances":
            return self._shrink(scope, path, thing, body)
        if verb == "resizeRequests":
            return self._request(scope, path, thing, body)
        request, _, word = rest.partition("/")
        asked = self.store.get(f"{path}/resizeRequests/{request}")
        if word != "cancel" or asked["state"] not in WAITING:
            raise invalid("resizeRequest", f"'{request}'. A request that is {asked['state']} cannot be cancelled.")
        asked["state"] = "CANCELLED"
        return self.store.operate(scope, "cancel", path)

    def read(self, path: str, verb: str) -> Thing:
        """A request, or a group's list of them."""
        if verb != "resizeRequests":
            return self.store.get(f"{path}/{verb}")
        self.store.get(path)
        found = [one for key, one in self.store.things.items() if key.startswith(f"{path}/resizeRequests/")]
        return {"items": found} if found else {}

    def _insert(self, scope: str, collection: str, body: Thing) -> Thing:
        path = f"{PROJECT}/{scope}/{collection}/{body['name']}"
        if path in self.store.things:
            raise Refusal(409, "alreadyExists", f"The resource 'projects/{path}' already exists")
        if collection == "instanceGroupManagers":
            if len(body["baseInstanceName"]) > 58:
                raise invalid("resource.baseInstanceName", "it must be at most 58 characters long.")
            self.store.get(body["instanceTemplate"].partition("projects/")[2])
        self.store.put(PROJECT, scope, collection, {**body})
        return self.store.operate(scope, "insert", path)

    def _delete(self, scope: str, collection: str, path: str, thing: Thing) -> Thing:
        if collection == "instanceTemplates":
            used = [one for one in self.store.every("instanceGroupManagers") if path in one.get("instanceTemplate", "")]
            if used:
                raise Refusal(400, "resourceInUseByAnotherResource", f"'projects/{path}' is already being used")
            return self.store.operate(scope, "delete", path, then=lambda: self.store.things.pop(path, None) and None)
        below = [key for key in self.store.things if key.startswith(f"{path}/resizeRequests/")]
        if any(self.store.things[key]["state"] in WAITING for key in below):
            raise Refusal(400, "invalid", "A group with resize requests that are not done cannot be deleted.")

        def gone() -> None:
            for member in self._members(path):
                self.instances.drop(member)
            for key in [path, *below]:
                self.store.things.pop(key, None)

        return self.store.operate(scope, "delete", path, target_id=thing["id"], then=gone)

    def _members(self, path: str) -> list[str]:
        return [key for key, one in self.store.things.items() if one.get("_group") == path]

    def _shrink(self, scope: str, path: str, thing: Thing, body: Thing) -> Thing:
        doomed = [f"{PROJECT}/{one.partition('projects/' + PROJECT + '/')[2] or one}" for one in body["instances"]]
        if not set(doomed) <= set(self._members(path)):
            raise invalid("instances", "not all of them belong to the group.")
        thing["targetSize"] -= len(doomed)

        def gone() -> None:
            for one in doomed:
                self.instances.drop(one)

        return self.store.operate(scope, "deleteInstances", path, then=gone)

    def _request(self, scope: str, path: str, group: Thing, body: Thing) -> Thing:
        template = self.store.get(group["instanceTemplate"].partition("projects/")[2])["properties"]
        self._check(group, template, body)
        key = f"{path}/resizeRequests/{body['name']}"
        if key in self.store.things:
            raise Refusal(409, "alreadyExists", f"The resource 'projects/{key}' already exists")
        zone = scope.partition("/")[2]
        for _ in range(body["resizeBy"]):
            self.instances.check(zone, f"{group['baseInstanceName']}-xxxx", template)
        asked = {**body, "state": "ACCEPTED", "status": {}, "id": self.store.number()}
        self.store.things[key] = asked
        return self.store.operate(scope, "insert", key, then=lambda: self._serve(zone, path, group, template, asked))

    def _check(self, group: Thing, template: Thing, body: Thing) -> None:
        """What is refused at once."""
        if not 600 <= int(body["requestedRunDuration"]["seconds"]) <= 604800:
            raise invalid("resource.requestedRunDuration", "it must be from 10 minutes to 7 days.")
        if group["instanceLifecyclePolicy"]["defaultActionOnFailure"] != "DO_NOTHING":
            raise invalid("resource", "the group must not repair its machines.")
        if template.get("reservationAffinity", {}).get("consumeReservationType") != "NO_RESERVATION":
            raise invalid("resource", "the template must not use reservations.")
        scheduling = template["scheduling"]
        if scheduling.get("provisioningModel") == "SPOT" or scheduling.get("maxRunDuration"):
            raise invalid("resource", "the template must not be of spot machines, nor limit their run.")

    def _serve(self, zone: str, path: str, group: Thing, template: Thing, asked: Thing) -> None:
        rule = self.faults.met({"action": "resizeRequests.serve", "zone": zone, "name": asked["name"]})
        if rule:
            told = {"error": {"errors": [{"code": rule["code"], "message": rule.get("message", "no room")}]}}
            asked["status"] = {"lastAttempt": told} if rule["code"] == "WAIT" else told
            asked["state"] = "ACCEPTED" if rule["code"] == "WAIT" else "FAILED"
            return
        names = [f"{group['baseInstanceName']}-{self.store.number()[-4:]}" for _ in range(asked["resizeBy"])]
        for name in names:
            self.instances.make(zone, name, copy.deepcopy(template))
            self.store.things[f"{PROJECT}/zones/{zone}/instances/{name}"]["_group"] = path
        group["targetSize"] += len(names)
        self.instances.run(zone, names)
        asked["state"] = "SUCCEEDED"
