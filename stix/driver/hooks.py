"""The user's scripts that run on the head before its machines stop or go: waited for, told, never for ever."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from stix.driver.session import Run
from stix.errors import JobError, StixError
from stix.model.cluster import Cluster
from stix.model.event import Note
from stix.model.task import Task
from stix.nodes import agent
from stix.nodes.connection import connect

WISHES = ("run", "skip", "require")
"""Run hooks and go on whatever becomes of them; do not run them; go on only if all end well."""
LOOK_SECONDS = 0.5
SLACK_SECONDS = 20.0
"""What the agent may take beyond the hooks' own time: to ask each that is late to end, and to answer."""


def run_hooks(run: Run, cluster: Cluster, event: str, wish: str = "run") -> None:
    """Run a cluster's hooks of an event on its head.

    Args:
        event: `stop` or `down`.
        wish: of `WISHES`.

    Raises:
        StixError: with `require`, `job.failed` or why the head does not answer.
    """
    mine = [hook for hook in cluster.hooks if event in hook["events"]]
    reached = cluster.head is not None and cluster.head.get("connection") and cluster.seen in ("running", "partial")
    if not mine or wish == "skip" or not reached:
        return
    most = sum(float(hook["timeout"]) for hook in mine)
    what = "1 hook" if len(mine) == 1 else f"{len(mine)} hooks"
    run.emit(Note(time.time(), f"running {what} before {event}, for {most:g} s at most"))
    try:
        failures = _failures(_results(run, cluster, event, most + SLACK_SECONDS), mine)
    except StixError as error:
        if wish == "require":
            raise
        failures = [f"hooks before {event} were not run to their end: {error.message}"]
    for failure in failures:
        run.emit(Note(time.time(), failure))
    if failures and wish == "require":
        raise JobError(
            "job.failed", failures[0], hint=f"'stix {event} --hooks run {cluster.name}' goes on all the same"
        )


def hooks_of(task: Task) -> list[dict[str, Any]]:
    """A task's hooks as its cluster keeps them, with the task's envs; its secrets are its jobs' and go with these."""
    envs = {"envs": dict(task.envs)} if task.envs else {}
    return [{**hook, **envs} for hook in task.hooks]


def _results(run: Run, cluster: Cluster, event: str, seconds: float) -> Sequence[Mapping[str, Any]]:
    assert cluster.head is not None
    head = connect(cluster.head["connection"], control_dir=run.world.home.ssh_control)
    deadline = time.monotonic() + seconds
    found = agent.call(head, "run_hooks", {"event": event, "reason": f"stix {event}"})
    while found["running"] and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        found = agent.call(head, "run_hooks", {"event": event, "look": True})
    return list(found["results"])


def _failures(results: Sequence[Mapping[str, Any]], mine: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each hook that did not end well."""
    failures = []
    for result in results:
        if not result["exit_code"] and not result["timed_out"]:
            continue
        last = str(result.get("output") or "").strip().rpartition("\n")[2]
        how = "ran out of time" if result["timed_out"] else f"ended with exit code {result['exit_code']}"
        failures.append(f"hook {result['hook']} {how}" + (f": {last}" if last else ""))
    if len(results) < len(mine):
        failures.append(f"hook {len(results) + 1} did not end")
    return failures


def with_autostop_hook(hooks: Sequence[Mapping[str, Any]], run: str, timeout: int | None, *, down: bool) -> list[Any]:
    """Hooks with that of autostop in the place of those that run only before the same; an empty script removes it.

    It gets the envs that the others have, of the task that brought them.
    """
    event = "down" if down else "stop"
    kept = [dict(hook) for hook in hooks if list(hook["events"]) != [event]]
    own = {"run": run, "events": [event], "timeout": 3600 if timeout is None else timeout}
    envs = next(({"envs": dict(hook["envs"])} for hook in hooks if hook.get("envs")), {})
    return kept + ([{**own, **envs}] if run else [])
