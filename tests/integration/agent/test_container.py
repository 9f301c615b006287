"""Jobs in a container: what they see, how they end, what stays of them; on a real engine."""

import json
import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.agent.agents import Agent, eventually
from tests.lab.engine import DockerLab

SHELL, DEBIAN = DockerLab.shell_image, DockerLab.image

Node = Callable[..., Agent]


@pytest.fixture
def node(cluster: Callable[..., list[Agent]], docker_engine: DockerLab) -> Node:
    """`node(image, run_options=..)`: an agent whose jobs run in a container of that image."""

    def make(image: str = SHELL, **order: Any) -> Agent:
        [agent] = cluster(1, container=f"stix-test-{time.time_ns()}")
        assert have(agent, image, **order)["state"] == "made"
        return agent

    return make


def have(agent: Agent, image: str = SHELL, **order: Any) -> dict[str, Any]:
    """The answer of the verb `container`."""
    return agent.verb("container", data=json.dumps({"image": image, **order}).encode())


def name(agent: Agent) -> str:
    return str(agent.config["container"])


def inside(engine: DockerLab, agent: Agent) -> str:
    """Command lines of what runs in the container."""
    return engine.docker("top", name(agent), check=False)


def test_a_job_runs_inside_and_ends_as_it_should(node: Node, docker_engine: DockerLab) -> None:
    agent = node()
    secrets = {"KEY": 'it\'s $HOME\n`secret` "two" lines\\'}
    script = """set -e; [ ! -e /usr ]; printf "[%s]\\n" "$KEY"
        printf "%s|%s|%s\\n" "$HOME" "$PWD" "$STIX_NODE_RANK"; echo out > made"""
    job = agent.submit(script, envs={"PATH": "/bin", "not-a-name": "x"}, secrets=secrets, setup="echo in setup > /kept")
    assert agent.wait(job)["status"] == "SUCCEEDED", agent.log(job)
    log = agent.log(job)
    assert "[it's $HOME\n" in log and '`secret` "two" lines\\]' in log.replace("(job, pid=", "|(")
    assert f"{agent.user_home}|{agent.user_home}/sky_workdir|0" in log
    assert (agent.user_home / "sky_workdir" / "made").read_text() == "out\n"
    assert agent.wait(agent.submit("[ -e /kept ]"))["status"] == "SUCCEEDED"
    assert "secret" not in docker_engine.docker("inspect", name(agent))
    assert not list(agent.user_home.glob(".stix-job-*"))
    _ends_as_it_should(agent, docker_engine)
    _opens_shells(agent)
    _says_what_cannot_be(agent)


def _ends_as_it_should(agent: Agent, docker_engine: DockerLab) -> None:
    job = agent.submit("sleep 998 & exit 7")
    ended = agent.wait(job)
    assert (ended["status"], ended["exit_codes"]) == ("FAILED", [7])
    assert "sleep 998" not in inside(docker_engine, agent)
    assert agent.wait(agent.submit("no-such-program"))["exit_codes"] == [127]
    job = agent.submit("sleep 997 & echo served")
    assert agent.wait(job)["status"] == "SUCCEEDED"
    assert "sleep 997" in inside(docker_engine, agent)  # a job that went well may leave a service


def test_cancel_ends_what_runs_inside_gently_at_first(node: Node, docker_engine: DockerLab) -> None:
    agent = node()
    script = "trap 'echo saved; exit 0' TERM; setsid sleep 996 & echo begun; while :; do sleep 0.1; done"
    job = agent.submit(script)
    other = agent.submit("sleep 995")
    eventually(lambda: "begun" in agent.log(job))
    eventually(lambda: "sleep 995" in inside(docker_engine, agent))
    agent.call("cancel", job_ids=[job])
    assert agent.wait(job)["status"] == "CANCELLED"
    assert "saved" in agent.log(job)
    shown = inside(docker_engine, agent)
    assert "sleep 996" not in shown and "sleep 995" in shown
    stubborn = agent.submit("trap '' TERM; echo begun; while :; do sleep 0.1; done")
    eventually(lambda: "begun" in agent.log(stubborn))
    agent.call("cancel", job_ids=[stubborn, other])
    assert agent.wait(stubborn)["status"] == "CANCELLED"
    assert agent.wait(other)["status"] == "CANCELLED"
    eventually(lambda: "sleep" not in inside(docker_engine, agent))
    _is_found_again_without_its_supervisor(agent, docker_engine)


