"""`docker run` words -> the engine's settings."""

import pytest
from ansible_collections.stix.core.plugins.module_utils.docker_cluster import DockerCluster, image_of
from ansible_collections.stix.core.plugins.module_utils.docker_options import parse
from ansible_collections.stix.core.plugins.module_utils.failure import Failure


@pytest.mark.parametrize(
    ("words", "host"),
    [
        ("-v /a:/b:ro --volume=/c:/d", {"Binds": ["/a:/b:ro", "/c:/d"]}),
        ("--shm-size=2g", {"ShmSize": 2 * 2**30}),
        ("--privileged --ipc host", {"Privileged": True, "IpcMode": "host"}),
        ("--net=host", {"NetworkMode": "host"}),
        ("--cap-add SYS_PTRACE --cap-add=IPC_LOCK", {"CapAdd": ["SYS_PTRACE", "IPC_LOCK"]}),
        ("--ulimit memlock=-1 --ulimit nofile=1:2", {"Ulimits": [
            {"Name": "memlock", "Soft": -1, "Hard": -1}, {"Name": "nofile", "Soft": 1, "Hard": 2}]}),
        ("--device /dev/fuse", {"Devices": [
            {"PathOnHost": "/dev/fuse", "PathInContainer": "/dev/fuse", "CgroupPermissions": "rwm"}]}),
        ("--add-host=db:10.0.0.1", {"ExtraHosts": ["db:10.0.0.1"]}),
    ],
)  # fmt: skip
def test_host_settings(words: str, host: dict) -> None:
    assert parse(words) == {"HostConfig": host}
    assert parse(words.split()) == {"HostConfig": host}


def test_user_environment_and_gpus() -> None:
    found = parse(["-e A=1 --env 'B=two words'", "-u ann", "--gpus", "'\"device=0,1\"'"])
    assert found["Env"] == ["A=1", "B=two words"] and found["User"] == "ann"
    assert found["HostConfig"]["DeviceRequests"][0]["DeviceIDs"] == ["0", "1"]
    assert parse("--gpus all")["HostConfig"]["DeviceRequests"][0]["Count"] == -1


@pytest.mark.parametrize("words", ["--rm", "--shm-size=much", "-v", "-e NAME", "--ulimit nofile", "-v 'open", "image"])
def test_what_makes_no_sense_is_named(words: str) -> None:
    with pytest.raises(Failure) as caught:
        parse(words)
    assert caught.value.code == "provision.config" and "run_options" in caught.value.message


class _NoContainers:
    def get_json(self, path: str, params: dict) -> list:
        return []


def test_what_the_engine_is_asked_for() -> None:
    params = {"cluster_id": "demo-1", "cluster": "demo", "user": "ann", "run_id": "r", "deadline": 0,
              "on_shutdown": "stop", "network": "stix-demo-1",
              "default_image": "python:3.12-slim", "run_options": [], "volumes": []}  # fmt: skip
    node = {"name": "demo-0", "rank": 0, "cpus": 1.5, "memory": 2, "ports": ["80-81"], "labels": {"team": "x"},
            "accelerators": {"H100": 2}}  # fmt: skip
    asked = DockerCluster(_NoContainers(), params).settings(node)
    assert asked["HostConfig"]["NanoCpus"] == 1_500_000_000 and asked["HostConfig"]["Memory"] == 2 * 2**30
    assert asked["HostConfig"]["PortBindings"] == {"80/tcp": [{"HostPort": "80"}], "81/tcp": [{"HostPort": "81"}]}
    assert asked["HostConfig"]["DeviceRequests"][0]["Count"] == 2
    assert asked["HostConfig"]["Init"] is True and asked["HostConfig"]["NetworkMode"] == "stix-demo-1"
    assert asked["Labels"]["stix.cluster_id"] == "demo-1" and asked["Labels"]["team"] == "x"
    assert DockerCluster(_NoContainers(), params).settings(node | {"rank": 1})["HostConfig"]["PortBindings"] == {}


def test_the_image_of_a_node() -> None:
    assert image_of({"image_id": "docker:a/b:1"}, "d") == "a/b:1"
    assert image_of({"image_id": None}, "d") == "d"
