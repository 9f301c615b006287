"""Candidates: compared, copied, priced."""

import pytest

import stix

HAVE = {
    "infra": "aws/us-east-1", "instance_type": "p4d.24xlarge", "accelerators": "A100:8", "use_spot": True,
    "disk_tier": "high", "network_tier": "best", "local_disk": "nvme:1000", "ports": "8000-8010", "image_id": "ami-1",
}  # fmt: skip


@pytest.mark.parametrize(
    ("wish", "serves"),
    [
        ({}, True),
        ({"infra": "aws"}, True),
        ({"infra": "aws/us-east-2"}, False),
        ({"infra": "gcp"}, False),
        ({"instance_type": "p3.2xlarge", "infra": "aws"}, False),
        ({"accelerators": "A100:4"}, True),
        ({"accelerators": "A100:16"}, False),
        ({"accelerators": "H100:1"}, False),
        ({"use_spot": True}, True),
        ({"use_spot": False}, False),
        ({"disk_tier": "low"}, True),
        ({"disk_tier": "ultra"}, False),
        ({"disk_tier": "best"}, True),
        ({"network_tier": "standard"}, True),
        ({"local_disk": "ssd:500+"}, True),
        ({"local_disk": "nvme:2000+"}, False),
        ({"local_disk": "nvme:1000"}, True),
        ({"ports": 8005}, True),
        ({"ports": 9000}, False),
        ({"image_id": "ami-1"}, True),
        ({"image_id": "ami-2"}, False),
    ],
)
def test_whether_machines_serve_a_wish(wish: dict[str, object], serves: bool) -> None:
    resources, have = stix.Resources(**wish), stix.Resources(**HAVE)
    assert resources.less_demanding_than(have, check_ports=True) is serves
    assert resources.less_demanding_than([have, have], 2) is (serves or "ports" in wish)
    assert not resources.less_demanding_than([have], 2)
    assert have.less_demanding_than(have, check_ports=True)


def test_what_is_blocked() -> None:
    have = stix.Resources(**HAVE)
    assert have.should_be_blocked_by(stix.Resources()) and have.should_be_blocked_by(stix.Resources(cloud=stix.AWS()))
    assert not have.should_be_blocked_by(stix.Resources(infra="aws/us-west-2"))
    assert not have.should_be_blocked_by(stix.Resources(use_spot=False))


def test_copies() -> None:
    one = stix.Resources(cloud=stix.AWS(), region="us-east-1", cpus="4+", labels={"a": "b"})
    assert one.copy(zone="us-east-1a").infra == "aws/us-east-1/us-east-1a"
    assert one.copy(cloud=stix.GCP(), region=None).infra == "gcp" and one.copy(infra="k8s").infra == "kubernetes"
    assert one.copy(labels=None).labels is None and one.copy(cpus=None).cpus is None and one.cpus == "4+"
    assert one.copy() == one and hash(one.copy()) == hash(one) and len({one, one.copy()}) == 1


def test_small_answers() -> None:
    empty, full = stix.Resources(), stix.Resources(**HAVE)
    assert empty.is_empty() and not full.is_empty() and full.is_launchable() and not empty.is_launchable()
    assert (full.get_accelerators_str(), full.get_spot_str()) == ("A100:8", "[Spot]")
    assert (empty.get_accelerators_str(), empty.get_spot_str()) == ("-", "")
    assert stix.Resources(image_id="docker:ubuntu:22.04").extract_docker_image() == "ubuntu:22.04"
    assert full.image_id in ({"us-east-1": "ami-1"}, {None: "ami-1"}) and not empty.use_spot_specified


def test_prices(stix_home: object) -> None:
    named = stix.Resources(infra="aws", instance_type="m5.large")
    assert named.get_cost(7200) == pytest.approx(2 * stix.catalog.get_hourly_cost("m5.large", clouds="aws"))
    assert stix.enabled_clouds() == []


def test_optimize_takes_estimates_and_what_is_blocked(stix_home: object) -> None:
    places = {stix.Resources(infra=cloud, accelerators="L4") for cloud in ("aws", "gcp")}
    with stix.Dag() as dag:
        only = stix.Task("only", resources=places)
    stix.optimize(dag)
    first = only.best_resources
    assert first is not None and first.is_launchable() and dag.assignment is not None
    assert first.get_cost(3600) == pytest.approx(dag.assignment.dollars)
    only.blocked_resources = [stix.Resources(cloud=first.cloud)]
    assert stix.optimize(dag, minimize="cost") is dag
    assert only.best_resources is not None and only.best_resources.cloud != first.cloud
    only.blocked_resources = [stix.Resources(infra=f"*/{first.region}"), stix.Resources(accelerators="H100")]
    stix.optimize(dag)
    assert only.best_resources is not None and only.best_resources.region != first.region
    only.blocked_resources = [stix.Resources(accelerators="L4", infra="aws"), stix.Resources(infra="gcp")]
    with pytest.raises(stix.exceptions.ResourcesUnavailableError):
        stix.optimize(dag)
