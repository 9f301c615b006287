"""Who we are, by a token; and a login that is over."""

import base64
import json

import pytest
from ansible_collections.stix.core.plugins.module_utils import kubernetes_errors as errors
from ansible_collections.stix.core.plugins.module_utils.kubernetes_report import Report
from ansible_collections.stix.core.plugins.module_utils.kubernetes_token import claims, expired


def token(**what: object) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(what).encode()).decode().rstrip("=")
    return f"e30.{middle}.sig"


def test_a_token_tells_who_and_until_when() -> None:
    text = token(sub="system:serviceaccount:ml:stix", exp=1_700_000_000)
    assert claims(text)["sub"].endswith(":stix")
    assert expired(text) == "2023-11-14 22:13 UTC" and expired(text, now=1_600_000_000) == ""


@pytest.mark.parametrize("text", ["", "opaque", "a.b.c", "a.W10.c", None])
def test_what_is_no_such_token_tells_nothing(text: str | None) -> None:
    assert claims(text) == {} and expired(text) == ""


def test_a_login_that_gives_nobody_is_no_lack_of_rights() -> None:
    failure = errors.classify(Exception('pods is forbidden: User "system:anonymous" cannot list resource "pods"'), "c")
    assert failure.code == "provision.auth"


@pytest.mark.parametrize(("reason", "taken"), [("Evicted", True), ("Shutdown", True), ("Error", False)])
def test_a_pod_that_had_to_go_is_told_from_one_that_failed(reason: str, taken: bool) -> None:
    class Api:
        context, namespace = "c", "n"

    container = {"name": "node", "image": "i"}
    pod = {
        "metadata": {"name": "a-0", "uid": "u", "annotations": {"stix-accelerators": "T4:2"}},
        "spec": {"containers": [container]},
        "status": {"phase": "Failed", "reason": reason, "message": "low on memory"},
    }
    found = Report(Api(), "").instance(0, pod)
    assert found["state"] == "gone" and found["details"].get("preempted", False) == taken
    assert found["gpus"] == [{"name": "T4"}] * 2 == found["connection"]["skylet_resources"]["gpus"]