def test_a_job_of_another_user_of_the_image_is_ended_too(node: Node, docker_engine: DockerLab) -> None:
    agent = node(DEBIAN, run_options=["--user", "65534:65534"])
    os.chmod(agent.user_home / "sky_workdir", 0o777)
    job = agent.submit("id -u; echo mine > file; sleep 994")
    eventually(lambda: (agent.user_home / "sky_workdir" / "file").exists())
    assert (agent.user_home / "sky_workdir" / "file").stat().st_uid == 65534
    eventually(lambda: "sleep 994" in inside(docker_engine, agent))
    agent.call("cancel", job_ids=[job])
    assert agent.wait(job)["status"] == "CANCELLED"
    eventually(lambda: "sleep 994" not in inside(docker_engine, agent))


def test_the_container_stays_as_long_as_it_is_what_is_wanted(
    node: Node, docker_engine: DockerLab, tmp_path: Any
) -> None:
    agent = node()
    agent.wait(agent.submit("echo kept > /mark"))
    assert have(agent)["state"] == "kept"
    docker_engine.docker("stop", "-t", "0", name(agent))
    assert agent.wait(agent.submit("cat /mark"))["status"] == "SUCCEEDED"  # a job starts it, too
    docker_engine.docker("stop", "-t", "0", name(agent))
    assert have(agent, check=True) == have(agent)
    assert have(agent)["state"] == "kept"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_text("shown\n")
    busy = agent.submit("sleep 993")
    agent.wait(busy, until=("RUNNING",))
    assert have(agent, paths=[str(tmp_path / "data")])["error"]["code"] == "cluster.busy"
    agent.call("cancel", job_ids=[busy])
    agent.wait(busy)
    assert have(agent, paths=[str(tmp_path / "data"), "~/below", "relative"])["state"] == "renewed"
    job = agent.submit(f"cat {tmp_path}/data/file; cat /mark")
    assert agent.wait(job)["status"] == "FAILED"
    assert "shown" in agent.log(job)
    assert have(agent)["state"] == "kept"  # one that shows more does for less
    assert have(agent, DEBIAN)["state"] == "renewed"
    agent.run("remove")
    assert name(agent) not in docker_engine.docker("ps", "-a", "--format", "{{.Names}}")


def _says_what_cannot_be(agent: Agent) -> None:
    wrong = have(agent, run_options=["--no-such-flag"])["error"]
    assert wrong["code"] == "config.invalid" and "--no-such-flag" in wrong["message"]
    assert have(agent, run_options=["--env 'A"])["error"]["code"] == "config.invalid"
    absent = have(agent, "127.0.0.1:1/no/image")["error"]
    assert absent["code"] == "setup.failed" and "SKYPILOT_DOCKER_USERNAME" in absent["hint"]


def _opens_shells(agent: Agent) -> None:
    done = agent.run("enter", "--command", "pwd; cat made; echo $HOME")
    assert done.stdout.decode().splitlines() == [f"{agent.user_home}/sky_workdir", "out", str(agent.user_home)]
    assert agent.run("enter", data=b"cat made; exit 3\n").returncode == 3


def _is_found_again_without_its_supervisor(agent: Agent, docker_engine: DockerLab) -> None:
    job = agent.submit("sleep 992")
    eventually(lambda: "sleep 992" in inside(docker_engine, agent))
    [state] = (agent.home / "ranks").iterdir()
    os.kill(json.loads(state.read_bytes())["supervisor"], 9)
    assert agent.wait(job)["status"] == "FAILED"
    eventually(lambda: "sleep 992" not in inside(docker_engine, agent))
    assert not list(agent.user_home.glob(".stix-job-*"))
