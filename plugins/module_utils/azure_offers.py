"""Whether a region has an instance type for this subscription, and quota for so many: asked before anything is made."""

from ansible_collections.stix.core.plugins.module_utils.azure_errors import classify
from ansible_collections.stix.core.plugins.module_utils.failure import Failure


class Size:
    """An instance type in a region, as the list of resource SKUs has it.

    Args:
        sku: its entry; None: the list has none, and nothing is known.
        name: what was asked for.
        region: where.
    """

    def __init__(self, sku, name, region):
        self.name = (sku or {}).get("name") or name
        self.region = region
        self.sku = sku or {}
        self.able = {one["name"]: one["value"] for one in self.sku.get("capabilities") or []}

    @property
    def arch(self):
        """`x86_64` or `arm64`."""
        return "arm64" if self.able.get("CpuArchitectureType") == "Arm64" else "x86_64"

    @property
    def generation(self):
        """The newest generation of hypervisor that it has: 1 or 2."""
        return 1 if self.able.get("HyperVGenerations") == "V1" else 2

    @property
    def gpus(self):
        """How many GPUs it has."""
        return int(float(self.able.get("GPUs") or 0))

    @property
    def cpus(self):
        """How many vCPUs it has."""
        return int(float(self.able.get("vCPUsAvailable") or self.able.get("vCPUs") or 0))

    @property
    def premium(self):
        """Whether it takes premium disks."""
        return self.able.get("PremiumIO") == "True"

    @property
    def fast_network(self):
        """Whether its interfaces can be accelerated."""
        return self.able.get("AcceleratedNetworkingEnabled") == "True"

    def open_zones(self, zones):
        """Those of some zones that have it for this subscription; without any zone, `[""]`: anywhere in the region.

        Raises:
            Failure: `provision.no_capacity`, there is none.
        """
        for limit in self.sku.get("restrictions") or []:
            if limit.get("type") == "Location":
                raise self._closed("", limit)
        if not zones:
            return [""]
        shut, has = {}, set()
        for limit in self.sku.get("restrictions") or []:
            for zone in (limit.get("restrictionInfo") or {}).get("zones") or []:
                shut[zone] = limit
        for place in self.sku.get("locationInfo") or []:
            has |= set(place.get("zones") or [])
        found = [zone for zone in zones if zone not in shut and (zone in has or not self.sku)]
        if not found:
            raise self._closed(zones[0], shut.get(zones[0]) or {"reasonCode": "no such zone"})
        return found

    def _closed(self, zone, limit):
        words = "%s is not offered to this subscription (%s)" % (self.name, limit.get("reasonCode") or "restricted")
        return classify("SkuNotAvailable", words, region=self.region, zone=zone)


def find_size(api, name):
    """The instance type in the region of `api`.

    Raises:
        Failure: `provision.config`, the region has none of that name.
    """
    where = "location eq '%s'" % api.region
    listed = _allowed(lambda: api.every(api.root + "/providers/Microsoft.Compute/skus", __filter=where))
    if not listed:
        return Size(None, name, api.region)
    for one in listed:
        if one.get("resourceType") == "virtualMachines" and one["name"].lower() == name.lower():
            return Size(one, name, api.region)
    raise classify("SkuNotAvailable", "%s has no instance type %s" % (api.region, name), region=api.region)


def check_quota(api, size, count, spot):
    """Makes sure that so many machines fit into the quota.

    Raises:
        Failure: `provision.quota`, they do not.
    """
    path = "%s/providers/Microsoft.Compute/locations/%s/usages" % (api.root, api.region)
    used = {one["name"]["value"].lower(): one for one in _allowed(lambda: api.every(path)) or []}
    family = (size.sku.get("family") or "").lower()
    need = size.cpus * count
    for name in ("lowprioritycores",) if spot else (family, "cores"):
        row = used.get(name)
        if row and row["currentValue"] + need > row["limit"]:
            words = "quota %s: %d of %d are used, %d x %s need %d more" % (
                row["name"].get("localizedValue") or name, row["currentValue"], row["limit"], count, size.name, need,
            )  # fmt: skip
            raise classify("QuotaExceeded", words, region=api.region)


def _allowed(ask):
    """What a question answers; None when we may not ask: the create will tell then."""
    try:
        return ask()
    except Failure as failure:
        if failure.code != "provision.permission":
            raise
        return None
