"""Several nodes: ranks that start and end together."""

import os
import re
import signal
import time
from pathlib import Path

from tests.integration.agent.agents import alive, eventually


def test_ranks_on_all_nodes_with_their_lines_and_setup_before(cluster):
    agents = cluster(3)
    head = agents[0]
    ips = "${SKYPILOT_NODE_IPS//$'\\n'/,}"
    script = f'cat made; echo "$SKYPILOT_NODE_RANK of $SKYPILOT_NUM_NODES at {ips}"'
    job = head.wait(head.submit(script, num_nodes=3, setup="echo s$SKYPILOT_SETUP_NODE_RANK | tee made"))
    assert (job["status"], job["exit_codes"]) == ("SUCCEEDED", [0, 0, 0])
    lines = [re.sub(r"pid=\d+", "pid=P", line) for line in head.log(job["job_id"]).splitlines()]
    assert sorted(lines[:3]) == [
        "(setup pid=P) s0",
        "(setup pid=P, ip=127.0.0.2) s1",
        "(setup pid=P, ip=127.0.0.3) s2",
    ]
    places = ["head", "worker1", "worker2"]
    ran = [f"({place}, rank={rank}, pid=P) " for rank, place in enumerate(places)]
    ips = "127.0.0.1,127.0.0.2,127.0.0.3"
    assert sorted(lines[3:]) == sorted(
        [f"{p}s{r}" for r, p in enumerate(ran)] + [f"{p}{r} of 3 at {ips}" for r, p in enumerate(ran)]
    )
    assert (agents[2].home / f"jobs/{job['job_id']}/rank-2.log").read_text() == f"s2\n2 of 3 at {ips}\n"
    assert head.run("logs", "--job", str(job["job_id"]), "--rank", "1").stdout.decode() == f"s1\n1 of 3 at {ips}\n"
    for agent in agents:
        eventually(lambda agent=agent: not list((agent.home / "ranks").iterdir()))


def test_one_failed_rank_ends_the_others(cluster):
    agents = cluster(2)
    head = agents[0]
    ready = head.user_home / "ready"
    fails = f"while [ ! -e {ready} ]; do sleep 0.05; done; exit 7"
    stays = f'trap "echo asked; exit 0" TERM; touch {ready}; sleep 300 & wait'
    job = head.wait(head.submit(f"if [ $STIX_NODE_RANK = 1 ]; then {fails}; fi; {stays}", num_nodes=2))
    assert (job["status"], job["exit_codes"]) == ("FAILED", [137, 7])
    assert job["reason"] == "rank 1 on worker1 ended with exit code 7"
    assert "asked" in head.log(job["job_id"])
    assert head.processes(job["job_id"]) == []


def test_failed_setup_on_one_node_keeps_run_from_starting(cluster):
    head = cluster(2)[0]
    job = head.wait(head.submit("touch ran", num_nodes=2, setup="[ $STIX_SETUP_NODE_RANK = 0 ]"))
    assert (job["status"], job["exit_codes"][1]) == ("FAILED_SETUP", 1)
    assert job["reason"] == "setup on worker1 ended with exit code 1"
    assert not (head.user_home / "ran").exists()


def test_secrets_reach_workers_and_stay_off_their_disks(cluster):
    agents = cluster(2)
    head = agents[0]
    job = head.wait(head.submit("echo ${#S}", num_nodes=2, secrets={"S": "planted-value"}))
    assert [line[-2:] for line in head.log(job["job_id"]).splitlines()] == ["13", "13"]
    for agent in agents:
        for path in agent.home.rglob("*"):
            assert not path.is_file() or b"planted-value" not in path.read_bytes(), path


