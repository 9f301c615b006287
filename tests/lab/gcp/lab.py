"""A project of Google Cloud on this machine: `GcpLab` is its proxy, with a service account's key that it takes.

with DockerLab() as engine, GcpLab(engine) as gcp:
    subprocess.run([...], env=os.environ | gcp.environment)
    gcp.refuse({"action": "instances.bulkInsert", "zone": "us-central1-a", "code": "ZONE_RESOURCE_POOL_EXHAUSTED"})
"""

import importlib.util
import json
import subprocess
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from tests.lab.cloud_proxy import lab
from tests.lab.engine import DockerLab
from tests.lab.gcp.store import PROJECT

NODES = f"https://tpu.googleapis.com/v2/projects/{PROJECT}/locations/-/nodes"
COMPUTE = f"https://compute.googleapis.com/compute/v1/projects/{PROJECT}/"


def missing() -> str:
    """Why there can be no such project here, as one sentence; empty when there can."""
    absent = [name for name in ("google.auth", "requests") if importlib.util.find_spec(name.partition(".")[0]) is None]
    return f"a Google Cloud needs the Python packages {', '.join(absent)}" if absent else lab.missing()


class GcpLab:
    """A project. `environment` leads google-auth and everything else there."""

    def __init__(self, engine: DockerLab | None = None) -> None:
        self.proxy = lab.CloudProxy("gcp", engine=engine)

    def __enter__(self) -> Self:
        self.proxy.__enter__()
        key = self.proxy.folder / "key.pem"
        words = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", str(key)]
        subprocess.run(words, check=True, capture_output=True)
        account = {
            "type": "service_account", "project_id": PROJECT, "private_key_id": "lab", "private_key": key.read_text(),
            "client_email": f"stix@{PROJECT}.iam.gserviceaccount.com", "client_id": "1",
            "token_uri": "https://oauth2.googleapis.com/token",
        }  # fmt: skip
        self.key_file = self.proxy.folder / "account.json"
        self.key_file.write_text(json.dumps(account))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.proxy.__exit__(kind, error, trace)

    @property
    def environment(self) -> dict[str, str]:
        """Variables for google-auth, requests and Ansible's modules."""
        return {**self.proxy.environment, "GOOGLE_APPLICATION_CREDENTIALS": str(self.key_file), "NO_GCE_CHECK": "true"}

    @cached_property
    def session(self) -> Any:
        """A session that logs in, as the modules have it."""
        from google.auth.transport.requests import AuthorizedSession
        from google.oauth2.service_account import Credentials

        scopes = ["https://www.googleapis.com/auth/cloud-platform"]
        session = AuthorizedSession(Credentials.from_service_account_file(str(self.key_file), scopes=scopes))
        for each in (session, session._auth_request.session):
            each.trust_env = False  # or variables of this process win
            each.proxies = {"https": self.proxy.address}
            each.verify = self.proxy.environment["REQUESTS_CA_BUNDLE"]
        return session

    def all(self, collection: str = "instances") -> list[dict[str, Any]]:
        """Everything of a collection, in all places."""
        answer = self.session.get(COMPUTE + ("aggregated/" if collection != "firewalls" else "global/") + collection)
        items = answer.json().get("items") or {}
        return items if isinstance(items, list) else [one for place in items.values() for one in place[collection]]

    def tpus(self) -> list[dict[str, Any]]:
        """All TPU nodes."""
        return list(self.session.get(NODES).json()["nodes"])

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """One call of Compute Engine, below the project."""
        return dict(self.session.request(method, COMPUTE + path, json=body).json())

    def unlabel(self, identity: str) -> None:
        """Take all labels off an instance."""
        one = next(one for one in self.all() if str(one["id"]) == identity)
        path = f"zones/{one['zone'].rpartition('/')[2]}/instances/{one['name']}/setLabels"
        self.call("POST", path, {"labels": {}, "labelFingerprint": one["labelFingerprint"]})

    def refuse(self, *rules: dict[str, Any]) -> None:
        """Add fault rules (`tests.lab.faults.Faults`)."""
        self.proxy.refuse("gcp", *rules)

    def refuse_nothing(self) -> None:
        """Drop all fault rules."""
        self.proxy.refuse_nothing("gcp")

    def calls(self, *, forget: bool = False) -> list[dict[str, Any]]:
        """Calls of the API so far."""
        return self.proxy.calls("gcp", forget=forget)

    def preempt(self, name: str) -> bool:
        """Take a spot machine back."""
        return self.proxy.preempt("gcp", name)
