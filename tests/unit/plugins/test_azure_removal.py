"""What is removed when something refuses to go: the rest, and what refuses for a while only."""

import pytest
from ansible_collections.stix.core.plugins.module_utils import azure_removal
from ansible_collections.stix.core.plugins.module_utils.azure_api import Api
from ansible_collections.stix.core.plugins.module_utils.azure_errors import classify

BASE = "/subscriptions/s/resourceGroups/g"
NIC, DISK = "Microsoft.Network/networkInterfaces/n", "Microsoft.Compute/disks/n-os"


class Azure:
    """Resource Manager, which keeps an interface for a machine so many times."""

    together = staticmethod(Api.together)

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.gone: list[str] = []

    def delete(self, path: str, **_query: str) -> None:
        if path.endswith(NIC) and self.refusals:
            self.refusals -= 1
            raise classify(azure_removal.RESERVED, "Nic(s) in request is reserved for another VM for 180 seconds.")
        self.gone.append(path.partition("/providers/")[2])


def test_what_follows_goes_although_one_stays() -> None:
    azure = Azure(refusals=1)
    with pytest.raises(Exception, match="reserved for another"):
        azure_removal.remove_machines(azure, BASE, ["n"], patient=False)
    assert DISK in azure.gone and NIC not in azure.gone


def test_an_interface_that_is_kept_for_a_while_is_waited_for() -> None:
    azure = Azure(refusals=1)
    azure_removal.remove_machines(azure, BASE, ["n"])
    assert NIC in azure.gone and DISK in azure.gone
