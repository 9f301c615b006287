"""Secrets of jobs: as variables and as files, in memory, and gone with the job, whatever was killed meanwhile."""

import os
import shutil
import signal
import subprocess

from tests.integration.agent.agents import Agent, eventually

PLANTED = "planted-value-of-a-job"
WAIT = "while [ ! -e ~/go ]; do sleep 0.05; done"


def planted(agent: Agent) -> bytes:
    """Where the value lies: on the agent's disk, in the home of jobs, in memory."""
    places = [str(place) for place in (agent.home, agent.user_home, agent.memory()) if place.exists()]
    return subprocess.run(["grep", "-rl", PLANTED, *places], capture_output=True).stdout


def test_a_secret_is_a_file_on_every_node_while_the_job_runs(cluster):
    agents = cluster(2)
    head = agents[0]
    script = f"stat -Lc '%a %s' ~/.cache/token; cat token | wc -c; env | grep -c {PLANTED[:9]}; {WAIT}"
    files = {"~/.cache/token": PLANTED, "~/sky_workdir/token": PLANTED}
    job_id = head.submit(script, setup="test -s ~/.cache/token", num_nodes=2, secret_files=files)
    eventually(lambda: head.log(job_id).count("600 22") == 2)
    for agent in agents:
        link = agent.user_home / ".cache" / "token"
        assert link.is_symlink() and str(agent.memory()) in os.readlink(link)
        (agent.user_home / "go").touch()
    head.wait(job_id)
    assert (
        sorted(line.split(") ")[1] for line in head.log(job_id).splitlines()[:6])
        == ["0"] * 2 + ["22"] * 2 + ["600 22"] * 2
    )
    for agent in agents:
        eventually(lambda agent=agent: not (agent.user_home / ".cache" / "token").is_symlink())
        eventually(lambda agent=agent: planted(agent) == b"")


def test_a_path_where_something_is_already_is_left_alone(cluster):
    agents = cluster(2)
    (agents[1].user_home / "mine").write_text("my own")
    head = agents[0]
    job = head.wait(head.submit("true", num_nodes=2, secret_files={"~/mine": PLANTED}))
    assert job["status"] == "FAILED" and "worker1 could not start it: the secret at " in job["reason"]
    assert "something else is there already" in job["reason"]
    assert (agents[1].user_home / "mine").read_text() == "my own"
    eventually(lambda: not (head.user_home / "mine").is_symlink())


def test_two_jobs_with_one_path_do_not_take_it_from_each_other(cluster):
    head = cluster()[0]
    first = head.submit(WAIT + "; cat ~/token", secret_files={"~/token": "of-the-first"})
    head.wait(first, until=("RUNNING",))
    second = head.wait(head.submit("cat ~/token", secret_files={"~/token": "of-the-second"}))
    assert "of-the-second" in head.log(second["job_id"])
    (head.user_home / "go").touch()
    head.wait(first)
    assert "of-the-first" in head.log(first)
    eventually(lambda: not (head.user_home / "token").is_symlink())


def test_secrets_of_an_agent_that_was_killed_are_swept(cluster):
    head = cluster()[0]
    job_id = head.submit("echo up; sleep 300", secrets={"S": PLANTED}, secret_files={"~/token": PLANTED})
    eventually(lambda: "up" in head.log(job_id) and (head.user_home / "token").is_symlink())
    kept, went = head.submit("cat ~/token", cpus=4, secret_files={"~/token": PLANTED}), head.memory() / "jobs" / "77"
    head.kill_daemon()
    shutil.copytree(head.memory() / "jobs" / str(job_id), went)  # as of a job that nobody knows
    for pid in head.processes(job_id):
        os.kill(pid, signal.SIGKILL)
    head.install()
    assert head.wait(job_id)["status"] == "FAILED"
    assert head.wait(kept)["status"] == "SUCCEEDED" and PLANTED in head.log(kept)
    eventually(lambda: list((head.memory() / "jobs").iterdir()) == [])
    assert not (head.user_home / "token").is_symlink()
    head.run("remove")
    assert not head.memory().exists()


def test_secrets_that_a_restart_took_are_missed(cluster):
    head = cluster()[0]
    first = head.submit(WAIT, cpus=4)
    head.wait(first, until=("RUNNING",))
    job_id = head.submit("true", cpus=4, secrets={"S": PLANTED})
    shutil.rmtree(head.memory())
    (head.user_home / "go").touch()
    job = head.wait(job_id)
    assert job["status"] == "FAILED_DRIVER" and "hand it over again" in job["reason"]
