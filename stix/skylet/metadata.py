"""What the metadata services of clouds say about the end of a machine: what to ask, how to read the answer. Pure.

Sources: AWS "Spot Instance interruption notices" and "EC2 instance rebalance recommendations"; Google Compute Engine
"Preemptible VM instances" and "Query host maintenance events"; Azure "Scheduled Events for Linux VMs".
"""

from __future__ import annotations

import calendar
import json
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Notice = dict[str, Any]

FINAL = ("preemption", "maintenance")
"""Kinds of notices after which the machine is taken away; `rebalance` only warns of a greater risk."""

GCP_SECONDS = 30.0
"""What Google leaves between a preemption and the end of the machine."""


class Look:
    """A question that is asked again and again.

    Args:
        path: of the question.
        read: `read(text, first)`, the notices in an answer (status 200); 404 always means none.
        every: seconds between an answer and the next question.
        patience: seconds that an answer may take.
        waits: the service answers when something changed, by the mark (ETag) of its last answer.
    """

    def __init__(
        self,
        path: str,
        read: Callable[[str, str], list[Notice]],
        every: float = 5.0,
        patience: float = 5.0,
        waits: bool = False,
    ) -> None:
        self.path = path
        self.read = read
        self.every = every
        self.patience = patience
        self.waits = waits


class Service:
    """A cloud's metadata service.

    Args:
        headers: sent with every question; `{first}` in one is what `first` answered.
        first: `(method, path, headers)` of what has to be asked before: a session token, the machine's own name.
    """

    def __init__(
        self, headers: dict[str, str], looks: tuple[Look, ...], first: tuple[str, str, dict[str, str]] | None = None
    ) -> None:
        self.url = "http://169.254.169.254"
        self.headers = headers
        self.looks = looks
        self.first = first


def _aws_action(text: str, _first: str) -> list[Notice]:
    said = json.loads(text)
    return [{"kind": "preemption", "action": str(said["action"]), "deadline": _iso(said.get("time"))}]


def _aws_rebalance(text: str, _first: str) -> list[Notice]:
    json.loads(text)
    return [{"kind": "rebalance", "action": "rebalance recommendation", "deadline": None}]


def _gcp_preempted(text: str, _first: str) -> list[Notice]:
    if text.strip().upper() != "TRUE":
        return []
    return [{"kind": "preemption", "action": "preempted", "deadline": None, "within": GCP_SECONDS}]


def _gcp_maintenance(text: str, _first: str) -> list[Notice]:
    if not text.strip().upper().startswith("TERMINATE"):
        return []
    return [{"kind": "maintenance", "action": "terminate for host maintenance", "deadline": None}]


AZURE_KINDS = {"preempt": "preemption", "terminate": "maintenance"}


def _azure_events(text: str, name: str) -> list[Notice]:
    found = []
    for event in json.loads(text)["Events"]:
        kind = AZURE_KINDS.get(str(event.get("EventType")).lower())
        machines = [str(machine).lower() for machine in event.get("Resources") or ()]
        # Events of the machine's whole set are told to each of its machines.
        if kind and (not machines or not name or name.strip().lower() in machines):
            deadline = _rfc(event.get("NotBefore"))
            found.append({"kind": kind, "action": str(event["EventType"]).lower(), "deadline": deadline})
    return found


def _iso(text: object) -> float | None:
    """Unix seconds of `2026-11-28T18:00:00Z`."""
    try:
        return float(calendar.timegm(time.strptime(str(text)[:19], "%Y-%m-%dT%H:%M:%S")))
    except ValueError:
        return None


def _rfc(text: object) -> float | None:
    """Unix seconds of `Sat, 28 Nov 2026 18:00:00 GMT`; an event that has begun has none."""
    try:
        return float(calendar.timegm(time.strptime(str(text)[5:25], "%d %b %Y %H:%M:%S")))
    except ValueError:
        return None


def sort_key(notice: Notice) -> tuple[bool, float]:
    """The most urgent first."""
    deadline = notice.get("deadline")
    return notice["kind"] not in FINAL, float("inf") if deadline is None else deadline


def sentence(notice: Notice, name: str) -> str:
    """The notice for people.

    Args:
        name: of the node.
    """
    by = f"{notice['provider']}: {notice['action']}"
    if notice["kind"] not in FINAL:
        return f"{name} may be taken away soon ({by})"
    deadline = notice.get("deadline")
    when = time.strftime(" at %H:%M:%S UTC", time.gmtime(deadline)) if deadline else ""
    return f"{name} is taken away{when} ({by})"


SERVICES = {
    "aws": Service(
        {"X-aws-ec2-metadata-token": "{first}"},
        (
            Look("/latest/meta-data/spot/instance-action", _aws_action),
            Look("/latest/meta-data/events/recommendations/rebalance", _aws_rebalance, every=30.0),
        ),
        ("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}),
    ),
    "gcp": Service(
        {"Metadata-Flavor": "Google"},
        (
            Look("/computeMetadata/v1/instance/preempted", _gcp_preempted, patience=75.0, waits=True),
            Look("/computeMetadata/v1/instance/maintenance-event", _gcp_maintenance, patience=75.0, waits=True),
        ),
    ),
    "azure": Service(
        {"Metadata": "true"},
        # The first answer may take two minutes: it switches the service on.
        (Look("/metadata/scheduledevents?api-version=2020-07-01", _azure_events, patience=130.0),),
        ("GET", "/metadata/instance/compute/name?api-version=2021-02-01&format=text", {"Metadata": "true"}),
    ),
}
