"""A cluster of containers. Labels are the truth: what carries `stix.cluster_id` is ours, whatever else remembers it."""

import json
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.stix.core.plugins.module_utils import docker_options
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

KEEP_ALIVE = "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"
"""What a container runs: waits under any image with a shell, and ends at once when it is told to."""

STATES = {
    "created": "pending",
    "restarting": "pending",
    "running": "running",
    "paused": "stopped",
    "removing": "stopping",
    "exited": "stopped",
    "dead": "gone",
}
"""The engine's word for a state -> ours."""

GIB = 2**30
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

    def instances(self):
        """The machines as they are, by rank (docs/concepts/contracts.md, section 2)."""
        return [self._instance(rank, self._inspect(entry["Id"])) for rank, entry in sorted(self.found.items())]

    def ensure(self, check):
        """Creates what is missing and starts what does not run; answers whether that changed anything."""
        nodes = self.params["nodes"]
        missing = [node for node in nodes if node["rank"] not in self.found]
        asleep = [self.found[node["rank"]] for node in nodes if node["rank"] in self.found]
        asleep = [entry["Id"] for entry in asleep if entry["State"] != "running"]
        self._check_room(missing)
        if (missing or asleep) and not check:
            self._in_parallel(self._start, asleep)
            self._create_all(missing)
            self.found = self._containers()
        return bool(missing or asleep)

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
        if node.get("cpus"):
            host["NanoCpus"] = int(float(node["cpus"]) * 10**9)
        if node.get("memory"):
            host["Memory"] = int(float(node["memory"]) * GIB)
        count = sum(int(number) for number in (node.get("accelerators") or {}).values())
        if count:
            host.setdefault("DeviceRequests", []).append(docker_options.gpus(str(count)))
        ports = [f"{port}/tcp" for port in _ports(node.get("ports") or [])] if node["rank"] == 0 else []
        host["PortBindings"] = {port: [{"HostPort": port.split("/")[0]}] for port in ports}
        return {
            **settings,
            "Image": image_of(node, self.params["default_image"]),
            "Entrypoint": ["/bin/sh", "-c", KEEP_ALIVE],
            "Cmd": [],
            "Labels": self._labels(node),
            "Hostname": node["name"],
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
        }
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

    def _remove(self, key):
        self.client.delete_call("/containers/{0}", key, params={"force": "true", "v": "true"})

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

    def _instance(self, rank, container):
        host = container["HostConfig"]
        networks = container["NetworkSettings"]["Networks"] or {}
        addresses = [network["IPAddress"] for network in networks.values() if network.get("IPAddress")]
        name = container["Name"].lstrip("/")
        return {
            "name": container["Config"]["Labels"].get("stix.name", name),
            "rank": rank,
            "id": container["Id"],
            "state": STATES.get(container["State"]["Status"], "gone"),
            "private_ip": addresses[0] if addresses else "127.0.0.1",
            "connection": {
                "ansible_connection": "community.docker.docker",
                "ansible_host": name,
                **self.params["connection"],
            },
            "agent_port": None,
            "cpus": host["NanoCpus"] / 10**9 if host.get("NanoCpus") else None,
            "memory": host["Memory"] / GIB if host.get("Memory") else None,
            "gpus": [],
            "details": {
                "image": container["Config"]["Image"],
                "ports": sorted(host.get("PortBindings") or {}),
                "exit_code": container["State"].get("ExitCode"),
            },
        }


def _ports(ports):
    """Single ports from numbers and ranges like `8080-8082`."""
    found = []
    for port in ports:
        first, _, last = str(port).partition("-")
        found += range(int(first), int(last or first) + 1)
    return found
