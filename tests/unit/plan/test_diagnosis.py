"""What of a cluster is not as wanted, by all that was seen of it."""

from dataclasses import replace

import pytest

from stix.errors import StixError
from stix.model.cluster import Cluster
from stix.plan.diagnosis import Difference, Evidence, diagnose


def node(rank, state="running", **more):
    return {"name": f"dev-{rank}", "rank": rank, "id": f"i-{rank}", "state": state, "connection": {"a": 1}, **more}


def agent(rank, **more):
    about = {"installed": True, "alive": True, "cluster_id": "dev-1", "current": True, "differs": [], **more}
    return {"name": f"dev-{rank}", "clock_skew": 0.0, "agent": about}


CLUSTER = Cluster(
    "dev", "dev-1", "ann", "aws/r1", 2, phase="ready", seen="running", nodes=(node(0), node(1)),
    autostop={"idle_minutes": -1, "down": False, "wait_for": "jobs", "lifetime_minutes": None},
)  # fmt: skip
UNMOUNTED = Difference("stix.core.volume_mounts", "Mount", "volumes", "/d: not mounted", "/d: v")
HEAD = {
    "nodes": [{"rank": 0, "name": "dev-0", "connected": True}, {"rank": 1, "name": "dev-1", "connected": True}],
    "autostop": {"idle_minutes": -1, "down": False, "wait_for": "jobs", "lifetime_minutes": None, "idle_seconds": 3},
}
SOUND = Evidence(instances=(node(0), node(1)), nodes={"dev-0": agent(0), "dev-1": agent(1)}, head=HEAD)
LOST = {**HEAD, "nodes": [HEAD["nodes"][0], {"rank": 1, "name": "dev-1", "connected": False}]}
PORTS = Difference("stix.core.aws_machines", "Have the machines", "ports", "no port open", "8080 open")
DEV0 = {"dev-0": agent(0)}


def found(cluster, **seen):
    return [(each.part, each.node, each.found, each.step) for each in diagnose(cluster, replace(SOUND, **seen))]


