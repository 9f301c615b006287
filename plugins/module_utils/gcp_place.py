"""What must be known and there before machines are made: network, subnet, type, zones, image, quota."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_firewall import make_rules, shared_rules
from ansible_collections.stix.core.plugins.module_utils.gcp_images import find_image, image_wish
from ansible_collections.stix.core.plugins.module_utils.gcp_names import last, region_of
from ansible_collections.stix.core.plugins.module_utils.gcp_quota import needs, require

NETWORK = "stix"
"""The network that is made where a project has no `default` one."""

GPUS = {
    "T4": "nvidia-tesla-t4",
    "P4": "nvidia-tesla-p4",
    "V100": "nvidia-tesla-v100",
    "P100": "nvidia-tesla-p100",
}
"""Accelerators that are attached to N1 machines -> their names here; others come with their machine types."""


TPU = "TPU-VM"
"""The catalog's word for the machines of all TPUs."""


class Missing(Exception):
    """What must exist before machines can be made; `needs` says what, the role makes it."""

    def __init__(self, needs):
        super().__init__("missing: %s" % ", ".join(sorted(needs)))
        self.needs = needs


class Place:
    """Where machines go and what they are made of; asked all at once.

    Args:
        api: Compute Engine.
        params: the options of the module gcp_machines.
        nodes: the nodes to make.
        zones: best first; empty: any of the region that has the type.
        check: only look; rules that are missing are not made.

    Attributes:
        network, subnet: links.
        zones: zones to try that have the type, best first.
        lacking: zones asked for that do not have it.
        about: the type as Compute Engine describes it.
        gpus: accelerators to attach to each machine, name -> how many.
        image: as Compute Engine describes it.

    Raises:
        Missing: the network has to be made.
        Failure: `provision.*`.
    """

    def __init__(self, api, params, nodes, zones, check):
        self.api, self.params, self.node = api, params, nodes[0]
        self.config = params["config"]
        self.kind = self.node.get("instance_type")
        if not self.kind:
            raise Failure("provision.config", "No instance type is given", "Set instance_type for each node.", {})
        if self.kind == TPU:
            raise Failure(
                "provision.unsupported",
                "Google Cloud: TPU VMs are not made yet (%s)" % ", ".join(self.node.get("accelerators") or [TPU]),
                "Ask for GPUs, or for a TPU of a Kubernetes cluster.",
                {"scope": "type", "region": api.region},
            )
        self.gpus = attached(self.node.get("accelerators"), self.kind)
        networks, offered, gpu_zones, region, project = api.together(
            self._networks,
            self._offered,
            self._gpu_zones,
            lambda: api.get("regions/" + api.region),
            lambda: api.get(""),
        )
        if region is None:
            raise Failure("provision.config", "Google Cloud has no region '%s'" % api.region, "", {"scope": "region"})
        self.about, self.zones, self.lacking = self._zones(zones, offered, gpu_zones)
        builtin = {
            one["guestAcceleratorType"]: one["guestAcceleratorCount"] for one in self.about.get("accelerators") or ()
        }
        self.arch = self.about.get("architecture") or "X86_64"
        public = not api.internal
        wanted = needs(
            self.kind, self.about["guestCpus"], {**builtin, **self.gpus}, len(nodes), self.node.get("use_spot"), public
        )
        require(wanted, api.region, region.get("quotas"), (project or {}).get("quotas"))
        self.network = self._network(networks)
        self.has_gpus = bool(builtin or self.gpus)
        self.image, self.subnet, missing = api.together(self._image, self._subnet, self._missing_rules)
        if missing and not check:
            make_rules(api, missing)

    def _networks(self):
        wanted = self.config.get("vpc_name")
        if wanted:
            return [api_network(self.api, wanted)]
        return [self.api.get("global/networks/default"), self.api.get("global/networks/" + NETWORK)]

    def _network(self, found):
        wanted = self.config.get("vpc_name")
        network = next((one for one in found if one), None)
        if network is None and wanted:
            raise Failure(
                "provision.config",
                "Google Cloud has no network '%s'" % wanted,
                "Make it, or leave config gcp.vpc_name out.",
            )
        if network is None:
            raise Missing({"network": {"name": NETWORK}})
        return network["selfLink"]

    def _offered(self):
        """The type in every zone that has it."""
        return self.api.list("aggregated/machineTypes", filter="name=%s" % self.kind)

    def _gpu_zones(self):
        """Zones that have the accelerator to attach; None where none is to be attached."""
        if not self.gpus:
            return None
        found = self.api.list("aggregated/acceleratorTypes", filter="name=%s" % next(iter(self.gpus)))
        return {last(one["zone"]) for one in found}

    def _zones(self, wanted, offered, gpu_zones):
        by_zone = {last(one["zone"]): one for one in offered}
        if not by_zone:
            raise Failure(
                "provision.config",
                "Google Cloud has no instance type '%s'" % self.kind,
                "stix catalog gpus, or gcloud compute machine-types list, shows which there are.",
                {"scope": "type", "region": self.api.region},
            )
        here = sorted(zone for zone in by_zone if region_of(zone) == self.api.region)
        good = [zone for zone in wanted or here if zone in here and (gpu_zones is None or zone in gpu_zones)]
        lacking = [zone for zone in wanted if zone not in good]
        if not good:
            raise Failure(
                "provision.no_capacity",
                "Google Cloud %s has no %s in %s" % (self.api.region, self.kind, ", ".join(wanted) or "any zone"),
                "It has it in: %s" % ", ".join(sorted(by_zone)[:12]),
                {"scope": "zone" if len(wanted) == 1 else "region", "region": self.api.region}
                | ({"zone": wanted[0]} if len(wanted) == 1 else {}),
            )
        return by_zone[good[0]], list(dict.fromkeys(good)), lacking

    def _image(self):
        wish = image_wish(self.node.get("image_id"), self.api.region)
        return find_image(self.api, wish, self.arch, self.has_gpus)

    def _subnet(self):
        """The region's subnet of the network, or the first of those that are named."""
        owner = self.network.partition("/projects/")[2].partition("/")[0]
        base = "https://compute.googleapis.com/compute/v1/projects/%s/regions/%s/subnetworks" % (owner, self.api.region)
        found = [one for one in self.api.list(base) if one["network"] == self.network]
        named = self.config.get("subnet_names") or []
        names = [named] if isinstance(named, str) else list(named)
        if names:
            found = sorted((one for one in found if one["name"] in names), key=lambda one: names.index(one["name"]))
        if not found:
            words = "%s has no subnet%s in %s" % (
                last(self.network), " " + " or ".join(names) if names else "", self.api.region
            )  # fmt: skip
            raise Failure("provision.config", "Google Cloud: " + words, "Make one there.", {"scope": "region"})
        return found[0]["selfLink"]

    def _missing_rules(self):
        """Shared firewall rules that are not there; another project's network is its owner's to guard."""
        if not self.network.partition("/projects/")[2].startswith(self.api.project + "/"):
            return []
        if self.config.get("firewall") is False:
            return []
        return [rule for rule in shared_rules(self.network) if self.api.get("global/firewalls/" + rule["name"]) is None]


def api_network(api, wanted):
    """The network with a name, or `project/name`; None when there is none."""
    owner, _, name = wanted.rpartition("/")
    return api.get(
        "https://compute.googleapis.com/compute/v1/projects/%s/global/networks/%s" % (owner or api.project, name)
    )


def attached(accelerators, kind):
    """What has to be attached to a machine: accelerators of N1 machines, by Google's names."""
    if not kind.startswith("n1-"):
        return {}
    return {GPUS.get(name, name): int(count) for name, count in (accelerators or {}).items()}
