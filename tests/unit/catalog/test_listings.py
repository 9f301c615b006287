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
    head, row = lines(done)
    assert head[:4] == ["GPU", "QTY", "CLOUD", "INSTANCE_TYPE"]
    assert row == "A100 8 aws p4d.24xlarge 40 GiB 96 1152 GiB $22.00 $9.00 us-east-1 2026-07-20*".split()
    assert "older than 90 days" in done.stderr and "also: A100-80GB" in done.stderr


def test_all_regions(run_stix: Run, mini_clouds: None) -> None:
    _, *rows = lines(run_stix("gpus", "list", "A100", "--infra", "aws", "--all-regions"))
    assert [row[-2] for row in rows] == ["us-east-1", "us-west-2", "eu-central-1"]


def test_json(run_stix: Run, mini_clouds: None) -> None:
    data = json.loads(run_stix("gpus", "list", "A100.*:8", "--infra", "aws/us-west-2", "-o", "json").stdout)
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
        (["--infra", "asw"], "no cloud named 'asw'", "aws"),
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
