# ruff: noqa: E501 - messages are quoted whole
"""Azure's words as they are documented, and what they mean; choices of image, disk, zone, tags and ports."""

import http.server
import json
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.stix.core.plugins.module_utils.azure_account import may
from ansible_collections.stix.core.plugins.module_utils.azure_api import version_of
from ansible_collections.stix.core.plugins.module_utils.azure_errors import (
    classify,
    classify_answer,
    classify_exception,
    classify_result,
)
from ansible_collections.stix.core.plugins.module_utils.azure_images import choose_image, image_wish, root_disk
from ansible_collections.stix.core.plugins.module_utils.azure_launch import machine_name
from ansible_collections.stix.core.plugins.module_utils.azure_login import Login
from ansible_collections.stix.core.plugins.module_utils.azure_network import port_ranges
from ansible_collections.stix.core.plugins.module_utils.azure_offers import Size
from ansible_collections.stix.core.plugins.module_utils.azure_release import release_command
from ansible_collections.stix.core.plugins.module_utils.azure_removal import type_of
from ansible_collections.stix.core.plugins.module_utils.azure_vms import as_tags, is_broken, state_of
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.azure.catalog import skus

ANSWERS = [
    ("provision.no_capacity", "zone", "ZonalAllocationFailed", "Allocation failed. We do not have sufficient capacity for the requested VM size in this zone. Read more about improving likelihood of allocation success at http://aka.ms/allocation-guidance"),
    ("provision.no_capacity", "zone", "AllocationFailed", "Allocation failed. We do not have sufficient capacity for the requested VM size in this region."),
    ("provision.no_capacity", "zone", "OverconstrainedZonalAllocationRequest", "Allocation failed. VM(s) with the following constraints cannot be allocated, because the condition is too restrictive. Please remove some constraints and try again. Constraints applied are: Availability Zone, Networking Constraints, VM Size"),
    ("provision.no_capacity", "zone", "OverconstrainedAllocationRequest", "Allocation failed. VM(s) with the following constraints cannot be allocated, because the condition is too restrictive."),
    ("provision.no_capacity", "zone", "SkuNotAvailable", "The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: Standard_NC6s_v3' is currently not available in location 'eastus'. Please try another size or deploy to a different location or different zone."),
    ("provision.quota", "region", "OperationNotAllowed", "Operation could not be completed as it results in exceeding approved standardNCFamily Cores quota. Additional details - Deployment Model: Resource Manager, Location: eastus, Current Limit: 0, Current Usage: 0, Additional Required: 6, (Minimum) New Limit Required: 6."),
    ("provision.quota", "region", "OperationNotAllowed", "Operation could not be completed as it results in exceeding approved Total Regional Cores quota."),
    ("provision.quota", "region", "QuotaExceeded", "Operation results in exceeding quota limits of Core. Maximum allowed: 4, Current in use: 4, Additional requested: 2."),
    ("provision.quota", "region", "PublicIPCountLimitReached", "Cannot create more than 10 public IP addresses for this subscription in this region."),
    ("provision.auth", "cloud", "InvalidAuthenticationTokenTenant", "The access token is from the wrong issuer 'https://sts.windows.net/a/'. It must match the tenant 'https://sts.windows.net/b/' associated with this subscription."),
    ("provision.auth", "cloud", "ExpiredAuthenticationToken", "The access token expiry UTC time '11/28/2026 1:00:00 PM' is earlier than current UTC time '11/28/2026 2:00:00 PM'."),
    ("provision.auth", "cloud", "SubscriptionNotFound", "The subscription '8d65815f-a5b6-402f-9298-045155da7d74' could not be found."),
    ("provision.auth", "cloud", "InvalidSubscriptionId", "The provided subscription identifier 'x' is malformed or invalid."),
    ("provision.permission", "cloud", "AuthorizationFailed", "The client 'a' with object id 'b' does not have authorization to perform action 'Microsoft.Compute/virtualMachines/write' over scope '/subscriptions/c/resourceGroups/d' or the scope is invalid."),
    ("provision.permission", "cloud", "LinkedAuthorizationFailed", "The client has permission to perform action 'Microsoft.Compute/virtualMachines/write' on scope 'x'; however, it does not have permission to perform action 'Microsoft.Network/networkInterfaces/join/action' on the linked scope(s) 'y'."),
    ("provision.permission", "cloud", "MissingSubscriptionRegistration", "The subscription is not registered to use namespace 'Microsoft.Compute'."),
    ("provision.permission", "cloud", "RequestDisallowedByPolicy", "Resource 'x' was disallowed by policy."),
    ("provision.config", "type", "MarketplacePurchaseEligibilityFailed", "Marketplace purchase eligibility check returned errors. See inner errors for details."),
    ("provision.config", "type", "VMMarketplaceInvalidInput", "Creating a virtual machine from Marketplace image or a custom image sourced from a Marketplace image requires Plan information in the request."),
    ("provision.config", "type", "InvalidParameter", "The value Standard_X1 provided for the VM size is not valid. The valid sizes in the current region are: Standard_B1s"),
    ("provision.config", "type", "BadRequest", "The selected VM size 'Standard_D2_v2' cannot boot Hypervisor Generation '2'."),
    ("provision.config", "region", "InvalidParameter", "The value of parameter adminUsername is invalid."),
    ("provision.config", "region", "PlatformImageNotFound", "The platform image 'Canonical:x:y:latest' is not available."),
    ("provision.config", "region", "ResourceNotFound", "The Resource 'Microsoft.Network/virtualNetworks/x' under resource group 'y' was not found."),
    ("provision.config", "region", "LocationNotAvailableForResourceGroup", "The provided location 'nowhere' is not available for resource group."),
    ("provision.transient", "region", "TooManyRequests", "The request is being throttled as the limit has been reached for operation type - Write_ObservationWindow."),
    ("provision.transient", "region", "InternalExecutionError", "An internal execution error occurred. Please retry later."),
    ("provision.transient", "region", "OSProvisioningTimedOut", "OS Provisioning for VM 'x' did not finish in the allotted time."),
    ("provision.transient", "", "RetryableError", "A retryable error occurred."),
    ("provision.transient", "", "ResourceGroupBeingDeleted", "The resource group 'stix-demo' is in deprovisioning state and cannot perform this operation."),
    ("provision.transient", "", "OperationNotAllowed", "Operation 'startVM' is not allowed on VM 'x' since the VM is being deallocated."),
    ("provision.transient", "", "NicReservedForAnotherVm", "Nic(s) in request is reserved for another Virtual Machine for 180 seconds."),
    ("provision.unknown", "", "SomethingNew", "Nobody has seen this"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "scope", "provider", "message"), ANSWERS)
