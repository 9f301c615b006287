"""All that carries our labels on one engine: what there is, and its removal. Labels are the truth."""

import json
from datetime import datetime

from ansible_collections.stix.core.plugins.module_utils.docker_containers import instance_of, remove_container

KINDS = ("machine", "network", "disk")
"""In the order of removal: a network goes when nothing is in it."""


class DockerSurvey:
    """Reads and sweeps one engine.

    Args:
        client: an API client with `get_json` and `delete_call`.
        region: the name of the engine's context; empty is the one that is found without.
        connection: host variables to add to those of each instance.
    """

    def __init__(self, client, region, connection):
        self.client = client
        self.region = region
        self.connection = connection
        self.faults = {}

    def things(self, kinds=()):
        """What there is of these kinds, or of all (docs/concepts/contracts.md, section 3)."""
        asked = {"machine": self._machines, "network": self._networks, "disk": self._volumes}
        return [thing for kind in KINDS if not kinds or kind in kinds for thing in asked[kind]()]

    def sweep(self, wanted, check):
        """Removes things of a survey that still carry our labels; answers whether there were any."""
        ids = {thing["id"] for thing in wanted}
        there = [thing for thing in self.things() if thing["id"] in ids]
        for thing in there if not check else ():
            try:
                self._remove(thing)
            except Exception as error:  # one that stays is no reason to leave the others
                self.faults[thing["id"]] = str(error)
        return bool(there)

    def _remove(self, thing):
        if thing["kind"] == "machine":
            remove_container(self.client, thing["id"])
        else:
            self.client.delete_call({"network": "/networks/{0}", "disk": "/volumes/{0}"}[thing["kind"]], thing["id"])

    def left(self, wanted):
        """The things of a list that are there now, with the reason where a removal failed."""
        ids = {thing["id"] for thing in wanted}
        there = [thing for thing in self.things() if thing["id"] in ids]
        for thing in there:
            if thing["id"] in self.faults:
                thing["details"] = {**thing["details"], "reason": self.faults[thing["id"]]}
        return there

    def _machines(self):
        for entry in self.client.get_json("/containers/json", params={"all": "true", **_ours()}):
            container = self.client.get_json("/containers/{0}/json", entry["Id"])
            instance = instance_of(container, self.connection)
            yield {
                **self._thing("machine", entry["Id"], instance["name"], entry["Labels"], entry["Created"]),
                "state": instance["state"],
                "details": {
                    "container": container["Name"].lstrip("/"),
                    "image": instance["details"]["image"],
                    "on_shutdown": container["Config"]["Labels"].get("stix.on_shutdown", ""),
                },
                "instance": instance,
            }

    def _networks(self):
        for entry in self.client.get_json("/networks", params=_ours()):
            yield self._thing("network", entry["Id"], entry["Name"], entry["Labels"], _seconds(entry["Created"]))

    def _volumes(self):
        for entry in self.client.get_json("/volumes", params=_ours())["Volumes"] or []:
            created = _seconds(entry.get("CreatedAt") or "")
            yield self._thing("disk", entry["Name"], entry["Name"], entry["Labels"], created)

    def _thing(self, kind, identity, name, labels, created):
        return {
            "kind": kind,
            "id": identity,
            "name": name,
            "region": self.region,
            "zone": "",
            "state": "",
            "cluster": labels.get("stix.cluster", ""),
            "cluster_id": labels["stix.cluster_id"],
            "user": labels.get("stix.user", ""),
            "run": labels.get("stix.run_id", ""),
            "created_at": int(created),
            "deadline": int(labels.get("stix.deadline") or 0),
            "shared": False,
            "details": {},
            "instance": None,
        }


def _ours():
    return {"filters": json.dumps({"label": ["stix.cluster_id"]})}


def _seconds(moment):
    """Unix seconds of `2026-01-01T00:00:00.123456789Z`; 0 where it is written otherwise."""
    try:
        return datetime.fromisoformat(moment[:19] + "+00:00").timestamp()
    except ValueError:
        return 0
