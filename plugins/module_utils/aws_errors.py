"""What EC2's words mean: its error codes -> ours and what each rules out, as one table."""

import re

from ansible_collections.stix.core.plugins.module_utils.aws_error_table import READINGS, TABLE
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

ACTION = re.compile(r"(?:not authorized to perform:? |explicit deny.* action[: ]+)([a-z0-9-]+:[A-Za-z]+)")
WRAPPING = re.compile(r"^An error occurred \([\w.]+\) when calling the \w+ operation(?: \([^)]*\))?: ")


def classify(provider_code, message, **where):
    """The failure that an answer of EC2, STS or SSM stands for.

    Args:
        provider_code: EC2's code (`Server.` and `Client.` before it do not count) or an exception's name.
        message: the sentence that came with it.
        where: what is known of the call, kept in the details: `region`, `zone`.
    """
    short = re.sub(r"^(Server|Client)\.", "", provider_code or "")
    words = WRAPPING.sub("", " ".join((message or "").split()))[:600]
    known = [(told, word) for code, told, word in READINGS if re.fullmatch(code, provider_code or "")]
    sought = next((word for told, word in known if re.search(told, words)), short)
    details = {key: value for key, value in where.items() if value}
    details |= {"provider_code": provider_code, "reason": words}
    for code, scope, pattern, sentence, hint, retryable in TABLE:
        if re.fullmatch(pattern, sought):
            details["scope"] = scope
            action = ACTION.search(words) if code == "provision.permission" else None
            if action:
                details["permission"] = action.group(1)
                sentence = "the permission %s is missing" % action.group(1)
            if scope not in ("zone", ""):
                details.pop("zone", None)
            place = where.get("zone") if scope == "zone" else where.get("region")
            return Failure(
                code, "AWS%s: %s (%s)" % (_at(place), sentence, _short(short, words)), hint, details, retryable
            )
    details["scope"] = ""
    return Failure("provision.unknown", "AWS%s: %s" % (_at(where.get("region")), _short(short, words)), "", details)


def classify_exception(error, **where):
    """The failure that an exception of boto3 stands for."""
    response = getattr(error, "response", None)
    told = response.get("Error") if isinstance(response, dict) else None
    if told:
        return classify(told.get("Code", ""), told.get("Message", ""), **where)
    return classify(type(error).__name__, str(error), **where)


def classify_result(result, **where):
    """The failure of an amazon.aws module's result: its `error` as EC2 gave it, or the code in its message."""
    if result.get("stix_error"):
        return Failure.from_record(result["stix_error"])
    told = result.get("error")
    message = str(result.get("msg") or "no reason was given")
    if "required Python library" in message:
        return Failure("runner.missing_content", message.split(".")[0], "pip install 'stix-cloud[aws]'")
    if isinstance(told, dict) and told.get("code"):
        return classify(told["code"], told.get("message") or message, **where)
    found = re.search(r"An error occurred \(([\w.]+)\)", message) or re.search(
        r"\b(ProfileNotFound|config profile|NoCredentialsError|Unable to locate credentials)\b", message
    )
    word = found.group(1) if found else ""
    return classify(NAMES.get(word, word), message, **where)


NAMES = {"config profile": "ProfileNotFound", "Unable to locate credentials": "NoCredentialsError"}
"""Sentences of the SDK -> the exception that says them."""


def _at(place):
    return " " + place if place else ""


def _short(code, words):
    return ("%s: %s" % (code, words) if code and words else code or words or "no reason was given")[:400]
