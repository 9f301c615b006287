"""The shapes of docs/concepts/contracts.md, field by field."""

import json
from typing import Any

STATES = ("pending", "running", "stopping", "stopped", "gone")
KINDS = tuple(
    "machine disk address nic firewall key load_balancer network group volume_claim service secret bucket "
    "unreachable".split()
)
NUMBER = (int, float)
INSTANCE: dict[str, Any] = {
    "name": str,
    "rank": int,
    "id": str,
    "state": str,
    "private_ip": str,
    "connection": dict,
    "agent_port": (int, type(None)),
    "cpus": (*NUMBER, type(None)),
    "memory": (*NUMBER, type(None)),
    "gpus": list,
    "details": dict,
}
THING: dict[str, Any] = {
    **dict.fromkeys(("kind", "id", "name", "region", "zone", "state", "cluster", "cluster_id", "user", "run"), str),
    **dict.fromkeys(("created_at", "deadline"), NUMBER),
    "shared": bool,
    "details": dict,
    "instance": (dict, type(None)),
}


def check_instances(instances: list[dict[str, Any]]) -> None:
    """In rank order; ranks, names, ids and addresses are nobody else's."""
    for each in instances:
        _check(each, INSTANCE)
        assert each["state"] in STATES and each["id"] and each["name"], each
        assert all(isinstance(gpu, dict) and gpu["name"] for gpu in each["gpus"]), each
        if each["state"] in ("running", "stopped"):
            assert each["connection"]["ansible_connection"], each
        if each["state"] == "running" and each["connection"]["ansible_connection"] != "local":
            assert each["connection"]["ansible_host"] and each["private_ip"], each
    assert [each["rank"] for each in instances] == sorted({each["rank"] for each in instances}), instances
    for key in ("name", "id"):
        assert len({each[key] for each in instances}) == len(instances), instances


def check_things(things: list[dict[str, Any]]) -> None:
    """What a survey reports."""
    for each in things:
        _check(each, THING)
        assert each["kind"] in KINDS and each["id"] and each["name"], each
        if each["kind"] == "machine":
            check_instances([each["instance"]])
            assert each["instance"]["id"] == each["id"] and each["state"] in STATES, each
    assert len({(each["kind"], each["region"], each["id"]) for each in things}) == len(things), things


def _check(data: dict[str, Any], shape: dict[str, Any]) -> None:
    assert data.keys() == shape.keys(), sorted(data.keys() ^ shape.keys())
    for key, kind in shape.items():
        assert isinstance(data[key], kind) and not (kind is not bool and isinstance(data[key], bool)), (key, data[key])
    assert json.loads(json.dumps(data)) == data
