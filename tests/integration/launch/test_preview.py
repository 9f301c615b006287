"""`stix plan --check` plays a launch in check mode: it says what would change, and changes nothing."""

import json
import sqlite3

IMAGE = "docker:stix-test/debian"


def record(stix_home):
    """The whole state database, as text."""
    with sqlite3.connect(f"file:{stix_home}/state.db?mode=ro", uri=True) as database:
        return list(database.iterdump())


def engine(docker):
    """What the engine has: containers and their states, networks, volumes; and all files that containers changed."""
    words = (("ps", "-a", "--format", "{{.ID}} {{.State}}"), ("network", "ls"), ("volume", "ls", "-q"))
    files = [sorted(docker("diff", key).splitlines()) for key in docker("ps", "-q").split()]
    return [docker(*each) for each in words], files


def test_a_launch_in_check_mode(docker_engine, task_file, run_stix, ok, stix_home, safe_world):
    docker = docker_engine.docker
    (safe_world / "code").mkdir()
    (safe_world / "code" / "main.py").write_text("print('one')\n")
    keys = {"name": "small", "workdir": str(safe_world / "code"), "run": "python3 main.py; sleep 0.$TOKEN"}
    place = {"infra": "docker", "image_id": IMAGE}
    task = task_file(**keys, secrets={"TOKEN": "12345678"}, resources=place)

    def check(*words):
        """The preview, once it is sure that it changed nothing."""
        before = record(stix_home), engine(docker)
        plan = json.loads(ok(run_stix("plan", "--check", "-c", "box", "-o", "json", *words)))
        assert (record(stix_home), engine(docker)) == before
        assert "12345678" not in json.dumps(plan)
        changes = {(each["step"], each["host"], each["action"]): each for each in plan["check"]["changes"]}
        return changes, [(each["host"], each["why"]) for each in plan["check"]["not_previewable"]]

    ok(run_stix("status"))  # makes the database
    fresh, unseen = check(task)
    assert ("provision", "localhost", "stix.core.docker_machines") in fresh
    assert unseen == [("box-0", "machine does not exist")]
    ok(run_stix("up", "-y", "-c", "box", task))

    (safe_world / "code" / "main.py").write_text("print('two')\n")
    changes, unseen = check(task)
    assert unseen == [] and {key[2] for key in changes} == {"stix.core.sync_tree", "stix.core.submit_job"}
    assert "1 file" in changes["up", "box-0", "stix.core.sync_tree"]["diff"][0]["after"]
    shown = ok(run_stix("plan", "--check", "-c", "box", "-i", "7", task))
    assert "Install the agent" in shown and "set otherwise: autostop" in shown

    docker("stop", "-t", "1", *docker("ps", "-q").split())
    ok(run_stix("status", "--refresh"))
    changes, unseen = check(task)
    assert "running" in changes["provision", "localhost", "stix.core.docker_machines"]["diff"][0]["after"]
    assert unseen == [("box-0", "machine is stopped")]
