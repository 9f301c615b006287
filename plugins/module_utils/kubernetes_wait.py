"""Waiting for pods, with the reason of whoever keeps them waiting: the queue, the scheduler or the kubelet."""

import time

from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.kubernetes_errors import ended, not_placed, not_started

PAUSE = 0.5
START_SECONDS = 600
"""How long a pod that has its node may take: its image is pulled."""

SCALE_SECONDS = 900
SCALING = ("TriggeredScaleUp", "Nominated")
"""Events of the cluster autoscaler and of Karpenter: a node is on its way."""

NOT_SCALING = "NotTriggerScaleUp"
"""Event of the cluster autoscaler: it can bring no node for this pod; it may think better of it for a while."""

REFUSED_SECONDS = 60


class Wait:
    """What is waited for.

    Args:
        api: `kubernetes_api.Api`.
        selector: labels of the cluster's pods.
        names: the pods.
        params: the options of the module kubernetes_machines.
        gone: until there are none of them, not until they are ready.
        seconds: how long, where they are to go.
    """

    def __init__(self, api, selector, names, params, gone=False, seconds=0):
        self.api = api
        self.selector = selector
        self.names = set(names)
        self.params = params
        self.gone = gone
        self.seconds = seconds
        self.missed = 0

    def look(self):
        """The pods that are waited for, as they are."""
        pods = self.api.list("pods", labels=self.selector)
        return [each for each in pods if each["metadata"]["name"] in self.names]


def wait_until(wait):
    """Return when it is so.

    Raises:
        Failure: it will not be, or not in time.
    """
    if not wait.names:
        return
    began = time.monotonic()
    while True:
        pods = wait.look()
        waited = time.monotonic() - began
        if wait.gone:
            if not pods:
                return
            if waited > wait.seconds:
                raise _still_there(wait, pods)
        else:
            if _check(wait, pods, waited):
                return
        time.sleep(PAUSE if waited < REFUSED_SECONDS else 5 * PAUSE)


def is_ready(pod):
    """Whether a pod runs and its containers are ready."""
    if pod["metadata"].get("deletionTimestamp"):
        return False
    return _condition(pod, "Ready").get("status") == "True"


def _check(wait, pods, waited):
    """Whether all are ready; raises when one never will be."""
    lost = wait.names - {each["metadata"]["name"] for each in pods}
    wait.missed = wait.missed + 1 if lost else 0
    if wait.missed > 2:  # a list may be older than the pod
        raise _failure(
            "provision.no_capacity", "Pod %s was removed by somebody else" % sorted(lost)[0], wait, "Deleted"
        )
    for pod in pods:
        _check_one(wait, pod, waited)
    return not lost and all(is_ready(pod) for pod in pods)


def _check_one(wait, pod, waited):
    name, status, context = pod["metadata"]["name"], pod["status"], wait.api.context
    for each in (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or []):
        waiting = (each.get("state") or {}).get("waiting") or {}
        failure = not_started(waiting.get("reason"), waiting.get("message"), each.get("image"), context)
        if failure:
            raise failure
    if status.get("phase") in ("Failed", "Succeeded"):
        stopped = next(
            (
                each["state"]["terminated"]
                for each in status.get("containerStatuses") or []
                if (each.get("state") or {}).get("terminated")
            ),
            {},
        )
        reason = status.get("reason") or stopped.get("reason") or "Error"
        raise ended(name, reason, status.get("message") or stopped.get("message") or "", context)
    placed = _condition(pod, "PodScheduled")
    if placed.get("status") == "True":
        if waited > START_SECONDS:
            raise _failure(
                "provision.transient", "Pod %s did not start within %d s" % (name, START_SECONDS), wait, "NotStarted"
            )
    elif placed.get("reason") == "SchedulingGated":
        _within(wait.params["queue_timeout"], waited, lambda: _queued(wait, name))
    elif placed.get("reason") == "Unschedulable":
        if 0 <= min(wait.params["timeout"], REFUSED_SECONDS) < waited:
            limit, why = _patience(wait, name)
            _within(limit, waited, lambda: not_placed("; ".join(filter(None, (placed.get("message"), why))), context))
    else:
        _within(
            START_SECONDS,
            waited,
            lambda: _failure(
                "provision.transient", "The scheduler does not look at pod %s" % name, wait, "NoScheduler"
            ),
        )


def _patience(wait, name):
    """`(seconds, reason)`: what the scheduler gets, and what the autoscaler says.

    One that brings a node gets its time; one that can bring none does not get all of a long one.
    """
    limit = wait.params["timeout"]
    said = [
        event
        for event in wait.api.list("events", fields="involvedObject.kind=Pod,involvedObject.name=%s" % name)
        if event.get("reason") in (*SCALING, NOT_SCALING)
    ]
    if not said:
        return limit, ""
    last = max(said, key=lambda event: event.get("lastTimestamp") or event["metadata"].get("creationTimestamp") or "")
    if last["reason"] == NOT_SCALING:
        return min(limit, REFUSED_SECONDS), last.get("message") or ""
    return max(limit, SCALE_SECONDS), last.get("message") or ""


def _within(limit, waited, failure):
    """Raise when more than `limit` seconds have passed; -1 is without end."""
    if 0 <= limit < waited:
        raise failure()


def _queued(wait, name):
    text = "Pod %s still waits in the queue %r" % (name, wait.params["queue"])
    return _failure("provision.quota", text, wait, "SchedulingGated")


def _still_there(wait, pods):
    names = ", ".join(sorted(each["metadata"]["name"] for each in pods))
    return _failure(
        "provision.transient",
        "Pods %s do not go" % names,
        wait,
        "Terminating",
        "A finalizer may hold them: `kubectl describe pod`.",
        True,
    )


def _failure(code, text, wait, word, hint="", retryable=False):
    details = {"scope": "region", "region": wait.api.context, "provider_code": word}
    return Failure(code, "%s (context %s)" % (text, wait.api.context), hint, details, retryable)


def _condition(pod, kind):
    return next((each for each in pod["status"].get("conditions") or [] if each["type"] == kind), {})
