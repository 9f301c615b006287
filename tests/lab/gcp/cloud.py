"""Google Cloud as the lab has it: Compute Engine, Cloud TPU, tokens, permissions. One project, `lab-project`."""

from tests.lab.cloud_machines import Machine
from tests.lab.cloud_proxy.cloud import Answer, Request
from tests.lab.faults import Faults
from tests.lab.gcp.compute import Compute
from tests.lab.gcp.os_login import OsLogin
from tests.lab.gcp.tpu import Tpu


class Cloud:
    """Its hosts and what they answer."""

    def __init__(self, slot: int) -> None:
        self.faults = Faults()
        self.compute = Compute(slot, self.faults)
        self.tpu = Tpu(self.compute.store, self.faults)
        self.os_login = OsLogin(self.faults)
        self.hosts = {
            "tpu.googleapis.com": self.tpu,
            "oslogin.googleapis.com": self.os_login,
            "openidconnect.googleapis.com": self.person,
            "compute.googleapis.com": self.compute,
            "www.googleapis.com": self.compute,
            "oauth2.googleapis.com": self.token,
            "iamcredentials.googleapis.com": self.locations,
            "cloudresourcemanager.googleapis.com": self.permissions,
        }

    def token(self, request: Request) -> Answer:
        """An access token for whatever key asks."""
        rule = self.faults.met({"action": "token", "key": (request.body or {}).get("grant_type", "")})
        if rule:
            told = {"error": rule["code"], "error_description": rule.get("message", "")}
            return Answer(rule.get("status", 400), told)
        return Answer(body={"access_token": "ya29.lab", "token_type": "Bearer", "expires_in": 3600})

    def person(self, request: Request) -> Answer:
        """Who it is whose token is shown."""
        return Answer(body={"email": "ann.b@lab.example"})

    def locations(self, request: Request) -> Answer:
        """google-auth asks here after every token for a "trust boundary", again and again when that fails."""
        return Answer(body={"locations": [], "encodedLocations": "0x0"})

    def permissions(self, request: Request) -> Answer:
        """What may be done: everything, but for what a rule with the code `MISSING` names in its message."""
        rule = self.faults.met({"action": "testIamPermissions"})
        if rule and rule["code"] != "MISSING":
            error = {"code": 403, "message": rule.get("message", ""), "status": "PERMISSION_DENIED"}
            return Answer(403, {"error": error | {"details": [{"reason": rule["code"]}]}})
        lacking = rule["message"].split() if rule else []
        return Answer(body={"permissions": [one for one in request.body["permissions"] if one not in lacking]})

    def machines(self) -> list[Machine]:
        """Instances, and hosts of TPUs, that have a disk."""
        with self.compute.store.lock:
            return self.compute.instances.machines(self.os_login.keys) + self.tpu.machines()

    def preempt(self, name: str) -> bool:
        """Take a spot machine back."""
        with self.compute.store.lock:
            return self.compute.instances.preempt(name) or self.tpu.preempt(name)
