# ruff: noqa: E501 - messages are quoted whole
"""Google Cloud's words as they were seen, and what they mean; names, labels, disks, quotas, ports."""

import json
import re
from typing import Any

import pytest
from ansible_collections.stix.core.plugins.module_utils import gcp_images, gcp_names, gcp_quota
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_errors import (
    classify,
    classify_answer,
    classify_errors,
    classify_exception,
    classify_result,
)
from ansible_collections.stix.core.plugins.module_utils.gcp_firewall import port_words, shared_rules
from ansible_collections.stix.core.plugins.module_utils.gcp_instances import rank_of, shared_connection
from ansible_collections.stix.core.plugins.module_utils.gcp_module import require_project
from ansible_collections.stix.core.plugins.module_utils.gcp_survey import unix
from hypothesis import given
from hypothesis import strategies as st

OPERATIONS = [
    ("provision.no_capacity", "zone", "ZONE_RESOURCE_POOL_EXHAUSTED", "The zone 'projects/p/zones/us-central1-a' does not have enough resources available to fulfill the request. Try a different zone, or try again later."),
    ("provision.no_capacity", "zone", "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", "The zone 'projects/p/zones/us-central1-b' does not have enough resources available to fulfill the request.  '(resource type:compute)'."),
    ("provision.no_capacity", "zone", "VM_MIN_COUNT_NOT_REACHED", "Requested minimum count of 4 VMs could not be created."),
    ("provision.no_capacity", "zone", "UNSUPPORTED_OPERATION", "Instance was preempted during creation."),
    ("provision.no_capacity", "zone", "8", "There is no more capacity in the zone \"us-central1-b\"; you can try in another zone where Cloud TPU Nodes are offered"),
    ("provision.no_capacity", "region", "REGION_RESOURCE_POOL_EXHAUSTED", "The region does not have enough resources."),
    ("provision.quota", "region", "QUOTA_EXCEEDED", "Quota 'NVIDIA_L4_GPUS' exceeded.  Limit: 0.0 in region us-central1."),
    ("provision.quota", "cloud", "QUOTA_EXCEEDED", "Quota 'GPUS_ALL_REGIONS' exceeded.  Limit: 0.0 globally."),
    ("provision.quota", "region", "429", "Quota limit 'TPUV5sLitepodPerProjectPerZoneForTPUAPI' has been exceeded. Limit: 0 in zone us-west4-a."),
    ("provision.transient", "region", "RESOURCE_OPERATION_RATE_EXCEEDED", "Operation rate exceeded for resource 'projects/p/zones/z/disks/d'. Too frequent operations from the source resource."),
    ("provision.transient", "region", "INTERNAL_ERROR", "Internal error. Please try again or contact Google Support."),
    ("provision.transient", "", "RESOURCE_NOT_READY", "The resource 'projects/p/global/networks/n' is not ready"),
    ("provision.transient", "", "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", "The network resource 'n' is already being used by 'i'"),
    ("provision.permission", "cloud", "PERMISSIONS_ERROR", "Required 'compute.images.useReadOnly' permission for 'projects/x/global/images/y'"),
    ("provision.permission", "cloud", "CONDITION_NOT_MET", "Constraint constraints/compute.vmExternalIpAccess violated for project 1. Add instance projects/p/zones/z/instances/i to the constraint to use external IP with it."),
    ("provision.config", "region", "RESOURCE_NOT_FOUND", "The resource 'projects/x/global/images/y' was not found"),
    ("provision.config", "region", "INVALID_FIELD_VALUE", "Invalid value for field 'resource.disks[0].initializeParams.diskSizeGb': '5'."),
    ("provision.unknown", "", "SOMETHING_NEW", "Nobody has seen this"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "scope", "provider", "message"), OPERATIONS)
