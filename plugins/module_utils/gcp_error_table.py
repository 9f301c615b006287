"""Google Cloud's error codes -> ours, what each rules out, and what to do about it: data."""

LOG_IN = "Log in again (`gcloud auth application-default login`), or set GOOGLE_APPLICATION_CREDENTIALS."
ELSEWHERE = "Another zone, region or instance type may have some; --retry-until-up waits."

TABLE = (
    (
        "provision.no_capacity",
        "zone",
        r"ZONE_RESOURCE_POOL_EXHAUSTED(_WITH_DETAILS)?|RESOURCE_POOL_EXHAUSTED|resourcePoolExhausted|"
        r"insufficientCapacity|CapacityExceeded|VM_MIN_COUNT_NOT_REACHED|STOCKOUT|UNSUPPORTED_OPERATION|PREEMPTED",
        "there is no capacity now",
        ELSEWHERE,
        True,
    ),
    (
        "provision.no_capacity",
        "region",
        r"REGION_RESOURCE_POOL_EXHAUSTED(_WITH_DETAILS)?",
        "there is no capacity now",
        ELSEWHERE,
        True,
    ),
    (
        "provision.no_capacity",
        "zone",
        r"NOT_IN_ZONE|IP_SPACE_EXHAUSTED(_WITH_DETAILS)?",
        "the zone cannot serve this",
        "Another zone may have this instance type.",
        False,
    ),
    (
        "provision.quota",
        "cloud",
        r"GLOBAL_QUOTA_EXCEEDED",
        "the project's quota is used up",
        "Ask for more in the console (IAM & Admin, Quotas), or free what is there.",
        False,
    ),
    (
        "provision.quota",
        "region",
        r"QUOTA_EXCEEDED|quotaExceeded|limitExceeded|type\.googleapis\.com/google\.rpc\.QuotaFailure|RESOURCE_EXHAUSTED",
        "the project's quota is used up",
        "Ask for more in the console (IAM & Admin, Quotas), or free what is there.",
        False,
    ),
    (
        "provision.auth",
        "cloud",
        r"invalid_grant|ReauthFailError|ReauthUnattendedError|EXPIRED",
        "the credentials have expired or were withdrawn",
        LOG_IN,
        False,
    ),
    (
        "provision.auth",
        "cloud",
        r"DefaultCredentialsError|MalformedError|MutualTLSChannelError|OAuthError|InvalidValue|ClientCertError",
        "there are no usable credentials",
        LOG_IN,
        False,
    ),
    (
        "provision.auth",
        "cloud",
        r"RefreshError|authError|UNAUTHENTICATED|unauthorized|required|invalid_client|unauthorized_client|"
        r"ACCESS_TOKEN_\w+|CREDENTIALS_MISSING|accountDisabled|USER_PROJECT_DENIED|CONSUMER_INVALID|"
        r"billingNotEnabled|BILLING_DISABLED|accountClosed",
        "the project or its credentials were refused",
        "`gcloud auth list` shows who asks; the project may be closed or have no billing account.",
        False,
    ),
    (
        "provision.config",
        "cloud",
        r"accessNotConfigured|SERVICE_DISABLED|API_DISABLED",
        "an API is not enabled",
        "gcloud services enable compute.googleapis.com",
        False,
    ),
    (
        "provision.config",
        "cloud",
        r"OS_LOGIN_REQUIRED",
        "the organization demands OS Login",
        "Set config gcp.os_login: true",
        False,
    ),
    (
        "provision.permission",
        "cloud",
        r"ORG_POLICY|CONDITION_NOT_MET|conditionNotMet",
        "a policy of the organization forbids it",
        "config gcp.use_internal_ips helps where public addresses are forbidden.",
        False,
    ),
    (
        "provision.permission",
        "cloud",
        r"forbidden|PERMISSION_DENIED|IAM_PERMISSION_DENIED|PERMISSIONS_ERROR|insufficientPermissions|"
        r"ACCESS_TOKEN_SCOPE_INSUFFICIENT|SERVICE_ACCOUNT_ACCESS_DENIED",
        "a permission is missing",
        "docs/guides/gcp.md has the permissions that stix needs.",
        False,
    ),
    (
        "provision.transient",
        "region",
        r"rateLimitExceeded|userRateLimitExceeded|RATE_LIMIT_EXCEEDED|RESOURCE_OPERATION_RATE_EXCEEDED|"
        r"CONCURRENT_OPERATIONS_QUOTA_EXCEEDED|operationRateExceeded|backendError|internalError|INTERNAL(_ERROR)?|"
        r"UNAVAILABLE|serviceUnavailable|DEADLINE_EXCEEDED|ConnectionError|ConnectTimeout|ReadTimeout|Timeout|"
        r"ProxyError|TransportError|ChunkedEncodingError|5\d\d|429",
        "Google Cloud is busy or cannot be reached",
        "Try again.",
        True,
    ),
    (
        "provision.transient",
        "",
        r"alreadyExists|ALREADY_EXISTS|RESOURCE_ALREADY_EXISTS|resourceNotReady|RESOURCE_NOT_READY|ABORTED|"
        r"resourceInUseByAnotherResource|RESOURCE_IN_USE_BY_ANOTHER_RESOURCE|resourceInUse|"
        r"operationInProgress|invalidFingerprint",
        "something of the cluster is just changing",
        "Try again.",
        True,
    ),
    (
        "provision.config",
        "type",
        r"INVALID_USAGE|UNSUPPORTED_MACHINE_TYPE|INCOMPATIBLE",
        "the instance type does not serve",
        "Does it go with this disk, GPU or network?",
        False,
    ),
    (
        "provision.config",
        "region",
        r"notFound|RESOURCE_NOT_FOUND|NOT_FOUND|invalid\w*|INVALID\w*|badRequest|FAILED_PRECONDITION|failedPrecondition|"
        r"wrongSubnetwork|OUT_OF_RANGE|SSLError|InvalidURL|4\d\d",
        "a setting was refused",
        "Check image_id, disk, labels and config.gcp.",
        False,
    ),
)
"""(code, scope, Google's codes or the SDK's exceptions, sentence, hint, retryable); the first that matches wholly wins.

scope is what it rules out for now: `zone`, `type` (this instance type, in this region), `region`, `cloud`, or nothing.
"""

