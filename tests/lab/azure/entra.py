"""Entra ID: tokens for whatever principal asks, and the endpoints by which Azure's tools find it."""

import base64
import json
import time

from tests.lab.cloud_proxy.cloud import Answer, Request
from tests.lab.faults import Faults

HOST = "login.microsoftonline.com"


def answer(request: Request, faults: Faults) -> Answer:
    """One call."""
    tenant = request.path.strip("/").split("/")[0]
    base = f"https://{HOST}/{tenant}"
    if request.path.endswith("/discovery/instance"):
        names = [HOST, "login.windows.net", "login.microsoft.com", "sts.windows.net"]
        about = {"preferred_network": HOST, "preferred_cache": "login.windows.net", "aliases": names}
        found = f"https://{HOST}/common/v2.0/.well-known/openid-configuration"
        return Answer(body={"tenant_discovery_endpoint": found, "api-version": "1.1", "metadata": [about]})
    if request.path.endswith("/openid-configuration"):
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token"}
        ends = {name: f"{base}/oauth2/v2.0/{word}" for name, word in places.items()}
        return Answer(body={"issuer": f"{base}/v2.0", **ends})
    form = request.body or {}
    proof = "secret" if form.get("client_secret") else "assertion" if form.get("client_assertion") else ""
    rule = faults.met({"action": "token", "client": form.get("client_id", ""), "proof": proof})
    if rule is None and not proof:
        rule = {"code": "invalid_client", "message": "AADSTS7000216: no proof"}
    if rule:
        told = {"error": rule["code"], "error_description": rule.get("message", "")}
        return Answer(rule.get("status", 401), told)
    token = bearer(form.get("client_id", ""), tenant)
    return Answer(body={"token_type": "Bearer", "expires_in": 3599, "access_token": token})


def bearer(client: str, tenant: str) -> str:
    """A token as Entra writes it, signed by nobody."""
    now = int(time.time())
    about = {"aud": "https://management.azure.com", "iat": now, "exp": now + 3600, "tid": tenant, "appid": client}
    return ".".join((_text({"alg": "none"}), _text(about), "lab"))


def client_of(authorization: str) -> str:
    """Who a bearer token was made for; empty: it is none of ours."""
    try:
        middle = authorization.removeprefix("Bearer ").split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))["appid"])
    except (IndexError, ValueError, KeyError):
        return ""


def _text(data: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()
