"""What Azure's words mean: codes of Resource Manager and Entra ID -> ours and what each rules out, as one table."""

import re

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

LOG_IN = "Log in again (`az login`), or set AZURE_CLIENT_ID, AZURE_CLIENT_SECRET and AZURE_TENANT_ID anew."
GUIDE = "docs/guides/azure.md has the role that stix needs."

TABLE = (
    (
        "provision.quota",
        "region",
        r"QuotaExceeded|\w*QuotaExceeded\w*|PublicIPCountLimitReached|\w+CountLimitReached|ResourceCountExceedsLimit\w*",
        "",
        "the subscription's quota is used up",
        "Ask for more in the portal (Quotas, Compute), or free what is there.",
        False,
    ),
    (
        "provision.quota",
        "region",
        r"OperationNotAllowed|InvalidTemplateDeployment|PreflightValidation\w*|ResourceDeploymentFailure",
        r"quota|exceeding approved|exceed the maximum|limit",
        "the subscription's quota is used up",
        "Ask for more in the portal (Quotas, Compute), or free what is there.",
        False,
    ),
    (
        "provision.no_capacity",
        "zone",
        r"ZonalAllocationFailed|OverconstrainedZonalAllocationRequest|ZoneNotSupported|AvailabilityZoneNotSupported|"
        r"ResourceTypeNotSupportAvailabilityZones|InvalidAvailabilityZone",
        "",
        "the zone has no capacity for this now",
        "Another zone, region or instance type may have some; --retry-until-up waits.",
        True,
    ),
    (
        "provision.no_capacity",
        "zone",
        r"AllocationFailed|AllocationTimeout|OverconstrainedAllocationRequest|SpotAllocationFailed|CapacityNotAvailable|"
        r"AllocationFailedOn\w+|InsufficientCapacity\w*|SubnetIsFull|SubnetFull",
        "",
        "there is no capacity now",
        "Another zone, region or instance type may have some; --retry-until-up waits.",
        True,
    ),
    (
        "provision.no_capacity",
        "zone",
        r"SkuNotAvailable|NotAvailableForSubscription|SkuNotAvailableForSubscription",
        "",
        "the instance type is not to be had here",
        "Another zone, region or instance type may do; `az vm list-skus --location REGION --size SIZE` tells why.",
        True,
    ),
    (
        "provision.auth",
        "cloud",
        r"ExpiredAuthenticationToken|InvalidAuthenticationTokenExpired|TokenExpired|"
        r"AADSTS(70008|700082|50173|700084|70043|50078|7000222|53003|500133|700024)",
        "",
        "the credentials have expired",
        LOG_IN,
        False,
    ),
    (
        "provision.auth",
        "cloud",
        r"NoCredentials|AzureCliMissing|AzureCliFailed|ManagedIdentityMissing|ProfileMissing",
        "",
        "there are no usable credentials",
        LOG_IN,
        False,
    ),
    (
        "provision.auth",
        "cloud",
        r"InvalidAuthenticationToken\w*|AuthenticationFailed\w*|SubscriptionNotFound|InvalidSubscriptionId|"
        r"DisallowedOperation|\w*SubscriptionDisabled|ReadOnlyDisabledSubscription|SubscriptionNotRegistered|"
        r"AADSTS\d+|invalid_client|invalid_grant|invalid_request|unauthorized_client|NoSubscription",
        "",
        "the login or the subscription was refused",
        "`az account show` tells whose login it is; AZURE_SUBSCRIPTION_ID or config azure.subscription_id chooses.",
        False,
    ),
    (
        "provision.permission",
        "cloud",
        r"MissingSubscriptionRegistration",
        "",
        "the subscription is not registered for a service",
        "az provider register --namespace Microsoft.Compute, and Microsoft.Network.",
        False,
    ),
    (
        "provision.permission",
        "cloud",
        r"AuthorizationFailed|LinkedAuthorizationFailed|LinkedAccessCheckFailed|AuthorizationPermissionMismatch|"
        r"RequestDisallowedBy(Policy|Azure)|RoleAssignmentLimitExceeded|ScopeLocked|DenyAssignmentAuthorizationFailed|"
        r"Forbidden",
        "",
        "a permission is missing",
        GUIDE,
        False,
    ),
    (
        "provision.config",
        "type",
        r"MarketplacePurchaseEligibilityFailed|ResourcePurchaseValidationFailed|VMMarketplaceInvalidInput|"
        r"PlanNotFound|ResourcePurchaseCanceled|UserError",
        "",
        "the image's terms are not accepted, or its plan was refused",
        "az vm image terms accept --urn PUBLISHER:OFFER:SKU:VERSION",
        False,
    ),
    (
        "provision.transient",
        "region",
        r"TooManyRequests|SubscriptionRequestsThrottled|OperationPreempted|\w*Throttl\w*|ServerBusy|ServerTimeout|"
        r"RequestTimeout|GatewayTimeout|BadGateway|ServiceUnavailable|InternalServerError|InternalExecutionError|"
        r"InternalError|NetworkingInternalOperationError|InternalOperationError|VMStartTimedOut|OSProvisioningTimedOut|"
        r"OSProvisioningInternalError|HTTP5\d\d|ConnectionError|ConnectionRefusedError|ConnectionResetError|"
        r"RemoteDisconnected|BrokenPipeError|TimeoutError|timeout|gaierror|OSError|IncompleteRead|BadStatusLine|"
        r"temporarily_unavailable|AADSTS(90033|50196|90002)",
        "",
        "Azure is busy or cannot be reached",
        "Try again.",
        True,
    ),
    (
        "provision.transient",
        "",
        r"Conflict\w*|OperationNotAllowed|AnotherOperationInProgress|RetryableError\w*|ResourceGroupBeingDeleted|"
        r"ReferencedResourceNotProvisioned|NicReservedForAnotherVm|\w*InUse\w*|CanceledAndSupersededDueToAnotherOperation|"
        r"Canceled|PreconditionFailed|AttachDiskWhileBeingDetached|NetworkInterfaceCountExceeded",
        "",
        "something of the cluster is just changing",
        "Try again.",
        True,
    ),
    (
        "provision.config",
        "type",
        r"InvalidParameter|BadRequest|InvalidRequest\w*|PropertyChangeNotAllowed",
        r"vm ?size|hypervisor generation|not supported for (this|the) (vm|size)|architecture",
        "the instance type does not serve",
        "Is it one of this region, and does the image suit it?",
        False,
    ),
    (
        "provision.config",
        "region",
        r"Invalid\w*|BadRequest\w*|\w*NotFound|ImageNot\w+|PlatformImage\w+|\w*NotSupported\w*|LocationNot\w+|"
        r"NoRegisteredProviderFound\w*|PropertyChangeNotAllowed|ParentResource\w+|Missing\w+|TagCount\w+|"
        r"\w*RuleC\w+|SSLCertVerificationError|SSLError|DiskSize\w+|ResizeDiskError|StorageAccount\w+",
        "",
        "a setting was refused",
        "Check image_id, disk, labels and config.azure.",
        False,
    ),
)
"""(code, scope, Azure's codes, words the message must hold, sentence, hint, retryable); the first that matches wins.

scope is what it rules out for now: `zone`, `type` (this instance type, in this region), `region`, `cloud`, or nothing.
"""

