"""The network that machines stand in: the network itself, the region's subnet, the firewall rules that all share."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_firewall import make_rules, shared_rules
from ansible_collections.stix.core.plugins.module_utils.gcp_names import last

NETWORK = "stix"
"""The network that is made where a project has no `default` one."""


class Missing(Exception):
    """What must exist before machines can be made; `needs` says what, the role makes it."""

    def __init__(self, needs):
        super().__init__("missing: %s" % ", ".join(sorted(needs)))
        self.needs = needs


class Ground:
    """Finds them, step by step: `networks` beside other questions, `settle_network`, `settle`.

    Args:
        api: Compute Engine.
        params: the options of the module gcp_machines.

    Attributes:
        network, subnet: links.
    """

    def __init__(self, api, params):
        self.api, self.params = api, params
        self.config = params["config"]
        self.network = self.subnet = ""

    def networks(self):
        """Networks that would do, best first; None for one that is not there."""
        wanted = self.config.get("vpc_name")
        if wanted:
            return [api_network(self.api, wanted)]
        return [self.api.get("global/networks/default"), self.api.get("global/networks/" + NETWORK)]

    def settle_network(self, found):
        """Takes the first of `networks`.

        Raises:
            Missing: the network has to be made.
            Failure: `provision.config`, the one that is named is not there.
        """
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
        self.network = network["selfLink"]

    def settle(self, check):
        """Finds the subnet and makes shared rules that are missing; with `check` it only looks.

        Raises:
            Failure: `provision.*`.
        """
        self.subnet, missing = self.api.together(self._subnet, self._missing_rules)
        if missing and not check:
            make_rules(self.api, missing)

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
