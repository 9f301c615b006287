"""ansible-runner's events -> our few records. Pure.

Records are dictionaries with a `type`:
`play` {name}, `task` {name, role, action}, `result` {host, task, role, action, status:
ok|changed|skipped|failed|unreachable|ignored, seconds, run: whether something ran on the node, event?, error?,
message?, diff?: `[{before, after, ...}]` of what changed, or would in check mode}, `stats` {hosts}, `output` {text, of
a play that shows its own}, `end` {status, rc}.
"""

from collections.abc import Mapping
from typing import Any

_STATUS = {
    "runner_on_ok": "ok",
    "runner_on_failed": "failed",
    "runner_on_unreachable": "unreachable",
    "runner_on_skipped": "skipped",
    "runner_item_on_failed": "",
}


def reduce_event(raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """The record of one raw event, or None when it says nothing we use."""
    kind = raw.get("event", "")
    data = raw.get("event_data") or {}
    if kind == "playbook_on_play_start":
        return {"type": "play", "name": data.get("name") or data.get("play", "")}
    if kind == "playbook_on_task_start":
        return {
            "type": "task",
            "name": data.get("task", ""),
            "role": data.get("role", ""),
            "action": data.get("task_action", ""),
        }
    if kind == "playbook_on_stats":
        return {
            "type": "stats",
            "hosts": {name: data.get(name) or {} for name in ("ok", "failures", "dark", "changed", "skipped")},
        }
    if _STATUS.get(kind):
        return _result(_STATUS[kind], data)
    return _complaint(kind, raw)


def _result(status: str, data: Mapping[str, Any]) -> dict[str, Any]:
    result = data.get("res") or {}
    record: dict[str, Any] = {
        "type": "result",
        "host": data.get("host", ""),
        "task": data.get("task", ""),
        "role": data.get("role", ""),
        "action": data.get("task_action", ""),
        "seconds": data.get("duration", 0.0),
        "status": _refined(status, data, result),
    }
    if isinstance(result.get("stix_event"), Mapping):
        record["event"] = result["stix_event"]
    if isinstance(result.get("stix_error"), Mapping):
        record["error"] = result["stix_error"]
    if record["status"] == "changed" and (shown := _diffs(result)):
        record["diff"] = shown
    if status in ("failed", "unreachable"):
        record["message"] = _message(result)
        if result.get("argument_errors"):
            record["argument_errors"] = result["argument_errors"]
    return record


def _refined(status: str, data: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    if status == "failed" and data.get("ignore_errors"):
        return "ignored"
    if status == "ok" and result.get("changed"):
        return "changed"
    return status


def _diffs(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a task, or the turns of its loop, would change: Ansible's own `diff`, one or several."""
    found: list[dict[str, Any]] = []
    for each in (result, *(result.get("results") or ())):
        told = each.get("diff") if isinstance(each, Mapping) else None
        found += [dict(one) for one in (told if isinstance(told, list) else [told]) if isinstance(one, Mapping) and one]
    return found


def _message(result: Mapping[str, Any]) -> str:
    for key in ("msg", "reason", "stderr", "module_stderr", "exception"):
        if result.get(key):
            return str(result[key]).strip()
    return "no reason was given"


def _complaint(kind: str, raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """Ansible's own `ERROR!` lines: they come before any play, as output that belongs to no task."""
    text = str(raw.get("stdout") or "").strip()
    if kind in ("error", "verbose") and ("ERROR" in text or kind == "error") and text:
        return {"type": "complaint", "text": text}
    return None