def test_errors_of_operations(code: str, scope: str, provider: str, message: str) -> None:
    failure = classify_errors([{"code": provider, "message": message}], region="us-central1", zone="us-central1-a")
    assert (failure.code, failure.details["scope"]) == (code, scope)
    assert failure.details["provider_code"] == provider and failure.details["region"] == "us-central1"
    assert ("zone" in failure.details) == (scope in ("zone", ""))
    assert " ".join(message.split())[:40] in failure.message


def answer(http: int, reason: str, message: str, **more: Any) -> tuple[int, dict[str, Any]]:
    errors = [{"message": message, "domain": "global", "reason": reason}]
    return http, {"error": {"code": http, "message": message, "errors": errors, **more}}


ANSWERS = [
    ("provision.auth", "cloud", *answer(401, "authError", "Request had invalid authentication credentials.", status="UNAUTHENTICATED")),
    ("provision.auth", "cloud", *answer(401, "required", "Login Required.")),
    ("provision.config", "region", *answer(400, "required", "Required field 'resource.name' not specified")),
    ("provision.permission", "cloud", *answer(403, "forbidden", "Required 'compute.instances.create' permission for 'projects/p/zones/us-central1-a/instances/i'")),
    ("provision.config", "cloud", *answer(403, "accessNotConfigured", "Compute Engine API has not been used in project 1 before or it is disabled.")),
    ("provision.config", "cloud", 403, {"error": {"code": 403, "message": "Cloud TPU API has not been used in project 1 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/tpu.googleapis.com/overview?project=1", "status": "PERMISSION_DENIED", "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED"}]}}),
    ("provision.auth", "cloud", *answer(403, "forbidden", "The billing account for the owning project is disabled in state absent", )),
    ("provision.quota", "region", *answer(403, "quotaExceeded", "Quota 'FIREWALLS' exceeded.  Limit: 100.0")),
    ("provision.transient", "region", *answer(403, "rateLimitExceeded", "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'")),
    ("provision.transient", "region", *answer(503, "backendError", "Backend Error")),
    ("provision.transient", "", *answer(409, "alreadyExists", "The resource 'projects/p/global/firewalls/stix-ssh' already exists")),
    ("provision.no_capacity", "zone", *answer(400, "invalid", "Invalid value for field 'resource.machineType': 'x'. Machine type with name 'a2-highgpu-1g' does not exist in zone 'us-central1-a'.")),
    ("provision.config", "region", *answer(400, "invalid", "Invalid value for field 'resource.labels'")),
    ("provision.config", "region", *answer(404, "notFound", "The resource 'projects/p/global/networks/nope' was not found")),
    ("provision.config", "cloud", *answer(412, "conditionNotMet", "Constraint constraints/compute.requireOsLogin violated for project p")),
    ("provision.auth", "cloud", 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}),
    ("provision.transient", "region", 502, None),
]  # fmt: skip


@pytest.mark.parametrize(("code", "scope", "status", "body"), ANSWERS)
def test_answers(code: str, scope: str, status: int, body: Any) -> None:
    failure = classify_answer(status, body, region="us-central1")
    assert (failure.code, failure.details["scope"]) == (code, scope), failure.message


def test_the_missing_permission_the_quota_and_the_api_are_named() -> None:
    assert classify_answer(*ANSWERS[3][2:]).details["permission"] == "compute.instances.create"
    assert "NVIDIA_L4_GPUS is used up" in classify(*OPERATIONS[6][2:]).message
    assert classify_answer(*ANSWERS[5][2:]).hint == "gcloud services enable tpu.googleapis.com"


def test_of_several_errors_the_one_that_says_why_counts() -> None:
    few, why = ({"code": row[2], "message": row[3]} for row in (OPERATIONS[2], OPERATIONS[6]))
    assert classify_errors([few, why]).code == "provision.quota"


