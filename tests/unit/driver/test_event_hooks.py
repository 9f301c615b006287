"""Hooks on events: real posts to a real server, real commands, and what of it can go wrong."""

import json
import tempfile
import threading
import time
from pathlib import Path

import pytest

from stix.config.layers import load_layers
from stix.config.show import rows
from stix.config.tree import merge
from stix.driver.event_hooks import Teller, hooks_of
from stix.driver.hook_calls import signature
from stix.errors import UsageError
from stix.model.event_kinds import envelope
from stix.state.store import Store
from tests.lab.webhook import DRIP, SILENCE, Webhook

EVENT = envelope(7, 1.0, "cluster.up", "dev", "dev-1", "r1", {"infra": "local", "num_nodes": 1, "verb": "up"})


@pytest.fixture
def tell(tmp_path):
    """`tell(hook, event...)`: tell them; the sentences for people, and the recorded failures."""

    def run(hook, *events, seconds=60.0):
        said, database = [], tmp_path / "state.db"
        hooks = hooks_of({"hooks": [{"on": ["*"], **hook}]}, tmp_path)
        teller = Teller(hooks, database, said.append)
        for event in events or [EVENT]:
            teller(event)
        teller.finish(seconds)
        return said, [event["data"] for event in Store(database).events()]

    return run


def test_a_post_that_is_refused_for_now_is_repeated_and_signed(tell, tmp_path):
    (tmp_path / "key").write_text("hush\n")
    with Webhook([500]) as webhook:
        assert tell({"url": webhook.url + "/a", "secret_file": "key"}) == ([], [])
    (headers, body), again = webhook.got
    assert again[1] == body and webhook.events == [EVENT, EVENT] and b"hush" not in body
    assert headers["x-stix-signature-256"] == signature(b"hush", body)
    assert headers["x-stix-event"] == "cluster.up" and headers["x-stix-delivery"] == "7"
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize(("status", "posts"), [(404, 1), (302, 1), (503, 2)])
def test_what_will_not_pass_is_tried_once_and_said_once(tell, status, posts):
    with Webhook(always=status) as webhook:
        said, failures = tell({"url": webhook.url + "/t0ken", "retries": 1}, EVENT, {**EVENT, "id": 8})
    assert said == [f"hook 127.0.0.1 was not told of cluster.up: it answered {status}"]
    assert [(each["event"], each["tries"]) for each in failures] == [(7, posts), (8, 1)]
    assert len(webhook.got) == posts + 1 and "t0ken" not in json.dumps(failures)


def test_one_that_hangs_or_is_not_there_holds_nobody_up_for_long(tell):
    with Webhook(always=SILENCE) as webhook:
        said, _ = tell({"url": webhook.url, "timeout": 0.2, "retries": 0})
        assert said == ["hook 127.0.0.1 was not told of cluster.up: it did not answer within 0.2 s"]
        began = time.monotonic()
        said, failures = tell({"url": webhook.url, "timeout": 50}, *[EVENT] * 3, seconds=0.5)
        assert time.monotonic() - began < 40 and [each["event"] for each in failures[1:]] == [7, 7, 7]
    said, _ = tell({"url": webhook.url, "retries": 0})
    assert said == ["hook 127.0.0.1 was not told of cluster.up: Connection refused"]


def test_one_that_drips_its_answer_has_no_longer(tell):
    with Webhook([DRIP]) as webhook:
        said, failures = tell({"url": webhook.url, "timeout": 1, "retries": 0}, EVENT, {**EVENT, "id": 8})
    assert said == ["hook 127.0.0.1 was not told of cluster.up: it did not answer within 1 s"]
    assert [each["event"] for each in failures] == [7] and len(webhook.got) == 2


