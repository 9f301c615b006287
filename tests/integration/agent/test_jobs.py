"""One node: jobs from submission to their end."""

import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.integration.agent.agents import alive, eventually


def test_job_runs_with_its_environment(cluster):
    head = cluster()[0]
    (head.user_home / "sky_workdir").mkdir()
    (head.user_home / ".bash_profile").write_text("export PATH=/from/profile:$PATH\n")
    values = "$HOME|$A|$S|$SKYPILOT_NODE_RANK|$STIX_NODE_RANK|$SKYPILOT_NODE_IPS|$SKYPILOT_NUM_NODES|$PATH"
    script = f'pwd; echo "{values}"; echo err >&2'
    job_id = head.submit(script, name="hello", envs={"A": "1", "SKYPILOT_NODE_RANK": "7"}, secrets={"S": "hush"})
    job = head.wait(job_id)
    assert (job["status"], job["exit_codes"], job["name"], job["user"]) == ("SUCCEEDED", [0], "hello", "ann")
    lines = head.log(job_id).splitlines()
    prefix = lines[0].partition(") ")[0]
    assert prefix.startswith("(hello, pid=") and all(line.startswith(prefix) for line in lines)
    shown = [line.partition(") ")[2] for line in lines]
    assert shown[0] == str(head.user_home / "sky_workdir")
    values = shown[1].split("|")
    assert values[:7] == [str(head.user_home), "1", "hush", "0", "0", "127.0.0.1", "1"]
    assert values[7].startswith("/from/profile:")
    assert shown[2] == "err"
    assert (head.home / f"jobs/{job_id}/rank-0.log").read_text().splitlines() == shown


def test_secrets_are_gone_after_the_job_and_never_in_the_database(cluster):
    head = cluster()[0]
    job_id = head.submit("while [ ! -e ~/go ]; do sleep 0.05; done", secrets={"S": "planted-value"})
    kept = head.memory() / f"jobs/{job_id}/secrets.json"
    assert kept.stat().st_mode & 0o777 == 0o600 and head.memory().stat().st_mode & 0o777 == 0o700
    (head.user_home / "go").touch()
    head.wait(job_id)
    assert not kept.exists()
    found = subprocess.run(["grep", "-r", "planted-value", str(head.home), str(head.memory())], capture_output=True)
    assert found.stdout == b""


def test_failed_job_says_why(cluster):
    head = cluster()[0]
    job = head.wait(head.submit("echo before; exit 3"))
    assert (job["status"], job["exit_codes"]) == ("FAILED", [3])
    assert job["reason"] == "rank 0 on head ended with exit code 3"
    assert "FAILED: rank 0 on head ended with exit code 3 (exit codes [3])" in head.log(job["job_id"])


def test_setup_runs_first_and_its_failure_ends_the_job(cluster):
    head = cluster()[0]
    good = head.submit(
        "cat made",
        setup="echo made > made; echo $SKYPILOT_SETUP_NODE_RANK-$SKYPILOT_SETUP_NODE_IPS-$STIX_SETUP_NUM_GPUS_PER_NODE",
    )
    assert head.wait(good)["status"] == "SUCCEEDED"
    lines = head.log(good).splitlines()
    assert lines[0].startswith("(setup pid=") and lines[0].endswith(") 0-127.0.0.1-0")
    assert lines[1].endswith("made")
    bad = head.wait(head.submit("touch ran", setup="exit 5"))
    assert (bad["status"], bad["exit_codes"]) == ("FAILED_SETUP", [5])
    assert not (head.user_home / "ran").exists()
    skipped = head.wait(head.submit("true", setup="exit 5", no_setup=True))
    assert skipped["status"] == "SUCCEEDED"


def test_submission_id_makes_one_job(cluster):
    head = cluster()[0]
    first = head.call("submit", run="true", submission_id="x1")
    again = head.call("submit", run="true", submission_id="x1")
    assert (first["created"], again["created"], first["job_id"]) == (True, False, again["job_id"])


def test_concurrent_submits_all_run_once(cluster):
    head = cluster()[0]
    request = json.dumps({"request": "submit", "run": "echo once >> $HOME/ran", "cpus": 0.1}).encode()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: head.verb("call", data=request), range(20)))
    job_ids = {answer["result"]["job_id"] for answer in answers}
    assert len(job_ids) == 20
    for job_id in job_ids:
        assert head.wait(job_id)["status"] == "SUCCEEDED"
    assert (head.user_home / "ran").read_text().count("once") == 20


def test_cancel_ends_the_whole_tree_gracefully_then_by_force(cluster):
    head = cluster()[0]
    script = """trap 'echo asked; exit 0' TERM
    setsid bash -c 'trap "" TERM; echo $$ > $HOME/stubborn; while :; do sleep 0.1; done' &
    (setsid sleep 300 & echo $! > $HOME/orphan)
    echo up; while :; do sleep 0.1; done"""
    job_id = head.submit(script)
    notes = [head.user_home / name for name in ("stubborn", "orphan")]
    eventually(lambda: all(note.exists() and note.read_text() for note in notes))
    pids = [int(note.read_text()) for note in notes]
    assert all(map(alive, pids))
    assert head.call("cancel", job_ids=[job_id, 999]) == {"cancelled": [job_id], "not_found": [999]}
    job = head.wait(job_id)
    assert (job["status"], job["exit_codes"], job["reason"]) == ("CANCELLED", [137], "it was cancelled")
    assert "asked" in head.log(job_id)
    assert not any(map(alive, pids)) and head.processes(job_id) == []