def test_answers(code: str, scope: str, provider: str, message: str) -> None:
    body = {"error": {"code": provider, "message": message}}
    failure = classify_answer(409, body, region="eastus", zone="2")
    assert (failure.code, failure.details["scope"]) == (code, scope)
    assert failure.details["provider_code"] == provider and failure.details["region"] == "eastus"
    assert ("zone" in failure.details) == (scope in ("zone", ""))
    assert message[:40] in failure.message
    if scope == "zone":
        assert classify_answer(409, body, region="eastus").details["scope"] == "region", "without a zone all was asked"


ENTRA = [
    ("provision.auth", "invalid_client", "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value.", "refused"),
    ("provision.auth", "invalid_client", "AADSTS7000222: The provided client secret keys for app 'x' are expired.", "have expired"),
    ("provision.auth", "invalid_grant", "AADSTS700082: The refresh token has expired due to inactivity.", "have expired"),
    ("provision.auth", "unauthorized_client", "AADSTS700016: Application with identifier 'x' was not found in the directory 'y'.", "refused"),
    ("provision.auth", "invalid_request", "AADSTS90002: Tenant 'nope' not found.", ""),
    ("provision.transient", "temporarily_unavailable", "AADSTS90033: A transient error has occurred. Please try again.", ""),
]  # fmt: skip


@pytest.mark.parametrize(("code", "word", "text", "says"), ENTRA)
def test_what_entra_says(code: str, word: str, text: str, says: str) -> None:
    failure = classify_answer(401, {"error": word, "error_description": text})
    assert failure.code == code and says in failure.message


