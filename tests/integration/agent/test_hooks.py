"""The user's scripts before machines stop, go, or are taken away, run by real agents."""

import json
import time

from tests.integration.agent.agents import eventually
from tests.lab.metadata import metadata_service


def hook(run, *events, timeout=30):
    return {"run": run, "events": list(events), "timeout": timeout}


def hooks_over(head, event):
    return eventually(lambda: not (found := head.call("run_hooks", event=event, look=True))["running"] and found)


def test_hooks_run_in_their_order_and_what_fails_is_told(cluster):
    told = 'echo "$STIX_HOOK_EVENT:$STIX_HOOK_REASON" >> $HOME/told-$TEAM; pwd'
    hooks = [
        hook(told, "stop", "down") | {"envs": {"TEAM": "vision", "STIX_HOOK_EVENT": "no"}},
        hook("echo lost; exit 3", "stop"),
        hook("echo never > $HOME/no", "down"),
    ]
    head = cluster(hooks=hooks)[0]
    assert head.call("run_hooks", event="stop", reason="stix stop")["running"]
    found = hooks_over(head, "stop")
    assert [(each["hook"], each["exit_code"], each["timed_out"]) for each in found["results"]] == [
        (1, 0, False),
        (2, 3, False),
    ]
    assert (head.user_home / "told-vision").read_text() == "stop:stix stop\n"
    assert found["results"][1]["output"] == "lost"
    assert (head.home / "hooks/stop-0.log").read_text().strip() == str(head.user_home)
    assert not (head.user_home / "no").exists()
    event = head.call("events")["events"][0]
    assert (event["kind"], event["data"]["results"]) == ("hooks", found["results"])


def test_a_hook_that_hangs_is_ended_with_all_it_started(cluster):
    head = cluster(hooks=[hook("setsid sleep 300 & trap '' TERM; sleep 300", "down", timeout=1)])[0]
    head.call("run_hooks", event="down")
    found = hooks_over(head, "down")
    assert found["results"][0]["timed_out"] and found["results"][0]["seconds"] < 30
    eventually(lambda: head.processes() == [])


def test_autostop_runs_hooks_before_the_machine_goes(cluster, tmp_path):
    gone = tmp_path / "gone"
    words = ["/bin/sh", "-c", f"touch {gone}"]
    saved = f"test ! -e {gone} && echo $STIX_HOOK_EVENT > $HOME/saved"
    head = cluster(hooks=[hook(saved, "down"), hook("exit 1", "down")], down_command=words)[0]
    head.call("autostop", idle_minutes=0.01, down=True)
    eventually(gone.exists)
    assert (head.user_home / "saved").read_text() == "down\n"
    assert json.loads((head.home / "autostop.json").read_text())["event"] == "down"


def test_a_job_that_comes_while_hooks_run_keeps_the_machine(cluster, tmp_path):
    gone, began = tmp_path / "gone", tmp_path / "began"
    hooks = [hook(f"touch {began}; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done", "stop")]
    head = cluster(stop_command=["/bin/sh", "-c", f"touch {gone}"])[0]
    assert head.call("hooks", hooks=hooks) == {"hooks": hooks}  # set by hand, and kept over a restart
    head.install(state_hash="two", log_files=4)
    assert head.call("hooks") == {"hooks": hooks}
    head.call("autostop", idle_minutes=0.01)
    eventually(began.exists)
    job = head.submit("while [ ! -e $HOME/end ]; do sleep 0.05; done")
    head.wait(job, until=("RUNNING",))
    (tmp_path / "go").touch()
    hooks_over(head, "stop")
    time.sleep(1)
    assert not gone.exists() and head.job(job)["status"] == "RUNNING"
    (head.user_home / "end").touch()
    eventually(gone.exists)


def test_hooks_run_within_a_notices_time(cluster):
    with metadata_service("aws") as service:
        script = "echo $STIX_HOOK_SECONDS > $HOME/seconds; test -s $STIX_PREEMPTION_FILE || exit 9; sleep 300"
        head = cluster(preemption=service.setting, hooks=[hook(script, "preemption", timeout=3600)])[0]
        service.preempt(6)
        eventually(lambda: head.call("run_hooks", event="preemption", look=True)["results"])
        result = hooks_over(head, "preemption")["results"][0]
        assert result["timed_out"] and int((head.user_home / "seconds").read_text()) <= 5


def test_wrong_hooks_are_refused(cluster):
    head = cluster()[0]
    assert head.ask("hooks", hooks=[hook("ls", "boot")])["error"]["code"] == "config.invalid"
    assert head.ask("hooks", hooks=[{"run": "ls"}])["error"]["code"] == "config.invalid"
    assert head.ask("run_hooks", event="boot")["error"]["code"] == "config.invalid"
    answer = head.verb("install", data=json.dumps({**head.config, "preemption": {"provider": "moon"}}).encode())
    assert answer["error"]["code"] == "config.invalid" and "moon" in answer["error"]["message"]
