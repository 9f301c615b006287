"""Requests to an agent: over its socket here, over the forwarded socket or by command behind ssh."""

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from stix.errors import JobError, NodeError
from stix.nodes.agent import call
from stix.nodes.connection import connect
from stix.nodes.forward import local_socket
from tests.integration.nodes.sshd import wait_for


@pytest.fixture
def local(local_vars, control_dir):
    return connect(local_vars, control_dir=control_dir)


def test_a_local_node_is_asked_over_its_socket(local, agent):
    assert call(local, "queue", {"limit": 3})["jobs"][2]["job_id"] == 2
    assert agent.commands() == 0


def test_a_folder_too_deep_for_a_socket_path(local, agent, tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    agent.stop()
    (agent.home / "skylet.sock").unlink()
    shutil.move(agent.home, deep / "agent")
    agent.home = deep / "agent"
    agent.start()
    local.skylet_home = str(agent.home)
    before = os.getcwd()
    assert call(local, "ping") == {"request": "ping"}
    assert (agent.commands(), os.getcwd()) == (0, before)


def test_errors_of_the_agent_keep_their_four_fields(local):
    with pytest.raises(JobError) as caught:
        call(local, "cancel", {"job_ids": [99]})
    assert (caught.value.code, caught.value.hint, caught.value.details) == ("job.not_found", "look", {"job_id": 99})


def test_no_agent_and_no_program(local, agent):
    agent.stop()
    (agent.home / "skylet.sock").unlink()
    with pytest.raises(NodeError, match="No agent runs"):
        call(local, "queue")
    (agent.home / "skylet.pyz").unlink()
    with pytest.raises(NodeError, match="is not installed") as caught:
        call(local, "queue")
    assert caught.value.code == "agent.unreachable"


def test_silence_and_nonsense(local):
    with pytest.raises(NodeError, match=r"did not answer within 0\.2 s"):
        call(local, "hang", timeout=0.2)


def test_an_answer_that_is_no_json(local):
    with pytest.raises(NodeError) as caught:
        call(local, "garbage")
    assert caught.value.code == "agent.protocol"


def test_behind_ssh_the_socket_is_forwarded_and_nothing_is_started(start_sshd, ssh_vars, control_dir, agent):
    node = connect(ssh_vars(start_sshd()), control_dir=control_dir)
    assert len(call(node, "queue", {"limit": 10_000})["jobs"]) == 10_000
    assert agent.commands() == 0
    begun = time.perf_counter()
    call(node, "queue")
    assert time.perf_counter() - begun < 2
    assert oct(local_socket(node).stat().st_mode & 0o777) == "0o600"


def test_a_forwarding_that_broke_is_made_again(start_sshd, ssh_vars, control_dir, agent):
    server = start_sshd()
    node = connect(ssh_vars(server), control_dir=control_dir)
    call(node, "ping")
    server.end_sessions()
    wait_for(lambda: not any(path.is_socket() and not path.suffix for path in control_dir.iterdir()))
    call(node, "ping")
    local_socket(node).unlink()
    call(node, "ping")
    assert agent.commands() == 0


def test_many_at_once_share_one_forwarding(start_sshd, ssh_vars, control_dir, agent):
    node = connect(ssh_vars(start_sshd()), control_dir=control_dir)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda number: call(node, "ping", {"number": number}), range(24)))
    assert [answer["number"] for answer in answers] == list(range(24))
    assert agent.commands() == 0


def test_where_forwarding_is_refused_the_command_is_used(start_sshd, ssh_vars, control_dir, agent):
    node = connect(ssh_vars(start_sshd("AllowStreamLocalForwarding no")), control_dir=control_dir)
    assert call(node, "cancel", {"all": True}) == {"request": "cancel", "all": True}
    assert call(node, "ping") == {"request": "ping"}
    assert agent.commands() == 2


def test_greetings_of_a_login_shell_do_no_harm(start_sshd, ssh_vars, control_dir, agent, tmp_path):
    noisy = tmp_path / "noisy"
    noisy.write_text(f"#!/bin/sh\necho 'Welcome to {{}} the machine'\nexec {shutil.which('python3')} \"$@\"\n")
    noisy.chmod(0o755)
    server = start_sshd("AllowStreamLocalForwarding no")
    node = connect(ssh_vars(server, ansible_python_interpreter=str(noisy)), control_dir=control_dir)
    assert call(node, "ping") == {"request": "ping"}


def test_a_request_that_may_not_be_repeated_is_not(start_sshd, ssh_vars, control_dir, agent):
    node = connect(ssh_vars(start_sshd()), control_dir=control_dir)
    call(node, "ping")
    with pytest.raises(NodeError, match="closed the connection before it answered"):
        call(node, "die")
    assert (agent.home / "asked").read_text().split().count("die") == 1


def test_an_agent_that_died_is_asked_by_command(start_sshd, ssh_vars, control_dir, agent):
    node = connect(ssh_vars(start_sshd()), control_dir=control_dir)
    call(node, "ping")
    agent.stop()
    with pytest.raises(NodeError, match="No agent runs"):
        call(node, "queue")
    (agent.home / "skylet.pyz").unlink()
    with pytest.raises(NodeError, match="is not installed"):
        call(node, "queue")


def test_no_python_on_the_node(start_sshd, ssh_vars, control_dir, agent):
    server = start_sshd("AllowStreamLocalForwarding no")
    node = connect(ssh_vars(server, ansible_python_interpreter="/no/such/python3"), control_dir=control_dir)
    with pytest.raises(NodeError, match="no Python 3 is there"):
        call(node, "ping")
