"""What a play came to: its reports and its errors. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from stix.errors import StixError, from_record

_BLAME = ("provision.", "node.auth", "node.host_key", "node.", "setup.", "sync.", "secrets.", "agent.", "job.")
"""Which of several hosts' errors is told first: the one the driver steers by, then the most telling."""

_NO_RIGHTS = re.compile(
    r"waiting for (become success|privilege escalation prompt)|(Missing|Incorrect) (sudo|become) password"
)
"""Ansible's own words where a login may not use sudo; what sudo says follows them."""

_PROMPT = re.compile(r"\[sudo via ansible, key=\w+\] password:")


class Change(NamedTuple):
    """A task that changed something, or would in check mode.

    Attributes:
        action: full name of its module.
        diff: as Ansible tells it, `[{before, after, ...}]`; empty where it tells none.
    """

    host: str
    task: str
    action: str
    diff: list[dict[str, Any]]


@dataclass
class Outcome:
    """Collects the records of one play.

    Attributes:
        reports: `(kind, host, data)` in order.
        errors: host -> its error; without those that a role rescued, once the play is over.
        complaints: what Ansible says outside of any task.
        changes: what was changed, in order.
    """

    reports: list[tuple[str, str, Any]] = field(default_factory=list)
    errors: dict[str, StixError] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    status: str = ""
    rc: int = 0

    def take(self, record: Mapping[str, Any]) -> None:
        """Take one record (see `stix.runner.events`)."""
        kind = record["type"]
        if kind == "result":
            if "event" in record:
                self.reports.append((record["event"]["kind"], record["host"], record["event"]["data"]))
            if record["status"] == "changed":
                words = {name: str(record.get(name) or "") for name in ("host", "task", "action")}
                self.changes.append(Change(**words, diff=record.get("diff") or []))
            if record["status"] in ("failed", "unreachable"):
                self._blame(record["host"], _error(record), coded="error" in record)
        elif kind == "stats":
            lost = {*record["hosts"]["failures"], *record["hosts"]["dark"]}
            self.errors = {host: error for host, error in self.errors.items() if host in lost}
        elif kind == "complaint":
            self.complaints.append(record["text"])
        elif kind == "end":
            self.status, self.rc = record["status"], record["rc"]
            if record.get("message"):
                self.complaints.append(record["message"])

    def _blame(self, host: str, error: StixError, *, coded: bool) -> None:
        """Keep a host's last error: it fails a second time only where a role rescued the first one to say it better."""
        if coded or host not in self.errors or self.errors[host].code == "runner.failed":
            self.errors[host] = error

    def of_kind(self, kind: str) -> list[Any]:
        """Data of the reports of one kind."""
        return [data for word, _, data in self.reports if word == kind]

    @property
    def error(self) -> StixError | None:
        """The error to tell, or None when the play went well."""
        if self.status == "cancelled":
            return StixError("interrupted", "the play was cancelled")
        if self.errors:
            host, error = min(self.errors.items(), key=lambda pair: _weight(pair[1]))
            error.details.setdefault("host", host)
            error.details["hosts"] = sorted(self.errors)
            return error
        if self.status != "successful":
            said = " ".join(self.complaints[-3:]) or f"exit status {self.rc}"
            return StixError(
                "runner.failed", f"Ansible could not play: {said}", hint="stix run show last --log shows all it printed"
            )
        return None


def _weight(error: StixError) -> int:
    return next((place for place, start in enumerate(_BLAME) if error.code.startswith(start)), len(_BLAME))


def _error(record: Mapping[str, Any]) -> StixError:
    if "error" in record:
        return from_record(record["error"])
    message = str(record.get("message") or "")
    if record["status"] == "unreachable":
        return from_record(
            {"code": "node.unreachable", "message": f"{record['host']} cannot be reached: {message}", "retryable": True}
        )
    if record.get("argument_errors"):
        return StixError(
            "internal", f"role {record['role']} got wrong variables: {'; '.join(record['argument_errors'])}"
        )
    if _NO_RIGHTS.search(message):
        return _no_rights(record, message)
    return StixError(
        "runner.failed",
        f"{record['host']}: task {record['task']!r} failed: {message}",
        details={"task": record["task"]},
    )


def _no_rights(record: Mapping[str, Any], message: str) -> StixError:
    said = _PROMPT.sub("", message.strip().splitlines()[-1]).strip()
    return StixError(
        "setup.failed",
        f"The login on '{record['host']}' may not become root, as task {record['task']!r} needs: {said}",
        hint="allow it sudo without a password, or log in as root",
        details={"task": record["task"]},
    )


def instances(reports: Iterable[Any]) -> list[dict[str, Any]]:
    """The last reported list of instances; empty when none was reported."""
    found: list[dict[str, Any]] = []
    for data in reports:
        found = [dict(instance) for instance in data]
    return found
