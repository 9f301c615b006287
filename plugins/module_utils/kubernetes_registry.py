"""The login of a registry of images, as a secret that the cluster's pods pull with."""

import base64
import json

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

KEYS = ("SKYPILOT_DOCKER_USERNAME", "SKYPILOT_DOCKER_PASSWORD", "SKYPILOT_DOCKER_SERVER")
HUB = "https://index.docker.io/v1/"
"""What docker.io is called in a login."""


class Registry:
    """One secret. Its values come from a file that is there while the play runs; without it, one that exists serves.

    Args:
        api: `kubernetes_api.Api`.
        name: of the secret.
        file: JSON with `KEYS`; empty: nothing is known of a login.
    """

    def __init__(self, api, name, file):
        self.api = api
        self.name = name
        self.data = _data(file)

    def differs(self):
        """Whether a login is known and the secret does not hold it."""
        if not self.data:
            return False
        try:
            return self.api.get("secrets", self.name).get("data") != self.data
        except Failure as failure:
            if failure.details.get("provider_code") != "NotFound":
                raise
            return True

    def put(self, labels, annotations):
        """Have the secret hold the login."""
        metadata = {"name": self.name, "labels": labels, "annotations": annotations}
        body = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "data": self.data}
        there = self.api.create("secrets", {**body, "metadata": metadata})
        if there.get("data") != self.data:
            self.api.change("secrets", self.name, {"data": self.data})


def _data(file):
    if not file:
        return {}
    with open(file, encoding="utf-8") as stream:
        values = json.load(stream)
    user, password, server = (values[key] for key in KEYS)
    auth = base64.b64encode(("%s:%s" % (user, password)).encode()).decode()
    where = HUB if server in ("", "docker.io", "index.docker.io", "registry-1.docker.io") else server
    text = json.dumps({"auths": {where: {"username": user, "password": password, "auth": auth}}}, sort_keys=True)
    return {".dockerconfigjson": base64.b64encode(text.encode()).decode()}
