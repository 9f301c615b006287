"""Resources: accelerators, infrastructures, ports, autostop."""

from typing import Any

import pytest

from stix.model.accelerators import canonical_name, format_accelerators, parse, parse_alternatives
from stix.model.resources import NEVER, Autostop, Resources, parse_autostop, parse_infra, parse_ports


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("A100", {"A100": 1}),
        ("a100:8", {"A100": 8}),
        ("T4:0.5", {"T4": 0.5}),
        ("v100:2.0", {"V100": 2}),
        ("TPU-v2-8", {"tpu-v2-8": 1}),
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
    assert parse_alternatives({"a100": 8, "T4": None}) == [{"A100": 8}, {"T4": 1}]
    assert parse_alternatives({"V100:2": None}) == [{"V100": 2}]
    assert parse_alternatives(["A100", "a100:1", "L4"]) == [{"A100": 1}, {"L4": 1}]


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
        ("docker/gpu-box/", "docker/gpu-box", ("docker", "gpu-box", None)),
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


@pytest.mark.parametrize("text", ["", "a//b", "a/b/c/d"])
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
        ([], ()),
    ],
)
def test_ports(ports: Any, normal: tuple[str, ...]) -> None:
    assert parse_ports(ports) == normal


@pytest.mark.parametrize("ports", [0, 65536, "80-", "-80", "90-80", "http", "80,81", "1-2-3"])
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


def test_autostop_enabled() -> None:
    assert Autostop(0).enabled and Autostop(-1, lifetime_minutes=5).enabled and not NEVER.enabled