@pytest.mark.parametrize(
    ("code", "status", "body"),
    [
        ("provision.transient", 503, None),
        ("provision.transient", 500, {"error": {"code": "Odd", "message": "x"}}),
        ("provision.transient", 429, {}),
        ("provision.auth", 401, None),
        ("provision.permission", 403, {}),
        ("provision.unknown", 418, {}),
        ("provision.quota", 400, {"error": {"code": "DeploymentFailed", "message": "At least one", "details": [{"code": "QuotaExceeded", "message": "Operation results in exceeding quota limits"}]}}),
    ],
)  # fmt: skip
def test_answers_without_a_code_and_answers_that_wrap_one(code: str, status: int, body: Any) -> None:
    assert classify_answer(status, body).code == code


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("provision.no_capacity", {"msg": "Error creating or updating virtual machine bad - (SkuNotAvailable) The requested VM size Standard_NC4as_T4_v3 is not available in location 'eastus'.\nCode: SkuNotAvailable"}),
        ("provision.quota", {"msg": "Error creating or updating virtual machine bad - (OperationNotAllowed) Operation could not be completed as it results in exceeding approved Total Regional Cores quota."}),
        ("provision.auth", {"msg": "Failed to get credentials. Either pass as parameters, set environment variables, define a profile in ~/.azure/credentials, or log in with Azure CLI (`az login`)."}),
        ("runner.missing_content", {"msg": "Do you have packaging installed? Try `pip install ansible[azure]`- Failed to import the required Python library"}),
        ("provision.config", {"msg": "x", "stix_error": Failure("provision.config", "x").record()}),
        ("provision.unknown", {}),
    ],
)  # fmt: skip
def test_results_of_other_modules(code: str, result: dict[str, Any]) -> None:
    assert classify_result(result).code == code


def test_exceptions_and_what_is_missing() -> None:
    assert classify_exception(ConnectionRefusedError("no")).code == "provision.transient"
    assert classify_exception(TimeoutError("late")).code == "provision.transient"
    assert classify_exception(ssl.SSLCertVerificationError("self-signed")).code == "provision.config"
    assert classify_exception(KeyError("x")).code == "provision.unknown"
    denied = classify("AuthorizationFailed", ANSWERS[13][3])
    assert denied.details["permission"] == "Microsoft.Compute/virtualMachines/write"
    assert "the permission Microsoft.Compute/virtualMachines/write is missing" in denied.message


def size(name: str, region: str = "westus") -> Size:
    """An instance type as the lab's list has it."""
    [sku] = [one for one in skus(region) if one["name"] == name]
    return Size(sku, name, region)


def test_images_by_type_and_by_what_is_asked() -> None:
    def image(wish: str, name: str = "Standard_D2s_v5") -> dict[str, str]:
        return choose_image(None, wish, size(name))[0]

    assert image("") == {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}
    assert (
        image("", "Standard_D2ps_v5")["sku"] == "server-arm64" and image("", "Standard_D2_v2")["sku"] == "server-gen1"
    )
    assert image("", "Standard_NC4as_T4_v3")["offer"] == "ubuntu-hpc"
    gallery = "/CommunityGalleries/g-1/Images/ubuntu/Versions/latest"
    assert image(gallery) == {"communityGalleryImageId": gallery}
    own = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/mine"
    assert image(own) == {"id": own}
    for wish, code in (("docker:ubuntu", "provision.unsupported"), ("ubuntu", "provision.config")):
        with pytest.raises(Failure) as caught:
            image(wish)
        assert caught.value.code == code
    assert image_wish({"eastus": "a", None: "b"}, "westus") == "b"
    with pytest.raises(Failure, match="westus"):
        image_wish({"eastus": "a"}, "westus")


@pytest.mark.parametrize(
    ("tier", "name", "kind"),
    [
        (None, "Standard_D2s_v5", "Premium_LRS"),
        (None, "Standard_D2_v2", "StandardSSD_LRS"),
        ("low", "Standard_D2s_v5", "Standard_LRS"),
        ("medium", "Standard_D2s_v5", "StandardSSD_LRS"),
        ("high", "Standard_D2s_v5", "Premium_LRS"),
        ("best", "Standard_D2s_v5", "Premium_LRS"),
        ("best", "Standard_D2_v2", "StandardSSD_LRS"),
        ("high", "Standard_D2_v2", "provision.config"),
        ("ultra", "Standard_D2s_v5", "provision.unsupported"),
    ],
)
def test_disks(tier: str | None, name: str, kind: str) -> None:
    if kind.startswith("provision"):
        with pytest.raises(Failure) as caught:
            root_disk("a", 64, tier, size(name))
        assert caught.value.code == kind
        return
    disk = root_disk("a", 64, tier, size(name))
    assert disk["managedDisk"] == {"storageAccountType": kind} and disk["diskSizeGB"] == 64
    assert disk["deleteOption"] == "Delete" and "diskSizeGB" not in root_disk("a", None, tier, size(name))


