"""How pods that are no more went, by what events tell."""

from typing import Any

from ansible_collections.stix.core.plugins.module_utils.kubernetes_taken import taken_away


class Api:
    def __init__(self, *events: dict[str, Any], **nodes: bool) -> None:
        self.events, self.nodes = events, nodes

    def list(self, kind: str, **_: Any) -> list[dict[str, Any]]:
        if kind == "events":
            return list(self.events)
        ready = [{"type": "Ready", "status": "True"}]
        return [
            {"metadata": {"name": name}, "spec": {"unschedulable": closed}, "status": {"conditions": ready}}
            for name, closed in self.nodes.items()
        ]


def event(reason: str, uid: str, at: int, node: str = "n") -> dict[str, Any]:
    about = {"name": "demo-1-0", "uid": uid}
    return {"reason": reason, "involvedObject": about, "lastTimestamp": f"2026-01-01T00:00:{at:02}Z", "message": "m",
            "metadata": {}, "source": {"host": node}}  # fmt: skip


def test_an_event_without_an_id_counts_for_the_pod_of_its_time() -> None:
    taint = event("TaintManagerEviction", "", 5)
    first = event("Started", "one", 1)
    assert taken_away(Api(first, taint), {"demo-1-0"}) == {"demo-1-0": ("TaintManagerEviction: m", "")}
    second = [event("Started", "two", 8), event("Killing", "two", 9)]
    assert taken_away(Api(first, taint, *second, n=False), {"demo-1-0"}) == {}
    assert taken_away(Api(first, taint, *second, n=True), {"demo-1-0"}) == {
        "demo-1-0": ("Drained: node n is drained", "two")
    }
    assert taken_away(Api(first, taint, *second, other=False), {"demo-1-0"})["demo-1-0"][0] == "Drained: node n is gone"


def test_other_pods_and_pods_that_somebody_deleted_are_not_told() -> None:
    assert taken_away(Api(event("Preempted", "one", 1)), {"another"}) == {}
    assert taken_away(Api(event("Killing", "one", 1), n=False), {"demo-1-0"}) == {}
