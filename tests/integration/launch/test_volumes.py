"""Volumes of tasks, from `stix volumes apply` to what outlives the cluster: on a real engine, and on this machine."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import demand
from tests.lab.aws import lab
from tests.lab.engine import DockerLab

IMAGE = "docker:stix-test/debian"


@pytest.fixture
def volumes(run_stix: Any, ok: Any) -> Callable[[], dict[str, Any]]:
    """What `stix volumes ls -o json` says, by name."""
    return lambda: {row["name"]: row for row in json.loads(ok(run_stix("volumes", "ls", "-o", "json")))}


def test_a_volume_outlives_its_cluster_and_one_that_goes_along_does_not(
    docker_engine: DockerLab, task_file: Callable[..., Path], run_stix: Any, ok: Any, volumes: Any, tmp_path: Path
) -> None:
    ok(run_stix("volumes", "apply", "-n", "keep", "--type", "docker-volume", "--infra", "docker", "-y"))
    assert volumes()["keep"]["status"] == "READY"
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "a").write_text("from the host\n")
    mounts = {"/data": "keep", "/scratch": {"size": "1Gi"}, "/host": {"host_path": str(tmp_path / "shared")}}
    place = {"infra": "docker", "image_id": IMAGE}
    task = task_file(
        run="cat /host/a; touch /host/b 2>/dev/null || echo read only; date > /data/x; date > /scratch/y",
        volumes=mounts, resources={**place, "cpus": 0.5},
    )  # fmt: skip
    out = ok(run_stix("up", "-y", "-c", "one", task))
    assert "from the host" in out and "read only" in out
    listed = volumes()
    assert listed["keep"]["usedby_clusters"] == ["one"] and len(listed) == 2
    [passing] = [row for row in listed.values() if row["is_ephemeral"]]
    busy = run_stix("volumes", "delete", "-y", "keep")
    assert busy.returncode == 6 and "cluster one" in busy.stderr
    again = task_file("again.yaml", run="true", volumes={"/data": "keep", "/more": "keep"}, resources=place)
    other = run_stix("up", "-y", "-c", "one", again)
    assert other.returncode == 1 and "/more" in other.stderr
    labels = docker_engine.docker("volume", "inspect", "-f", "{{json .Labels}}", passing["name_on_cloud"])
    assert json.loads(labels)["stix.cluster"] == "one"

    ok(run_stix("down", "-y", "one"))
    assert set(volumes()) == {"keep"}
    left = docker_engine.docker("volume", "ls", "-q").split()
    assert "stix-keep" in left and passing["name_on_cloud"] not in left
    then = task_file("then.yaml", run="ls /data", volumes={"/data": "keep"}, resources={"image_id": IMAGE})
    assert "x\n" in ok(run_stix("up", "-y", "-c", "two", then))
    ok(run_stix("down", "-y", "two"))
    ok(run_stix("volumes", "delete", "-y", "keep"))
    assert docker_engine.docker("volume", "ls", "-q").split() == []


def test_a_volume_that_is_somebody_elses_is_refused_or_taken_as_it_is(
    docker_engine: DockerLab, run_stix: Any, ok: Any, volumes: Any
) -> None:
    docker_engine.docker("volume", "create", "stix-theirs")
    words = ("volumes", "apply", "-y", "--type", "docker-volume", "--infra", "docker", "-n")
    foreign = run_stix(*words, "theirs")
    assert foreign.returncode == 1 and "somebody else's" in foreign.stderr
    ok(run_stix(*words, "stix-theirs", "--use-existing"))
    ok(run_stix("volumes", "delete", "-y", "stix-theirs"))
    assert docker_engine.docker("volume", "ls", "-q").split() == ["stix-theirs"] and volumes() == {}
    docker_engine.docker("volume", "rm", "stix-theirs")


def test_folders_of_this_machine_are_volumes(
    task_file: Callable[..., Path], run_stix: Any, ok: Any, safe_world: Path, volumes: Any, tmp_path: Path
) -> None:
    folder = safe_world / "big" / "data"
    (safe_world / "v.yaml").write_text(
        json.dumps({"name": "big", "type": "hostpath", "infra": "local", "config": {"host_path": str(folder)}})
    )
    ok(run_stix("volumes", "apply", "-y", "v.yaml"))
    mounts = {"~/data": {"name": "big", "sub_path": "runs/1"}, str(tmp_path / "all"): "big"}
    task = task_file(run="echo 1 >> ~/data/result; cat ~/data/result", volumes=mounts)
    ok(run_stix("up", "-y", "-c", "here", task))
    assert (folder / "runs" / "1" / "result").read_text() == "1\n" and (tmp_path / "all").is_symlink()
    ok(run_stix("stop", "-y", "here"))
    assert not (tmp_path / "all").exists()
    ok(run_stix("start", "-y", "here"))
    assert ok(run_stix("exec", "here", "--", "cat ~/data/result")).count(") 1\n") == 1
    ok(run_stix("down", "-y", "here"))
    assert not (tmp_path / "all").exists() and (folder / "runs" / "1" / "result").exists()
    ok(run_stix("volumes", "delete", "-y", "big"))
    assert folder.is_dir() and volumes() == {}


def test_what_cannot_be_mounted_is_said_before_anything_is_made(
    task_file: Callable[..., Path], run_stix: Any, clusters: Any
) -> None:
    task = task_file(run="true", volumes={"/data": "nowhere"})
    done = run_stix("up", "-y", "-c", "one", task)
    assert done.returncode == 2 and "there is no volume 'nowhere'" in done.stderr and clusters() == []
    task = task_file(run="true", volumes={"/data": {"size": 5}}, resources={"infra": "local"})
    done = run_stix("up", "-y", "-c", "one", task)
    assert done.returncode == 3 and "local cannot mount volumes that go with the cluster" in done.stderr


def test_claims_of_kubernetes(
    kubernetes_lab: Any, task_file: Callable[..., Path], run_stix: Any, ok: Any, volumes: Any, clusters: Any,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stix_home: Path,
) -> None:  # fmt: skip
    lab = kubernetes_lab
    monkeypatch.setenv("KUBECONFIG", str(lab.kubeconfig))
    stix_home.mkdir(mode=0o700, exist_ok=True)
    (stix_home / "config.yaml").write_text(f"kubernetes: {{default_image: '{lab.image}', provision_timeout: 60}}")
    disks = [persistent_volume(name, tmp_path / name) for name in ("one", "two")]
    lab.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": disks}))
    try:
        words = ("volumes", "apply", "-y", "-n", "data", "--type", "k8s-pvc", "--infra", "k8s/lab", "--size")
        (tmp_path / "v.yaml").write_text("config: {storage_class_name: lab-volumes}\n")
        row = json.loads(ok(run_stix(*words, "1Gi", str(tmp_path / "v.yaml"), "-o", "json")))
        assert row["infra"] == "kubernetes/lab" and row["name_on_cloud"] == "stix-data"
        mounts = {"/data": {"name": "data", "sub_path": "a/b"}, "/scratch": {"size": 1, "config": SLOW}}
        resources = {"cpus": 0.1, "memory": 0.25}
        task = task_file(
            run="date > /data/x; date > /scratch/y; ls /data /scratch", volumes=mounts, resources=resources
        )
        many = run_stix("up", "-y", "-c", "pods", "--num-nodes", "2", task)
        assert many.returncode == 2 and "one node only" in many.stderr
        out = ok(run_stix("up", "-y", "-c", "pods", task))
        assert "x\n" in out and "y\n" in out
        assert volumes()["data"]["usedby_clusters"] == ["pods"]
        busy = run_stix("volumes", "delete", "-y", "data")
        assert busy.returncode == 6 and "cluster pods" in busy.stderr
        second = run_stix("up", "-y", "-c", "more", task)
        assert second.returncode == 6 and "cluster pods" in second.stderr and len(clusters()) == 1
        ok(run_stix("down", "-y", "pods"))
        assert set(volumes()) == {"data"}
        assert [each["metadata"]["name"] for each in lab.items("persistentvolumeclaims")] == ["stix-data"]
        ok(run_stix("volumes", "delete", "-y", "data"))
        assert lab.items("persistentvolumeclaims") == []
    finally:
        lab.kubectl("delete", "pods,persistentvolumeclaims", "--all", "--force", "--grace-period=0")
        lab.kubectl("delete", "persistentvolumes", "--all")


SLOW = {"storage_class_name": "lab-volumes"}


def persistent_volume(name: str, folder: Path) -> dict[str, Any]:
    """A volume that an administrator made: no provisioner is needed."""
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "lab-volumes",
        "persistentVolumeReclaimPolicy": "Retain",
        "hostPath": {"path": str(folder), "type": "DirectoryOrCreate"},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"lab-{name}"}, "spec": spec}


def test_a_disk_of_a_cloud_takes_its_task_to_its_zone(
    task_file: Callable[..., Path], run_stix: Any, ok: Any, volumes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    demand(lab.missing())
    with lab.AwsLab() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        words = ("volumes", "apply", "-y", "-n", "disk", "--type", "aws-ebs", "--infra", "aws/us-east-1/us-east-1b")
        vague = run_stix(*words[:-1], "aws/us-east-1", "--size", "5")
        assert vague.returncode == 2 and "lies in one zone" in vague.stderr
        ok(run_stix(*words, "--size", "5"))
        smaller = run_stix(*words, "--size", "4")
        assert smaller.returncode == 2 and "cannot shrink" in smaller.stderr
        ok(run_stix(*words, "--size", "8"))
        [made] = aws.client().describe_volumes()["Volumes"]
        assert (made["Size"], made["AvailabilityZone"]) == (8, "us-east-1b")
        row = volumes()["disk"]
        assert (row["name_on_cloud"], row["zone"], row["size"]) == (made["VolumeId"], "us-east-1b", 8)
        task = task_file(run="ls", volumes={"/data": "disk"}, resources={"cpus": "2+"})
        plan = json.loads(ok(run_stix("plan", "-c", "one", task, "-o", "json")))
        infras = {each["infra"] for each in plan["candidates"]}
        assert infras == {"aws/us-east-1"} and "/us-east-1b" in json.dumps(plan["task"]["resources"])
        ok(run_stix("volumes", "delete", "-y", "disk"))
        assert aws.client().describe_volumes()["Volumes"] == []


def test_a_snapshot_outlives_its_volume_and_another_is_made_from_it(
    run_stix: Any, ok: Any, volumes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demand(lab.missing())
    make = ("volumes", "apply", "-y", "--type", "aws-ebs", "--infra", "aws/us-east-1/us-east-1b", "-n")
    with lab.AwsLab() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        ok(run_stix(*make, "disk", "--size", "5"))
        assert "Snapshot before of disk is made" in run_stix("volumes", "snapshot", "disk", "-n", "before").stdout
        again = run_stix("volumes", "snapshot", "disk", "-n", "before")
        assert again.returncode == 2 and "there is a snapshot 'before' of disk already" in again.stderr
        foreign = run_stix("volumes", "snapshot", "disk", "-n", "snap-1")
        assert foreign.returncode == 2 and "cannot be called" in foreign.stderr
        ok(run_stix("volumes", "delete", "-y", "disk"))
        assert volumes() == {}
        [row] = json.loads(ok(run_stix("volumes", "snapshots", "--infra", "aws/us-east-1", "-o", "json")))
        assert (row["name"], row["volume"], row["infra"], row["size"]) == ("before", "disk", "aws/us-east-1", 5)

        (tmp_path / "v.yaml").write_text("config: {snapshot: before}\n")
        made = json.loads(ok(run_stix(*make, "back", str(tmp_path / "v.yaml"), "-o", "json")))
        [disk] = aws.client().describe_volumes()["Volumes"]
        assert made["size"] == 5 and disk["SnapshotId"] == row["name_on_cloud"]
        (tmp_path / "v.yaml").write_text("config: {snapshot: after}\n")
        changed = run_stix(*make, "back", str(tmp_path / "v.yaml"))
        assert changed.returncode == 2 and "another snapshot, which stays as it was made" in changed.stderr
        wrong = run_stix("volumes", "delete-snapshot", "-y", "befor", "--infra", "aws/us-east-1")
        assert wrong.returncode == 2 and "did you mean 'before'?" in wrong.stderr
        foreign = aws.client().create_snapshot(VolumeId=disk["VolumeId"])["SnapshotId"]
        ok(run_stix("volumes", "delete-snapshot", "-y", "before", "--infra", "aws/us-east-1"))
        mine = [one["SnapshotId"] for one in aws.client().describe_snapshots(OwnerIds=["self"])["Snapshots"]]
        assert foreign in mine and row["name_on_cloud"] not in mine
        ok(run_stix("volumes", "delete", "-y", "back"))


def test_folders_and_engines_volumes_have_no_snapshots(run_stix: Any, ok: Any, tmp_path: Path) -> None:
    folder, engine = tmp_path / "v.yaml", tmp_path / "s.yaml"
    folder.write_text("config: {host_path: /srv}\n")
    ok(run_stix("volumes", "apply", "-y", "-n", "big", "--type", "hostpath", "--infra", "local", str(folder)))
    done = run_stix("volumes", "snapshot", "big")
    assert done.returncode == 2 and "is a folder of a machine, of which there are no snapshots" in done.stderr
    engine.write_text("config: {snapshot: before}\n")
    done = run_stix("volumes", "apply", "-y", "-n", "e", "--type", "docker-volume", "--infra", "docker", str(engine))
    assert done.returncode == 2 and "is an engine's own volume" in done.stderr
