"""Several places make machines at the same time: one wins, the others leave nothing, however the driver ends."""

import hashlib
import json
import time

import pytest

from tests.conftest import demand
from tests.lab.aws import lab

IMAGE = "docker:stix-test/debian"


@pytest.fixture
def contexts(docker_engine, safe_world):
    """Two docker contexts, `left` and `right`, that lead to the same engine."""
    for name in ("left", "right"):
        folder = safe_world / ".docker" / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
        folder.mkdir(parents=True)
        endpoints = {"docker": {"Host": docker_engine.host, "SkipTLSVerify": False}}
        (folder / "meta.json").write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": endpoints}))
    return docker_engine


@pytest.fixture
def racing(task_file):
    """The words of an `up` that races both contexts."""
    places = [{"infra": "docker/left"}, {"infra": "docker/right"}]
    task = task_file(num_nodes=2, run="echo got it", resources={"image_id": IMAGE, "any_of": places})
    return ("up", "-y", "-c", "dev", "--race", "2", task)


def ids(engine):
    """Cluster ids of the containers there are, and networks of ours."""
    shown = engine.docker("ps", "-a", "--filter", "label=stix.cluster=dev", "--format", '{{.Label "stix.cluster_id"}}')
    networks = engine.docker("network", "ls", "--filter", "label=stix.cluster=dev", "--format", "{{.Name}}").split()
    return shown.split(), networks


def test_the_first_wins_and_the_other_is_gone(contexts, racing, run_stix, ok, clusters):
    plan = json.loads(ok(run_stix("plan", *racing[2:], "-o", "json")))
    assert plan["races"] == ["docker/right"] and any(
        "races docker/left, docker/right" in note for note in plan["notes"]
    )
    done = run_stix(*racing)
    assert ok(done).count("got it") == 2
    [cluster] = clusters()
    assert f"{cluster['infra']} has its machines first" in done.stderr
    assert ids(contexts) == ([cluster["cluster_id"]] * 2, [f"stix-{cluster['cluster_id']}"])
    assert "dev" in ok(run_stix("why", "dev"))
    ok(run_stix("down", "-y", "dev"))
    assert ids(contexts) == ([], [])


@pytest.mark.parametrize("then", ["up", "down"])
def test_a_race_that_is_killed_is_settled_by_the_next_command(
    then, contexts, racing, spawn, kill_in, run_stix, ok, clusters
):
    assert kill_in(spawn(*racing), "provision")
    words = racing if then == "up" else ("down", "-y", "dev")
    ok(run_stix(*words))
    if then == "down":
        assert ids(contexts) == ([], []) and clusters() == []
        return
    [cluster] = clusters()
    assert cluster["status"] == "UP"
    assert ids(contexts) == ([cluster["cluster_id"]] * 2, [f"stix-{cluster['cluster_id']}"])


def test_what_a_cancelled_region_still_makes_is_collected(docker_engine, monkeypatch, run_stix, ok, clusters):
    """A create that is on its way when its driver is cancelled may show its machine after all was cleared away."""
    demand(lab.missing())
    with lab.AwsLab(docker_engine) as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        ok(run_stix("check", "aws"))
        plan = ("-c", "dev", "--infra", "aws", "-t", "m6i.large", "--race", "2", "--", "echo ran")
        first = json.loads(ok(run_stix("plan", "-o", "json", *plan)))["infra"]
        region = first.partition("/")[2]
        aws.refuse({"action": "RunInstances", "region": region, "delay": 25})
        assert "ran" in ok(run_stix("up", "-y", *plan))
        [cluster] = clusters()
        assert cluster["infra"] != first
        late = time.monotonic() + 27
        while not aws.instances(region) and time.monotonic() < late:
            time.sleep(0.5)
        left = json.loads(ok(run_stix("gc", "--infra", first, "-y", "-o", "json")))
        assert all(row["done"] for row in left) and aws.instances(region) == []
        ok(run_stix("down", "-y", "dev"))
        assert aws.instances(cluster["infra"].partition("/")[2]) == []