def test_cancel_of_a_waiting_job_and_of_the_newest_and_of_all(cluster):
    head = cluster()[0]
    running = head.submit("sleep 300", cpus=4)
    waiting = [head.submit("true", cpus=1) for _ in range(3)]
    assert head.call("cancel")["cancelled"] == [waiting[2]]
    assert head.job(waiting[2])["status"] == "CANCELLED"
    assert head.call("cancel", all=True)["cancelled"] == [waiting[1], waiting[0], running]
    assert head.wait(running)["status"] == "CANCELLED"
    assert head.job(waiting[0])["started_at"] is None


def test_service_left_by_a_job_that_succeeded_goes_on_and_is_ended_with_the_agent(cluster):
    head = cluster()[0]
    job_id = head.submit("(echo begin; sleep 0.3; echo late; exec sleep 300) & echo $! > $HOME/service")
    assert head.wait(job_id)["status"] == "SUCCEEDED"
    pid = int((head.user_home / "service").read_text())
    eventually(lambda: "late" in head.log(job_id))
    assert alive(pid)
    head.verb("stop")
    assert not alive(pid)


def test_jobs_that_fit_run_side_by_side_and_a_big_one_is_not_starved(cluster):
    head = cluster()[0]
    first = head.submit("while [ ! -e $HOME/go1 ]; do sleep 0.05; done", cpus=3)
    big = head.submit("true", cpus=4)
    blocked = head.submit("true", cpus=1)
    head.wait(first, until=("RUNNING",))
    time.sleep(0.3)
    # It would fit now, but then the big one would have to wait for it, too.
    assert (head.job(big)["status"], head.job(blocked)["status"]) == ("PENDING", "PENDING")
    (head.user_home / "go1").touch()
    assert head.wait(blocked)["started_at"] >= head.wait(big)["ended_at"]


def test_what_can_never_fit_is_refused_with_what_there_is(cluster):
    head = cluster()[0]
    error = head.ask("submit", run="true", cpus=64)["error"]
    assert error["code"] == "job.rejected"
    assert (
        error["message"] == "The job can never start: it asks for 64 CPUs, and there is node 0: 4 CPUs, 8 GiB, no GPU"
    )
    assert (
        head.ask("submit", run="true", num_nodes=2)["error"]["message"] == "The job asks for 2 nodes, the cluster has 1"
    )
    assert head.ask("submit", run="true", accelerators={"H100": 1})["error"]["code"] == "job.rejected"


def test_gpus_are_given_by_index(cluster):
    gpus = [{"name": "T4", "memory_mib": 15360}] * 4
    head = cluster(resources={"cpus": 8, "memory": 8, "gpus": gpus})[0]
    show = 'echo "[$CUDA_VISIBLE_DEVICES]" $SKYPILOT_NUM_GPUS_PER_NODE; while [ ! -e $HOME/go ]; do sleep 0.05; done'
    wanted = [{"T4": 0.5}, {"T4": 0.5}, "t4:2", {"T4": 1}, None]
    ids = [head.submit(show, accelerators=value) for value in wanted]
    waiting = head.submit(show, accelerators="T4")
    for job_id in ids:
        head.wait(job_id, until=("RUNNING",))
    assert head.job(waiting)["status"] == "PENDING"
    assert head.call("status")["free"]["gpus"] == {"T4": 0}
    (head.user_home / "go").touch()
    shown = [head.wait(job_id) and head.log(job_id).strip().partition(") ")[2] for job_id in ids]
    assert shown == ["[0] 1", "[0] 1", "[1,2] 2", "[3] 1", "[] 0"]
    assert head.wait(waiting)["status"] == "SUCCEEDED"


def test_queue_filters(cluster):
    head = cluster()[0]
    mine, theirs = head.submit("true"), head.submit("true", user="bob")
    head.wait(mine), head.wait(theirs)
    late = head.submit("sleep 300")

    def ids(**fields):
        return [job["job_id"] for job in head.call("queue", **fields)["jobs"]]

    assert ids() == [late, theirs, mine]
    assert ids(user="bob") == [theirs] and ids(user="bob", all_users=True) == [late, theirs, mine]
    assert ids(skip_finished=True) == [late]
    assert ids(limit=2) == [late, theirs] and ids(job_ids=[mine, 99]) == [mine]
    assert head.call("queue", job_ids=[])["jobs"] == []
    assert head.ask("job", job_id=99)["error"]["code"] == "job.not_found"


def test_call_answers_and_holds_no_file(cluster):
    head = cluster()[0]
    assert head.verb("call", data=b'{"request": "ping"}')["result"]["pid"] == head.pid()
    assert (
        sorted(os.readlink(entry) for entry in Path(f"/proc/{head.pid()}/fd").iterdir() if entry.name in "012")
        == ["/dev/null"] * 3
    )


def test_waiting_job_that_fits_no_more_is_ended_and_blocks_nobody(cluster):
    head = cluster()[0]
    head.submit("sleep 300", cpus=4)
    big, small = head.submit("true", cpus=4), head.submit("true", cpus=1)
    head.verb("stop")
    head.install(resources={"cpus": 2, "memory": 8, "gpus": []})
    assert head.wait(small)["status"] == "SUCCEEDED"
    job = head.wait(big)
    assert (job["status"], job["reason"][:26]) == ("FAILED_DRIVER", "The job can never start: i")


def test_workdir_of_a_job(cluster):
    head = cluster()[0]
    (head.user_home / "elsewhere").mkdir()
    job_id = head.submit("pwd", workdir="elsewhere")
    head.wait(job_id)
    assert head.log(job_id).strip().endswith(f") {head.user_home}/elsewhere")


def test_jobs_start_in_the_workdir_though_none_was_brought(cluster):
    head = cluster()[0]
    job_id = head.submit("pwd")
    head.wait(job_id)
    assert head.log(job_id).strip().endswith(f") {head.user_home}/sky_workdir")
