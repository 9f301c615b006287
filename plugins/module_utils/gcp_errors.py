"""What Google Cloud's words mean: answers, operations, exceptions and modules' messages -> failures."""

import ast
import json
import re

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_error_table import NEUTRAL, SPECIAL, TABLE

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