def test_single_jobs_spread_over_nodes(cluster):
    head = cluster(2, resources={"cpus": 1, "memory": 2, "gpus": []})[0]
    script = "echo here; while [ ! -e $HOME/go ]; do sleep 0.05; done"
    first, second = head.submit(script, cpus=1), head.submit(script, cpus=1)
    head.wait(first, until=("RUNNING",)), head.wait(second, until=("RUNNING",))
    eventually(lambda: "(head, rank=0" in head.log(first) and "(worker1, rank=0" in head.log(second))
    head.call("cancel", all=True)
    assert {head.wait(first)["status"], head.wait(second)["status"]} == {"CANCELLED"}


def test_lost_worker_node_ends_the_job_and_names_the_node(cluster):
    agents = cluster(2)
    head, worker = agents
    job_id = head.submit("echo up; sleep 300", num_nodes=2)
    eventually(lambda: head.log(job_id).count("up") == 2)
    supervisor = int(re.search(r'"supervisor":(\d+)', (worker.home / f"ranks/{job_id}.run.1").read_text()).group(1))
    begun = time.monotonic()
    for pid in (worker.pid(), supervisor, *worker.processes(job_id)):
        os.kill(pid, signal.SIGKILL)
    job = head.wait(job_id)
    assert (job["status"], job["exit_codes"]) == ("FAILED", [137, 137])
    assert job["reason"] == "node worker1 was lost"
    assert time.monotonic() - begun < 30
    assert [node["connected"] for node in head.call("status")["nodes"]] == [True, False]
    later = head.submit("echo again", num_nodes=2)
    worker.install()
    assert head.wait(later)["status"] == "SUCCEEDED"


def test_worker_daemon_that_comes_back_loses_nothing(cluster):
    head, worker = cluster(2)
    script = "for i in $(seq 40); do echo line-$i; sleep 0.05; done"
    job_id = head.submit(script, num_nodes=2)
    eventually(lambda: "line-5" in head.log(job_id))
    worker.kill_daemon()
    worker.install()
    job = head.wait(job_id)
    assert (job["status"], job["exit_codes"]) == ("SUCCEEDED", [0, 0])
    for place in ("head", "worker1"):
        assert re.findall(rf"\({place}, .*\) (line-\d+)", head.log(job_id)) == [f"line-{i}" for i in range(1, 41)]


def test_head_daemon_that_comes_back_loses_nothing(cluster):
    head, _ = cluster(2)
    script = "for i in $(seq 40); do echo line-$i; sleep 0.05; done; exit 0"
    job_id = head.submit(script, num_nodes=2)
    eventually(lambda: "line-5" in head.log(job_id))
    head.kill_daemon()
    assert head.install()["alive"]
    job = head.wait(job_id)
    assert (job["status"], job["exit_codes"]) == ("SUCCEEDED", [0, 0])
    for place in ("head", "worker1"):
        assert re.findall(rf"\({place}, .*\) (line-\d+)", head.log(job_id)) == [f"line-{i}" for i in range(1, 41)]


def test_rank_whose_supervisor_was_killed_is_lost_and_leaves_nothing(cluster):
    head, worker = cluster(2)
    job_id = head.submit("echo $$ > $HOME/shell; sleep 300", num_nodes=2)
    eventually(lambda: (worker.user_home / "shell").exists())
    state = eventually(lambda: re.search(r'"supervisor":(\d+)', (worker.home / f"ranks/{job_id}.run.1").read_text()))
    os.kill(int(state.group(1)), signal.SIGKILL)
    job = head.wait(job_id)
    assert (job["status"], job["reason"]) == ("FAILED", "the processes of rank 1 were killed from outside")
    assert not alive(int((worker.user_home / "shell").read_text()))


def test_stranger_without_the_token_is_not_let_in(cluster):
    head, worker = cluster(2)
    worker.install(token="another")
    eventually(lambda: not head.call("status")["nodes"][1]["connected"])
    time.sleep(0.5)
    assert not head.call("status")["nodes"][1]["connected"]
    assert b"test-token" not in Path(f"/proc/{head.pid()}/cmdline").read_bytes()
    worker.install(token="test-token")
    eventually(lambda: head.call("status")["nodes"][1]["connected"])
