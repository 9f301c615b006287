"""What must be known before instances are made, beside their network: type, zones, image, quota."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_ground import Ground
from ansible_collections.stix.core.plugins.module_utils.gcp_images import find_image, image_wish
from ansible_collections.stix.core.plugins.module_utils.gcp_names import last, region_of
from ansible_collections.stix.core.plugins.module_utils.gcp_quota import needs, require

GPUS = {
    "T4": "nvidia-tesla-t4",
    "P4": "nvidia-tesla-p4",
    "V100": "nvidia-tesla-v100",
    "P100": "nvidia-tesla-p100",
}
"""Accelerators that are attached to N1 machines -> their names here; others come with their machine types."""


class Place(Ground):
    """Where machines go and what they are made of; asked all at once.

    Args:
        api: Compute Engine.
        params: the options of the module gcp_machines.
        nodes: the nodes to make.
        zones: best first; empty: any of the region that has the type.
        check: only look; rules that are missing are not made.

    Attributes:
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
        super().__init__(api, params)
        self.node = nodes[0]
        self.kind = self.node.get("instance_type")
        if not self.kind:
            raise Failure("provision.config", "No instance type is given", "Set instance_type for each node.", {})
        self.gpus = attached(self.node.get("accelerators"), self.kind)
        networks, offered, gpu_zones, region, project = api.together(
            self.networks,
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
        self.settle_network(networks)
        self.has_gpus = bool(builtin or self.gpus)
        self.image, _ = api.together(self._image, lambda: self.settle(check))

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


def attached(accelerators, kind):
    """What has to be attached to a machine: accelerators of N1 machines, by Google's names."""
    if not kind.startswith("n1-"):
        return {}
    return {GPUS.get(name, name): int(count) for name, count in (accelerators or {}).items()}