WRAPPERS = re.compile(r"DeploymentFailed|InvalidTemplateDeployment|ResourceDeploymentFailure|MultipleErrorsOccurred")
ACTION = re.compile(r"perform(?:ing)? (?:the )?action[s(]*\)? '([A-Za-z]+\.[A-Za-z]+/[\w/*]+)'")
AADSTS = re.compile(r"\b(AADSTS\d+)\b")


def classify(provider_code, message, **where):
    """The failure that an answer of Azure stands for.

    Args:
        provider_code: its code, or an exception's name.
        message: the sentence that came with it.
        where: what is known of the call, kept in the details: `region`, `zone`.
    """
    words = " ".join((message or "").split())[:900]
    told = AADSTS.search(words)
    short = told.group(1) if told else provider_code or ""
    if short.startswith("InvalidAuthenticationToken") and "expired" in words.lower():
        short = "ExpiredAuthenticationToken"
    details = {key: value for key, value in where.items() if value}
    details |= {"provider_code": provider_code or short, "reason": words}
    for code, scope, pattern, needs, sentence, hint, retryable in TABLE:
        if not re.fullmatch(pattern, short) or not re.search(needs, words, re.IGNORECASE):
            continue
        if scope == "zone" and not where.get("zone"):
            scope = "region"  # without a zone the whole region was asked
        details["scope"] = scope
        action = ACTION.search(words) if code == "provision.permission" else None
        if action:
            details["permission"] = action.group(1)
            sentence = "the permission %s is missing" % action.group(1)
        if scope not in ("zone", ""):
            details.pop("zone", None)
        return Failure(
            code, "Azure%s: %s (%s)" % (_at(scope, where), sentence, _short(short, words)), hint, details, retryable
        )
    details["scope"] = ""
    return Failure("provision.unknown", "Azure%s: %s" % (_at("", where), _short(short, words)), "", details)


