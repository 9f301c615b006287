"""Fault rules in front of a cloud's API: which call is refused, with which of the cloud's codes, how often."""

import fnmatch
import threading
import time
from typing import Any

WHAT_HAPPENS = frozenset({"code", "message", "status", "times", "delay", "reason", "late"})
"""Keys of a rule that are no condition."""


class Faults:
    """Rules `{CONDITION: value or pattern, code, message, status, times, delay}`; a condition is a word of a call.

    What a rule does not name matches all. A rule with a `delay` in seconds holds the call up; without a `code` it is
    let through then. A rule with `times` serves as often. `calls` are all calls so far, as they were told to `met`.
    """

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self._rules: list[dict[str, Any]] = []
        self._lock = threading.Lock()

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

    def met(self, call: dict[str, Any]) -> dict[str, Any] | None:
        """Remember a call; the rule that refuses it, with the `call` in it; None when it may pass."""
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

    def control(self, word: str, method: str, rules: list[dict[str, Any]]) -> object:
        """What a control channel does for `faults` (POST rules, DELETE) and `calls` (GET, DELETE)."""
        if word == "faults":
            return self.add(rules) if method == "POST" else self.clear()
        return self.forget_calls() if method == "DELETE" else self.calls


def _meant(rule: dict[str, Any], call: dict[str, Any]) -> bool:
    conditions = {word: value for word, value in rule.items() if word not in WHAT_HAPPENS}
    return all(
        fnmatch.fnmatchcase(str(call.get(word, "")), value) if isinstance(value, str) else call.get(word) == value
        for word, value in conditions.items()
    )
