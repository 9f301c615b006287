"""Notices of the clouds, heard by real agents from services that play the three endpoints."""

import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.integration.agent.agents import alive, eventually
from tests.lab.metadata import metadata_service

WAITS = "touch up; while :; do sleep 0.1; done"


@pytest.fixture(params=["aws", "gcp", "azure"])
def service(request):
    with metadata_service(request.param) as found:
        yield found


def notice_of(head, node=0):
    return head.call("status")["nodes"][node]["notice"]


def test_a_notice_is_told_kept_and_blamed(cluster, service, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nobody there: a proxy must not be asked
    head = cluster(preemption=service.setting)[0]
    job = head.submit(
        f'trap "cat $STIX_PREEMPTION_FILE; exit 3" USR1; {WAITS}', envs={"STIX_PREEMPTION_SIGNAL": "USR1"}
    )
    eventually(lambda: (head.user_home / "sky_workdir/up").exists())
    eventually(lambda: sum(method == "GET" for method, _ in service.asked) >= 1)
    service.preempt(100)
    ended = head.wait(job)
    notice = notice_of(head)
    assert (notice["provider"], notice["kind"]) == (service.kind, "preemption")
    assert 0 < notice["deadline"] - time.time() <= 101
    assert ended["status"] == "FAILED" and ended["reason"].startswith("preempted: head is taken away at ")
    assert ended["reason"].endswith("rank 0 on head ended with exit code 3")
    log = head.log(job)
    assert log.count("stix: head is taken away at ") == 1 and f'"provider":"{service.kind}"' in log
    events = head.call("events")["events"]
    assert [(event["kind"], event["data"]["node"]) for event in events] == [("notice", "head")]
    assert events[0]["data"]["notice"]["deadline"] == notice["deadline"]
    # Nothing starts on a machine that goes; what waits is not lost.
    waits = head.submit("true")
    head.kill_daemon()
    assert head.run("call", data=b'{"request": "ping"}').returncode == 0
    assert notice_of(head)["at"] == notice["at"] and head.job(waits)["status"] == "PENDING"


def test_a_job_without_a_handler_lives_on_and_ends_well(cluster):
    with metadata_service("aws") as service:
        head = cluster(preemption=service.setting)[0]
        script = "touch up; while [ ! -e go ]; do sleep 0.05; done; test -s $STIX_PREEMPTION_FILE && echo read"
        job = head.submit(script, envs={"STIX_PREEMPTION_SIGNAL": "SIGTERM"})
        eventually(lambda: (head.user_home / "sky_workdir/up").exists())
        service.preempt(100)
        eventually(lambda: notice_of(head))
        assert head.job(job)["reason"].startswith("preemption notice: head is taken away at")
        (head.user_home / "sky_workdir/go").touch()
        ended = head.wait(job)
        assert (ended["status"], ended["reason"]) == ("SUCCEEDED", None) and "read" in head.log(job)
        # Taken back: the machine stays, and takes jobs again.
        service.say("/latest/meta-data/spot/instance-action", None)
        eventually(lambda: notice_of(head) is None)
        assert not (head.home / "preemption.json").exists()
        assert head.wait(head.submit("true"))["status"] == "SUCCEEDED"


def test_a_rebalance_recommendation_only_warns(cluster):
    with metadata_service("aws") as service:
        service.say("/latest/meta-data/events/recommendations/rebalance", '{"noticeTime": "2026-11-28T18:00:00Z"}')
        head = cluster(preemption=service.setting)[0]
        assert eventually(lambda: notice_of(head))["kind"] == "rebalance"
        job = head.wait(head.submit("exit 4"))
        assert job["reason"] == "rank 0 on head ended with exit code 4"


def test_a_workers_notice_reaches_the_head_and_the_ranks_beside_it(cluster):
    with metadata_service("gcp") as service:
        agents = cluster(3)
        head, worker = agents[0], agents[1]
        worker.install(preemption=service.setting)
        eventually(lambda: all(node["connected"] for node in head.call("status")["nodes"]))
        script = f'trap "cat $STIX_PREEMPTION_FILE; exit 0" USR1; touch up$STIX_NODE_RANK; {WAITS.split("; ", 1)[1]}'
        job = head.submit(script, num_nodes=2, envs={"STIX_PREEMPTION_SIGNAL": "USR1"})
        alone = head.submit("sleep 300", cpus=4)
        eventually(lambda: (worker.user_home / "sky_workdir/up1").exists())
        eventually(lambda: (head.user_home / "sky_workdir/up0").exists())
        head.wait(alone, until=("RUNNING",))
        service.preempt(30)
        ended = head.wait(job)
        assert ended["status"] == "SUCCEEDED", ended  # all ranks saved and ended in time
        assert head.log(job).count('"rank":1') == 2 and "stix: worker1 is taken away" in head.log(job)
        assert [node["notice"] is None for node in head.call("status")["nodes"]] == [True, False, True]
        assert head.job(alone)["reason"] is None and "taken away" not in head.log(alone)


def test_a_machine_that_is_gone_after_its_notice_is_a_preemption(cluster):
    with metadata_service("azure") as service:
        agents = cluster(2)
        head, worker = agents[0], agents[1]
        worker.install(preemption=service.setting)
        job = head.submit("sleep 300", num_nodes=2, setup="sleep 300")
        eventually(lambda: worker.processes(job))
        service.preempt(30)
        eventually(lambda: notice_of(head, 1))
        os.kill(worker.pid(), signal.SIGSTOP)  # as if the machine were gone
        try:
            ended = head.wait(job)
        finally:
            os.kill(worker.pid(), signal.SIGCONT)
        assert ended["status"] == "FAILED" and ended["reason"].startswith("preempted: worker1 is taken away at ")
        assert ended["reason"].endswith("node worker1 was lost")


def test_an_unknown_signal_is_refused_at_once(cluster):
    head = cluster()[0]
    answer = head.ask("submit", run="true", envs={"STIX_PREEMPTION_SIGNAL": "USR7"})
    assert answer["error"]["code"] == "job.rejected" and "USR7" in answer["error"]["message"]


def test_a_refused_token_is_fetched_anew(cluster):
    with metadata_service("aws") as service:
        head = cluster(preemption=service.setting)[0]
        eventually(lambda: service.asked.count(("GET", "/latest/meta-data/spot/instance-action")) >= 1)
        service.token = "another"
        service.preempt(100)
        assert eventually(lambda: notice_of(head))["action"] == "terminate"


def test_an_absent_service_costs_nothing(cluster):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)  # takes connections, never answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        head = cluster(preemption={"provider": "aws", "url": url})[0]
        quiet = cluster(preemption={"provider": "gcp", "url": "http://127.0.0.1:9"})[0]
        eventually(lambda: "does not answer" in (head.home / "skylet.log").read_text())
        for agent in (head, quiet):
            assert alive(agent.pid()) and agent.wait(agent.submit("true"))["status"] == "SUCCEEDED"
            status = Path(f"/proc/{agent.pid()}/status").read_text()
            assert "Threads:\t1\n" in status
        assert len(os.listdir(f"/proc/{head.pid()}/fd")) < 30
        assert (quiet.home / "skylet.log").read_text().count("cannot be asked") == 2  # one line a question, said once


def test_the_notice_of_a_machine_that_was_is_forgotten(cluster):
    head = cluster(install=False)[0]
    left = {"kind": "preemption", "provider": "aws", "action": "stop", "at": 1.0, "deadline": None, "rank": 0}
    (head.home / "preemption.json").write_text(json.dumps({**left, "machine": "another boot/1"}))
    head.install()
    assert notice_of(head) is None and not (head.home / "preemption.json").exists()
