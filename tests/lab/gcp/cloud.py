"""Google Cloud as the lab has it."""

from tests.lab.cloud_machines import Machine
from tests.lab.cloud_proxy.cloud import Answer, Request
from tests.lab.faults import Faults


class Cloud:
    """Its hosts and what they answer."""

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.faults = Faults()
        self.hosts = {"oauth2.googleapis.com": self.token, "iamcredentials.googleapis.com": self.locations}

    def token(self, request: Request) -> Answer:
        """An access token for whatever key asks."""
        rule = self.faults.met({"action": "token", "key": (request.body or {}).get("grant_type", "")})
        if rule:
            told = {"error": rule["code"], "error_description": rule.get("message", "")}
            return Answer(rule.get("status", 400), told)
        return Answer(body={"access_token": "ya29.lab", "token_type": "Bearer", "expires_in": 3600})

    def locations(self, request: Request) -> Answer:
        """google-auth asks here after every token for a "trust boundary", again and again when that fails."""
        return Answer(body={"locations": [], "encodedLocations": "0x0"})

    def machines(self) -> list[Machine]:
        """Instances."""
        return []

    def preempt(self, name: str) -> bool:
        """Take a spot machine back."""
        return False
