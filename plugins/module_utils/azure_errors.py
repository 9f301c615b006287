"""What Azure's words mean: an answer, an exception or a module's prose -> a failure of ours."""

import re

from ansible_collections.stix.core.plugins.module_utils.azure_error_table import TABLE
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

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
