"""Install, probe, lease, stop, remove; letting the machine go."""

import json
import os
import signal
import sqlite3
import subprocess
import time

from tests.integration.agent.agents import alive, eventually


def test_probe_works_before_any_install_and_leaves_nothing(cluster):
    agent = cluster(install=False)[0]
    agent.pyz = agent.pyz.rename(agent.home.parent / "elsewhere.pyz")
    found = agent.verb("probe")
    assert (found["installed"], found["alive"], found["cluster_id"], found["trees"]) == (False, False, None, {})
    hardware = found["hardware"]
    assert (
        hardware["cpus"] >= 0.1
        and hardware["memory"] > 0.1
        and hardware["disk_free_gib"] >= 0
        and hardware["arch"] == os.uname().machine
    )
    assert list(agent.home.iterdir()) == []


def test_install_is_idempotent_and_config_is_private(cluster):
    agent = cluster()[0]
    pid = agent.pid()
    assert agent.install()["state_hash"] == "one" and agent.pid() == pid
    assert (agent.home / "config.json").stat().st_mode & 0o777 == 0o600
    assert agent.install(user="bob")["alive"] and agent.pid() != pid


def test_lease_is_held_until_removed(cluster):
    agent = cluster()[0]
    config = {**agent.config, "cluster": "other", "cluster_id": "other-1"}
    error = agent.verb("install", data=json.dumps(config).encode())["error"]
    assert (error["code"], error["message"]) == ("provision.no_capacity", "The machine is held by cluster 'demo'")
    pid = agent.pid()
    archive = agent.pyz.read_bytes()
    assert agent.verb("remove") == {"removed": True} and not agent.home.exists() and not alive(pid)
    assert agent.user_home.exists()
    agent.home.mkdir()
    agent.pyz.write_bytes(archive)
    agent.config = config
    assert agent.install()["cluster_id"] == "other-1"


def test_bad_config_is_refused(cluster):
    agent = cluster(install=False)[0]
    for text in (b"", b"nonsense", b"{}", b"[]"):
        assert agent.verb("install", data=text)["error"]["code"] == "config.invalid"


def test_install_returns_at_once_over_a_pipe_that_waits_for_all_writers(cluster):
    agent = cluster(install=False)[0]
    shell = f"{agent.python} {agent.pyz} --home {agent.home} install | cat"
    begun = time.monotonic()
    done = subprocess.run(
        ["sh", "-c", shell], input=json.dumps(agent.config).encode(), capture_output=True, timeout=60, env=agent.env
    )
    assert json.loads(done.stdout)["alive"] and time.monotonic() - begun < 30


def test_stop_ends_jobs_gracefully_and_daemon_and_leftovers(cluster):
    agent = cluster()[0]
    job_id = agent.submit("trap 'echo bye > $HOME/bye; exit' TERM; sleep 300 & touch $HOME/ready; wait")
    eventually((agent.user_home / "ready").exists)
    assert len(agent.processes(job_id)) > 1
    pid = agent.pid()
    assert agent.verb("stop") == {"stopped": True}
    assert not alive(pid) and agent.processes() == [] and (agent.user_home / "bye").exists()
    assert agent.verb("stop") == {"stopped": True}
    assert agent.verb("probe")["alive"] is False


def test_stop_after_the_daemon_was_killed_ends_its_jobs(cluster):
    agent = cluster()[0]
    job_id = agent.submit("sleep 300")
    eventually(lambda: agent.processes(job_id))
    agent.kill_daemon()
    agent.verb("stop")
    assert agent.processes() == []


def test_autostop_when_idle_runs_the_command_on_every_node(cluster):
    agents = cluster(2, install=False)
    for agent in agents:
        agent.config["stop_command"] = ["touch", str(agent.user_home / "stopped")]
        agent.config["down_command"] = ["touch", str(agent.user_home / "downed")]
        agent.install()
    head = agents[0]
    head.call("autostop", idle_minutes=0.02, wait_for="jobs")
    for agent in agents:
        eventually(lambda agent=agent: (agent.user_home / "stopped").exists())
        note = json.loads((agent.home / "autostop.json").read_text())
        assert (
            note["event"] == "stop"
            and note["reason"] == "the cluster was idle for 0.02 minutes"
            and abs(note["at"] - time.time()) < 60
        )
        assert not (agent.user_home / "downed").exists()
        eventually(lambda agent=agent: not alive(agent.pid()))
    assert head.verb("call", data=b'{"request": "ping"}')["error"]["code"] == "agent.unreachable"
    head.config["autostop"] = {"idle_minutes": 30}
    assert head.install()["alive"] and not (head.home / "autostop.json").exists()


def test_autostop_of_a_launch_waits_for_its_job(cluster):
    head = cluster(autostop={"idle_minutes": 0.01, "down": True})[0]
    time.sleep(1.5)
    assert head.call("status")["autostop"]["idle_seconds"] < 1.4
    pid = head.pid()
    head.submit("true")
    eventually(lambda: not alive(pid))


def test_autostop_waits_for_jobs_and_lifetime_does_not(cluster):
    head = cluster()[0]
    job_id = head.submit("sleep 300")
    setting = head.call("autostop", idle_minutes=0.01, down=True, wait_for="jobs")
    assert setting == {"idle_minutes": 0.01, "down": True, "wait_for": "jobs", "lifetime_minutes": None}
    time.sleep(1.2)
    shown = head.call("status")["autostop"]
    assert shown["idle_seconds"] < 1.1 and head.job(job_id)["status"] == "RUNNING"
    pid = head.pid()
    head.call("autostop", idle_minutes=-1, down=True, lifetime_minutes=0.01)
    eventually(lambda: not alive(pid))
    assert head.processes() == []
    # Without a command "down" takes the agent away, all but the note of it.
    assert [path.name for path in head.home.iterdir()] == ["autostop.json"]
    assert json.loads((head.home / "autostop.json").read_text())["event"] == "down"


def test_autostop_none_does_not_wait_and_a_change_by_hand_outlives_a_restart(cluster):
    head = cluster(autostop={"idle_minutes": 60})[0]
    head.submit("sleep 300")
    head.call("autostop", idle_minutes=50)
    head.kill_daemon()
    head.install()
    assert head.call("status")["autostop"]["idle_minutes"] == 50
    assert head.ask("autostop", wait_for="cats")["error"]["code"] == "config.invalid"
    pid = head.pid()
    head.call("autostop", idle_minutes=0.01, wait_for="none")
    eventually(lambda: not alive(pid))
    assert head.processes() == [] and (head.home / "config.json").exists()


def test_hangup_and_interrupt_do_not_end_the_daemon(cluster):
    head = cluster()[0]
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        os.kill(head.pid(), number)
    assert head.call("ping")["pid"] == head.pid()


def test_restart_does_not_begin_the_lifetime_anew_but_a_new_start_does(cluster):
    head = cluster(autostop={"idle_minutes": -1, "lifetime_minutes": 60})[0]

    def since():
        with sqlite3.connect(head.home / "queue.db") as database:
            return json.loads(database.execute("SELECT value FROM facts WHERE name = 'autostop'").fetchone()[0])[
                "since"
            ]

    begun = since()
    head.kill_daemon()
    head.install()
    assert since() == begun
    head.verb("stop")
    head.install()
    assert since() > begun