def test_a_command_that_has_no_temporary_file_fails_and_the_next_hook_is_told(tell, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "none"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    said, failures = tell({"command": ["true"]}, EVENT, {**EVENT, "id": 8})
    assert said == ["hook true was not told of cluster.up: it cannot be started: No such file or directory"]
    assert [each["event"] for each in failures] == [7, 8]


def test_what_a_command_complains_of_shows_no_secret(tell):
    said, _ = tell({"command": ["sh", "-c", "echo curl -u me:hush https://x; exit 3"]})
    assert "hush" not in said[0]
    said, _ = tell({"command": ["sh", "-c", "echo curl -u me:hush https://x >&2; exit 3"]})
    assert said[0].endswith("curl -u me:(hidden) https://x")


def test_a_key_that_cannot_be_read_or_is_empty_posts_nothing(tell, tmp_path):
    (tmp_path / "empty").touch()
    with Webhook() as webhook:
        for name, words in (("none", "cannot be read"), ("empty", "is empty")):
            said, _ = tell({"url": webhook.url, "secret_file": name})
            assert words in said[0]
    assert webhook.got == []


def test_a_command_gets_the_event_and_little_else(tell, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    out = tmp_path / "out"
    assert tell({"command": ["sh", "-c", f"cat > {out}; env > {out}.env"]}) == ([], [])
    assert json.loads(out.read_text()) == EVENT
    environment = Path(f"{out}.env").read_text()
    assert (
        "STIX_EVENT=cluster.up\n" in environment and "STIX_CLUSTER=dev\n" in environment and "hush" not in environment
    )


def test_a_command_that_fails_hangs_or_is_not_there(tell, tmp_path):
    said, failures = tell({"command": ["sh", "-c", "echo no room >&2; exit 3"], "name": "pager"})
    assert said == ["hook pager was not told of cluster.up: it ended with exit code 3: no room"]
    assert failures[0]["hook"] == "pager" and failures[0]["kind"] == "cluster.up"
    pid = tmp_path / "pid"
    said, _ = tell({"command": ["sh", "-c", f"sleep 600 & echo $! > {pid}; wait"], "timeout": 1})
    assert "did not end within 1 s" in said[0]
    child = Path("/proc", pid.read_text().strip(), "stat")
    assert not child.exists() or child.read_text().split()[2] == "Z"
    said, _ = tell({"command": ["/no/such/program"]})
    assert "cannot be started: No such file or directory" in said[0]


def test_hooks_hear_what_they_asked_for_in_order(tmp_path):
    with Webhook() as webhook:
        hooks = hooks_of({"hooks": [{"on": ["job.*", "cluster.up"], "url": webhook.url}]}, tmp_path)
        teller = Teller(hooks, tmp_path / "state.db", print)
        for number, kind in enumerate(("cluster.up", "cluster.down", "job.started", "job.failed", "node.lost")):
            teller({**EVENT, "id": number, "kind": kind})
        teller.finish()
    assert [event["id"] for event in webhook.events] == [0, 2, 3]


def test_a_teller_goes_on_after_it_had_nothing_to_do(tmp_path):
    with Webhook() as webhook:
        teller = Teller(hooks_of({"hooks": [{"on": "*", "url": webhook.url}]}, tmp_path), tmp_path / "state.db", print)
        for _ in range(2):
            teller(EVENT)
            teller.finish()
        assert len(webhook.got) == 2 and not [each for each in threading.enumerate() if each.name == "hooks"]


WRONG = [
    ({"hooks": [{"url": "http://x"}]}, "on"),
    ({"hooks": [{"on": ["cluster.upp"], "url": "http://x"}]}, "did you mean 'cluster.up'"),
    ({"hooks": [{"on": []}]}, "on"),
    ({"hooks": [{"on": ["*"]}]}, "either 'url' or 'command'"),
    ({"hooks": [{"on": ["*"], "url": "http://x", "command": ["a"]}]}, "either 'url' or 'command'"),
    ({"hooks": [{"on": ["*"], "url": "ftp://hush"}]}, "begins with http"),
    *[({"hooks": [{"on": ["*"], "url": f"http://{host}/hush"}]}, "host or port") for host in ("[", ":80", "x:a")],
    ({"hooks": [{"on": ["*"], "command": "a"}]}, "list"),
    ({"hooks": [{"on": ["*"], "command": ["a"], "secret_file": "k"}]}, "go with 'url'"),
    ({"hooks": [{"on": ["*"], "command": ["a"], "timeout": 0}]}, "timeout"),
    ({"hooks": {"on": ["*"]}}, "list"),
    ({"hook": []}, "hooks"),
]


@pytest.mark.parametrize(("settings", "words"), WRONG)
def test_wrong_settings_are_named(settings, words, tmp_path):
    (tmp_path / "config.yaml").write_text(json.dumps({"events": settings}))
    with pytest.raises(UsageError) as raised:
        load_layers(tmp_path / "config.yaml")
    assert raised.value.code == "config.invalid" and words in f"{raised.value.message} {raised.value.hint}"
    assert "hush" not in raised.value.message


SETTINGS = """
events:
  hooks:
  - on: job.*
    command: [/bin/tell]
  - {on: [cluster.up], url: "https://chat.example.com/t0ken", secret_file: key}
"""


def test_settings(tmp_path):
    (tmp_path / "config.yaml").write_text(SETTINGS)
    config = merge(load_layers(tmp_path / "config.yaml"))
    first, second = hooks_of(config.values["events"], tmp_path)
    assert (first.on, first.name, first.timeout) == (("job.*",), "tell", 30)
    assert (second.name, second.retries, second.secret_file) == ("chat.example.com", 3, str(tmp_path / "key"))
    assert "t0ken" not in str([each.value for each in rows(config)]) and "job.*" in str(rows(config))


def test_a_projects_file_has_no_hooks(tmp_path, monkeypatch):
    (tmp_path / ".stix.yaml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="'events' cannot be set by a project's file"):
        load_layers(tmp_path / "config.yaml")
