"""A subscription of Azure on this machine: `AzureLab` is the clouds' proxy with logins that it takes.

with DockerLab() as engine, AzureLab(engine) as azure:
    subprocess.run([...], env=os.environ | azure.environment)
    azure.refuse({"action": "PUT virtualMachines", "zone": "1", "code": "ZonalAllocationFailed", "late": True})
"""

import json
import ssl
import urllib.request
from typing import Any

from tests.lab.azure.cloud import MANAGER, SUBSCRIPTION
from tests.lab.azure.entra import bearer
from tests.lab.cloud_proxy.lab import RANGES, SLOTS, CloudProxy
from tests.lab.engine import DockerLab

TENANT = "46d1f4a7-3f5b-4a8e-9d2c-5c1f0b7e9a10"


class AzureLab(CloudProxy):
    """A subscription. `environment` leads clients there, as the service principal `lab`."""

    def __init__(self, engine: DockerLab | None = None) -> None:
        super().__init__("azure", engine=engine)
        slot = engine.number % SLOTS if engine else 0
        self.addresses = f"10.{RANGES['azure'] + slot}.0.0/16"
        """The range that networks must have whose machines are real."""

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the proxy and of the principal."""
        login = {"AZURE_CLIENT_ID": "lab", "AZURE_CLIENT_SECRET": "open", "AZURE_TENANT_ID": TENANT}
        return {**super().environment, **login, "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION}

    def refuse(self, *rules: dict[str, Any]) -> None:
        """Add fault rules."""
        super().refuse("azure", *rules)

    def refuse_nothing(self) -> None:
        """Drop all fault rules."""
        super().refuse_nothing("azure")

    def calls(self, *, forget: bool = False) -> list[dict[str, Any]]:
        """Calls of the API so far."""
        return super().calls("azure", forget=forget)

    def preempt(self, name: str) -> bool:
        """Take a spot machine back."""
        return super().preempt("azure", name)

    def ask(self, path: str, method: str = "GET", body: object = None, **query: str) -> Any:
        """Ask Resource Manager directly, below the subscription; None where it answers nothing."""
        words = "&".join(f"{key}={value}" for key, value in {"api-version": "2024-07-01", **query}.items())
        url = f"https://{MANAGER}/subscriptions/{SUBSCRIPTION}{path}?{words}"
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": "Bearer " + bearer("lab", TENANT), "Content-Type": "application/json"}
        trusted = ssl.create_default_context(cafile=self.folder / "ca.crt")
        handlers = urllib.request.ProxyHandler({"https": self.address}), urllib.request.HTTPSHandler(context=trusted)
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.build_opener(*handlers).open(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def groups(self) -> list[str]:
        """Names of the resource groups that are there."""
        return [one["name"] for one in self.ask("/resourcegroups")["value"]]

    def resources(self) -> list[dict[str, Any]]:
        """Everything in the subscription."""
        return list(self.ask("/resources")["value"])

    def machines(self) -> list[dict[str, Any]]:
        """Every virtual machine, with its state."""
        listed = self.ask("/providers/Microsoft.Compute/virtualMachines")["value"]
        paths = [one["id"].removeprefix(f"/subscriptions/{SUBSCRIPTION}") for one in listed]
        return [self.ask(path, **{"$expand": "instanceView"}) for path in paths]

    def power(self) -> dict[str, str]:
        """Name of each machine -> its power state."""
        return {
            vm["name"]: vm["properties"]["instanceView"]["statuses"][-1]["code"].partition("/")[2]
            for vm in self.machines()
        }
