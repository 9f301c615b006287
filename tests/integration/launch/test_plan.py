"""`stix plan` with the real catalog: what is shown, refused, saved and carried out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

PLANTED = "pl4nted-s3cret-value"


@pytest.fixture
def write(safe_world: Path) -> Callable[..., Path]:
    """`write("task.yaml", {...}, {...})`: documents to a file."""

    def to_file(name: str, *documents: Any) -> Path:
        path = safe_world / name
        path.write_text(yaml.safe_dump_all(documents))
        return path

    return to_file


def test_a_cloud_that_is_not_enabled_is_priced_and_never_chosen(run_stix, write) -> None:
    task = write("task.yaml", {"num_nodes": 2, "resources": {"infra": "aws", "accelerators": "A100:8"}, "run": "ls"})
    done = run_stix("plan", task, "-c", "dev", "-o", "json")
    plan = json.loads(done.stdout)
    assert done.returncode == 0 and plan["action"] == "refuse" and plan["steps"] == []
    best = plan["candidates"][0]
    assert best["infra"].startswith("aws/") and best["accelerators"] == {"A100": 8} and best["nodes"] == 2
    assert not any(row["enabled"] or row["chosen"] for row in plan["candidates"])
    assert best["priced_on"] and plan["costs"]["hourly"] == best["hourly_cost"] > 10
    assert best["infra"] in plan["refused"]["hint"] and "aws" in plan["refused"]["hint"]
    every = json.loads(run_stix("plan", task, "--all", "-o", "json").stdout)["candidates"]
    assert len(every) > len(plan["candidates"]) == len({row["instance"] for row in every})
    assert [row["infra"].partition("/")[2] for row in every if row["instance"] == best["instance"]] == best["regions"]
    table = run_stix("plan", task).stdout
    assert "cannot run now" in table and best["instance"] in table and "would refuse" in table
    up = run_stix("up", "-y", task, "-o", "json")
    assert up.returncode == 3 and json.loads(up.stderr)["error"]["details"]["not_enabled"][0]["infra"] == best["infra"]


def test_both_ways_to_a_plan_print_the_same(run_stix, write) -> None:
    """`--minimize cost` is the default, but not one of the forms that go past click."""
    task = write("task.yaml", {"resources": {"infra": "gcp", "cpus": "4+"}, "run": "ls"})
    for form in ("table", "json"):
        quick = run_stix("plan", task, "-c", "dev", "-o", form)
        whole = run_stix("optimize", task, "-c", "dev", "--minimize", "cost", "-o", form)
        assert quick.stdout == whole.stdout and quick.stdout


def test_the_enabled_place_wins_over_the_cheaper_that_is_not(run_stix, write) -> None:
    wishes = {"ordered": [{"infra": "aws", "cpus": "2+"}, {"infra": "local"}]}
    plan = json.loads(run_stix("plan", write("task.yaml", {"resources": wishes, "run": "ls"}), "-o", "json").stdout)
    assert plan["action"] == "create" and plan["candidates"][0]["infra"] == "local"
    assert {row["infra"].partition("/")[0] for row in plan["candidates"][1:]} == {"aws"}
    assert {row["reason"] for row in plan["candidates"][1:]} == {"not enabled; earlier in the order"}


def test_nothing_fits_anywhere(run_stix, write) -> None:
    task = write("task.yaml", {"resources": {"accelerators": "H100:16"}, "run": "ls"})
    done = run_stix("plan", task)
    assert done.returncode == 3 and "fits nowhere" in done.stdout
    assert "RULES OUT" in done.stdout and "H100:8" in done.stdout and "RULES OUT" not in done.stderr
    as_json = run_stix("plan", task, "-o", "json")
    plan, error = json.loads(as_json.stdout), json.loads(as_json.stderr)["error"]
    assert as_json.returncode == 3 and plan["action"] == "refuse" and plan["refused"] == error
    killed = {each["constraint"]: each["offers"] for each in error["details"]["killed"]}
    assert killed["accelerators"] > 1000 and error["details"]["nearest"][0]["accelerators"] == {"H100": 8}
    assert not error["details"]["nearest"][0]["enabled"] and plan["task"]["resources"]


def test_there_is_one_answer_on_stdout_whatever_is_wrong(run_stix, write) -> None:
    fitting = {"resources": {"infra": "local"}, "run": "ls"}
    nowhere = {"resources": {"accelerators": "H100:16"}, "run": "ls"}
    wrong = write("wrong.yaml", {"resources": {"cpu": 4}, "run": "ls"})
    for words in ([wrong], [write("pipe.yaml", fitting, nowhere)], [write("one.yaml", fitting), "-c", "a b"]):
        done = run_stix("plan", *words, "-o", "json")
        answer = json.loads(done.stdout)
        assert done.returncode and answer["action"] == "refuse"
        assert answer["refused"] == json.loads(done.stderr)["error"]


def test_a_dry_run_ends_as_up_would(run_stix, write) -> None:
    closed = write("closed.yaml", {"resources": {"infra": "lambda", "accelerators": "A10"}, "run": "ls"})
    assert run_stix("plan", closed).returncode == 0
    dry = run_stix("up", "--dryrun", closed)
    assert dry.returncode == 3 and "lambda/" in dry.stdout and "cannot make machines on lambda" in dry.stderr
    later = write("later.yaml", {"run": "ls", "service": {"readiness_probe": "/", "replicas": 1}})
    dry = run_stix("up", "--dryrun", later)
    assert dry.returncode == 2 and "later.yaml:" in dry.stderr and "service" in dry.stderr
    assert run_stix("up", "--dryrun", write("well.yaml", {"run": "ls"}), "-o", "json").returncode == 0


def test_time_says_what_it_goes_by(run_stix, write) -> None:
    gpus = write("gpus.yaml", {"resources": {"infra": "gcp", "accelerators": {"A100": 1, "T4": 1}}, "run": "ls"})
    plan = json.loads(run_stix("plan", gpus, "--minimize", "time", "-o", "json").stdout)
    assert "fp16" in plan["notes"][0] and plan["candidates"][0]["accelerators"] == {"A100": 1}
    assert any("times as long" in row["reason"] for row in plan["candidates"])
    none = write("none.yaml", {"resources": {"infra": "local"}, "run": "ls"})
    assert "equally quick" in run_stix("plan", none, "--minimize", "time").stdout


def test_what_cannot_run_yet_is_planned_and_refused_at_its_line(run_stix, safe_world) -> None:
    task = safe_world / "task.yaml"
    task.write_text(
        "run: ls\nresources:\n  infra: local\n  priority: 5\nservice:\n  readiness_probe: /\n  replicas: 1\n"
    )
    plan = json.loads(run_stix("plan", task, "-o", "json").stdout)
    assert {each["key"] for each in plan["cannot_run"]} == {"resources.priority", "service"}
    up = run_stix("up", "-y", task, "-o", "json")
    error = json.loads(up.stderr)["error"]
    assert up.returncode == 2 and error["code"] == "task.invalid"
    assert "resources.priority" in error["message"] and "service" in error["message"]
    assert error["details"]["line"] in (2, 4, 5) and error["details"]["file"] == str(task)
    assert run_stix("status", "-o", "json").stdout.strip() == "[]"


def test_a_saved_plan_holds_no_secret_and_is_carried_out(run_stix, write, safe_world) -> None:
    (safe_world / "code").mkdir()
    (safe_world / "code" / "a.txt").write_text("12345")
    (safe_world / "code" / ".stixignore").write_text("*.log\n")
    (safe_world / "code" / "b.log").write_text("x" * 1000)
    document = {
        "workdir": "code",
        "secrets": {"TOKEN": PLANTED},
        "resources": {"infra": "local"},
        "run": "cat a.txt; [ ${#TOKEN} = 20 ] && echo given",
    }
    task, file = write("task.yaml", document), safe_world / "plan.json"
    made = run_stix("plan", task, "-c", "dev", "--save", file, "-o", "json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["upload"]["files"] == 2 and json.loads(made.stdout)["upload"]["bytes"] == 11
    assert PLANTED not in made.stdout + made.stderr + file.read_text() and file.stat().st_mode & 0o777 == 0o600
    lacking = run_stix("up", "-y", file)
    assert lacking.returncode == 2 and "TOKEN" in lacking.stderr
    changed = run_stix("up", "-y", file, "--cpus", "4")
    assert changed.returncode == 2 and "--cpus" in changed.stderr
    for words in (["--no-use-spot"], ["-i", "0"], ["--minimize", "cost"], ["--region", "x"]):
        assert run_stix("up", "-y", file, *words).returncode == 2, words
    up = run_stix("up", "-y", file, "--secret", "TOKEN", env={"TOKEN": PLANTED})
    assert up.returncode == 0 and "12345" in up.stdout and "given" in up.stdout, up.stderr
    again = run_stix("up", "-y", file, "--secret", "TOKEN", env={"TOKEN": PLANTED})
    assert again.returncode == 1 and "dev is there already" in again.stderr
    report = json.loads(run_stix("cost-report", "-o", "json").stdout)
    assert [(each["name"], each["status"], each["cost"]) for each in report] == [("dev", "UP", 0.0)]
    assert report[0]["up_seconds"] > 0
    assert run_stix("down", "-y", "dev").returncode == 0
    gone = json.loads(run_stix("cost-report", "-o", "json").stdout)[0]
    assert gone["status"] is None and gone["ended_at"] and gone["cluster_id"] == report[0]["cluster_id"]
    assert json.loads(run_stix("cost-report", "--days", "0", "-o", "json").stdout) == []


def test_a_secret_in_a_path_stays_nowhere_here(run_stix, write, safe_world, stix_home) -> None:
    (safe_world / PLANTED).mkdir()
    (safe_world / PLANTED / "a.txt").write_text("brought")
    document = {
        "secrets": {"TOKEN": PLANTED},
        "file_mounts": {f"{safe_world}/out/${{TOKEN}}": "./${TOKEN}"},
        "resources": {"infra": "local"},
        "run": f"cat {safe_world}/out/$TOKEN/a.txt",
    }
    task, saved = write("task.yaml", document), safe_world / "plan.json"
    said = [run_stix("plan", task, "-c", "dev", "-o", form) for form in ("table", "json")]
    said += [run_stix("plan", task, "-c", "dev", "--save", saved)]
    up = run_stix("up", "-y", saved, "--secret", "TOKEN", env={"TOKEN": PLANTED})
    assert up.returncode == 0 and "brought" in up.stdout, up.stderr
    document["file_mounts"] = {"/proc/nowhere/${TOKEN}": "./${TOKEN}"}
    failed = run_stix("up", "-y", write("fails.yaml", document), "-c", "dev")
    assert failed.returncode and "/proc/nowhere/***" in failed.stderr
    document["file_mounts"] = {"/tmp/x": "./${TOKEN}/nothing"}
    missing = run_stix("up", "-y", write("missing.yaml", document), "-c", "dev")
    assert missing.returncode == 2 and "does not exist" in missing.stderr
    said += [failed, missing, run_stix("run", "show"), run_stix("status", "-o", "json")]
    assert not [done.args for done in said if PLANTED in done.stdout + done.stderr]
    assert PLANTED not in saved.read_text()
    here = [file for file in stix_home.rglob("*") if file.is_file() and "local" not in file.parts]
    assert not [file for file in here if PLANTED.encode() in file.read_bytes()], "the node itself is below local/"


def test_a_pipeline(run_stix, write) -> None:
    first = {
        "name": "prep",
        "resources": {"infra": "gcp", "cpus": "4+"},
        "outputs": {"s3://bucket/data": 1000},
        "run": "a",
    }
    then = {"name": "train", "resources": {"accelerators": "A100:8"}, "run": "b"}
    task = write("pipe.yaml", {"name": "both"}, first, then)
    plan = json.loads(run_stix("plan", task, "-o", "json").stdout)
    assert plan["name"] == "both" and [each["task"]["name"] for each in plan["tasks"]] == ["prep", "train"]
    prep, train = (each["candidates"][0] for each in plan["tasks"])
    assert train["infra"] == prep["infra"], "a thousand GiB cost more to move than a dearer machine"
    assert plan["edges"] == [{"from": "prep", "to": "train", "gib": 0.0, "cost": 0.0, "seconds": 0.0}]
    assert plan["costs"]["total"] == pytest.approx(prep["hourly_cost"] + train["hourly_cost"])
    assert "Pipeline 'both' has 2 tasks." in run_stix("plan", task).stdout
    for words in (["--gpus", "T4"], ["--no-use-spot"], ["-i", "0"], ["--down"], ["--save", "plan.json"], ["-n", "x"]):
        refused = run_stix("plan", task, *words)
        assert refused.returncode == 2 and "pipeline" in refused.stderr, words
    several = json.loads(run_stix("plan", task, "--all", "--minimize", "time", "--env", "A=1", "-o", "json").stdout)
    assert len(several["tasks"][0]["candidates"]) > len(plan["tasks"][0]["candidates"])


def test_check_tells_of_accounts(run_stix, safe_world) -> None:
    none = run_stix("check", "lambda", "oci", "-o", "json")
    assert none.returncode == 1
    assert all("credentials not found" in each["message"] and not each["hint"] for each in json.loads(none.stdout))
    asked = run_stix("check", "oci", "local", "-o", "json", env={"OCI_CONFIG": __file__})
    found = json.loads(asked.stdout)
    assert [each["infra"] for each in found] == ["oci", "local"] and found[1]["ok"]
    assert found[0]["credentials"] == "OCI_CONFIG" and not found[0]["works"]
    assert found[0]["message"].startswith("credentials found") and not found[0]["hint"]
    assert "seconds" in found[0] and "did you mean aws" in run_stix("check", "awss").stderr
    table = run_stix("check").stdout
    assert "prices only" in table and table.count("stix cannot make machines") == 1
    assert table.splitlines()[1].startswith("local")