def test_exceptions_of_the_sdk() -> None:
    from google.auth import exceptions
    from requests import exceptions as sent

    body = {"error": "invalid_grant", "error_description": "Bad Request"}
    assert classify_exception(exceptions.RefreshError("invalid_grant: Bad Request", body)).code == "provision.auth"
    assert classify_exception(exceptions.RefreshError("x")).code == "provision.auth"
    missing = classify_exception(exceptions.DefaultCredentialsError("Your default credentials were not found."))
    assert missing.code == "provision.auth" and "gcloud auth application-default login" in missing.hint
    for error in (exceptions.TransportError("x"), sent.ConnectionError("x"), sent.ReadTimeout("x")):
        assert classify_exception(error).code == "provision.transient"
    assert classify_exception(sent.SSLError("certificate verify failed")).code == "provision.config"
    assert classify_exception(KeyError("x")).code == "provision.unknown"


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("provision.no_capacity", {"msg": "[{'code': 'ZONE_RESOURCE_POOL_EXHAUSTED', 'message': 'x'}]"}),
        ("provision.quota", {"msg": [{"code": "QUOTA_EXCEEDED", "message": "Quota 'NETWORKS' exceeded.  Limit: 5.0 globally."}]}),
        ("provision.permission", {"msg": "GCP returned error: " + str(answer(403, "forbidden", "Required 'compute.networks.create' permission")[1])}),
        ("provision.permission", {"msg": json.dumps(answer(403, "forbidden", "Required 'compute.networks.create' permission")[1])}),
        ("provision.auth", {"msg": "MODULE FAILURE", "module_stderr": "google.auth.exceptions.DefaultCredentialsError: no"}),
        ("runner.missing_content", {"msg": "Please install the google-auth library"}),
        ("provision.config", {"msg": "x", "stix_error": Failure("provision.config", "x").record()}),
        ("provision.unknown", {}),
    ],
)  # fmt: skip
def test_results_of_other_modules(code: str, result: dict[str, Any]) -> None:
    assert classify_result(result).code == code


@given(st.text(min_size=1, max_size=100))
def test_labels_are_always_good(text: str) -> None:
    key, value = gcp_names.label_key(text), gcp_names.exact_label(text)
    assert len(key) <= 63 and len(value) <= 63
    assert key == key.lower() and value == value.lower() and key[0].isalpha()
    assert all(ch.isalnum() or ch in "-_" for ch in key + value)
    assert gcp_names.exact_label(text + "!") != value


@given(st.from_regex(r"[a-zA-Z][-_.a-zA-Z0-9]{0,80}-[0-9a-f]{6}", fullmatch=True), st.integers(0, 9999))
def test_names_are_always_good_and_give_the_rank(cluster_id: str, rank: int) -> None:
    name = gcp_names.machine_name(cluster_id, rank)
    assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", name)
    assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", gcp_names.tag_of(cluster_id))
    assert rank_of({"name": name}) == rank
    assert gcp_names.machine_name(cluster_id.swapcase(), rank) != name


def test_an_adopted_machine_knows_its_rank_by_its_label() -> None:
    assert rank_of({"name": "theirs-9", "labels": {"stix-rank": "2"}}) == 2 and rank_of({"name": "theirs"}) == 0


@pytest.mark.parametrize(
    ("kind", "tier", "found"),
    [
        ("n2-standard-4", None, "pd-balanced"), ("n2-standard-4", "low", "pd-standard"), ("n2-standard-4", "high", "pd-ssd"),
        ("n2-standard-4", "best", "pd-ssd"), ("n2-standard-64", "ultra", "pd-extreme"), ("n2-standard-64", "best", "pd-extreme"),
        ("g2-standard-4", "low", "pd-balanced"), ("n4-standard-4", None, "hyperdisk-balanced"),
        ("n4-standard-4", "high", "hyperdisk-balanced"), ("a3-ultragpu-8g", "low", "hyperdisk-balanced"),
    ],
)  # fmt: skip
def test_disks(kind: str, tier: str | None, found: str) -> None:
    image = {"selfLink": "i", "diskSizeGb": "30"}
    disk = gcp_images.disk(image, kind, 20, tier)
    assert (disk["diskType"], disk["diskSizeGb"]) == (found, "30"), "never smaller than the image"
    assert gcp_images.disk(image, kind, None, tier)["diskSizeGb"] == "50"
    if "hyperdisk" in found and tier == "high":
        assert disk["provisionedIops"] == "15000", "500 for each GiB at most"