CASES = [
    ({}, []),
    (
        {"instances": [node(0, "stopped", details={"reason": "Server.SpotInstanceTermination", "spot": True})]},
        [
            (
                "machine",
                "dev-0",
                "stopped: the cloud took it back (Server.SpotInstanceTermination)",
                "provision",
            ),
            ("machine", "dev-1", "gone: it was removed behind stix's back", "provision"),
        ],
    ),
    (
        {"instances": [node(0), node(1), node(2)]},
        [("machine", "dev-2", "running (i-2), and may cost money", "surplus")],
    ),
    (
        {"instances": [node(0), node(1, connection={"ansible_host": "203.0.113.9"})]},
        [("address", "dev-1", "at 203.0.113.9", "provision")],
    ),
    ({"cloud": [PORTS]}, [("ports", "", "no port open", "provision")]),
    (
        {"cloud": [PORTS._replace(about="machines"), PORTS, PORTS._replace(about="")], "instances": [node(0)]},
        [
            ("machine", "dev-1", "gone: it was removed behind stix's back", "provision"),
            ("ports", "", "no port open", "provision"),
        ],
    ),
    (
        {"cloud_trouble": StixError("provision.unsupported", "ports of a container", hint="launch anew")},
        [("cloud", "", "ports of a container", "")],
    ),
    (
        {"silent": {"dev-1": StixError("node.host_key", "it is another machine")}, "nodes": DEV0},
        [("host key", "dev-1", "it is another machine", "")],
    ),
    (
        {"nodes": DEV0 | {"dev-1": agent(1) | {"clock_skew": -61.5}}},
        [("clock", "dev-1", "62 s behind", "")],
    ),
    ({"nodes": DEV0 | {"dev-1": agent(1) | {"clock_skew": 4.9}}}, []),
    ({"nodes": DEV0 | {"dev-1": agent(1, installed=False)}}, [("agent", "dev-1", "not installed", "setup")]),
    ({"nodes": DEV0 | {"dev-1": agent(1, alive=False)}}, [("agent", "dev-1", "installed, not running", "setup")]),
    (
        {"nodes": DEV0 | {"dev-1": agent(1, current=False, differs=["autostop", "hooks"])}},
        [("agent", "dev-1", "set otherwise: hooks", "setup")],
    ),
    ({"nodes": DEV0 | {"dev-1": agent(1, current=False, differs=["autostop"])}}, []),
    (
        {"nodes": DEV0 | {"dev-1": agent(1, current=False, differs=["archive"])}},
        [("agent", "dev-1", "of another version", "setup")],
    ),
    (
        {
            "nodes": DEV0 | {"dev-1": agent(1, cluster_id="other-2")},
            "troubles": {"dev-1": [("stix.core.skylet", StixError("provision.no_capacity", "in use by other-2"))]},
        },
        [("agent", "dev-1", "in use by other-2", "")],
    ),
    (
        {"unmounted": {"dev-0": [{"target": "/data", "address": "s3://b", "mode": "MOUNT"}]}},
        [("bucket", "dev-0", "not mounted so", "setup")],
    ),
    (
        {"differences": {"dev-0": [UNMOUNTED]}},
        [("volume", "dev-0", "/d: not mounted", "setup")],
    ),
    (
        {"differences": {"dev-0": [Difference("ansible.builtin.package", "Install what mounts need")]}},
        [("set-up", "dev-0", "not so: install what mounts need", "setup")],
    ),
    (
        {
            "troubles": {
                "dev-0": [("stix.core.volume_mounts", StixError("setup.failed", "no disk", retryable=True))],
            }
        },
        [("volume", "dev-0", "no disk", "provision")],
    ),
    (
        {"head": {**HEAD, "autostop": {**HEAD["autostop"], "idle_minutes": 5}}},
        [("autostop", "", "idle_minutes 5", "autostop")],
    ),
    ({"head": LOST}, [("agent", "dev-1", "not connected", "")]),
    (
        {
            "head": LOST,
            "nodes": DEV0 | {"dev-1": agent(1, alive=False, current=False)},
            "jobs": [
                {"job_id": 3, "status": "RUNNING", "nodes": [0, 1]},
                {"job_id": 4, "status": "PENDING", "nodes": []},
            ],
        },
        [
            ("agent", "dev-1", "installed, not running", "setup"),
            ("job", "dev-1", "job 3 runs on dev-1, which the head does not hear of", "setup"),
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "told"), CASES)
def test_a_cluster_that_should_be_up(seen, told):
    assert found(CLUSTER, **seen) == told


STOPS = {"idle_minutes": 5, "down": False}
ENDS = {"idle_minutes": 5, "down": True}
OTHERS = [
    (replace(CLUSTER, wanted="stopped"), ("stopped", "stopped"), []),
    (replace(CLUSTER, wanted="stopped"), ("stopped", "running"), [("machine", "dev-1", "stop")]),
    (replace(CLUSTER, wanted="gone"), ("running", "gone"), [("launch", "", "")]),
    (replace(CLUSTER, autostop=STOPS), ("stopped", "stopped"), [("record", "", "refresh")]),
    (replace(CLUSTER, autostop=ENDS), ("gone", "gone"), [("record", "", "refresh")]),
    (replace(CLUSTER, phase="setup", autostop=None), ("running", "running"), [("launch", "", "provision")]),
    (replace(CLUSTER, pending={"submission_id": "a"}, autostop=None), ("running", "running"), [("job", "", "")]),
    (replace(CLUSTER, leaving=("dev-2",), autostop=None), ("running", "running"), [("launch", "", "provision")]),
    (
        replace(CLUSTER, rivals=({"infra": "aws/r2", "cluster_id": "dev-9"},), autostop=None),
        ("running", "running"),
        [("launch", "", "provision")],
    ),
]


@pytest.mark.parametrize(("cluster", "states", "told"), OTHERS)
def test_what_was_wanted_decides(cluster, states, told):
    seen = replace(SOUND, instances=[node(rank, state) for rank, state in enumerate(states)])
    assert [(each.part, each.node, each.step) for each in diagnose(cluster, seen)] == told
