"""A cluster of containers. Labels are the truth: what carries `stix.cluster_id` is ours, whatever else remembers it."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.stix.core.plugins.module_utils import docker_options
from ansible_collections.stix.core.plugins.module_utils.difference import difference, of_machines
from ansible_collections.stix.core.plugins.module_utils.docker_containers import (
    GIB,
    STATES,
    instance_of,
    remove_container,
)
from ansible_collections.stix.core.plugins.module_utils.docker_volumes import binds, require_volumes
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

KEEP_ALIVE = "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"
"""What a container runs: waits under any image with a shell, and ends at once when it is told to."""

PARALLEL = 8


def image_of(node, default):
    """The image of a wanted node: its `image_id` without `docker:`, or the default."""
    image = node.get("image_id") or default
    return image[len("docker:") :] if image.startswith("docker:") else image


class DockerCluster:
    """Reads and changes the containers of one cluster.

    Args:
        client: an API client with `get_json`, `post_json`, `post_json_to_json` and `delete_call`.
        params: the options of the module docker_machines.
    """

    def __init__(self, client, params):
        self.client = client
        self.params = params
        self.found = self._containers()
        self.diff = []

    def instances(self):
        """The machines as they are, by rank (docs/concepts/contracts.md, section 2)."""
        return [
            instance_of(self._inspect(self.found[rank]["Id"]), self.params["connection"]) for rank in sorted(self.found)
        ]

    def ensure(self, check):
        """Creates what is missing and starts what does not run; answers whether that changed anything.

        Raises:
            Failure: `provision.*`; what this call made is gone again.
        """
        nodes = self.params["nodes"]
        there = {node["rank"]: self.found[node["rank"]] for node in nodes if node["rank"] in self.found}
        missing = [node for node in nodes if node["rank"] not in there]
        asleep = [entry for entry in there.values() if entry["State"] != "running"]
        surplus = [entry["Id"] for rank, entry in self.found.items() if rank not in there]
        surplus = surplus if self.params["remove_surplus"] else []
        self._check_room(missing)
        require_volumes(self.client, self.params["volumes"] if missing else ())
        self._check_ports([node for node in nodes if node["rank"] in there])
        sleepers = [(entry["Labels"].get("stix.name", entry["Id"][:12]), entry["State"]) for entry in asleep]
        self.diff = difference(machines=of_machines(missing, sleepers, [key[:12] for key in surplus]))
        if (missing or asleep or surplus) and not check:
            self._in_parallel(self._wake, asleep)
            self._create_all(missing)
            self._in_parallel(self._remove, surplus)
            self.found = self._containers()
        return bool(missing or asleep or surplus)

    def stop(self, check):
        """Stops what runs; answers whether anything did."""
        running = [entry["Id"] for entry in self.found.values() if STATES.get(entry["State"]) in ("running", "pending")]
        if running and not check:
            self._in_parallel(lambda key: self.client.post_call("/containers/{0}/stop", key, params={"t": 10}), running)
            self.found = self._containers()
        return bool(running)

    def remove(self, check):
        """Removes every container of the cluster; answers whether there was one."""
        keys = [entry["Id"] for entry in self.found.values()]
        if keys and not check:
            self._in_parallel(self._remove, keys)
            self.found = {}
        return bool(keys)

    def settings(self, node):
        """What the engine is asked to create for a wanted node."""
        settings = docker_options.parse(self.params["run_options"])
        host = settings["HostConfig"]
        host.setdefault("NetworkMode", self.params["network"])
        host["Init"] = True
        if self.params["volumes"]:
            host["Binds"] = host.get("Binds", []) + binds(self.params["volumes"])
        if node.get("cpus"):
            host["NanoCpus"] = int(float(node["cpus"]) * 10**9)
        if node.get("memory"):
            host["Memory"] = int(float(node["memory"]) * GIB)
        count = sum(int(number) for number in (node.get("accelerators") or {}).values())
        if count:
            host.setdefault("DeviceRequests", []).append(docker_options.gpus(str(count)))
        ports = _opened(node)
        host["PortBindings"] = {port: [{"HostPort": port.split("/")[0]}] for port in ports}
        return {
            **settings,
            "Image": image_of(node, self.params["default_image"]),
            "Entrypoint": ["/bin/sh", "-c", KEEP_ALIVE],
            "Cmd": [],
            "Labels": self._labels(node),
            "Hostname": _hostname(node["name"]),
            "ExposedPorts": {port: {} for port in ports},
        }

    def _labels(self, node):
        ours = {
            "stix.cluster": self.params["cluster"],
            "stix.cluster_id": self.params["cluster_id"],
            "stix.name": node["name"],
            "stix.rank": str(node["rank"]),
            "stix.user": self.params["user"],
            "stix.run_id": self.params["run_id"],
            **({"stix.deadline": self.params["deadline"]} if self.params["deadline"] else {}),
            **({"stix.on_shutdown": self.params["on_shutdown"]} if self.params["on_shutdown"] else {}),
        }
        ours = {key: str(value) for key, value in ours.items()}
        return {**{key: str(value) for key, value in (node.get("labels") or {}).items()}, **ours}

    def _check_room(self, nodes):
        """The engine refuses too many CPUs by itself, but takes any limit of memory."""
        wanted = max([float(node.get("memory") or 0) for node in nodes] or [0])
        there = self.client.info()["MemTotal"] / GIB if wanted else 0
        if wanted > there:
            raise Failure(
                "provision.no_capacity",
                "The Docker engine's machine is too small: it has %.3g GiB of memory, %g wanted" % (there, wanted),
                "Ask for less memory.",
            )

    def _check_ports(self, nodes):
        """What is open at a container is settled when it is made."""
        for node in nodes:
            bound = self._inspect(self.found[node["rank"]]["Id"])["HostConfig"].get("PortBindings") or {}
            if node["rank"] == 0 and sorted(bound) != sorted(_opened(node)):
                raise Failure(
                    "provision.unsupported",
                    "The ports of a container cannot be changed: %s has %s open, %s wanted"
                    % (node["name"], _listed(bound), _listed(_opened(node))),
                    "Take the cluster down and launch it with these ports.",
                )

    def _create_all(self, nodes):
        """All or nothing: what this call made is removed again when one of them fails."""
        made = []
        try:
            made += self._in_parallel(lambda node: self._create(node, made.append), nodes)
        except Exception:
            self._in_parallel(self._remove, sorted(set(made)))
            raise

    def _create(self, node, remember):
        name = "%s-%d" % (self.params["cluster_id"], node["rank"])
        settings = self.settings(node)
        if settings["HostConfig"]["NetworkMode"] == "host":
            del settings["Hostname"]
        key = self.client.post_json_to_json("/containers/create", data=settings, params={"name": name})["Id"]
        remember(key)
        self._start(key)
        return key

    def _start(self, key):
        self.client.post_call("/containers/{0}/start", key)

    def _wake(self, entry):
        verb = "unpause" if entry["State"] == "paused" else "start"
        self.client.post_call("/containers/{0}/" + verb, entry["Id"])

    def _remove(self, key):
        remove_container(self.client, key)

    def _in_parallel(self, do, things):
        """Does it for all; every one gets its turn before the first error is raised."""
        with ThreadPoolExecutor(PARALLEL) as pool:
            futures = [pool.submit(do, thing) for thing in things]
        return [future.result() for future in futures]

    def _containers(self):
        filters = json.dumps({"label": ["stix.cluster_id=" + self.params["cluster_id"]]})
        entries = self.client.get_json("/containers/json", params={"all": "true", "filters": filters})
        return {int(entry["Labels"].get("stix.rank", "0")): entry for entry in entries}

    def _inspect(self, key):
        return self.client.get_json("/containers/{0}/json", key)


def _hostname(name):
    """The kernel takes 64 characters; a longer name is cut, and told apart by a mark."""
    return name if len(name) < 64 else "%s-%s" % (name[:54], hashlib.sha256(name.encode()).hexdigest()[:8])


def _opened(node):
    """What a node's container opens, as the engine writes ports: only the head has any."""
    found = []
    for port in node.get("ports") or [] if node["rank"] == 0 else []:
        first, _, last = str(port).partition("-")
        found += ["%d/tcp" % number for number in range(int(first), int(last or first) + 1)]
    return found


def _listed(ports):
    return ", ".join(port.split("/")[0] for port in sorted(ports)) or "none"
