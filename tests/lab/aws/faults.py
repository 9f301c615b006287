"""Fault rules in front of EC2: which call is refused, with which of EC2's codes, how often."""

import fnmatch
import threading
import time
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from moto.backends import get_backend

SENTENCE = "We currently do not have sufficient {type} capacity in the Availability Zone you requested ({zone})."
ANSWER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message>'
    "</Error></Errors><RequestID>00000000-0000-4000-8000-000000000000</RequestID></Response>"
)


def error_answer(rule: dict[str, Any]) -> tuple[str, str]:
    """HTTP status line and body of a refusal, in the form of the EC2 query protocol."""
    message = escape(rule.get("message", SENTENCE).format(**rule["call"]))
    return f"{rule.get('status', 400)} Error", ANSWER.format(code=rule["code"], message=message)


class Faults:
    """Rules `{action, zone, type, spot, region, code, message, status, times, delay}`: what is absent matches all.

    A rule with a `delay` in seconds holds the call up; without a `code` it is let through then. `calls` lists
    `{action, region, zone, type, spot, query}` of every call so far; `query` are its parameters.
    """

    def __init__(self, instances: Callable[[], list[tuple[object, object]]]) -> None:
        self.calls: list[dict[str, Any]] = []
        self._rules: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._instances = instances

    def add(self, rules: list[dict[str, Any]]) -> int:
        """Put rules behind those that are there."""
        with self._lock:
            self._rules += rules
            return len(self._rules)

    def clear(self) -> int:
        """Refuse nothing any more."""
        with self._lock:
            self._rules.clear()
            return 0

    def forget_calls(self) -> int:
        """Begin a new list of calls."""
        self.calls = []
        return 0

    def refusal(self, query: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """The rule that refuses a call, with the `call` in it; None when it may pass."""
        call = _call(query, authorization)
        with self._lock:
            self.calls.append(call)
            for rule in self._rules:
                if rule.get("times", 1) == 0 or not _meant(rule, call):
                    continue
                if rule.get("times", -1) > 0:
                    rule["times"] -= 1
                break
            else:
                return None
        time.sleep(rule.get("delay", 0))
        return rule | {"call": call} if "code" in rule else None


def _meant(rule: dict[str, Any], call: dict[str, Any]) -> bool:
    words = ("action", "zone", "type", "region")
    matches = all(fnmatch.fnmatchcase(call[word], rule[word]) for word in words if word in rule)
    return matches and rule.get("spot", call["spot"]) == call["spot"]


def _call(query: dict[str, str], authorization: str) -> dict[str, Any]:
    # AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/ec2/aws4_request, ...
    scope = authorization.partition("Credential=")[2].split("/")
    subnet = query.get("SubnetId") or query.get("NetworkInterface.1.SubnetId") or ""
    return {
        "action": query.get("Action", ""),
        "region": scope[2] if len(scope) > 2 else "",
        "zone": query.get("Placement.AvailabilityZone") or _zone_of(subnet),
        "type": query.get("InstanceType", ""),
        "spot": query.get("InstanceMarketOptions.MarketType") == "spot",
        "query": query,
    }


def _zone_of(subnet: str) -> str:
    for account in get_backend("ec2").values() if subnet else ():
        for backend in list(account.values()):
            for by_zone in backend.subnets.values():
                if subnet in by_zone:
                    return str(by_zone[subnet].availability_zone)
    return ""
