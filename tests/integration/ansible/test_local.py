"""Roles on this machine: the second run changes nothing, check mode is honest, nothing else is touched."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.ansible.conftest import Play
from tests.integration.ansible.inventories import cluster, from_instances, token
from tests.lab.git_server import GitServer

WANTED = [{"name": "demo-0", "rank": 0}, {"name": "demo-1", "rank": 1}]


@pytest.fixture
def cloud(safe_world: Path) -> dict[str, Any]:
    return {"stix_wanted_nodes": WANTED, "cloud_local_root": str(safe_world / "local")}


@pytest.fixture
def workdir(safe_world: Path) -> Path:
    folder = safe_world / "project"
    folder.mkdir()
    (folder / "train.py").write_text("print('trained')\n")
    (folder / ".gitignore").write_text("*.log\n")
    (folder / "old.log").write_text("left out\n")
    return folder


def test_verbs_make_look_at_stop_and_remove(play: Play, cloud: dict[str, Any], safe_world: Path) -> None:
    inventory = cluster("local", cloud=cloud)
    root = safe_world / "local"

    tried = play("provision", inventory, check=True)
    assert tried.rc == 0 and tried.changed() and not root.exists()

    made = play("provision", inventory)
    [instances] = made.reported("instances")
    assert [(node["name"], node["rank"], node["state"]) for node in instances] == [
        ("demo-0", 0, "running"),
        ("demo-1", 1, "running"),
    ]
    assert instances[0]["agent_port"] == instances[1]["agent_port"] > 0
    assert play("provision", inventory).changed() == []
    assert play("query", inventory).reported("instances") == [instances]

    assert play("stop", inventory, check=True).changed()
    assert play("stop", inventory).changed()
    assert play("stop", inventory).changed() == []
    assert [node["state"] for node in play("query", inventory).reported("instances")[0]] == ["stopped", "stopped"]
    assert play("provision", inventory).reported("instances") == [instances]

    bystander = root / "other" / "file"
    bystander.parent.mkdir()
    bystander.write_text("not ours")
    assert play("terminate", inventory, check=True).changed() and (root / "demo-1f3a9c").is_dir()
    assert play("terminate", inventory).changed()
    assert play("terminate", inventory).changed() == []
    assert [path.name for path in root.iterdir()] == ["other"] and bystander.read_text() == "not ours"


def _a_difference_is_told(play: Play, inventory: dict[str, Any]) -> None:
    settings = inventory["all"]["children"]["stix_nodes"]["vars"]
    settings["skylet_log_files"] = 4
    seen = play("doctor", inventory)  # without the option --check
    assert seen.rc == 0 and seen.changed() == ["Install the agent"] * 2, seen.results
    for told in seen.reported("node"):
        assert told["agent"]["differs"] == ["log_files"] and abs(told["clock_skew"]) < 1
    del settings["skylet_log_files"]
    assert play("doctor", inventory).changed() == []


def test_up_twice_changes_nothing_and_runs_two_modules_on_the_head(
    play: Play, cloud: dict[str, Any], workdir: Path, safe_world: Path
) -> None:
    [instances] = play("provision", cluster("local", cloud=cloud)).reported("instances")
    inventory = cluster(
        "local",
        nodes=from_instances(instances),
        cloud=cloud,
        node={
            **token(safe_world),
            "skylet_port": instances[0]["agent_port"],
            "files_workdir": str(workdir),
            "files_mounts": {"~/data/one.txt": str(workdir / "train.py")},
        },
        head={"job_run": "python3 train.py; cat ~/data/one.txt", "job_num_nodes": 2, "job_submission_id": "first"},
    )

    tried = play("up", inventory, check=True)
    assert tried.rc == 0, tried.results
    assert set(tried.changed()) == {"Install the agent", "Bring the workdir and the file mounts", "Submit the job"}
    homes = [Path(instance["id"]) for instance in instances]
    assert not any(any(home.iterdir()) for home in homes) and not (safe_world / "token").exists()

    first = play("up", inventory)
    assert first.rc == 0, first.errors()
    assert len(first.module_runs("demo-0")) <= 6  # and `prepare` has six before it: twelve at most
    assert sorted(node["rank"] for node in first.reported("node")) == [0, 1]
    assert all(node["cpus"] and node["memory"] and node["agent"]["alive"] for node in first.reported("node"))
    assert [(tree["target"], tree["files"]) for tree in first.reported("sync")[0]] == [
        ("sky_workdir", 2),
        ("~/data/one.txt", 1),
    ]
    assert first.reported("job") == [{"job_id": 1, "submission_id": "first", "created": True}]
    assert (safe_world / "token").stat().st_mode & 0o777 == 0o600
    assert len((safe_world / "token").read_text().strip()) == 43
    assert sorted(path.name for path in (homes[1] / "sky_workdir").iterdir()) == [".gitignore", "train.py"]

    second = play("up", inventory)
    assert second.changed() == []
    assert second.reported("job") == [{"job_id": 1, "submission_id": "first", "created": False}]
    assert [run.rpartition(".")[2] for run in second.module_runs("demo-0")] == ["node_state", "submit_job"]
    assert [run.rpartition(".")[2] for run in second.module_runs("demo-1")] == ["node_state"]

    _a_difference_is_told(play, inventory)

    (workdir / "train.py").write_text("print('better')\n")
    third = play("sync", inventory)
    assert third.changed() == ["Bring the workdir and the file mounts"] * 2
    assert play("sync", inventory).changed() == []
    assert (homes[0] / "sky_workdir" / "train.py").read_text() == "print('better')\n"

    _wait_for(homes[0], 1)
    inventory["all"]["children"]["stix_head"]["vars"]["job_log_folder"] = str(safe_world / "logs")
    assert play("logs", inventory).rc == 0
    assert (safe_world / "logs" / "1.log").read_text().count("trained") >= 1

    assert play("terminate", inventory).rc == 0
    assert not homes[0].exists()


def test_terminate_kills_what_a_dead_agent_left(play: Play, cloud: dict[str, Any], safe_world: Path) -> None:
    [instances] = play("provision", cluster("local", cloud=cloud)).reported("instances")
    home = instances[0]["connection"]["skylet_user_home"]
    orphan = subprocess.Popen(["sleep", "600"], env={**os.environ, "HOME": home}, start_new_session=True)
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        assert play("terminate", cluster("local", cloud=cloud)).rc == 0
        assert orphan.wait(timeout=60) == -signal.SIGTERM
        assert stranger.poll() is None
    finally:
        stranger.kill()
        orphan.kill()


def test_secrets_come_from_their_file_and_are_shown_nowhere(
    play: Play, cloud: dict[str, Any], safe_world: Path
) -> None:
    [instances] = play("provision", cluster("local", cloud=cloud)).reported("instances")
    nodes = dict(list(from_instances(instances).items())[:1])
    path = safe_world / "secrets.json"
    head = {"job_run": 'test -n "$WORD"', "job_secret_names": ["WORD"], "job_secrets_file": str(path)}
    inventory = cluster("local", nodes=nodes, cloud=cloud, node=token(safe_world), head=head)

    refused = play("up", inventory)
    assert refused.error["code"] == "secrets.missing" and refused.error["details"]["names"] == ["WORD"]

    path.touch(mode=0o600)
    path.write_text(json.dumps({"WORD": "planted-4711"}))
    assert play("run_job", inventory).reported("job")[0]["created"]
    path.unlink()
    written = [file for file in safe_world.glob("run*/**/*") if file.is_file()]
    assert written and not any(b"planted-4711" in file.read_bytes() for file in written)


def test_a_missing_workdir_is_one_clear_error(play: Play, cloud: dict[str, Any], safe_world: Path) -> None:
    [instances] = play("provision", cluster("local", cloud=cloud)).reported("instances")
    node = {**token(safe_world), "files_workdir": "/not/there"}
    failed = play("up", cluster("local", nodes=from_instances(instances), cloud=cloud, node=node))
    assert failed.error["code"] == "sync.source" and "'/not/there'" in failed.error["message"]


def test_a_machine_of_another_cluster_is_left_alone(play: Play, cloud: dict[str, Any], safe_world: Path) -> None:
    [instances] = play("provision", cluster("local", cloud=cloud)).reported("instances")
    nodes = dict(list(from_instances(instances).items())[:1])
    assert play("setup", cluster("local", nodes=nodes, node=token(safe_world))).rc == 0
    thief = cluster("local", nodes=nodes, node=token(safe_world), cluster_id="thief-000000")
    refused = play("setup", thief)
    assert refused.error["code"] == "provision.no_capacity"
    assert play("setup", cluster("local", nodes=nodes, node=token(safe_world))).changed() == []


def test_names_that_lead_out_of_the_folder_are_refused(play: Play, cloud: dict[str, Any]) -> None:
    for cluster_id in ("..", "a/b", ""):
        failed = play("terminate", cluster("local", cloud=cloud, cluster_id=cluster_id))
        assert failed.error["code"] == "provision.config"


def test_a_workdir_from_git_follows_its_ref(play: Play, cloud: dict[str, Any], safe_world: Path) -> None:
    origin = safe_world / "origin"
    git = _git(origin)
    (origin / "a.txt").write_text("one")
    first = git("one")
    [instances] = play("provision", cluster("local", cloud=cloud)).reported("instances")
    nodes = dict(list(from_instances(instances).items())[:1])

    def inventory(ref: str) -> dict[str, Any]:
        node = {**token(safe_world), "files_workdir": {"url": str(origin), "ref": ref}}
        return cluster("local", nodes=nodes, cloud=cloud, node=node)

    file = Path(instances[0]["id"], "sky_workdir", "a.txt")
    play("setup", inventory(""))
    assert play("sync", inventory("main"), check=True).changed() and not file.exists()
    assert play("sync", inventory("main")).changed() and file.read_text() == "one"
    assert play("sync", inventory("main")).changed() == []
    (origin / "a.txt").write_text("two")
    git("two")
    assert play("sync", inventory("")).changed() and file.read_text() == "two"
    assert play("sync", inventory(first)).changed() and file.read_text() == "one"
    subprocess.run(["git", "-C", origin, "tag", "v2"], check=True)
    assert play("sync", inventory("v2")).changed() and file.read_text() == "two"
    assert play("sync", inventory("nope")).error["code"] == "sync.source"


def test_a_login_in_the_address_reaches_its_host_alone_and_stays_nowhere(
    play: Play, cloud: dict[str, Any], safe_world: Path
) -> None:
    """With a submodule on another host, which gets no login."""
    token_word = "s3cret/with odd@letters"
    served = safe_world / "served"
    inner, outer = _git(served / "inner"), _git(served / "outer")
    (served / "inner" / "in.txt").write_text("inner")
    inner("one")
    (served / "outer" / "a.txt").write_text("outer")
    outer("one")
    with GitServer(served, "robot", token_word) as server, GitServer(served, "robot", "another") as other:
        add = ["git", "-C", served / "outer", "-c", "protocol.file.allow=always", "submodule", "-q", "add"]
        subprocess.run([*add, "-b", "main", str(served / "inner"), "sub"], check=True)
        modules = served / "outer" / ".gitmodules"
        modules.write_text(modules.read_text().replace(str(served / "inner"), f"http://{server.host}/inner/.git"))
        outer("with a submodule")
        [instances] = play("provision", cluster("local", cloud=cloud)).reported("instances")
        nodes = dict(list(from_instances(instances).items())[:1])
        url = f"http://robot:{quote(token_word, safe='')}@{server.host}/outer/.git"

        def inventory(url: str) -> dict[str, Any]:
            return cluster("local", nodes=nodes, cloud=cloud, node={**token(safe_world), "files_workdir": {"url": url}})

        workdir = Path(instances[0]["id"], "sky_workdir")
        play("setup", inventory(url))
        brought = play("sync", inventory(url))
        assert brought.changed(), brought.errors()
        assert (workdir / "a.txt").read_text() == "outer" and (workdir / "sub" / "in.txt").read_text() == "inner"
        assert "robot" not in (workdir / ".git" / "config").read_text()
        files = [file for file in safe_world.rglob("*") if file.is_file() and not file.is_relative_to(served)]
        words = (token_word.encode(), quote(token_word, safe="").encode())
        kept = [file for file in files if any(word in file.read_bytes() for word in words)]
        assert [file for file in kept if file.name != "hosts.yml"] == []

        modules.write_text(modules.read_text().replace(server.host, other.host))
        outer("elsewhere")
        shutil.rmtree(workdir)
        refused = play("sync", inventory(url))
        assert refused.error["code"] == "sync.failed" and "submodules" in refused.error["message"]
        assert other.presented == set() and server.presented == {server.login}


def _git(origin: Path) -> Any:
    subprocess.run(["git", "init", "-q", "-b", "main", origin], check=True)

    def commit(message: str) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", "-C", origin, "add", "-A"], check=True)
        subprocess.run(["git", "-C", origin, *who, "commit", "-qm", message], check=True)
        words = ["git", "-C", origin, "rev-parse", "HEAD"]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()

    return commit


def _wait_for(home: Path, job: int) -> None:
    agent = home / ".stix" / "agent"
    words = ["python3", str(agent / "skylet.pyz"), "--home", str(agent), "logs", "--job", str(job), "--follow"]
    subprocess.run(words, capture_output=True, timeout=60)


def test_homes_are_surveyed_and_swept(play: Play, cloud: dict[str, Any], safe_world: Path) -> None:
    root = safe_world / "local"
    assert play("provision", cluster("local", cloud=cloud)).rc == 0
    (root / "half-1").mkdir()
    (root / "not a cluster").mkdir()
    [things] = play("survey", cluster("local", cloud=cloud)).reported("resources")
    found = [(thing["kind"], thing["cluster"], Path(thing["id"]).name) for thing in things]
    assert found == [("machine", "demo", "demo-0"), ("machine", "demo", "demo-1"), ("disk", "half", "half-1")]
    assert things[0]["instance"]["state"] == "running"

    part = play("sweep", cluster("local", cloud={**cloud, "stix_sweep": [things[0]]})).reported("resources")
    assert [thing["name"] for thing in part[0]] == ["demo-0"], "a cluster goes as a whole or not at all"
    assert play("sweep", cluster("local", cloud={**cloud, "stix_sweep": things}), check=True).changed()
    assert play("sweep", cluster("local", cloud={**cloud, "stix_sweep": things})).reported("resources") == [[]]
    assert [path.name for path in root.iterdir()] == ["not a cluster"]
    assert play("sweep", cluster("local", cloud={**cloud, "stix_sweep": things})).rc == 0


def test_machines_of_ones_own_are_in_no_account(play: Play) -> None:
    assert play("survey", cluster("ssh")).error["code"] == "provision.unsupported"


def test_autostop_is_set_once_and_its_hook_with_it(play: Play, cloud: dict[str, Any], safe_world: Path) -> None:
    one = {**cloud, "stix_wanted_nodes": WANTED[:1]}
    [instances] = play("provision", cluster("local", cloud=one)).reported("instances")
    node = {**token(safe_world), "skylet_port": instances[0]["agent_port"]}
    shown: list[str] = ["Set when it lets the machines go", "Set the hook that runs before that"]

    def inventory(**head: Any) -> dict[str, Any]:
        return cluster("local", nodes=from_instances(instances), cloud=one, node=node, head=head)

    assert play("autostop", inventory()).error["code"] == "agent.unreachable"
    assert play("setup", inventory()).rc == 0
    wish = {"autostop_idle_minutes": 45, "autostop_down": True, "autostop_hook": "echo saved"}
    assert play("autostop", inventory(**wish), check=True).changed() == shown
    assert play("autostop", inventory(**wish)).changed() == shown
    assert play("autostop", inventory(**wish)).changed() == []
    assert play("autostop", inventory(**wish | {"autostop_hook": ""})).changed() == shown[1:]
    assert play("autostop", inventory(autostop_lifetime_minutes=90.5)).changed() == shown[:1]
    assert play("autostop", inventory(autostop_lifetime_minutes=90.5)).changed() == []
