"""What Google Cloud's words mean: its error codes -> ours and what each rules out, as one table."""

import ast
import json
import re

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

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
    (r"RESOURCE_EXHAUSTED|8|429", r"no more capacity|stockout|not enough resources", "ZONE_RESOURCE_POOL_EXHAUSTED"),
    (r"8|429", r"[Qq]uota", "RESOURCE_EXHAUSTED"),
    (r"7", r"", "PERMISSION_DENIED"),
    (r"3|9", r"", "INVALID_ARGUMENT"),
    (r"13|14", r"", "UNAVAILABLE"),
    (r"forbidden|PERMISSION_DENIED|403", r"[Bb]illing", "BILLING_DISABLED"),
    (r"forbidden|PERMISSION_DENIED|403", r"has not been used in|is disabled|API .*not enabled", "SERVICE_DISABLED"),
    (r"forbidden|403", r"[Qq]uota", "QUOTA_EXCEEDED"),
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

PERMISSION = re.compile(r"'?\b((?:compute|tpu|iam|resourcemanager)\.[A-Za-z]+\.[A-Za-z]+)\b'?")
METRIC = re.compile(r"'([A-Z0-9_]+)'")


def classify(provider_code, message, **where):
    """The failure that an answer of Google Cloud stands for.

    Args:
        provider_code: its code or reason, or an exception's name.
        message: the sentence that came with it.
        where: what is known of the call, kept in the details: `region`, `zone`.
    """
    words = " ".join((message or "").split())[:600]
    told = str(provider_code or "")
    meant = next(
        (better for code, text, better in SPECIAL if re.fullmatch(code, told) and re.search(text, words)), told
    )
    details = {key: value for key, value in where.items() if value}
    details |= {"provider_code": told, "reason": words}
    for code, scope, pattern, sentence, hint, retryable in TABLE:
        if re.fullmatch(pattern, meant):
            details["scope"] = scope
            sentence = _named(code, sentence, words, details)
            if scope not in ("zone", ""):
                details.pop("zone", None)
            place = where.get("zone") if scope == "zone" else where.get("region")
            text = "Google Cloud%s: %s (%s)" % (_at(place), sentence, _short(told, words))
            return Failure(code, text, _api_hint(hint, meant, words), details, retryable)
    details["scope"] = ""
    return Failure(
        "provision.unknown", "Google Cloud%s: %s" % (_at(where.get("region")), _short(told, words)), "", details
    )


def _named(code, sentence, words, details):
    """The sentence with the permission or the quota that Google names."""
    if code == "provision.permission":
        found = PERMISSION.search(words)
        if found:
            details["permission"] = found.group(1)
            return "the permission %s is missing" % found.group(1)
    if code == "provision.quota":
        found = METRIC.search(words)
        if found:
            details["quota"] = found.group(1)
            return "the project's quota %s is used up" % found.group(1)
    return sentence


def _api_hint(hint, meant, words):
    found = re.search(r"\b([a-z]+\.googleapis\.com)\b", words)
    return "gcloud services enable %s" % found.group(1) if meant == "SERVICE_DISABLED" and found else hint


def classify_errors(errors, **where):
    """The failure of an operation: of several errors the first that says why."""
    telling = [one for one in errors if str(one.get("code") or one.get("reason")) not in NEUTRAL]
    one = (telling or errors)[0]
    return classify(one.get("code") or one.get("reason"), one.get("message") or one.get("debugInfo"), **where)


def classify_answer(status, body, **where):
    """The failure of an HTTP answer: `error` as the APIs give it, or just the status."""
    told = body.get("error") if isinstance(body, dict) else None
    if isinstance(told, dict):
        return classify(_reason(told, status), told.get("message"), **where)
    if isinstance(told, str):
        return classify(told, (body or {}).get("error_description"), **where)
    return classify(str(status), "HTTP status %s" % status, **where)


def _reason(told, status):
    info = [each.get("reason") for each in told.get("details") or () if isinstance(each, dict) and each.get("reason")]
    listed = [each.get("reason") for each in told.get("errors") or () if isinstance(each, dict)]
    return next((word for word in [*info, *listed, told.get("status")] if word), str(status))


def classify_exception(error, **where):
    """The failure that an exception of google-auth or requests stands for."""
    if isinstance(error, Failure):
        return error
    for part in error.args:
        if isinstance(part, dict) and part.get("error"):
            return classify(part["error"], part.get("error_description") or str(error), **where)
    name = type(error).__name__
    return classify("ConnectionError" if name == "TransportError" else name, str(error), **where)


def classify_result(result, **where):
    """The failure of a google.cloud module's result: its message holds errors as text of a Python list, or JSON."""
    if result.get("stix_error"):
        return Failure.from_record(result["stix_error"])
    message = result.get("msg") or "no reason was given"
    if re.search(r"install the (requests|google-auth) library", str(message)):
        return Failure("runner.missing_content", str(message).split(".")[0], "pip install 'stix-cloud[gcp]'")
    errors = _listed(message)
    if errors:
        return classify_errors(errors, **where)
    found = re.search(r"\b(DefaultCredentialsError|RefreshError|invalid_grant)\b", str(result))
    return classify(found.group(1) if found else "", str(message), **where)


def _listed(message):
    """Errors in a message: a list, or the text of one, or the API's whole answer."""
    if isinstance(message, str):
        start = min((place for place in (message.find("["), message.find("{")) if place >= 0), default=-1)
        message = _literal(message[start:]) if start >= 0 else None
    if isinstance(message, dict):
        told = message.get("error", message)
        return [{"code": _reason(told, ""), "message": told.get("message")}] if isinstance(told, dict) else []
    return [one for one in message if isinstance(one, dict)] if isinstance(message, list) else []


def _literal(text):
    for read in (ast.literal_eval, json.loads):
        try:
            return read(text)
        except (ValueError, SyntaxError):
            continue
    return None


def _at(place):
    return " " + place if place else ""


def _short(code, words):
    return ("%s: %s" % (code, words) if code and words else code or words or "no reason was given")[:400]