SPECIAL = (
    (r"QUOTA_EXCEEDED|quotaExceeded", r"ALL_REGIONS|\bglobally\b", "GLOBAL_QUOTA_EXCEEDED"),
    (r"RESOURCE_EXHAUSTED|8|429", r"no more capacity|stockout|not enough resources|[Ii]nsufficient \w*\s?capacity",
     "ZONE_RESOURCE_POOL_EXHAUSTED"),
    (r"8|429", r"[Qq]uota", "RESOURCE_EXHAUSTED"),
    (r"\w+", r"accelerator (type )?\S+ was not found in zone|Location \S+ is not found or access is unauthorized",
     "NOT_IN_ZONE"),
    (r"7", r"", "PERMISSION_DENIED"),
    (r"3|5|9", r"", "INVALID_ARGUMENT"),
    (r"6|10", r"", "ABORTED"),
    (r"16", r"", "UNAUTHENTICATED"),
    (r"4|13|14", r"", "UNAVAILABLE"),
    (r"forbidden|PERMISSION_DENIED|403", r"[Bb]illing", "BILLING_DISABLED"),
    (r"forbidden|PERMISSION_DENIED|403", r"has not been used in|is disabled|API .*not enabled", "SERVICE_DISABLED"),
    (r"forbidden|403", r"[Qq]uota", "QUOTA_EXCEEDED"),
    (r"\w*", r"constraints/compute\.requireOsLogin", "OS_LOGIN_REQUIRED"),
    (r"\w*", r"[Cc]onstraint constraints/", "ORG_POLICY"),
    (r"invalid\w*|notFound|RESOURCE_NOT_FOUND|400|404", r"(machineTypes|acceleratorTypes|[Mm]achine type)\b.*"
     r"(was not found|does not exist)", "NOT_IN_ZONE"),
    (r"required", r"[Ff]ield", "invalid"),
    (r"\w+Error", r"certificate verify failed", "SSLError"),
    (r"RefreshError", r"invalid_grant|expired|revoked", "invalid_grant"),
    (r"\w*|", r"does not have enough resources available", "ZONE_RESOURCE_POOL_EXHAUSTED"),
)  # fmt: skip
"""(Google's code, words in its sentence, the code that says it better); the first that fits counts."""

NEUTRAL = ("VM_MIN_COUNT_NOT_REACHED",)
"""Codes that say that a request failed, not why; another one beside them counts."""