def test_zones_that_are_not_offered_are_passed_over() -> None:
    assert size("Standard_D2s_v5", "eastus").open_zones(["3", "2", "1"]) == ["2", "1"]
    assert size("Standard_D2s_v5", "eastus").open_zones([]) == [""]
    for name, region, zones in (("Standard_D2s_v5", "eastus", ["3"]), ("Standard_NC4as_T4_v3", "westeurope", [])):
        with pytest.raises(Failure, match="not offered") as caught:
            size(name, region).open_zones(zones)
        assert caught.value.code == "provision.no_capacity"


def test_tags_within_azures_rules() -> None:
    assert as_tags({"a/b<c>": "ü", "größe": 1}) == {"a_b_c_": "ü", "größe": "1"}
    for words in ({"x": "y" * 257}, {"x" * 513: ""}, {str(number): "" for number in range(51)}):
        with pytest.raises(Failure) as caught:
            as_tags(words)
        assert caught.value.code == "provision.config"


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=120), st.integers(0, 9999))
def test_names_of_machines_fit_and_end_with_the_rank(cluster_id: str, rank: int) -> None:
    name = machine_name(cluster_id, rank)
    assert len(name) <= 64 and name.endswith(f"-{rank}")


def test_ports_states_types_versions_and_grants() -> None:
    assert port_ranges(["9000-9010", 80, "80"]) == ["80", "9000-9010"]
    vm: dict[str, Any] = {"properties": {"provisioningState": "Failed", "instanceView": {"statuses": []}}}
    assert is_broken(vm) and state_of(vm) == "pending"
    vm["properties"]["instanceView"]["statuses"] = [{"code": "PowerState/deallocating"}]
    assert not is_broken(vm) and state_of(vm) == "stopping"
    vm["properties"]["provisioningState"] = "Deleting"
    assert state_of(vm) == "gone"
    base = "/subscriptions/s/resourceGroups/g"
    assert type_of(base) == "group" and type_of("/subscriptions/s") == ""
    assert type_of(base + "/providers/Microsoft.Network/networkSecurityGroups/a/securityRules/b").endswith(
        "/securityrules"
    )
    assert version_of(base) == version_of("/subscriptions/s/resources")
    assert version_of(base + "/providers/Microsoft.Compute/disks/d") != version_of(
        base + "/providers/Microsoft.Compute/virtualMachines/v"
    )
    grants = [{"actions": ["*"], "notActions": ["Microsoft.Compute/*/delete"]}, {"actions": ["Microsoft.Network/*"]}]
    assert may(grants, "Microsoft.Compute/virtualMachines/write") and not may(grants, "Microsoft.Compute/disks/delete")


