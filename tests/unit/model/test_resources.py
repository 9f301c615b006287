"""Resources: accelerators, infrastructures, ports, autostop."""

from typing import Any

import pytest

from stix.model.accelerators import canonical_name, format_accelerators, parse, parse_alternatives
from stix.model.resources import (
    NEVER,
    Autostop,
    Resources,
    parse_autostop,
    parse_infra,
    parse_job_recovery,
    parse_local_disk,
    parse_ports,
)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("A100", {"A100": 1}),
        ("a100:8", {"a100": 8}),
        ("T4:0.5", {"T4": 0.5}),
        ("v100:2.0", {"v100": 2}),
        ("TPU-v2-8", {"TPU-v2-8": 1}),
        ("my-Own_chip.2:3", {"my-Own_chip.2": 3}),
    ],
)
def test_accelerators(text: str, wish: dict[str, float]) -> None:
    assert parse(text) == wish
    assert parse(format_accelerators(wish)) == wish


@pytest.mark.parametrize(
    "text", ["", ":8", "A100:", "A100:x", "A100:8:2", "A100:0", "A100:-1", "A100:inf", "A100:nan", "80GB+", "A 100"]
)
def test_no_accelerators(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(must|cannot)"):
        parse(text)


def test_alternatives() -> None:
    assert parse_alternatives({"a100": 8, "T4": None}) == [({"a100": 8}, True), ({"T4": 1}, True)]
    assert parse_alternatives({"V100:2": None}) == [({"V100": 2}, True)]
    assert parse_alternatives(["A100", "L4:2", "A100"]) == [({"A100": 1}, True), ({"L4": 2}, True)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("28GB", {"V710": 1}),
        ("28gb:2", {"V710": 2}),
        ("28672MB", {"V710": 1}),
        ("intel:32GB+:8", {"Gaudi": 8, "Gaudi2": 8}),
        ("AMD:192GB", {"MI300X": 1}),
        ("280GB+", {"B300": 1}),
    ],
)
def test_alternatives_by_memory(text: str, found: dict[str, float]) -> None:
    wishes = parse_alternatives(text)
    assert {name: count for wish in wishes for name, count in wish.accelerators.items()} == found
    assert not any(wish.named for wish in wishes)