def classify_answer(status, body, **where):
    """The failure that an HTTP answer stands for: Resource Manager's `{error: {code, message, details}}`, or Entra's.

    Args:
        status: the HTTP status.
        body: the answer's JSON; anything else counts as no words.
    """
    body = body if isinstance(body, dict) else {}
    error = body.get("error")
    if isinstance(error, str):  # Entra ID
        return classify(error, body.get("error_description") or "", **where)
    error = error if isinstance(error, dict) else body
    code, message = innermost(error)
    if not code or (status >= 500 and classify(code, message).code == "provision.unknown"):
        code = "TooManyRequests" if status == 429 else "HTTP%d" % status if status >= 500 else code
    return classify(
        code or {401: "AuthenticationFailed", 403: "Forbidden"}.get(status, "HTTP%d" % status), message, **where
    )


def innermost(error):
    """`(code, message)` of an error that may wrap the one that counts."""
    code, message = str(error.get("code") or ""), str(error.get("message") or "")
    details = [one for one in error.get("details") or [] if isinstance(one, dict) and one.get("code")]
    if details and WRAPPERS.fullmatch(code):
        return innermost(details[0])
    return code, message


def classify_exception(error, **where):
    """The failure that an exception of the network stands for."""
    reason = getattr(error, "reason", None)
    if isinstance(reason, Exception):
        error = reason
    name = type(error).__name__
    if isinstance(error, OSError) and "SSL" not in name and name not in ("gaierror", "timeout", "TimeoutError"):
        name = "ConnectionError"
    return classify(name, str(error), **where)


def classify_result(result, **where):
    """The failure of a module's result: its `stix_error`, or what a module of azure.azcollection said in prose."""
    if result.get("stix_error"):
        return Failure.from_record(result["stix_error"])
    message = str(result.get("msg") or "no reason was given")
    if "required Python library" in message or "install ansible[azure]" in message:
        return Failure("runner.missing_content", message.split(".")[0], "docs/guides/azure.md says what to install")
    found = re.search(r"\(([A-Za-z]\w+)\)", message) or re.search(r"\bCode: (\w+)", message)
    if found:
        return classify(found.group(1), message, **where)
    if re.search(r"Failed to get credentials|az login|Please run", message):
        return classify("NoCredentials", message, **where)
    return classify("", message, **where)


def _at(scope, where):
    place = where.get("region") or ""
    if scope == "zone" and where.get("zone"):
        place = "%s zone %s" % (place, where["zone"])
    return " " + place.strip() if place.strip() else ""


def _short(code, words):
    return ("%s: %s" % (code, words) if code and words else code or words or "no reason was given")[:400]
