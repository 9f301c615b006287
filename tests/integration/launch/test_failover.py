"""Where a launch goes when places have nothing: the path, what is kept of it, what later launches pass over."""

import json
import os
import signal
from collections.abc import Iterator

import pytest

from tests.conftest import demand
from tests.lab.aws import lab

NO_ROOM = {"action": "RunInstances", "code": "InsufficientInstanceCapacity", "status": 500}


@pytest.fixture(scope="module")
def account() -> Iterator[lab.AwsLab]:
    """An account whose machines are only described."""
    demand(lab.missing())
    with lab.AwsLab() as account:
        yield account


@pytest.fixture
def aws(account: lab.AwsLab, monkeypatch: pytest.MonkeyPatch) -> lab.AwsLab:
    """The account, with the environment leading to it."""
    account.refuse_nothing()
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    return account


def story(run_stix, ok, name="dev"):
    return json.loads(ok(run_stix("why", name, "-o", "json")))


def test_zones_then_offers_by_price_and_all_of_it_is_kept(aws, run_stix, ok, task_file):
    ok(run_stix("check", "aws"))
    aws.refuse(NO_ROOM)
    kinds = [{"instance_type": "m5.large"}, {"instance_type": "t3.large"}]
    task = task_file(run="true", resources={"infra": "aws/us-east-1", "any_of": kinds})
    planned = json.loads(ok(run_stix("plan", "-c", "dev", task, "--all", "-o", "json")))["candidates"]
    assert [place["instance"] for place in planned] == ["t3.large", "m5.large"], "by price"

    done = run_stix("up", "-y", "-c", "dev", task)
    assert done.returncode == 3, done.stderr
    found = story(run_stix, ok)
    assert not found["exists"] and found["error"]["code"] == "provision.no_capacity"
    assert [attempt["instance"] for attempt in found["attempts"]] == ["t3.large", "m5.large"]
    for attempt, place in zip(found["attempts"], planned, strict=True):
        assert [zone["zone"] for zone in attempt["zones"]] == place["zones"], "each zone, in the plan's order"
        assert {zone["provider_code"] for zone in attempt["zones"]} == {"InsufficientInstanceCapacity"}
        assert attempt["left"] == "removed" and attempt["seconds"] > 0
    lines = [line for line in done.stderr.splitlines() if "provision.no_capacity, " in line]
    tried = [f"aws/us-east-1/{zone}" for place in planned for zone in place["zones"]]
    assert [line.split(": ")[0].strip() for line in lines] == tried, "a line for each"
    shown = ok(run_stix("why", "dev"))
    assert "There is no cluster 'dev' now" in shown and shown.count("InsufficientInstanceCapacity") >= len(tried)
    assert [each["instance"] for each in found["chosen"]["candidates"]] == ["t3.large", "m5.large"]
    assert aws.instances() == []
    unknown = run_stix("why", "dov")
    assert unknown.returncode == 1 and "dev" not in unknown.stdout


def test_later_launches_pass_over_what_had_nothing(aws, run_stix, ok):
    ok(run_stix("check", "aws"))
    aws.refuse({"action": "RunInstances", "code": "VcpuLimitExceeded"})
    words = ("plan", "-c", "other", "--infra", "aws", "-t", "m5.large", "-o", "json")
    best = json.loads(ok(run_stix(*words)))["candidates"][0]["infra"]
    done = run_stix("up", "-y", "-c", "dev", "--infra", best, "-t", "m5.large", "--", "true")
    assert done.returncode == 4, done.stderr
    [listed] = json.loads(ok(run_stix("skips", "-o", "json")))
    assert (listed["infra"], listed["name"], listed["code"]) == (best, "m5.large", "provision.quota")
    assert 0 < listed["seconds_left"] <= 1800

    plan = json.loads(ok(run_stix(*words)))
    assert plan["infra"] != best
    assert [note for note in plan["notes"] if note.startswith(f"{best} had no quota for m5.large")], plan["notes"]
    only = json.loads(ok(run_stix("plan", "-c", "other", "--infra", best, "-t", "m5.large", "-o", "json")))
    assert only["infra"] == best, "where nothing else is left they are tried"
    assert json.loads(ok(run_stix(*words, "--ignore-skips")))["infra"] == best

    assert best in ok(run_stix("skips"))
    assert "Forgot 1 entry." in ok(run_stix("skips", best, "--clear"))
    assert json.loads(ok(run_stix(*words)))["infra"] == best


def test_a_refused_account_is_passed_over_until_a_check_finds_it_good(aws, run_stix, ok):
    ok(run_stix("check", "aws"))
    aws.refuse({"action": "RunInstances", "code": "UnauthorizedOperation"})
    done = run_stix("up", "-y", "-r", "-c", "dev", "--infra", "aws", "-t", "m5.large", "--", "true")
    assert done.returncode == 5, "it is not tried again: a permission does not come by waiting"
    [entry] = json.loads(ok(run_stix("skips", "-o", "json")))
    assert (entry["infra"], entry["name"], entry["seconds_left"]) == ("aws", "", None)
    aws.refuse_nothing()
    ok(run_stix("check", "aws"))
    assert json.loads(ok(run_stix("skips", "-o", "json"))) == []


def test_a_launch_that_is_tried_again_and_again_ends_with_ctrl_c(aws, spawn, run_stix, ok, stix_home):
    ok(run_stix("check", "aws"))
    aws.refuse({"action": "RunInstances", "code": "VcpuLimitExceeded"})
    (stix_home / "config.yaml").write_text("retry_seconds: 0.1\n")
    process = spawn("up", "-y", "-r", "-c", "dev", "--infra", "aws/us-east-1", "-t", "m5.large", "--", "true")
    again = []
    for line in process.stderr:
        again += [line] if "--retry-until-up" in line else []
        if len(again) == 2:
            break
    assert "try 2 in" in again[0] and "try 3 in" in again[1]
    os.kill(process.pid, signal.SIGINT)
    _, text = process.communicate(timeout=60)
    assert process.returncode == 130 and aws.instances() == [], text
