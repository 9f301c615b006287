"""`stix task show`, `stix task check` and `stix explain`: the real commands on real files."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

Run = Callable[..., CompletedProcess[str]]

TASK = """\
name: train
resources: {infra: aws, accelerators: A100:8}
envs: {MODEL: null}
secrets: {HF_TOKEN: null}
file_mounts: {/data: s3://b-$MODEL}
run: |
  echo one
  echo two
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "t.yaml"
    path.write_text(TASK)
    return path


def test_show_writes_the_normal_form(run_stix: Run, file: Path) -> None:
    shown = run_stix("task", "show", file, "--env", "MODEL=m")
    assert shown.returncode == 0, shown.stderr
    config = yaml.safe_load(shown.stdout)
    assert config["resources"] == {"infra": "aws", "accelerators": {"A100": 8}}
    assert config["num_nodes"] == 1 and config["envs"] == {"MODEL": "m"}
    assert "run: |\n  echo one\n" in shown.stdout
    (same,) = json.loads(run_stix("task", "show", file, "--env", "MODEL=m", "-o", "json").stdout)
    assert same == config


def test_show_never_shows_a_secret(run_stix: Run, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("secrets: {A: planted-a, B: null}\nworkdir: /x/$A\nrun: x\n")
    for form in ("yaml", "json"):
        shown = run_stix("task", "show", tmp_path / "t.yaml", "--secret", "B=planted-b", "-o", form)
        assert shown.returncode == 0 and "planted" not in shown.stdout + shown.stderr
        assert "/x/${A}" in shown.stdout


def test_show_reads_standard_input_and_several_documents(run_stix: Run) -> None:
    text = "name: p\n---\nrun: a\n---\nrun: b\n"
    shown = run_stix("task", "show", "-", "-o", "json", input=text)
    assert [each.get("run") for each in json.loads(shown.stdout)] == [None, "a", "b"]
    again = run_stix("task", "show", "-", input=run_stix("task", "show", "-", input=text).stdout)
    assert list(yaml.safe_load_all(again.stdout)) == json.loads(shown.stdout)


def test_show_of_a_job_group_needs_to_be_told(run_stix: Run) -> None:
    text = "name: g\nexecution: parallel\n---\nname: a\nrun: x\n---\nname: b\nrun: y\n"
    refused = run_stix("task", "show", "-", input=text)
    assert refused.returncode == 2 and "<stdin>:2:1:" in refused.stderr and "--as job-group" in refused.stderr
    shown = json.loads(run_stix("task", "show", "-", "--as", "job-group", "-o", "json", input=text).stdout)
    assert shown[0]["execution"] == "parallel" and len(shown) == 3


@pytest.mark.parametrize(
    ("kind", "text"),
    [("volume", "name: v\ntype: k8s-pvc\nsize: 10Gi\n"), ("storage", "name: my-bucket\nsource: ./data\nmode: copy\n")],
)
def test_show_of_other_documents(run_stix: Run, kind: str, text: str) -> None:
    (shown,) = json.loads(run_stix("task", "show", "-", "--as", kind, "-o", "json", input=text).stdout)
    assert shown["name"] == yaml.safe_load(text)["name"]


def test_check_lists_all_that_is_wrong_in_all_files(run_stix: Run, file: Path) -> None:
    wrong = file.with_name("wrong.yaml")
    wrong.write_text("nmae: x\ngpus: A100\nnum_nodes: 0\n")
    done = run_stix("task", "check", file, wrong, file.with_name("wrogn.yaml"))
    assert done.returncode == 2 and done.stderr == ""
    assert done.stdout.splitlines() == [
        f"{file}: ok (needs --env MODEL=...)",
        f"{wrong}:1:1: unknown key 'nmae' (did you mean 'name'?)",
        f"{wrong}:2:1: unknown key 'gpus' (it belongs under 'resources')",
        f"{wrong}:3:1: 'num_nodes' must be at least 1, not 0 (for example: num_nodes: 2)",
        f"{file.with_name('wrogn.yaml')}: there is no such file (did you mean '{wrong}'?)",
    ]
    records = json.loads(run_stix("task", "check", file, wrong, "-o", "json").stdout)
    assert [(record["ok"], len(record["problems"]), record["needs"]) for record in records] == [
        (True, 0, ["MODEL"]),
        (False, 3, []),
    ]
    assert run_stix("task", "check", file).returncode == 0


def test_further_problems_are_told_with_the_first(run_stix: Run, file: Path) -> None:
    file.write_text("".join(f"a{number}: x\n" for number in range(9)))
    told = run_stix("task", "show", file).stderr.splitlines()
    assert len([line for line in told if line.startswith("also: ")]) == 6
    assert told[-1] == "also: 3 more, which 'stix task check' lists"


def test_explain_tells_what_a_key_takes(run_stix: Run) -> None:
    told = run_stix("explain", "resources.disk_tier").stdout
    assert told.startswith("resources.disk_tier\n") and "one of" in told and "Examples:" in told
    assert "cannot run it yet" in run_stix("explain", "service.replica_policy").stdout
    assert "resources" in run_stix("explain").stdout
    record = json.loads(run_stix("explain", "--as", "volume", "config.access_mode", "-o", "json").stdout)
    assert (record["kind"], record["path"]) == ("volume", "config.access_mode") and record["choices"]


def test_explain_knows_the_nearest_key(run_stix: Run) -> None:
    done = run_stix("explain", "resources.acelerators")
    assert done.returncode == 2 and done.stderr.splitlines()[1] == "hint: did you mean 'resources.accelerators'?"


def test_explain_prints_the_json_schema(run_stix: Run) -> None:
    assert json.loads(run_stix("explain", "--json-schema").stdout)["$schema"].endswith("2020-12/schema")


@pytest.mark.parametrize("more", [(), ("--minimize", "time")])
def test_a_plan_of_no_text_is_refused_with_its_place(run_stix: Run, tmp_path: Path, more: tuple[str, ...]) -> None:
    (tmp_path / "t.yaml").write_bytes(b"name: a\nrun: \xff\n---\nname: b\n---\nname: c\n")
    done = run_stix("plan", tmp_path / "t.yaml", *more)
    assert done.returncode == 2 and "t.yaml:2:6: byte 0xff is not UTF-8" in done.stderr
