"""Buckets of a task, from its file to the job's output in the bucket: this machine as the node, real FUSE, real S3."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gcp_storage_emulator.server import create_server

from tests.conftest import demand
from tests.lab import buckets
from tests.lab.aws import lab
from tests.lab.engine import DockerLab


@pytest.fixture
def server(tmp_path: Path, stix_home: Path, safe_world: Path) -> Iterator[buckets.S3Server]:
    """Plays Cloudflare R2; keys lie where its own tools look."""
    demand(buckets.missing())
    with buckets.S3Server(tmp_path / "store") as made:
        stix_home.mkdir(mode=0o700, exist_ok=True)
        settings = {"storage": {"default": "r2", "r2": {"endpoint": made.address}}}
        (stix_home / "config.yaml").write_text(json.dumps(settings))
        keys = safe_world / ".cloudflare" / "r2.credentials"
        keys.parent.mkdir()
        keys.write_text(f"[r2]\naws_access_key_id = {buckets.KEY}\naws_secret_access_key = {buckets.SECRET}\n")
        yield made


def holds(folder: Path, text: str) -> list[Path]:
    """Files below a folder that hold a text; what is mounted there is left out."""
    found = []
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not os.path.ismount(Path(top, name))]
        found += [file for name in names if (file := Path(top, name)).is_file() and text.encode() in file.read_bytes()]
    return found


def test_a_task_reads_one_bucket_and_leaves_its_output_in_another(
    server: buckets.S3Server, task_file: Callable[..., Path], run_stix: Any, ok: Any, stix_home: Path, safe_world: Path
) -> None:
    (server.root / "public" / "set").mkdir(parents=True)
    (server.root / "public" / "set" / "a.txt").write_text("an apple")
    local = safe_world / "local"
    (local / "deep").mkdir(parents=True)
    (local / "deep" / "b.txt").write_text("a bear")
    (local / "left.log").write_text("not sent")
    (local / ".gitignore").write_text("*.log\n")
    mounts = {
        "~/set": "r2://public/set",
        "~/data": {"name": "filled-data", "source": str(local), "mode": "COPY"},
        "~/out": {"name": "passing-out", "persistent": False, "mode": "MOUNT_CACHED"},
    }
    task = task_file(run="cat ~/set/a.txt ~/data/deep/b.txt; ls ~/data; echo 42 > ~/out/answer", file_mounts=mounts)
    out = ok(run_stix("up", "-y", "-c", "b", "--infra", "local", task, timeout=240))
    assert "an apple" in out and "a bear" in out and "left.log" not in out
    assert (server.root / "passing-out" / "answer").read_text() == "42\n"
    listed = {row["name"]: row for row in json.loads(ok(run_stix("storage", "ls", "-o", "json")))}
    assert listed["filled-data"]["persistent"] and not listed["passing-out"]["persistent"]
    assert listed["filled-data"]["address"] == "r2://filled-data" and listed["passing-out"]["cluster"] == "b"
    assert holds(stix_home, buckets.SECRET) == []

    ok(run_stix("stop", "-y", "b"))
    ok(run_stix("start", "-y", "b"))
    again = ok(run_stix("exec", "b", "--", "cat ~/out/answer; echo 43 > ~/out/next", timeout=240))
    assert "42" in again and (server.root / "passing-out" / "next").read_text() == "43\n"

    a_mount_that_is_gone_is_named_and_mended(run_stix, ok, stix_home)
    busy = run_stix("storage", "delete", "-y", "filled-data")
    assert busy.returncode == 6 and "in use by b" in busy.stderr and (server.root / "filled-data").is_dir()
    ok(run_stix("down", "-y", "b"))
    assert not (server.root / "passing-out").exists() and (server.root / "filled-data").is_dir()
    assert [row["name"] for row in json.loads(ok(run_stix("storage", "ls", "-o", "json")))] == ["filled-data"]
    wrong = run_stix("storage", "delete", "-y", "filled-date")
    assert wrong.returncode == 2 and "filled-data" in wrong.stderr
    ok(run_stix("storage", "delete", "-y", "filled-data"))
    assert not (server.root / "filled-data").exists()
    assert not any("stix" in line for line in Path("/proc/mounts").read_text().splitlines() if str(safe_world) in line)


def a_mount_that_is_gone_is_named_and_mended(run_stix: Any, ok: Any, stix_home: Path) -> None:
    (mounted,) = stix_home.glob("local/*/b-0/out")
    subprocess.run(["fusermount3", "-u", "-z", mounted], check=True)
    told = run_stix("doctor", "b", "-o", "json", timeout=240)
    assert told.returncode == 7, told.stderr
    assert [(each["part"], each["node"]) for each in json.loads(told.stdout)["findings"]] == [("bucket", "b-0")]
    assert "Mended: 1 finding." in ok(run_stix("doctor", "b", "--fix", "-y", timeout=240))
    assert (mounted / "answer").read_text() == "42\n"


def test_machines_that_go_send_first_what_is_not_sent_yet(
    server: buckets.S3Server, docker_engine: DockerLab, task_file: Callable[..., Path], run_stix: Any, ok: Any
) -> None:
    fusermount = shutil.which("fusermount3")
    options = ["--network=host", f"--volume={fusermount}:{fusermount}:ro"]
    mount = {"name": "late-out", "mode": "MOUNT_CACHED", "config": {"mount_cached": {"vfs_write_back": "1h"}}}
    late = "echo $NAME > ~/out/$NAME; touch /tmp/$NAME; sleep 600"
    task = task_file(
        run=late, envs={"NAME": "one"}, file_mounts={"~/out": mount}, config={"docker": {"run_options": options}},
        resources={"infra": "docker", "image_id": f"docker:{docker_engine.image}"},
    )  # fmt: skip
    ok(run_stix("up", "-y", "-d", "-c", "b", task, timeout=400))
    wait = "until test -e /tmp/{0}; do sleep 0.1; done"
    docker_engine.docker("exec", docker_engine.docker("ps", "-q").strip(), "sh", "-c", wait.format("one"))
    written = server.root / "late-out"
    assert not (written / "one").exists()
    ok(run_stix("stop", "-y", "b"))
    assert (written / "one").read_text() == "one\n"
    ok(run_stix("start", "-y", "b"))
    ok(run_stix("exec", "-d", "b", "--env", "NAME=two", "--", late))
    docker_engine.docker("exec", docker_engine.docker("ps", "-q").strip(), "sh", "-c", wait.format("two"))
    assert not (written / "two").exists()
    down = run_stix("down", "-y", "b")
    assert ok(down) is not None and (written / "two").read_text() == "two\n" and "not written" not in down.stderr
    assert docker_engine.docker("ps", "-aq") == ""


def test_an_address_that_leads_nowhere_is_said_before_anything_is_made(
    server: buckets.S3Server, task_file: Callable[..., Path], run_stix: Any, clusters: Any
) -> None:
    task = task_file(run="ls", file_mounts={"/data": "ftp://somewhere/x"})
    done = run_stix("up", "-y", "-c", "b", "--infra", "local", task)
    assert done.returncode == 2 and "ftp://somewhere/x" in done.stderr and clusters() == []
    task = task_file(run="ls", file_mounts={"~/data": "r2://nowhere/x"})
    done = run_stix("up", "-y", "-c", "b", "--infra", "local", task)
    assert done.returncode != 0 and "r2://nowhere/x" in done.stderr
    run_stix("down", "-y", "b")


def test_keys_that_are_not_there_are_named(task_file: Callable[..., Path], run_stix: Any) -> None:
    demand(buckets.missing())
    task = task_file(run="ls", file_mounts={"~/data": "r2://some/x"})
    done = run_stix("up", "-y", "-c", "b", "--infra", "local", task)
    assert done.returncode != 0 and "storage.r2.account" in done.stderr
    run_stix("down", "-y", "b")


def test_a_bucket_of_s3_is_made_by_its_collection(
    task_file: Callable[..., Path], run_stix: Any, ok: Any, monkeypatch: pytest.MonkeyPatch, safe_world: Path
) -> None:
    demand(buckets.missing() or lab.missing())
    with lab.AwsLab() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        (safe_world / "model.bin").write_text("weights")
        mount = {"name": "made-of-s3", "source": [str(safe_world / "model.bin")], "store": "s3", "mode": "COPY"}
        task = task_file(run="cat ~/model/model.bin", file_mounts={"~/model": mount})
        assert "weights" in ok(run_stix("up", "-y", "-c", "b", "--infra", "local", task, timeout=240))
        s3 = aws.client("s3")
        assert s3.get_object(Bucket="made-of-s3", Key="model.bin")["Body"].read() == b"weights"
        tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket="made-of-s3")["TagSet"]}
        assert "stix-user" in tags
        ok(run_stix("down", "-y", "b"))
        ok(run_stix("storage", "delete", "-y", "made-of-s3"))
        assert s3.list_buckets()["Buckets"] == []


def test_buckets_of_google_are_copied_and_mounted(
    task_file: Callable[..., Path], run_stix: Any, ok: Any, stix_home: Path
) -> None:
    """By Google's own interface, of an emulator that keeps objects in memory."""
    demand(buckets.missing())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    emulator = create_server("127.0.0.1", port, in_memory=True, default_bucket="data")
    emulator.start()
    try:
        stix_home.mkdir(mode=0o700, exist_ok=True)
        gcs = {"endpoint": f"http://127.0.0.1:{port}/storage/v1/", "credentials": "none"}
        (stix_home / "config.yaml").write_text(json.dumps({"storage": {"gcs": gcs}}))
        stix_home.with_name("in").mkdir()
        (stix_home.with_name("in") / "a.txt").write_text("an apple")
        ok(run_stix("storage", "transfer", str(stix_home.with_name("in")), "gs://data/set"))
        mounts = {"~/set": "gs://data/set", "~/all": {"source": "gs://data", "mode": "MOUNT_CACHED"}}
        task = task_file(run="cat ~/set/a.txt; cat ~/all/set/a.txt > ~/all/out.txt", file_mounts=mounts)
        assert "an apple" in ok(run_stix("up", "-y", "-c", "g", "--infra", "local", task, timeout=240))
        ok(run_stix("down", "-y", "g"))
        ok(run_stix("storage", "transfer", "gs://data", str(stix_home.with_name("out"))))
        assert (stix_home.with_name("out") / "out.txt").read_text() == "an apple"
    finally:
        emulator.stop()


