"""Events of real runs on this machine: recorded, followed, told to a server and a command, as the schema says."""

import asyncio
import importlib.util
import json
import sys
import time
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from stix.spec.event_reference import schema
from tests.lab.webhook import SILENCE, Webhook

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "extensions" / "eda" / "plugins" / "event_source" / "events.py"
VALIDATOR = Draft202012Validator(schema())


@pytest.fixture
def eventually():
    """`eventually(read)`: the first true thing that `read` gives, within a minute."""

    def wait(read):
        deadline = time.monotonic() + 60
        while not (found := read()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return found

    return wait


def test_a_launch_is_told_to_all_and_no_hook_fails_it(
    run_stix, ok, spawn, task_file, stix_home, safe_world, eventually
):
    told = safe_world / "told"
    with Webhook([500]) as good, Webhook(always=SILENCE) as silent:
        hooks = [
            {"on": ["cluster.*", "job.*"], "url": good.url, "secret_file": "key"},
            {"on": ["cluster.up"], "url": f"{silent.url}/t0ken", "timeout": 0.5, "retries": 0},
            {"on": ["job.submitted"], "command": ["sh", "-c", f"cat > {told}"]},
        ]
        stix_home.mkdir()
        (stix_home / "key").write_text("hush")
        (stix_home / "config.yaml").write_text(json.dumps({"events": {"hooks": hooks}}))
        follower = spawn("events", "-f", "-o", "json", "--interval", "1", "--on", "job.*", "--on", "cluster.down")
        task = task_file(
            name="greet", run="echo $TOKEN", secrets={"TOKEN": "pl4nted-s3cret"}, resources={"infra": "local"}
        )
        up = run_stix("up", task, "-c", "dev", "-y")
        assert up.returncode == 0 and "pl4nted-s3cret" in up.stdout
        said = "hook 127.0.0.1 was not told of cluster.up: it did not answer within 0.5 s"
        assert up.stderr.count("was not told") == 1 and said in up.stderr and "t0ken" not in up.stderr
        ok(run_stix("exec", "dev", "-d", "--", "exit 3"))
        read = (json.loads(line) for line in follower.stdout)
        followed = [next(read) for _ in range(6)]  # the end of the second job is seen by the follower alone
        ok(run_stix("down", "dev", "-y"))
        followed.append(next(read))
        eventually(lambda: len(good.got) == 11)  # the follower may tell a little later than it prints

    kinds = ["cluster.launching", "cluster.up", "job.submitted", "job.started", "job.finished"]
    ended = ["job.submitted", "job.started", "job.failed", "cluster.removing", "cluster.down"]
    text = ok(run_stix("events", "-o", "json"))
    events = [json.loads(line) for line in text.splitlines()]
    assert [event["kind"] for event in events if event["kind"] != "hook.failed"] == kinds + ended
    posted = [event for event in good.events[1:] if event != good.events[0]]
    assert sorted(event["id"] for event in [*posted, good.events[0]]) == [
        event["id"] for event in events if event["kind"] != "hook.failed"
    ]
    assert followed == [
        event for event in events if event["kind"].startswith("job.") or event["kind"] == "cluster.down"
    ]
    assert [(event["data"]["kind"], event["data"]["reason"]) for event in events if event["kind"] == "hook.failed"] == [
        ("cluster.up", "it did not answer within 0.5 s")
    ]
    assert json.loads(told.read_text())["data"]["job_id"] == 2

    files = [json.loads(line) for file in stix_home.glob("runs/*/events.jsonl") for line in file.open()]
    for event in [*events, *files]:
        VALIDATOR.validate(event)
    of_runs = [event for event in events if event["run"] and event["kind"] != "hook.failed"]
    assert [event for event in files if event["id"]] and all(event in files for event in of_runs)
    assert "pl4nted" not in text + json.dumps(files) + json.dumps(good.events)

    shown = ok(run_stix("events", "--on", "job.failed"))
    assert "job 2" in shown and "FAILED" in shown and len(shown.splitlines()) == 1
    wrong = run_stix("events", "--on", "job.faild")
    assert wrong.returncode == 2 and "did you mean 'job.failed'?" in wrong.stderr
    follower.send_signal(2)
    assert follower.wait(timeout=60) == 130 and follower.stderr.read() == ""


def test_a_rulebook_hears_of_it(run_stix, ok, stix_home, safe_world):
    specification = importlib.util.spec_from_file_location("event_source", SOURCE)
    source = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(source)
    command = safe_world / "stix"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -u -m stix "$@"\n')
    command.chmod(0o755)
    position = safe_world / "position"
    args = {"command": str(command), "kinds": ["cluster.launching", "cluster.down"], "position_file": str(position)}
    task = ("up", "-c", "dev", "-y", "-d", "--infra", "local", "--", "true")

    async def hear(number: int, *words: str) -> list[dict]:
        queue: asyncio.Queue = asyncio.Queue()
        listener = asyncio.create_task(source.main(queue, args))
        try:
            if words:
                ok(await asyncio.to_thread(run_stix, *words))
            return [await asyncio.wait_for(queue.get(), 60) for _ in range(number)]
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)

    position.write_text("0\n")
    (event,) = asyncio.run(hear(1, *task))
    assert (event["kind"], event["cluster"], int(position.read_text())) == ("cluster.launching", "dev", event["id"])
    ok(run_stix("down", "dev", "-y"))
    (later,) = asyncio.run(hear(1))  # where it left off
    assert later["kind"] == "cluster.down" and later["id"] > event["id"]