def test_a_disk_that_is_not_to_be_had_is_refused() -> None:
    with pytest.raises(Failure, match="pd-extreme") as caught:
        gcp_images.disk({"selfLink": "i"}, "n2-standard-4", 20, "ultra")
    assert caught.value.code == "provision.unsupported" and "best" in caught.value.hint


def test_where_images_may_be() -> None:
    assert gcp_images.paths("mine", "p") == ["projects/p/global/images/mine", "projects/p/global/images/family/mine"]
    assert gcp_images.paths("family/mine", "p") == ["projects/p/global/images/family/mine"]
    link = "https://www.googleapis.com/compute/v1/projects/x/global/images/y"
    assert gcp_images.paths(link, "p") == ["projects/x/global/images/y"]
    assert gcp_images.paths("global/images/y", "p") == ["projects/p/global/images/y"]


def quota(metric: str, limit: float, usage: float = 0) -> list[dict[str, Any]]:
    return [{"metric": metric, "limit": limit, "usage": usage}]


def test_quotas() -> None:
    needs = gcp_quota.needs("n1-standard-8", 8, {"nvidia-tesla-t4": 2}, 3, False, True)
    assert needs.items() >= {"CPUS": 24, "NVIDIA_T4_GPUS": 6, "GPUS_ALL_REGIONS": 6, "IN_USE_ADDRESSES": 3}.items()
    gcp_quota.require(needs, "r", quota("CPUS", 24), quota("GPUS_ALL_REGIONS", 6))
    with pytest.raises(Failure, match="CPUS is 24, 1 are in use and 24 more") as caught:
        gcp_quota.require(needs, "r", quota("CPUS", 24, 1), [])
    assert caught.value.details["scope"] == "region"
    with pytest.raises(Failure, match="all regions") as caught:
        gcp_quota.require(needs, "r", [], quota("GPUS_ALL_REGIONS", 5))
    assert caught.value.details["scope"] == "cloud"
    spot = gcp_quota.needs("n2-standard-8", 8, {}, 1, True, False)
    assert spot["PREEMPTIBLE_CPUS"] == 8 and "N2_CPUS" not in spot
    gcp_quota.require(spot, "r", quota("PREEMPTIBLE_CPUS", 0), [])
    assert (
        gcp_quota.gpu_metric("nvidia-h100-80gb") == "NVIDIA_H100_GPUS"
        and gcp_quota.gpu_metric("nvidia-l4") == "NVIDIA_L4_GPUS"
    )


def test_ports_rules_times_and_connections() -> None:
    assert port_words(["8080", 22, "9000-9010", "8080"]) == ["22", "8080", "9000-9010"]
    names = [rule["name"] for rule in shared_rules("x/networks/default") + shared_rules("x/networks/inner")]
    assert names == ["stix-ssh", "stix-internal", "stix-ssh-inner", "stix-internal-inner"]
    assert unix("2026-01-02T03:04:05.678-07:00") == unix("2026-01-02T10:04:05Z") and unix(None) == 0
    proxy = {"ssh_proxy_command": {"us-central1": "nc %h"}}
    assert shared_connection(proxy, "/k", "us-central1")["ansible_ssh_common_args"].endswith("ProxyCommand='nc %h'")
    assert shared_connection(proxy, "", "us-east1") == {}


def test_another_project_is_refused() -> None:
    require_project("", "a")
    require_project("a", "a")
    with pytest.raises(Failure, match="project a .* b is chosen") as caught:
        require_project("a", "b")
    assert caught.value.code == "provision.auth"
