"""Commands that run before a cluster's machines go, in normal form."""

from collections.abc import Iterable, Mapping
from typing import Any

HOOK_EVENTS = ("stop", "preemption", "down")
_TIMEOUT = 3600
"""Seconds that a hook may take unless it says otherwise."""


def read_hooks(hooks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`config.hooks` with what is left out filled in: every event, an hour."""
    return [_hook(hook.get("run"), hook.get("events"), hook.get("timeout")) for hook in hooks]


def autostop_hook(autostop: Any) -> dict[str, Any] | None:
    """The hook that `autostop.hook`, the older form, means; None if there is none."""
    if not isinstance(autostop, Mapping) or autostop.get("hook") is None:
        return None
    event = "down" if autostop.get("down") else "stop"
    return _hook(autostop["hook"], [event], autostop.get("hook_timeout"))


def _hook(run: Any, events: list[str] | None, timeout: int | None) -> dict[str, Any]:
    return {"run": run, "events": list(events or HOOK_EVENTS), "timeout": _TIMEOUT if timeout is None else timeout}