def test_content_goes_from_one_store_to_another_and_back(
    server: buckets.S3Server, run_stix: Any, ok: Any, stix_home: Path, safe_world: Path
) -> None:
    settings = json.loads((stix_home / "config.yaml").read_text())
    settings["storage"]["vastdata"] = {"endpoint": server.address, "credentials_file": str(keys_of_vast(safe_world))}
    (stix_home / "config.yaml").write_text(json.dumps(settings))
    local = safe_world / "data"
    (local / "deep er").mkdir(parents=True)
    for number in range(5):
        (local / "deep er" / f"\u00fc {number}.txt").write_text(str(number))

    first = json.loads(ok(run_stix("storage", "transfer", str(local), "r2://first-one/in", "-o", "json")))
    assert (first["files"], first["bytes"], first["changed"]) == (5, 5, True)
    again = json.loads(ok(run_stix("storage", "transfer", str(local), "r2://first-one/in", "-o", "json")))
    assert (again["files"], again["changed"]) == (0, False), "what is there is not sent again"
    ok(run_stix("storage", "transfer", "r2://first-one/in", "vastdata://second-one"))
    assert (server.root / "second-one" / "deep er" / "\u00fc 4.txt").read_text() == "4"
    assert {row["name"] for row in json.loads(ok(run_stix("storage", "ls", "-o", "json")))} == {
        "first-one",
        "second-one",
    }

    (local / "deep er" / "\u00fc 0.txt").unlink()
    asked = run_stix("storage", "sync", str(local), "vastdata://second-one")
    assert asked.returncode == 2 and (server.root / "second-one" / "deep er" / "\u00fc 0.txt").exists()
    assert "1 deleted" in ok(run_stix("storage", "sync", "-y", str(local), "vastdata://second-one"))
    assert not (server.root / "second-one" / "deep er" / "\u00fc 0.txt").exists()

    (safe_world / "empty").mkdir()
    for source in (str(safe_world / "empty"), "r2://first-one/inn"):
        refused = run_stix("storage", "sync", "-y", source, "vastdata://second-one")
        assert refused.returncode == 2 and "cannot be sent" in refused.stderr
    assert len(list((server.root / "second-one" / "deep er").iterdir())) == 4
    misspelt = run_stix("storage", "transfer", "r2://first-on", "vastdata://third-one")
    assert misspelt.returncode == 2 and "cannot be sent" in misspelt.stderr
    assert not (server.root / "third-one").exists(), "no bucket is made for it"
    for words in (("a", "b"), ("ftp://x/y", "r2://z"), ("r2://x", "r2://x")):
        assert run_stix("storage", "transfer", *words).returncode == 2
    ok(run_stix("storage", "transfer", "vastdata://second-one", str(safe_world / "back")))
    assert (safe_world / "back" / "deep er" / "\u00fc 4.txt").read_text() == "4"
    assert holds(stix_home, buckets.SECRET) == []


def keys_of_vast(folder: Path) -> Path:
    """A file of keys as VAST Data's users have one."""
    file = folder / "vast.credentials"
    file.write_text(f"[vastdata]\naws_access_key_id = {buckets.KEY}\naws_secret_access_key = {buckets.SECRET}\n")
    return file
