# ruff: noqa: E501 - messages are quoted whole
"""TPUs as machines: single hosts and slices, call by call: the module's code here, the project of the lab."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible import gcp_clusters as base
from tests.integration.ansible.gcp_clusters import PARAMS, Failure, TpuCluster, api, gcp_survey, gcp_tpu, gcp_tpu_nodes
from tests.lab.gcp.lab import GcpLab

project = base.project
A, B, C = "us-central1-a", "us-central1-b", "us-central1-c"
FULL = {"action": "nodes.create", "code": "8", "message": 'There is no more capacity in the zone "us-central1-a"; you can try in another zone where Cloud TPU Nodes are offered (see https://cloud.google.com/tpu/docs/regions) [EID: 0x9f48947a7d57c8d]'}  # fmt: skip


@pytest.fixture
def gcp(project: GcpLab) -> Iterator[GcpLab]:
    yield project
    project.refuse_nothing()
    for one in project.tpus():
        project.session.delete("https://tpu.googleapis.com/v2/" + one["name"])
    deadline = time.monotonic() + 30
    while project.tpus() and time.monotonic() < deadline:
        time.sleep(0.05)
    for one in project.all("firewalls"):
        project.call("DELETE", f"global/firewalls/{one['name']}")
    project.calls(forget=True)


def wanted(nodes: int = 1, slice_: str = "tpu-v5e-8", hosts: int = 1, **more: Any) -> list[dict[str, Any]]:
    each = {
        "instance_type": "TPU-VM", "accelerators": {slice_: 1}, "accelerator_args": {"runtime_version": "v2-alpha-tpuv5"},
        **({"hosts": hosts} if hosts > 1 else {}), **more,
    }  # fmt: skip
    return [{"name": f"demo-{rank}", "rank": rank, **each} for rank in range(nodes * hosts)]


def machines(gcp: GcpLab, nodes: list[dict[str, Any]] | None = None, **more: Any) -> TpuCluster:
    params = PARAMS | {"nodes": nodes or []} | more
    return TpuCluster(api(gcp, internal=bool(params["config"].get("use_internal_ips"))), params)


def refused(gcp: GcpLab, nodes: list[dict[str, Any]], **more: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        machines(gcp, nodes, **more).ensure(False)
    return caught.value


def made(gcp: GcpLab) -> list[dict[str, Any]]:
    return [call for call in gcp.calls() if call["action"] == "nodes.create"]


def test_a_single_host_is_made_stopped_started_and_removed(gcp: GcpLab) -> None:
    nodes = wanted(ports=["8080"])
    assert machines(gcp, nodes).ensure(True) and gcp.tpus() == []
    assert machines(gcp, nodes, deadline=1900000000).ensure(False)
    [call] = made(gcp)
    body = call["body"]
    assert (call["name"], body["acceleratorType"], body["runtimeVersion"]) == (
        "demo-1-0",
        "v5litepod-8",
        "v2-alpha-tpuv5",
    )
    assert body["tags"] == ["stix", "stix-demo-1"] and body["labels"]["stix-deadline"] == "1900000000"
    assert body["networkConfig"] == {
        "network": "projects/lab-project/global/networks/default",
        "subnetwork": "projects/lab-project/regions/us-central1/subnetworks/default",
        "enableExternalIps": True,
    }
    assert body["metadata"]["ssh-keys"] == f"gcpuser:{base.KEY}" and body["metadata"]["enable-oslogin"] == "FALSE"
    assert body["schedulingConfig"] == {} and "serviceAccount" not in body
    [before] = machines(gcp, nodes).instances()
    assert (before["state"], before["gpus"], before["id"]) == ("running", [{"name": "tpu-v5e-8"}], gcp.tpus()[0]["id"])
    assert before["connection"]["skylet_resources"] == {"gpus": [{"name": "tpu-v5e-8"}]}
    assert base.opened(gcp) == ["8080"] and base.rules(gcp) == ["stix-demo-1", "stix-internal", "stix-ssh"]
    assert not machines(gcp, nodes, deadline=1900000000).ensure(False), "a second time changes nothing"
    assert machines(gcp, nodes, deadline=1900009999).ensure(False)
    assert gcp.tpus()[0]["labels"]["stix-deadline"] == "1900009999" and len(made(gcp)) == 1
    assert machines(gcp).stop(True) and machines(gcp).stop(False) and not machines(gcp).stop(False)
    assert machines(gcp).instances()[0]["state"] == "stopped"
    assert machines(gcp, nodes, deadline=1900009999).ensure(False)
    [after] = machines(gcp, nodes).instances()
    assert after["id"] == before["id"] and after["state"] == "running"
    assert after["connection"]["ansible_host"] != before["connection"]["ansible_host"]
    assert machines(gcp).remove(True) and machines(gcp).remove(False) and not machines(gcp).remove(False)
    assert gcp.tpus() == [] and base.opened(gcp) == []


def test_every_host_of_a_slice_is_a_machine_and_the_slice_is_only_removed(gcp: GcpLab) -> None:
    nodes = wanted(2, "tpu-v5e-16", hosts=4)
    assert machines(gcp, nodes, zones=[A]).ensure(False)
    assert [call["name"] for call in sorted(made(gcp), key=lambda call: call["name"])] == ["demo-1-0", "demo-1-1"]
    found = machines(gcp, nodes).instances()
    assert [(one["name"], one["rank"], one["state"]) for one in found] == [
        (f"demo-{n}", n, "running") for n in range(8)
    ]
    assert len({one["connection"]["ansible_host"] for one in found}) == 8 and len({one["id"] for one in found}) == 8
    assert len({one["private_ip"] for one in found}) == 8
    assert (
        found[5]["id"].endswith(".1") and "HostKeyAlias=gcp-tpu-" in found[5]["connection"]["ansible_ssh_common_args"]
    )
    with pytest.raises(Failure, match=r"stops no slices of several hosts \(v5litepod-16\)") as caught:
        machines(gcp).stop(False)
    assert caught.value.code == "provision.unsupported"
    less = wanted(1, "tpu-v5e-16", hosts=4)
    assert machines(gcp, less, remove_surplus=True).ensure(False) and len(machines(gcp).instances()) == 4
    things = gcp_survey.survey(api(gcp), PARAMS | {"kinds": ["machine"]})
    assert [(one["kind"], one["instance"]["rank"], one["state"], one["region"]) for one in things] == [
        ("machine", rank, "running", "us-central1") for rank in range(4)
    ]
    assert {one["cluster_id"] for one in things} == {"demo-1"} and things[0]["created_at"] > 1.7e9
    gcp.calls(forget=True)
    assert gcp_survey.sweep(api(gcp), PARAMS | {"things": things}, True)[0] and len(gcp.tpus()) == 1
    assert gcp_survey.sweep(api(gcp), PARAMS | {"things": things}, False) == (True, []) and gcp.tpus() == []
    assert len([call for call in gcp.calls() if call["action"] == "nodes.delete"]) == 1, "hosts go with their node"


def test_a_zone_that_has_none_is_left_and_all_or_none_are_made(gcp: GcpLab) -> None:
    gcp.refuse({**FULL, "zone": A, "name": "demo-1-1"})
    cluster = machines(gcp, wanted(2), zones=[A, C, B])
    assert cluster.ensure(False)
    assert [(one["zone"], one["code"]) for one in cluster.attempts] == [
        (A, "provision.no_capacity"),
        (C, "provision.no_capacity"),
    ]
    assert {one["name"].split("/")[3] for one in gcp.tpus()} == {B} and len(gcp.tpus()) == 2
    machines(gcp).remove(False)
    gcp.refuse_nothing()
    gcp.refuse(FULL)
    failure = refused(gcp, wanted(2, ports=["80"]), zones=[A, B])
    assert (failure.code, failure.details["scope"]) == ("provision.no_capacity", "region")
    assert "2 x v5litepod-8" in failure.message and gcp.tpus() == [] and base.opened(gcp) == []
    only = refused(gcp, wanted(), zones=[A])
    assert (only.details["scope"], only.details["zone"], only.details["provider_code"]) == ("zone", A, "8")


@pytest.mark.parametrize(
    ("rule", "code", "scope"),
    [
        ({"code": "RESOURCE_EXHAUSTED", "status": 429, "message": "Quota limit 'TPUV6EPreemptiblePerProjectPerRegionForTPUAPI' has been exceeded. Limit: 0 in region us-east5."}, "provision.quota", "region"),
        ({"code": "8", "message": "Insufficient reserved capacity. Contact customer support to increase your reservation. [EID: 0x7adf6d58c08b0aa4]"}, "provision.no_capacity", "zone"),
        ({"code": "PERMISSION_DENIED", "status": 403, "message": "Permission 'tpu.nodes.create' denied on 'projects/lab-project/locations/us-central1-a/nodes/demo-1-0'"}, "provision.permission", "cloud"),
        ({"code": "PERMISSION_DENIED", "status": 403, "message": "Cloud TPU API has not been used in project 7 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/tpu.googleapis.com/overview?project=7"}, "provision.config", "cloud"),
        ({"code": "99", "message": "nobody has seen this"}, "provision.unknown", ""),
    ],
)  # fmt: skip
def test_a_refusal_is_told_by_its_code_and_nothing_is_left(
    gcp: GcpLab, rule: dict[str, Any], code: str, scope: str
) -> None:
    gcp.refuse({"action": "nodes.create"} | rule)
    failure = refused(gcp, wanted(), zones=[A])
    assert (failure.code, failure.details["scope"]) == (code, scope) and gcp.tpus() == []
    if code == "provision.permission":
        assert failure.details["permission"] == "tpu.nodes.create"
    if code == "provision.config":
        assert failure.hint == "gcloud services enable tpu.googleapis.com"


@pytest.mark.parametrize(
    ("node", "config", "words"),
    [
        ({"accelerator_args": {"runtime_version": "tpu-vm-base", "tpu_vm": False}}, {}, "tpu_vm: false"),
        ({"accelerator_args": {"runtime_version": "tpu-vm-base", "tpu_name": "mine"}}, {}, "tpu_name"),
        ({"accelerator_args": {}}, {}, "no runtime version"),
        ({"accelerators": {"tpu-v5e-8": 2}}, {}, "one slice"),
        ({"image_id": "mine"}, {}, "runtime_version"),
        ({"disk_size": 200}, {}, "100 GiB"),
        ({"volumes": [{"path": "/x"}]}, {}, "further disks"),
        ({}, {"managed_instance_group": {"run_duration": 3600}}, "managed instance group"),
    ],
)
def test_what_a_tpu_cannot_be_is_said_before_anything_is_asked(
    gcp: GcpLab, node: dict[str, Any], config: dict[str, Any], words: str
) -> None:
    gcp.calls(forget=True)
    failure = refused(gcp, wanted(**node), config=config)
    assert words in failure.message and failure.code in ("provision.unsupported", "provision.config")
    assert all(call.get("method", "GET") == "GET" for call in gcp.calls() if call["action"] != "token")


def test_a_spot_node_that_was_taken_is_told_and_made_anew(gcp: GcpLab) -> None:
    nodes = wanted(use_spot=True)
    config = {"use_internal_ips": True, "service_account": "me@lab"}
    assert machines(gcp, nodes, config=config).ensure(False)
    [call] = made(gcp)
    assert call["spot"] and call["body"]["serviceAccount"]["email"] == "me@lab"
    [one] = machines(gcp, nodes, config=config).instances()
    assert one["connection"]["ansible_host"] == one["private_ip"] and one["details"]["spot"]
    assert gcp.preempt("demo-1-0")
    [one] = machines(gcp, nodes).instances()
    assert one["state"] == "stopped" and one["details"]["preempted"]
    assert machines(gcp, nodes, config=config).ensure(True)
    assert machines(gcp, nodes, config=config).ensure(False)
    [new] = machines(gcp, nodes, config=config).instances()
    assert new["state"] == "running" and new["id"] != one["id"] and len(gcp.tpus()) == 1


def test_a_wrong_number_of_hosts_takes_the_node_back(gcp: GcpLab) -> None:
    failure = refused(gcp, wanted(1, "tpu-v5e-16", hosts=2), zones=[A])
    assert failure.code == "provision.unsupported" and "has 4 hosts, 2 were expected" in failure.message
    assert gcp.tpus() == []


def test_whoever_may_not_ask_for_tpus_has_none_but_a_cluster_of_them_is_not_gone(gcp: GcpLab) -> None:
    machines(gcp, wanted()).ensure(False)
    assert gcp_tpu.meant(api(gcp), PARAMS) and not gcp_tpu.meant(api(gcp), PARAMS | {"cluster_id": "other"})
    gcp.refuse({"action": "nodes.list", "code": "PERMISSION_DENIED", "message": "Permission 'tpu.nodes.list' denied"})
    assert not gcp_tpu.meant(api(gcp), PARAMS) and gcp_tpu.meant(api(gcp), PARAMS | {"nodes": wanted()})
    assert gcp_survey.survey(api(gcp), PARAMS | {"kinds": ["machine"]}) == []
    with pytest.raises(Failure, match=r"the permission tpu\.nodes\.list is missing"):
        machines(gcp)


def test_a_host_lets_its_node_go_by_itself_or_is_shut_down(tmp_path: Path) -> None:
    shell, _, script, code = gcp_tpu_nodes.let_go("projects/p/locations/z/nodes/n", ":stop")
    compile(code, "let_go", "exec")
    assert shell == "sh" and "nodes/n:stop" in code and '"POST"' in code
    assert '"DELETE"' in gcp_tpu_nodes.let_go("projects/p/locations/z/nodes/n", "")[3]
    for name, text in (("python3", "exit 1"), ("sudo", f'printf "%s " "$@" > {tmp_path}/told')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    subprocess.run(["/bin/sh", "-c", script, code], check=True, env={"PATH": str(tmp_path)})
    assert (tmp_path / "told").read_text() == "-n shutdown -h now "
