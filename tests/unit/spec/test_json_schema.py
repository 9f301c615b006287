"""The JSON Schema takes what stix takes, and refuses what has the wrong shape."""

import json
from pathlib import Path
from typing import Any

import pytest

from stix.errors import UsageError
from stix.spec.document import parse_documents
from stix.spec.explain import KINDS
from stix.spec.json_schema import json_schema
from stix.spec.load import load_job_group, load_pipeline

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")

HERE = Path(__file__)
GOLDEN = sorted((HERE.parents[2] / "golden" / "spec").glob("*/task.yaml"))
COMPAT = sorted((HERE.parents[4] / "shared" / "compat" / "cases").glob("*/task.yaml"))
VALIDATORS = {kind: jsonschema.Draft202012Validator(json_schema(kind)) for kind in KINDS}


def faults(text: str, kind: str = "task") -> list[str]:
    documents = json.loads(json.dumps([each.data for each in parse_documents(text, file="t")], default=str))
    return [fault.message for each in documents for fault in VALIDATORS[kind].iter_errors(each)]


def given(file: Path) -> dict[str, Any]:
    """Values from outside: golden cases have them in a file of their own, compat cases beside what is expected."""
    golden = file.parent / "given.json"
    if golden.exists():
        return json.loads(golden.read_text())
    known = json.loads((file.parent / "expected.json").read_text()) if file in COMPAT else {}
    return {"env": known.get("env", {}), "secrets": known.get("secret", {})}


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_schema(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema(kind))


@pytest.mark.parametrize("file", [*GOLDEN, *COMPAT], ids=lambda file: file.parent.name)
def test_what_stix_takes_passes(file: Path) -> None:
    text = file.read_text()
    try:
        load_pipeline(text, **given(file))
        kind = "task"
    except UsageError as error:
        if error.details.get("key") != "execution":
            return
        load_job_group(text, **given(file))
        kind = "job-group"
    assert faults(text, kind) == []


@pytest.mark.parametrize(
    "text",
    [
        "nmae: x",
        "name: 1",
        "num_nodes: two",
        "num_nodes: 0",
        "run: [a]",
        "resources: [a]",
        "resources: {acelerators: A100}",
        "resources: {use_spot: 'yes'}",
        "resources: {disk_tier: fast}",
        "resources: {any_of: [{cpu: 4}]}",
        "resources: {labels: {a: 1}}",
        "resources: {max_hourly_cost: 0}",
        "envs: [A=1]",
        "workdir: {ref: main}",
        "service: {readiness_probe: {timeout_seconds: 3}}",
        "file_mounts: {/a: {mode: MONT}}",
        "name: x\nexecution: serial\nrun: x",
        "[a]",
    ],
)
def test_wrong_shape_is_refused(text: str) -> None:
    assert faults(text)
    with pytest.raises(UsageError):
        load_pipeline(text)


def test_choices_are_case_blind_and_heads_pass() -> None:
    assert faults("resources: {disk_tier: HIGH}\nfile_mounts: {/a: {name: b, mode: copy}}") == []
    assert faults("name: p\nexecution: serial\n---\nrun: a\n---\nrun: b\n") == []
    assert faults("name: p\nexecution: parallel\n---\nname: a\nrun: a\n", "job-group") == []
    assert faults("name: v\ntype: k8s-pvc\nsize: 10Gi\n", "volume") == []
    assert faults("type: k8s-pvc\n", "volume") != []
