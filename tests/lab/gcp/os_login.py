"""oslogin.googleapis.com, version 1: profiles that keys are imported into."""

import re
from urllib.parse import unquote

from tests.lab.cloud_proxy.cloud import Answer, Request
from tests.lab.faults import Faults

PATH = re.compile(r"/v1/users/([^/:]+):importSshPublicKey")


class OsLogin:
    """Keys by login; the login of a service account is made of its number, that of a person of the address."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.keys: dict[str, list[str]] = {}

    def __call__(self, request: Request) -> Answer:
        """One call."""
        found = PATH.fullmatch(request.path)
        email = unquote(found.group(1)) if found else ""
        rule = self.faults.met({"action": "importSshPublicKey", "name": email, "body": request.body})
        if rule or not found or not request.headers.get("Authorization", "").startswith("Bearer "):
            status, code = (rule or {}).get("status", 403), (rule or {}).get("code", "PERMISSION_DENIED")
            told = {"code": status, "message": (rule or {}).get("message", "denied"), "status": code}
            return Answer(status, {"error": told})
        login = "sa_117" if email.endswith(".gserviceaccount.com") else re.sub(r"\W", "_", email)
        self.keys.setdefault(login, []).append(request.body["key"])
        account = {"primary": True, "username": login, "uid": "1001", "accountId": request.query.get("projectId", "")}
        return Answer(body={"loginProfile": {"name": "117", "posixAccounts": [account]}})
