"""Containers as machines, on a real engine."""

import json
import time
import urllib.request

import pytest

IMAGE = "docker:stix-test/debian"


@pytest.fixture(autouse=True)
def engine(docker_engine):
    return docker_engine


def test_a_life_of_two_containers(docker_engine, task_file, run_stix, ok, jobs, clusters):
    task = task_file(
        name="pair", num_nodes=2, run="echo $(hostname) $STIX_NODE_RANK; cat keep 2>/dev/null; date > keep",
        resources={"infra": "docker", "image_id": IMAGE, "cpus": 1, "memory": "0.5+", "labels": {"team": "blue"}},
    )  # fmt: skip
    out = ok(run_stix("up", "-y", "-c", "pair", task))
    assert "(head, rank=0" in out and "(worker1, rank=1" in out
    ids = docker_engine.docker("ps", "-q", "--filter", "label=stix.cluster=pair").split()
    assert len(ids) == 2
    assert ok(run_stix("ansible", "pair", "-m", "ping", "-o")).count("SUCCESS") == 2
    shown = json.loads(docker_engine.docker("inspect", ids[0]))[0]
    assert shown["HostConfig"]["NanoCpus"] == 10**9
    assert shown["HostConfig"]["Memory"] == 2**29
    assert shown["Config"]["Labels"]["team"] == "blue"

    ok(run_stix("stop", "-y", "pair"))
    assert clusters()[0]["status"] == "STOPPED"
    assert docker_engine.docker("ps", "-q", "--filter", "label=stix.cluster=pair").split() == []
    ok(run_stix("start", "-y", "pair"))
    assert sorted(docker_engine.docker("ps", "-q", "--filter", "label=stix.cluster=pair").split()) == sorted(ids)
    assert [job["status"] for job in jobs("pair")] == ["SUCCEEDED"]
    ok(run_stix("exec", "pair", "--", "cat keep"))

    ok(run_stix("down", "-y", "pair"))
    assert docker_engine.docker("ps", "-aq", "--filter", "label=stix.cluster=pair").split() == []
    assert "pair" not in docker_engine.docker("network", "ls", "--format", "{{.Name}}")


def test_a_published_port_answers(docker_engine, task_file, run_stix, ok, safe_world):
    task = task_file(run="python3 -m http.server 8931", resources={"infra": "docker", "image_id": IMAGE, "ports": 8931})
    ok(run_stix("up", "-y", "-d", "-c", "web", task))
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen("http://127.0.0.1:8931/", timeout=2) as answer:
                assert answer.status == 200
                return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_an_image_without_python_is_told_plainly(task_file, run_stix, clusters, docker_engine):
    task = task_file(run="true", resources={"infra": "docker", "image_id": "docker:stix-test/shell"})
    done = run_stix("up", "-y", "-c", "bare", task)
    assert done.returncode != 0
    assert "Python" in done.stderr
    assert clusters() == []
    assert docker_engine.docker("ps", "-aq").split() == []


def test_a_cluster_knows_its_engine(docker_engine, task_file, run_stix, ok, clusters):
    task = task_file(run="true", resources={"infra": "docker", "image_id": IMAGE, "disk_size": 50})
    done = run_stix("up", "-y", "-d", "-c", "one", task)
    assert "disk_size" in ok(done) + done.stderr
    elsewhere = {"DOCKER_HOST": "tcp://127.0.0.1:1"}
    ok(run_stix("status", "--refresh", env=elsewhere))
    assert clusters()[0]["status"] == "UP"
    ok(run_stix("down", "-y", "one", env=elsewhere))
    assert docker_engine.docker("ps", "-aq").split() == []


def test_autostop_lets_the_container_go(docker_engine, task_file, run_stix, ok, clusters):
    task = task_file(run="true", resources={"infra": "docker", "image_id": IMAGE, "autostop": {"idle_minutes": "3s"}})
    ok(run_stix("up", "-y", "-c", "idle", task))
    deadline = time.monotonic() + 60
    while docker_engine.docker("ps", "-q").split():
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert clusters("--refresh")[0]["status"] == "STOPPED"
    ok(run_stix("start", "-y", "-i", "-1", "idle"))
    assert "again" in ok(run_stix("exec", "idle", "--", "echo again"))


def test_run_options_reach_the_engine(docker_engine, task_file, run_stix, ok):
    task = task_file(
        run="df -k /dev/shm | tail -1", resources={"infra": "docker", "image_id": IMAGE},
        config={"docker": {"run_options": ["--shm-size=48m", "-e", "FLAVOUR=mint"]}},
    )  # fmt: skip
    assert "49152" in ok(run_stix("up", "-y", "-c", "shm", task))
    assert "mint" in ok(run_stix("exec", "shm", "--", "tr '\\0' '\\n' < /proc/1/environ"))


def test_an_image_that_is_not_to_be_had_and_too_much_memory(docker_engine, run_stix):
    asked = run_stix("up", "-y", "-c", "odd", "--infra", "docker", "--image-id", "docker:stix-test/no:1", "--", "true")
    assert asked.returncode != 0
    assert "Image 'stix-test/no:1' is not on the Docker engine" in asked.stderr
    big = run_stix("up", "-y", "-c", "odd", "--infra", "docker", "--memory", "90000", "--image-id", IMAGE, "--", "true")
    assert big.returncode == 3 and "GiB of memory, 90000 wanted" in big.stderr
    assert docker_engine.docker("ps", "-aq", "--filter", "label=stix.cluster=odd").split() == []
