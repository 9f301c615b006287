"""Logs of jobs: straight through, followed, taken up again, detached from."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from stix.errors import JobError, NodeError
from stix.nodes.connection import connect
from stix.nodes.logs import download_logs, stream_logs
from tests.integration.nodes.sshd import children, wait_for


@pytest.fixture
def local(local_vars, control_dir):
    return connect(local_vars, control_dir=control_dir)


@pytest.fixture
def out(tmp_path):
    with open(tmp_path / "out", "w+b") as file:
        yield file


def content(file):
    file.seek(0)
    return file.read()


@pytest.mark.parametrize("status", [0, 100, 103])
@pytest.mark.parametrize("follow", [False, True])
def test_the_log_and_the_status_of_an_ended_job(local, agent, out, status, follow):
    agent.log(1, b"one\ntwo\n\xff\n", status)
    assert stream_logs(local, 1, follow=follow, out_fd=out.fileno()) == status
    assert content(out) == b"one\ntwo\n\xff\n"


def test_a_running_job_a_tail_and_a_missing_job(local, agent, out):
    agent.log(1, b"one\ntwo\nthree\n")
    assert stream_logs(local, 1, follow=False, tail=2, out_fd=out.fileno()) == 101
    assert content(out) == b"two\nthree\n"
    assert stream_logs(local, 2, follow=True, out_fd=out.fileno()) == 102


@pytest.mark.parametrize("tail", [0, 1])
def test_a_dropped_connection_is_taken_up_at_the_same_byte(start_sshd, ssh_vars, control_dir, agent, out, tail):
    server = start_sshd()
    node = connect(ssh_vars(server), control_dir=control_dir)
    agent.log(1, b"old\nfirst\n")
    read_end, write_end = os.pipe()
    got, result = [], []
    follower = threading.Thread(target=lambda: result.append(stream_logs(node, 1, tail=tail, out_fd=write_end)))
    reader = threading.Thread(target=lambda: got.extend(iter(lambda: os.read(read_end, 65536), b"")))
    follower.start()
    reader.start()
    wait_for(lambda: b"first\n" in b"".join(got))
    server.end_sessions()
    agent.log(1, b"second\n")
    wait_for(lambda: b"second\n" in b"".join(got))
    agent.log(1, b"third\n", 100)
    follower.join(20)
    os.close(write_end)
    reader.join(5)
    os.close(read_end)
    assert result == [100]
    assert b"".join(got) == (b"first\nsecond\nthird\n" if tail else b"old\nfirst\nsecond\nthird\n")


def test_one_rank_is_taken_up_without_a_place_in_the_file(start_sshd, ssh_vars, control_dir, agent, out):
    server = start_sshd()
    node = connect(ssh_vars(server), control_dir=control_dir)
    agent.log(1, b"(rank 0) one\n(rank 1) uno\n")

    def interrupt():
        wait_for(lambda: content(out))
        server.end_sessions()
        agent.log(1, b"(rank 0) two\n(rank 1) dos\n", 0)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with open(out.name, "ab") as target:
        assert stream_logs(node, 1, rank=1, out_fd=target.fileno()) == 0
    interrupting.join()
    assert content(out) == b"uno\ndos\n"


def test_a_node_that_does_not_come_back(start_sshd, ssh_vars, control_dir, agent, out):
    server = start_sshd()
    node = connect(ssh_vars(server), control_dir=control_dir)
    agent.log(1, b"first\n")

    def vanish():
        wait_for(lambda: content(out))
        sessions = children(server.process.pid)
        server.stop()
        for pid in [*sessions, *(child for one in sessions for child in children(one))]:
            os.kill(pid, signal.SIGKILL)

    vanishing = threading.Thread(target=vanish)
    vanishing.start()
    with open(out.name, "ab") as target, pytest.raises(NodeError) as caught:
        stream_logs(node, 1, out_fd=target.fileno(), patience=1.0)
    vanishing.join()
    assert caught.value.code == "node.unreachable"


def test_detaching_ends_the_child_and_nothing_else(start_sshd, ssh_vars, control_dir, agent):
    variables = ssh_vars(start_sshd())
    node = connect(variables, control_dir=control_dir)
    node.run("true")
    agent.log(1, b"first\n")
    script = (
        "import sys; from pathlib import Path\n"
        "from stix.nodes.connection import connect; from stix.nodes.logs import stream_logs\n"
        f"node = connect({variables!r}, control_dir=Path({str(control_dir)!r}))\n"
        "try: stream_logs(node, 1)\n"
        "except KeyboardInterrupt: sys.exit(77)\n"
    )
    follower = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True)
    assert follower.stdout.read(6) == b"first\n"
    child = children(follower.pid)
    os.killpg(follower.pid, signal.SIGINT)
    assert follower.wait(10) == 77
    follower.stdout.close()
    assert len(child) == 1
    assert not os.path.exists(f"/proc/{child[0]}")
    assert node.run("echo still")[1] == b"still\n"


def test_a_reader_that_goes_away(local, agent):
    agent.log(1, b"x" * 5_000_000)
    read_end, write_end = os.pipe()
    os.close(read_end)
    with pytest.raises(BrokenPipeError):
        stream_logs(local, 1, out_fd=write_end)
    os.close(write_end)


@pytest.mark.parametrize("follow", [False, True])
def test_much_arrives_whole_and_as_fast_as_cat(start_sshd, ssh_vars, control_dir, agent, follow):
    node = connect(ssh_vars(start_sshd()), control_dir=control_dir)
    size = 60_000_000
    agent.log(1, os.urandom(1000) * (size // 1000), 0)
    cat = node.argv(f"cat {agent.home}/jobs/1.log")
    plain = min(timed(lambda fd: subprocess.run(cat, stdout=fd, check=True)) for _ in range(2))
    ours = min(timed(lambda fd: stream_logs(node, 1, follow=follow, out_fd=fd), size) for _ in range(2))
    assert ours < 2 * plain + 0.3


def timed(action, size=None):
    """Seconds until `action(fd)` has written to a pipe that wc reads."""
    begun = time.perf_counter()
    with subprocess.Popen(["wc", "-c"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        action(reader.stdin.fileno())
        reader.stdin.close()
        counted = int(reader.stdout.read())
    assert size in (None, counted)
    return time.perf_counter() - begun


def test_a_missing_agent(local, agent, out):
    (agent.home / "skylet.pyz").unlink()
    with pytest.raises(NodeError, match="is not installed"):
        stream_logs(local, 1, out_fd=out.fileno())


def test_downloads(local, agent, tmp_path):
    agent.log(1, b"one\n", 0)
    agent.log(2, b"two\n")
    files = download_logs(local, [1, 2], tmp_path / "logs")
    assert {job: file.read_bytes() for job, file in files.items()} == {1: b"one\n", 2: b"two\n"}
    assert files[2] == tmp_path / "logs" / "2" / "run.log"
    with pytest.raises(JobError, match="There is no job 3"):
        download_logs(local, [3], tmp_path / "logs")
    assert not (tmp_path / "logs" / "3" / "run.log").exists()
