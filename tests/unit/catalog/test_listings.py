"""`gpus list`, `catalog list`, `catalog info`: the real commands; the mini-catalog beside the shipped one."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from stix.catalog import facts
from stix.catalog.build import write_database
from stix.state.home import Home
from stix.state.store import Store
from tests.unit.catalog.conftest import MINI

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def mini_clouds(stix_home: Path) -> None:
    rows = list(facts.read_rows(MINI))
    for cloud in {row.cloud for row in rows}:
        mine = [row for row in rows if row.cloud == cloud]
        write_database(stix_home / "catalog" / f"{cloud}.sqlite", mine, "mini", "2026-07-20")


@pytest.fixture
def own_machines(stix_home: Path) -> None:
    gpu = {"name": "RTX4090", "memory_mib": 24564}
    host = {
        "name": "gpu1",
        "address": "192.0.2.1",
        "connection": {},
        "state": "ready",
        "facts": {"cpus": 32, "memory": 128, "gpus": [gpu, gpu]},
    }
    Store(Home().ensure().database).save_hosts("rack", [host])


def lines(done: CompletedProcess[str]) -> list[list[str]]:
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


def test_names_and_counts(run_stix: Run, mini_clouds: None) -> None:
    shown = run_stix("gpus", "list", "--infra", "azure").stdout
    assert "A10         0.1667, 0.3333, 0.5, 1\n" in shown and "H100        8\n" in shown
    assert "tpu-v5e-N   1, 4, 8" in run_stix("gpus", "list", "--infra", "gcp").stdout


def test_machines_of_a_name(run_stix: Run, mini_clouds: None) -> None:
    done = run_stix("gpus", "list", "a100:8", "--infra", "aws")
    head, row, larger = lines(done)
    assert head[:4] == ["GPU", "QTY", "CLOUD", "INSTANCE_TYPE"]
    assert row == "A100 8 aws p4d.24xlarge 40 GiB 96 1152 GiB $22.00 $9.00 us-east-1 2026-07-20*".split()
    assert larger[0] == "A100-80GB"
    assert "older than 90 days" in done.stderr


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("^A100$", {"A100"}),
        ("100", {"A100", "A100-80GB", "H100", "V100"}),
        ("H100|A10G", {"H100", "A10G"}),
        ("A100-40GB", {"A100"}),
        ("tpu", {"tpu-v5e-1", "tpu-v5e-4", "tpu-v5e-8"}),
        ("tpu-v5litepod", {"tpu-v5e-1", "tpu-v5e-4", "tpu-v5e-8"}),
        (":8", {"A10G", "A100", "A100-80GB", "H100"}),
    ],
)
def test_a_name_stands_for_all_that_it_is_part_of(run_stix: Run, mini_clouds: None, word: str, names: set[str]) -> None:
    found = {
        offer["accelerator"]
        for cloud in ("aws", "gcp")
        for offer in json.loads(run_stix("gpus", "list", word, "--infra", cloud, "-o", "json").stdout or "{}").get(
            "offers", ()
        )
    }
    assert found == names


def test_the_limit_of_age_is_that_of_the_config(run_stix: Run, mini_clouds: None, stix_home: Path) -> None:
    (stix_home / "config.yaml").write_text("catalog: {max_age_days: 30}\n")
    for words in (["gpus", "list", "H100"], ["catalog", "list", "aws"], ["catalog", "info", "aws"]):
        assert "* older than 30 days" in run_stix(*words).stderr
    (stix_home / "config.yaml").write_text("catalog: {max_age_days: 30000}\n")
    done = run_stix("gpus", "list", "H100")
    assert "older than" not in done.stderr and "*" not in done.stdout


def test_a_zone_narrows_the_summary_too(run_stix: Run, mini_clouds: None) -> None:
    there = run_stix("gpus", "list", "--infra", "aws/us-east-1/use1-az3").stdout
    everywhere = run_stix("gpus", "list", "--infra", "aws/us-east-1").stdout
    assert "A100" in everywhere and "A100" not in there


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gpus", "list", "A100", "--all"], "--all goes without a name"),
        (["gpus", "list", "--all-regions"], "--all-regions goes with a name"),
        (["gpus", "list", "A100", "--all-regions", "--infra", "aws/us-east-1"], "goes without a region"),
        (["gpus", "list", "--infra", "aws", "--cloud", "gcp"], "--infra and --cloud say the same"),
        (["gpus", "list", "--infra", "aws/us-east-1", "--region", "us-west-2"], "is not in --infra"),
        (["gpus", "list", "--infra", "slurm"], "no prices of slurm"),
        (["gpus", "list", "A100", "--infra", "k8s"], "no machine in kubernetes has A100"),
        (["gpus", "list", "--region", "nowhere"], "no region 'nowhere'"),
        (["catalog", "list", "aws", "--infra", "gcp"], "goes without other clouds"),
        (["catalog", "list", "--infra", "aws/us-esat-1"], "no region 'us-esat-1' in aws"),
        (["catalog", "list", "--instance-type", "m6i.2xlrge"], "no instance type 'm6i.2xlrge'"),
    ],
)
def test_contradictions_and_slips_are_refused(run_stix: Run, mini_clouds: None, words: list[str], message: str) -> None:
    done = run_stix(*words)
    assert (done.returncode, done.stdout) == (2, "") and message in done.stderr


def test_a_cloud_may_have_another_name(run_stix: Run) -> None:
    done = run_stix("gpus", "list", "H100", "--infra", "DigitalOcean", "-o", "json")
    assert {offer["cloud"] for offer in json.loads(done.stdout)["offers"]} == {"do"}


def test_all_regions(run_stix: Run, mini_clouds: None) -> None:
    _, *rows = lines(run_stix("gpus", "list", "^A100$", "--infra", "aws", "--all-regions"))
    assert [row[-2] for row in rows] == ["us-east-1", "us-west-2", "eu-central-1"]


def test_json(run_stix: Run, mini_clouds: None) -> None:
    data = json.loads(run_stix("gpus", "list", "A100:8", "--infra", "aws/us-west-2", "-o", "json").stdout)
    assert [(offer["accelerator"], offer["zones"]) for offer in data["offers"]] == [
        ("A100", ["usw2-az1", "usw2-az2"]),
        ("A100-80GB", ["usw2-az1", "usw2-az2"]),
    ]
    assert data["offers"][0] | {"price": 22, "stale": True, "basis": "listed"} == data["offers"][0]
    counts = json.loads(run_stix("gpus", "list", "--infra", "azure", "-o", "json").stdout)["accelerators"]
    assert {"accelerator": "H100", "counts": [8], "kind": "common"} in counts


def test_own_machines_are_listed(run_stix: Run, own_machines: None) -> None:
    assert "RTX4090  2    2     ssh/rack  gpu1  32     128 GiB" in run_stix("gpus", "list").stdout
    assert "ssh/rack" in run_stix("gpus", "list", "rtx4090:2").stdout
    (own,) = json.loads(run_stix("gpus", "list", "--infra", "ssh", "-o", "json").stdout)["own"]
    assert (own["host"], own["count"], own["free"]) == ("gpu1", 2, 2)


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["A10O"], "no cloud has an accelerator named 'A10O'", "A10"),
        (["A100:3", "--infra", "aws"], "no machine in aws has A100:3", "machines with 8"),
        (["A10G", "--infra", "gcp"], "no machine in gcp has A10G", "it is in aws"),
        (["A100:none"], "'none' is no number", "A100:8"),
        (["--infra", "asw"], "no cloud 'asw'", "aws"),
        (["--infra", "aws/us-esat-1"], "no region 'us-esat-1'", "us-east-1"),
    ],
)
def test_a_miss_names_the_nearest(run_stix: Run, mini_clouds: None, words: list[str], message: str, hint: str) -> None:
    done = run_stix("gpus", "list", *words)
    assert done.returncode == 2 and done.stdout == ""
    assert message in done.stderr and hint in done.stderr.partition("hint:")[2]


@pytest.mark.parametrize("words", [[], ["H100"], ["h100:8"], ["nope"]])
def test_the_quick_way_and_the_alias_say_the_same(run_stix: Run, mini_clouds: None, words: list[str]) -> None:
    quick = run_stix("gpus", "list", *words)
    for other in (run_stix("gpus", "list", *words, "-o", "table"), run_stix("show-gpus", *words, "-o", "table")):
        assert (quick.stdout, quick.stderr, quick.returncode) == (other.stdout, other.stderr, other.returncode)


def test_offers_by_size_and_price(run_stix: Run, mini_clouds: None) -> None:
    _, *rows = lines(run_stix("catalog", "list", "aws", "--cpus", "8+", "--memory", "4x", "--limit", "2"))
    assert [row[1] for row in rows] == ["m6i.2xlarge", "m6i.2xlarge"]
    found = json.loads(
        run_stix("catalog", "list", "--infra", "aws", "--gpus", "T4", "--max-price", "0.55", "-o", "json").stdout
    )
    assert {offer["instance_type"] for offer in found} == {"g4dn.xlarge"}
    refused = run_stix("catalog", "list", "--cpus", "four")
    assert refused.returncode == 2 and "--cpus must be a number" in refused.stderr


def test_info_names_source_and_date(run_stix: Run, mini_clouds: None) -> None:
    (record,) = json.loads(run_stix("catalog", "info", "lambda", "-o", "json").stdout)
    assert record | {"from": "update", "source": "mini", "priced_on": "2026-07-20", "stale": True} == record
    assert {r["from"] for r in json.loads(run_stix("catalog", "info", "runpod", "-o", "json").stdout)} == {"snapshot"}
