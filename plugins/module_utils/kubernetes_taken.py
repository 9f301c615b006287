"""Pods that are no more: whether somebody else wanted their node, as far as events and nodes still tell."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

LOST = ("Preempted", "Evicted", "TaintManagerEviction", "NodeShutdown", "Preempting", "DeletionByPodGC")
"""Events that tell that a pod was taken away."""


def taken_away(api, names):
    """Name of a pod that is gone -> `(reason, uid)`, of those that were taken away.

    A drain deletes pods without an event of its own: there the kubelet's last words name the node, and that takes no
    pods any more, or is gone.
    """
    events = [each for each in api.list("events", fields="involvedObject.kind=Pod") if _name(each) in names]
    events = _of_the_last(events)
    told = {_name(each): each for each in events if each.get("reason") in LOST}
    taken = {name: ("%s: %s" % (each["reason"], each.get("message") or ""), _uid(each)) for name, each in told.items()}
    ends = {_name(each): each for each in events if each.get("reason") == "Killing" and _name(each) not in taken}
    nodes = _nodes(api) if ends else {}
    for name, each in ends.items():
        machine = (each.get("source") or {}).get("host") or each.get("reportingInstance") or ""
        why = "is gone" if machine not in nodes else "is drained" if _is_closed(nodes[machine]) else ""
        if nodes and machine and why:
            taken[name] = ("Drained: node %s %s" % (machine, why), _uid(each))
    return taken


def _of_the_last(events):
    """Not those of an earlier pod by the same name; who evicts for a taint does not say which one it was, but when."""
    ordered = sorted(events, key=_time)
    last = {_name(each): _uid(each) for each in ordered if _uid(each)}
    since = {}
    for each in ordered:
        if _uid(each) == last.get(_name(each)):
            since.setdefault(_name(each), _time(each))
    return [
        each
        for each in ordered
        if _uid(each) in ("", last.get(_name(each))) and _time(each) >= since.get(_name(each), "")
    ]


def _name(event):
    return event["involvedObject"]["name"]


def _uid(event):
    return event["involvedObject"].get("uid", "")


def _time(event):
    return event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or ""


def _nodes(api):
    """Nodes by name; none where they may not be seen."""
    try:
        return {each["metadata"]["name"]: each for each in api.list("nodes")}
    except Failure:
        return {}


def _is_closed(node):
    """Whether a node takes no pods: it was cordoned, or does not answer."""
    ready = [each["status"] for each in node["status"].get("conditions") or [] if each["type"] == "Ready"]
    return bool((node.get("spec") or {}).get("unschedulable")) or ready != ["True"]