class Entra:
    """Takes requests for tokens, and keeps their forms."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def send(self, method: str, url: str, body: str = "", headers: Any = None) -> Any:
        self.sent.append((url, body))
        answer = type("Answer", (), {})()
        answer.status, answer.body = 200, {"access_token": "t"}
        return answer


def test_credentials_in_their_order(tmp_path: Path) -> None:
    entra, home = Entra(), {"AZURE_CONFIG_DIR": str(tmp_path)}
    principal = {"AZURE_CLIENT_ID": "me", "AZURE_TENANT_ID": "ours"}
    assert Login(entra, home | principal | {"AZURE_SECRET": "s"}, {}).token() == "t"
    url, form = entra.sent[-1]
    assert url == "https://login.microsoftonline.com/ours/oauth2/v2.0/token" and "client_secret=s" in form
    (tmp_path / "token").write_text("issued-elsewhere\n")
    Login(entra, home | principal | {"AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token")}, {}).token()
    assert "client_assertion=issued-elsewhere" in entra.sent[-1][1]
    (tmp_path / "credentials").write_text("[work]\nsubscription_id=sub\nclient_id=file\nsecret=a%b\ntenant=t\n")
    login = Login(entra, home, {"profile": "work", "cloud": "AzureUSGovernment"})
    assert login.token() == "t" and login.subscription() == "sub" and login.host == "management.usgovcloudapi.net"
    assert "login.microsoftonline.us" in entra.sent[-1][0] and "client_id=file" in entra.sent[-1][1]
    Login(entra, home | {"AZURE_CLIENT_ID": "mine"}, {"auth_source": "msi"}).token()
    assert entra.sent[-1][0].startswith("http://169.254.169.254/") and "client_id=mine" in entra.sent[-1][0]
    for config, word in (({}, "no service principal"), ({"profile": "x"}, "'x'")):
        with pytest.raises(Failure, match=word) as caught:
            Login(entra, home, config | {"auth_source": "credential_file" if config else "auto"}).token()
        assert caught.value.code == "provision.auth" and "az login" in caught.value.hint
    with pytest.raises(Failure, match="auth_source"):
        Login(entra, home, {"auth_source": "magic"})


def test_the_login_of_az_serves(tmp_path: Path) -> None:
    program = tmp_path / "az"
    program.write_text(
        '#!/bin/sh\ncase "$*" in *"get-access-token"*"--subscription s-1"*) echo \'{"accessToken": "from-az"}\';; *) echo "Please run az login" >&2; exit 1;; esac\n'
    )
    program.chmod(0o755)
    (tmp_path / "azureProfile.json").write_bytes(b'\xef\xbb\xbf{"subscriptions": [{"id": "s-2", "isDefault": true}]}')
    environ = {"AZURE_CONFIG_DIR": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"}
    assert Login(Entra(), environ, {}).subscription() == "s-2"
    assert Login(Entra(), environ, {"subscription_id": "s-1"}).token() == "from-az"
    with pytest.raises(Failure, match="az login") as caught:
        Login(Entra(), environ, {}).token()
    assert caught.value.code == "provision.auth"


def test_a_certificate_signs(tmp_path: Path) -> None:
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=stix".split()
    made = subprocess.run(
        ["openssl", *words, "-keyout", tmp_path / "key", "-out", tmp_path / "crt"], capture_output=True, check=True
    )
    assert made.returncode == 0
    pem = tmp_path / "both.pem"
    pem.write_bytes((tmp_path / "key").read_bytes() + (tmp_path / "crt").read_bytes())
    entra = Entra()
    environ = {"AZURE_CLIENT_ID": "me", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_CERTIFICATE_PATH": str(pem)}
    Login(entra, environ, {}).token()
    assert entra.sent[-1][1].count(".") >= 2 and "client_assertion_type=" in entra.sent[-1][1]
    pem.write_text("nothing")
    with pytest.raises(Failure, match="no PEM file"):
        Login(entra, environ, {}).token()


class Instance(http.server.BaseHTTPRequestHandler):
    """The metadata service and Resource Manager, as a machine sees them."""

    seen: list[tuple[str, str]] = []

    def do_GET(self) -> None:
        """Metadata."""
        text = "/subscriptions/s/vm" if "resourceId" in self.path else json.dumps({"access_token": "T"})
        self._say(text if self.headers["Metadata"] == "true" else "")

    def do_POST(self) -> None:
        """Resource Manager."""
        self.seen.append((f"{self.command} {self.path.partition('?')[0]}", self.headers["Authorization"]))
        self._say("")

    do_DELETE = do_POST

    def _say(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *words: object) -> None:
        """Say nothing."""


def test_a_machine_lets_itself_go(tmp_path: Path) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Instance)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}"
    sudo = tmp_path / "sudo"
    sudo.write_text(f"#!/bin/sh\nprintf '%s ' \"$@\" > {tmp_path}/ran\n")
    sudo.chmod(0o755)
    try:
        for verb, call in (
            ("deallocate", "POST /subscriptions/s/vm/deallocate"),
            ("delete", "DELETE /subscriptions/s/vm"),
        ):
            words = release_command(verb, "/identity", f"{here}/metadata", here)
            subprocess.run([sys.executable, *words[1:]], check=True, env={"PATH": str(tmp_path)})
            assert Instance.seen[-1] == (call, "Bearer T")
        assert not (tmp_path / "ran").exists()
    finally:
        server.shutdown()
        server.server_close()
    done = subprocess.run(
        [sys.executable, *words[1:]], check=True, env={"PATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert "may not delete itself" in done.stderr and (tmp_path / "ran").read_text().split() == [
        "-n",
        "shutdown",
        "-h",
        "now",
    ]
