"""When to let the machine go: after idle minutes, or at the end of a lifetime."""

from __future__ import annotations

from . import processes
from .errors import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

WAIT_FOR = ("jobs_and_ssh", "jobs", "none")
AT_ONCE_SECONDS = 5.0
"""What 0 idle minutes are: time for whoever reads the last job's log to see its end."""
SSH_DAEMONS = ("sshd", "sshd-session", "dropbear")


def setting(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A complete setting, `{idle_minutes, down, wait_for, lifetime_minutes}`; -1 and None stand for never.

    Raises:
        AgentError: `config.invalid`.
    """
    wait_for = fields.get("wait_for") or "jobs_and_ssh"
    if wait_for not in WAIT_FOR:
        raise AgentError("config.invalid", f"autostop cannot wait for {wait_for!r}", f"Valid: {', '.join(WAIT_FOR)}.")
    try:
        idle = float(fields["idle_minutes"]) if fields.get("idle_minutes") is not None else -1.0
        lifetime = float(fields["lifetime_minutes"]) if fields.get("lifetime_minutes") is not None else None
    except (TypeError, ValueError):
        raise AgentError("config.invalid", "autostop's minutes are not a number", "Give minutes as a number.") from None
    return {
        "idle_minutes": -1 if idle < 0 else _plain(idle),
        "down": bool(fields.get("down")),
        "wait_for": wait_for,
        "lifetime_minutes": _plain(lifetime) if lifetime is not None and lifetime >= 0 else None,
    }


def due(wanted: Mapping[str, Any], idle_seconds: float, age_seconds: float) -> str:
    """Why the machine is to be let go now, "" when it is not.

    Args:
        wanted: a complete setting.
        idle_seconds: since the cluster last did anything that counts.
        age_seconds: since the lifetime began.
    """
    if is_over(wanted, age_seconds):
        return f"the cluster reached its lifetime of {wanted['lifetime_minutes']:g} minutes"
    if 0 <= wanted["idle_minutes"] and idle_seconds >= (wanted["idle_minutes"] * 60 or AT_ONCE_SECONDS):
        return f"the cluster was idle for {wanted['idle_minutes']:g} minutes"
    return ""


def is_over(wanted: Mapping[str, Any], age_seconds: float) -> bool:
    """Whether the lifetime has ended."""
    lifetime = wanted["lifetime_minutes"]
    return lifetime is not None and age_seconds >= lifetime * 60


def period(wanted: Mapping[str, Any]) -> float:
    """Seconds between two looks."""
    ends = [
        minutes * 60
        for minutes in (wanted["idle_minutes"], wanted["lifetime_minutes"])
        if minutes is not None and minutes >= 0
    ]
    return min(15.0, max(0.2, min(ends) / 20)) if ends else 15.0


def has_login() -> bool:
    """Whether somebody is logged in by ssh: a process on a terminal below an ssh daemon.

    Not utmp: containers have none, and ssh's own multiplexed sessions without a terminal (Ansible's, rsync's)
    must not count.
    """
    return is_login(processes.every())


def is_login(table: Mapping[int, tuple[int, str, int, int, str]]) -> bool:
    """As `has_login`, for a table of processes (`processes.every`)."""
    for pid, (_, _, terminal, _, _) in table.items():
        major = (terminal >> 8) & 0xFFF
        if not 136 <= major <= 143:
            continue
        seen = set()
        while pid in table and pid not in seen:
            seen.add(pid)
            pid, name = table[pid][0], table[pid][1]
            if name in SSH_DAEMONS:
                return True
    return False


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number
