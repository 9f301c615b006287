"""Asks a node's agent: one JSON request, one JSON answer (docs/concepts/contracts.md, section 4)."""

import json
from collections.abc import Mapping
from typing import Any

from stix.errors import NodeError, from_record
from stix.nodes.connection import Connection, LocalConnection, SshConnection

REPEATABLE = frozenset({"ping", "queue", "job", "log", "status", "autostop", "hooks", "run_hooks", "events"})
"""Methods that may be asked twice when an answer got lost; so may any request that names its jobs or its submission."""


def call(
    connection: Connection, method: str, params: Mapping[str, Any] | None = None, *, timeout: float = 30.0
) -> dict[str, Any]:
    """The result of a request to the agent.

    Args:
        connection: the node; the head, for all that concerns jobs.
        method: `queue`, `cancel`, ...
        params: the request's parameters.
        timeout: seconds to wait for the answer.

    Raises:
        NodeError: node.* when the node cannot be reached, agent.unreachable when no agent answers there,
            agent.protocol when its answer makes no sense; else what the agent says.
        JobError: job.*, as the agent says.
    """
    params = dict(params or {})
    request = json.dumps({"request": method, **params}).encode() + b"\n"
    answer = None
    if isinstance(connection, LocalConnection):
        answer = _ask_here(connection, request, timeout)
    elif isinstance(connection, SshConnection):
        from stix.nodes.forward import ask

        repeatable = method in REPEATABLE or bool(params.get("submission_id") or params.get("job_ids"))
        answer = ask(connection, request, timeout, repeatable=repeatable)
    if answer is None:
        answer = _ask_by_command(connection, request, timeout)
    return _result(connection, answer)


def _ask_here(connection: LocalConnection, request: bytes, timeout: float) -> bytes | None:
    import os

    from stix.nodes.sockets import AGENT_SOCKET, exchange

    try:
        answer = exchange(f"{os.path.expanduser(connection.skylet_home)}/{AGENT_SOCKET}", request, timeout)
    except TimeoutError:
        raise _silent(connection, timeout) from None
    except OSError:
        return None
    return answer or None


def _ask_by_command(connection: Connection, request: bytes, timeout: float) -> bytes:
    status, answer, stderr = connection.run(connection.agent_command("call"), stdin=request, timeout=timeout)
    if status != 0 and _record(answer) is None:
        from stix.nodes.failures import agent_missing

        raise agent_missing(connection.name, status, stderr)
    return answer


def _result(connection: Connection, answer: bytes) -> dict[str, Any]:
    record = _record(answer)
    if record is None:
        raise NodeError(
            "agent.protocol",
            f"The agent of node {connection.name!r} sent no JSON answer",
            hint="`stix repair` installs the agent that belongs to this version of stix.",
            details={"node": connection.name, "answer": answer[-500:].decode(errors="replace")},
        )
    if "error" in record:
        raise from_record(record["error"])
    return dict(record["result"] or {})


def _record(answer: bytes) -> dict[str, Any] | None:
    """The last line that is an answer: a login shell may print greetings before it."""
    for line in reversed(answer.splitlines()):
        if line.lstrip().startswith(b"{"):
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record.get("error"), dict) or "result" in record:
                return dict(record)
    return None


def _silent(connection: Connection, timeout: float) -> NodeError:
    return NodeError(
        "agent.unreachable",
        f"The agent of node {connection.name!r} did not answer within {timeout:g} s",
        hint="The node may be overloaded; run the same command again, then `stix repair`.",
        details={"node": connection.name},
        retryable=True,
    )