@pytest.mark.parametrize("text", ["7GB", "acme:80GB", "nvidia:80GB:x", "a:b:80GB", "80GB:1:2"])
def test_no_alternatives_by_memory(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(must|asks)"):
        parse_alternatives(text)


def test_a_name_counts_more_than_a_memory() -> None:
    (wish,) = parse_alternatives(["V710:1", "28GB"])
    assert wish.named


@pytest.mark.parametrize(
    ("given", "infra", "runtime"),
    [
        ({"accelerators": {"tpu-v2-8": 1}}, "gcp", "tpu-vm-base"),
        ({"accelerators": {"tpu-v5p-8": 1}, "infra": "*/us-central1"}, "gcp/us-central1", "v2-alpha-tpuv5"),
        ({"accelerators": {"tpu-v6e-8": 1}, "infra": "*/*/us-central1-a"}, "gcp/*/us-central1-a", "v2-alpha-tpuv6e"),
        ({"accelerators": {"tpu-v2-8": 1}, "accelerator_args": {"tpu_vm": False}}, "gcp", "2.12.0"),
        ({"accelerators": {"tpu-v2-8": 1}, "accelerator_args": {"runtime_version": "mine"}}, "gcp", "mine"),
        ({"accelerators": {"tpu-v6e-slice": 4}}, "kubernetes", None),
        ({"accelerators": {"tpu-v2-8": 1}, "infra": "kubernetes/mine"}, "kubernetes/mine", None),
        ({"accelerators": {"A100": 1}}, None, None),
    ],
)
def test_the_name_of_a_tpu_settles_its_place(given: dict[str, Any], infra: str | None, runtime: str | None) -> None:
    resources = Resources(**given)
    assert (resources.infra, resources.accelerator_args.get("runtime_version")) == (infra, runtime)


@pytest.mark.parametrize(
    ("given", "image_id", "images", "container"),
    [
        ({"image_id": "docker:ubuntu"}, "docker:ubuntu", {}, "ubuntu"),
        ({"image_id": "ami-1"}, "ami-1", {}, None),
        ({"infra": "kubernetes", "image_id": "ubuntu"}, "docker:ubuntu", {}, "ubuntu"),
        ({"infra": "ssh/rack", "images": {"ssh-rack": "ubuntu"}}, "docker:ubuntu", {}, "ubuntu"),
        ({"infra": "aws/r1", "images": {"r1": "ami-1"}}, "ami-1", {}, None),
        ({"infra": "aws", "images": {"r1": "ami-1"}}, None, {"r1": "ami-1"}, None),
        ({"infra": "aws/r1", "images": {"r1": "a", "r2": "b"}}, None, {"r1": "a", "r2": "b"}, None),
        ({"infra": "aws/r1", "images": {"r1": "a", "docker": "b"}}, "a", {"docker": "b"}, "b"),
    ],
)
def test_images(given: dict[str, Any], image_id: str | None, images: dict[str, str], container: str | None) -> None:
    resources = Resources(**given)
    assert (resources.image_id, resources.images, resources.container_image) == (image_id, images, container)


def test_a_default_disk_is_no_wish() -> None:
    assert Resources(disk_size=256) == Resources() and Resources(disk_size=257).disk_size == 257


@pytest.mark.parametrize(
    ("text", "normal"),
    [("nvme", "nvme:100+"), ("SSD", "ssd:100+"), ("500", "nvme:500"), (" ssd:500+ ", "ssd:500+"), ("1.5", "nvme:1.5")],
)
def test_local_disk(text: str, normal: str) -> None:
    assert parse_local_disk(text) == parse_local_disk(normal) == normal


@pytest.mark.parametrize("text", ["", "hdd", "hdd:5", "nvme:", "nvme:0", "nvme:1TB", "nvme:1:2", "5++"])
def test_no_local_disk(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a kind"):
        parse_local_disk(text)


@pytest.mark.parametrize(
    ("wish", "normal"),
    [
        ("failover", {"strategy": "FAILOVER"}),
        ("none", {}),
        ({"strategy": "None", "max_restarts_on_errors": 1}, {}),
        ({"max_restarts_on_errors": 1}, {"strategy": None, "max_restarts_on_errors": 1}),
        ({"strategy": "dynamic_node_set", "min_nodes": 2}, {"strategy": "DYNAMIC_NODE_SET", "min_nodes": 2}),
    ],
)
def test_job_recovery(wish: Any, normal: dict[str, Any]) -> None:
    assert parse_job_recovery(wish) == normal


def test_an_exit_code_twice() -> None:
    with pytest.raises(ValueError, match=r"^must name each exit code once"):
        parse_job_recovery({"recover_on_exit_codes": [1, 1]})


def test_canonical_names() -> None:
    assert [canonical_name(name) for name in ("h100", "GAUDI2", "t4G", "Unheard-Of")] == [
        "H100",
        "Gaudi2",
        "T4g",
        "Unheard-Of",
    ]


@pytest.mark.parametrize(
    ("text", "normal", "parts"),
    [
        ("local", "local", ("local", None, None)),
        ("SSH/Rack", "ssh/Rack", ("ssh", "Rack", None)),
        ("docker/gpu-box", "docker/gpu-box", ("docker", "gpu-box", None)),
        ("*/us-east-1", "*/us-east-1", (None, "us-east-1", None)),
        ("DigitalOcean/nyc1", "do/nyc1", ("do", "nyc1", None)),
        ("ssh/a/b", "ssh/a/b", ("ssh", "a/b", None)),
        ("aws/us-east-1/us-east-1a", "aws/us-east-1/us-east-1a", ("aws", "us-east-1", "us-east-1a")),
        ("gcp/*/us-central1-a", "gcp/*/us-central1-a", ("gcp", None, "us-central1-a")),
        ("aws/*", "aws", ("aws", None, None)),
        ("k8s/arn:cluster/mine", "kubernetes/arn:cluster/mine", ("kubernetes", "arn:cluster/mine", None)),
        ("*", None, (None, None, None)),
    ],
)
def test_infra(text: str, normal: str | None, parts: tuple[str | None, ...]) -> None:
    assert parse_infra(text) == normal
    resources = Resources(infra=normal)
    assert (resources.cloud, resources.region, resources.zone) == parts


@pytest.mark.parametrize("text", ["", "a//b", "a/b/c/d", "/a", "a/"])
def test_no_infra(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a cloud"):
        parse_infra(text)


@pytest.mark.parametrize(
    ("ports", "normal"),
    [
        (8080, ("8080",)),
        ("9000-9010", ("9000-9010",)),
        ([8081, "8080", "22"], ("22", "8080-8081")),
        (["1-10", "5", "8-20"], ("1-20",)),
        ("80,81, 90", ("80-81", "90")),
        ([], ()),
    ],
)
def test_ports(ports: Any, normal: tuple[str, ...]) -> None:
    assert parse_ports(ports) == normal


@pytest.mark.parametrize("ports", [0, 65536, "80-", "-80", "90-80", "http", "80;81", "1-2-3"])
def test_no_ports(ports: Any) -> None:
    with pytest.raises(ValueError, match=r"^must be ports"):
        parse_ports(ports)


@pytest.mark.parametrize(
    ("wish", "autostop"),
    [
        (True, Autostop(0)),
        (False, NEVER),
        (-1, NEVER),
        (10, Autostop(10)),
        ("10m", Autostop(10)),
        ({}, Autostop(0)),
        ({"down": True}, Autostop(0, down=True)),
        ({"idle_minutes": 5, "wait_for": "NONE"}, Autostop(5, wait_for="none")),
        ({"lifetime": "8h"}, Autostop(-1, lifetime_minutes=480)),
        ({"idle_minutes": None, "down": None, "lifetime": 60}, Autostop(-1, lifetime_minutes=60)),
    ],
)
def test_autostop(wish: Any, autostop: Autostop) -> None:
    assert parse_autostop(wish) == autostop


def test_what_never_acts_has_no_manner() -> None:
    assert Autostop(-7, down=True, wait_for="jobs") == NEVER


def test_autostop_enabled() -> None:
    assert Autostop(0).enabled and Autostop(-1, lifetime_minutes=5).enabled and not NEVER.enabled
