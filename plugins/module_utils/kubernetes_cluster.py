"""A cluster of pods. Labels are the truth: what carries the cluster's id is ours, whatever else remembers it."""

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.stix.core.plugins.module_utils import kubernetes_services as services
from ansible_collections.stix.core.plugins.module_utils.difference import difference, of_machines
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.kubernetes_api import kubeconfig_file
from ansible_collections.stix.core.plugins.module_utils.kubernetes_gpus import SCALERS, label_of, resource_of, same
from ansible_collections.stix.core.plugins.module_utils.kubernetes_names import label_value, object_name
from ansible_collections.stix.core.plugins.module_utils.kubernetes_pod import pod
from ansible_collections.stix.core.plugins.module_utils.kubernetes_registry import Registry
from ansible_collections.stix.core.plugins.module_utils.kubernetes_report import Report, rank_of, state_of
from ansible_collections.stix.core.plugins.module_utils.kubernetes_taken import taken_away
from ansible_collections.stix.core.plugins.module_utils.kubernetes_wait import Wait, is_ready, wait_until

PARALLEL = 8
DELETED_IN = 90
"""Seconds within which pods are gone; their own grace is 10."""


class KubernetesCluster:
    """Reads and changes the pods of one cluster.

    Args:
        api: `kubernetes_api.Api`.
        params: the options of the module kubernetes_machines.
    """

    def __init__(self, api, params):
        self.api = api
        self.params = params
        self.diff = []
        self.base = object_name(params["cluster_id"])
        self.identity = object_name(params["cluster_id"], 63)  # no other id has it, however long or strange
        self.selector = "stix-cluster-id=%s" % self.identity
        self.registry = Registry(api, self.base + "-registry", params["registry_file"])
        self.look()

    def look(self):
        """See which pods there are."""
        self.found = self._pods()

    def instances(self):
        """The machines as they are, by rank (docs/concepts/contracts.md, section 2); what was taken away is gone."""
        report = Report(self.api, kubeconfig_file(self.params["kubeconfig"]))
        here = [report.instance(rank, each) for rank, each in self.found.items()]
        lost = [node for node in self.params["nodes"] if node["rank"] not in self.found]
        if lost and self.params["state"] == "query":
            taken = taken_away(self.api, {self._name(node["rank"]) for node in lost})
            names = [(node, self._name(node["rank"])) for node in lost]
            here += [report.gone(node, name, *taken[name]) for node, name in names if name in taken]
        return sorted(here, key=lambda instance: instance["rank"])

    def ensure(self, check):
        """Makes what is missing, and waits until all of it is ready; answers whether that changed anything."""
        ended = [each for each in self.found.values() if state_of(each) in ("gone", "stopping")]
        there = {rank for rank, each in self.found.items() if each not in ended}
        wanted = {node["rank"] for node in self.params["nodes"]}
        surplus = [self.found[rank] for rank in there - wanted] if self.params["remove_surplus"] else []
        missing = [node for node in self.params["nodes"] if node["rank"] not in there]
        labels, annotations = self.marks()
        beside = self._beside(labels, annotations)
        make, change, remove = self._compared(beside)
        login = self.registry.differs()
        changes = bool(missing or make or change or remove or surplus or login)
        gone = [each["metadata"]["name"] for each in surplus]
        otherwise = sorted({each[0] for each in [*make, *change, *remove]} if there else ())
        marks = [(kind + ": not as wanted", kind + ": as wanted") for kind in otherwise]
        self.diff = difference(machines=of_machines(missing, [], gone), ports=marks)
        waiting = [rank for rank in there & wanted if not is_ready(self.found[rank])]
        if (changes or waiting) and not check:
            if self.registry.data or self._has_login():
                self.params["image_pull_secrets"] = [*self.params["image_pull_secrets"], self.registry.name]
            pods = [self._pod(node, labels, annotations) for node in missing]
            self._remove_pods(ended + surplus)
            for kind, name, spec in change:
                self.api.change(kind, name, {"spec": spec})
            for kind, name in remove:
                self.api.delete(kind, name)
            self._make(make, pods, [] if there else beside, (labels, annotations) if login else None)
            self.found = self._pods()
        return changes

    def remove(self, check):
        """Removes all that carries the cluster's label; answers whether there was anything."""
        others = self._others()
        if (self.found or others) and not check:
            for kind, each in others:
                self.api.delete(kind, each["metadata"]["name"])
            self._remove_pods([*self.found.values(), *self.spare])
            self.found = {}
        return bool(self.found or others)

    def _make(self, beside, pods, with_them, login):
        """All or nothing: what this call made is removed again when one part of it fails, and `with_them`, too.

        Args:
            login: labels and annotations of the secret, where it must be made or changed.
        """
        made = [(kind, each["metadata"]["name"]) for kind, each in with_them]
        try:
            if login:
                made += [("secrets", self.registry.name)] if not self._has_login() else []
                self.registry.put(*login)
            for kind, each in beside:
                made.append((kind, each["metadata"]["name"]))
                self.api.create(kind, each)
            self._in_parallel(lambda body: self._create_pod(body, made.append), pods)
            wait_until(Wait(self.api, self.selector, self._names(), self.params))
        except Failure as failure:
            if failure.code != "provision.unknown":
                self._take_back(set(made))
            raise

    def _create_pod(self, body, remember):
        remember(("pods", body["metadata"]["name"]))
        self.api.create("pods", body)

    def _take_back(self, made):
        """What the first error is has to be told, so that what goes wrong here is not.

        A create that was refused, or whose answer was lost, may have been of a name that somebody else has.
        """
        try:
            there = [("pods", each) for each in self._pods().values()] + self._others()
        except Failure:
            return
        for kind, name in sorted(made & {(kind, each["metadata"]["name"]) for kind, each in there}):
            try:
                self.api.delete(kind, name, **({"grace": 0} if kind == "pods" else {}))
            except Failure:
                continue

    def _remove_pods(self, pods):
        names = {each["metadata"]["name"] for each in pods}
        self._in_parallel(lambda name: self.api.delete("pods", name), sorted(names))
        wait_until(Wait(self.api, self.selector, names, self.params, gone=True, seconds=DELETED_IN))

    def _pod(self, node, labels, annotations):
        labels = {**{key: label_value(value) for key, value in (node.get("labels") or {}).items()}, **labels}
        return pod(node, self.base, self.params, labels, annotations, self._accelerators(node), self.api.namespace)

    def _accelerators(self, node):
        """`(resource, count, label, values)` for what a node asks for; None for none."""
        wanted = node.get("accelerators") or {}
        if not wanted:
            return None
        (name, count), *_ = wanted.items()
        label, values, resource, known = "", [], "nvidia.com/gpu", set()
        for each in self.api.list("nodes"):
            says, (its, _) = label_of(each), resource_of(each)
            if says and its:
                known.add(says[2])
            if says and its and same(name, says[2]) and says[0] in (label or says[0]):
                label, resource = says[0], its
                values.append(says[1])
        if values:
            return resource, int(count), label, sorted(set(values))
        scaler = SCALERS.get(self.params["autoscaler"])
        if scaler:
            label, value = scaler(name)
            return ("google.com/tpu" if name.startswith("tpu-") else resource), int(count), label, [value]
        raise Failure(
            "provision.no_capacity",
            "No node of context %s has the accelerator %s (there: %s)"
            % (self.api.context, name, ", ".join(sorted(known)) or "none"),
            "`stix check kubernetes` names them; where an autoscaler brings them, set config.kubernetes.autoscaler.",
            {"scope": "region", "region": self.api.context, "provider_code": "NoAccelerator"},
        )

    def marks(self):
        """Labels and annotations of everything in the cluster."""
        given = self.params
        texts = {
            "stix-cluster": given["cluster"],
            "stix-cluster-id": given["cluster_id"],
            "stix-user": given["user"],
            "stix-run": given["run_id"],
            "stix-deadline": str(given["deadline"] or ""),
        }
        labels = {key: label_value(text) for key, text in texts.items() if label_value(text)}
        labels["stix-cluster-id"] = self.identity
        annotations = {key: text for key, text in texts.items() if text}
        if given["queue"]:
            labels["kueue.x-k8s.io/queue-name"] = given["queue"]
            labels["kueue.x-k8s.io/pod-group-name"] = self.base
            annotations["kueue.x-k8s.io/retriable-in-group"] = "false"
            annotations["kueue.x-k8s.io/pod-group-total-count"] = str(len(given["nodes"]))
        more = given["metadata"]
        return {**(more.get("labels") or {}), **labels}, {**(more.get("annotations") or {}), **annotations}

    def _beside(self, labels, annotations):
        plain = {key: value for key, value in labels.items() if not key.startswith("kueue.")}
        heads = [node for node in self.params["nodes"] if node["rank"] == 0]
        ports = services.numbers((heads[0].get("ports") or []) if heads else [])
        mode = self.params["ports"]
        return services.wanted(self.base, self.api.namespace, ports, mode, plain, annotations)

    def _compared(self, beside):
        """What is wanted beside pods and is not there, is there in another way, and is there and not wanted."""
        there = {(kind, each["metadata"]["name"]): each for kind, each in self._others() if kind != "secrets"}
        wanted = {(kind, each["metadata"]["name"]): each for kind, each in beside}
        make = [(key[0], wanted[key]) for key in wanted if key not in there]
        other = [key for key in wanted if key in there and not services.same_ports(there[key], wanted[key]["spec"])]
        change = [(*key, wanted[key]["spec"]) for key in other]
        return make, change, [key for key in there if key not in wanted]

    def _others(self):
        found = [("services", each) for each in self.api.list("services", labels=self.selector)]
        for kind, needed in (("ingresses", self.params["ports"] == "ingress"), ("secrets", self.registry.data)):
            try:
                listed = self.api.list(kind, labels=self.selector, whole=kind != "secrets")
                found += [(kind, each) for each in listed]
            except Failure as failure:  # who may not see them made none
                if failure.code != "provision.permission" or needed:
                    raise
        return found

    def _has_login(self):
        """Whether a secret of an earlier login is there."""
        names = [each["metadata"]["name"] for kind, each in self._others() if kind == "secrets"]
        return self.registry.name in names

    def _in_parallel(self, do, things):
        """Does it for all; every one gets its turn before the first error is raised."""
        with ThreadPoolExecutor(PARALLEL) as pool:
            futures = [pool.submit(do, thing) for thing in things]
        return [future.result() for future in futures]

    def _pods(self):
        """Rank -> pod; of two of a rank the one that has its usual name, the other is `spare`."""
        pods = self.api.list("pods", labels=self.selector)
        found = {}
        for each in sorted(pods, key=lambda pod: pod["metadata"]["name"] == self._name(rank_of(pod))):
            found[rank_of(each)] = each
        self.spare = [each for each in pods if each not in found.values()]
        return found

    def _name(self, rank):
        """What a pod is called that is made here; an adopted one keeps its own name."""
        return "%s-%d" % (self.base, rank)

    def _names(self):
        """The names of the wanted pods."""
        kept = {rank: each for rank, each in self.found.items() if state_of(each) not in ("gone", "stopping")}
        ranks = [node["rank"] for node in self.params["nodes"]]
        return {kept[rank]["metadata"]["name"] if rank in kept else self._name(rank) for rank in ranks}
