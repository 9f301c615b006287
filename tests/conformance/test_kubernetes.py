"""The suite on a real Kubernetes."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from tests.conformance.backend import Backend, Cluster, Fault, Machine
from tests.conformance.suite import Suite

OURS = "stix-cluster-id"
KINDS = "pods,services,ingresses"


class Kubernetes(Backend):
    """Pods."""

    name = "kubernetes"
    cannot = {
        "stop": "a pod cannot be stopped, which is said",
        "halt": "a pod that ended is gone",
        "account": "a kubeconfig names its cluster: another account is another context",
        "fault unknown": "a real API server gives no answer that nobody knows",
        "zones": "the scheduler chooses among a context's nodes",
        "regions": "its regions are contexts, and the lab has one",
    }
    labels = {"team": "Größe x"}
    stored = {"team": "Gr-e-x"}

    def __enter__(self) -> "Kubernetes":
        self.lab = self.request.getfixturevalue("kubernetes_lab")
        self._before: dict[str, str] = {}
        self.changes()
        return self

    @property
    def environment(self) -> dict[str, str]:
        return dict(self.lab.environment)

    @property
    def variables(self) -> dict[str, Any]:
        return {"cloud_kubernetes_default_image": self.lab.image}

    def node(self, rank: int) -> dict[str, Any]:
        return {"cpus": 0.1, "memory": 0.1}

    def _items(self, cluster: Cluster, kinds: str) -> list[dict[str, Any]]:
        marks = [(each["metadata"].get("annotations") or {}, each) for each in self.lab.items(kinds, "-l", OURS)]
        return [each for annotations, each in marks if annotations.get(OURS) == cluster.id]

    def machines(self, cluster: Cluster) -> dict[int, Machine]:
        pods = self._items(cluster, "pods")
        return {int(each["metadata"]["labels"]["stix-rank"]): self._machine(each) for each in pods}

    def _machine(self, pod: dict[str, Any]) -> Machine:
        ending = pod["metadata"].get("deletionTimestamp")
        return Machine(pod["metadata"]["uid"], "stopping" if ending else pod["status"]["phase"].lower())

    def things(self, cluster: Cluster) -> list[str]:
        return [f"{each['kind']}/{each['metadata']['name']}" for each in self._items(cluster, KINDS)]

    def changes(self) -> list[str]:
        now = {}
        for each in self.lab.items(KINDS, "-l", OURS):
            metadata = each["metadata"]
            parts = [metadata["uid"], each["spec"], metadata["labels"], metadata.get("deletionTimestamp")]
            now[f"{each['kind']}/{metadata['name']}"] = json.dumps(parts, sort_keys=True)
        before, self._before = self._before, now
        return sorted(name for name in before.keys() | now if before.get(name) != now.get(name))

    def lose(self, machine: Machine) -> None:
        self.lab.kubectl("delete", "pod", self._pod(machine)["metadata"]["name"], "--now")

    def unmark(self, machine: Machine) -> None:
        metadata = self._pod(machine)["metadata"]
        for verb, marks in (("label", metadata["labels"]), ("annotate", metadata["annotations"])):
            ours = [f"{key}-" for key in marks if key.startswith("stix-")]
            self.lab.kubectl(verb, "pod", metadata["name"], *ours)

    def _pod(self, machine: Machine) -> dict[str, Any]:
        pods = self.lab.items("pods", "-l", OURS)
        return next(each for each in pods if each["metadata"]["uid"] == machine.id)

    def ports(self, cluster: Cluster) -> set[int]:
        services = [each for each in self._items(cluster, "services") if each["spec"].get("clusterIP") != "None"]
        return {port["port"] for each in services for port in each["spec"]["ports"]}

    def marks(self, cluster: Cluster, rank: int) -> dict[str, str]:
        pods = {int(each["metadata"]["labels"]["stix-rank"]): each for each in self._items(cluster, "pods")}
        return dict(pods[rank]["metadata"]["labels"])

    @contextlib.contextmanager
    def fault(self, kind: str, zone: str = "") -> Iterator[Fault]:
        if kind in ("capacity", "partial"):
            short = {"cloud_kubernetes_config": {"provision_timeout": 1}}
            yield Fault("provision.no_capacity", "region", {"cpus": 4096}, short)
        elif kind == "config":
            odd = {"cloud_kubernetes_config": {"pod_config": {"spec": {"restartPolicy": "Perhaps"}}}}
            yield Fault("provision.config", "region", variables=odd, words="pod_config")
        elif kind == "quota":
            self.lab.kubectl("create", "quota", "small", "--hard=pods=1")
            try:
                yield Fault("provision.quota", "region", words="pods=1")
            finally:
                self.lab.kubectl("delete", "resourcequota", "small")
        elif kind == "permission":
            self.lab.kubectl("create", "serviceaccount", "guest")
            try:
                guest = {"cloud_kubernetes_kubeconfig": str(self.lab.account("guest"))}
                yield Fault("provision.permission", "region", variables=guest, words="rbac.yml")
            finally:
                self.lab.kubectl("delete", "serviceaccount", "guest")
        else:
            config = json.loads(self.lab.kubeconfig.read_text())
            code = f"provision.{kind}"
            if kind == "auth":
                config["users"][0]["user"] = {"token": "expired"}
            else:
                config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
            file = self.lab.folder / f"{kind}.kubeconfig"
            file.write_text(json.dumps(config))
            yield Fault(code, "region", variables={"cloud_kubernetes_kubeconfig": str(file)})

    def clean(self) -> None:
        self.lab.kubectl("delete", KINDS, "-l", OURS, "--force", "--grace-period=0")


class TestKubernetes(Suite):
    backend = Kubernetes
