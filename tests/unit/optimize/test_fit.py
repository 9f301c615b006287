"""Each hard constraint by itself, and what clouds cannot do."""

import pytest

from stix.clouds.registry import clouds
from stix.model.offer import Offer
from stix.model.quantities import Quantity
from stix.model.resources import Autostop, Resources
from stix.model.storage import Storage
from stix.model.task import Task
from stix.optimize.fit import CONSTRAINTS, inabilities, unfit

DISK = {"count": 8, "size_gib": 1000, "ssd": True, "nvme": True}
OFFER = Offer(
    "aws/us-east-1", "p4d.24xlarge", 96, 1152, {"A100": 8}, 21.96, zones=("use1-az1", "use1-az2"), local_disk=DISK
)
POOL = Offer("ssh/rack", "gpu1", 96, 1152, {"A100": 8}, copies=1)


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"infra": "aws"},
        {"infra": "aws/US-East-1"},
        {"infra": "aws/us-east-1/use1-az2"},
        {"infra": "aws/us-east-1/us-east-1a"},
        {"infra": "*/us-east-1"},
        {"instance_type": "p4d.24xlarge"},
        {"accelerators": {"a100": 8}},
        {"accelerators": {"A10.*": 8.005}},
        {"cpus": Quantity(96)},
        {"cpus": Quantity(64, True)},
        {"memory": Quantity(1152)},
        {"memory": Quantity(12, per_cpu=True)},
        {"local_disk": "nvme:8000"},
        {"local_disk": "ssd:500+"},
        {"max_hourly_cost": 21.96},
        {"use_spot": False},
        {"images": {"us-east-1": "ami-1"}},
    ],
)
def test_met(wishes: dict) -> None:
    assert unfit(Resources(**wishes), OFFER) is None


@pytest.mark.parametrize(
    ("constraint", "wishes", "words"),
    [
        ("infra", {"infra": "gcp"}, "is on aws/us-east-1, gcp wanted"),
        ("infra", {"infra": "aws/us-west-2"}, "aws/us-west-2 wanted"),
        ("infra", {"infra": "aws/us-east-1/use1-az6"}, "use1-az6 wanted"),
        ("image_id", {"images": {"us-west-2": "ami-1"}}, "no image for us-east-1"),
        ("instance_type", {"instance_type": "p5.48xlarge"}, "p5.48xlarge wanted"),
        ("accelerators", {"accelerators": {"A100": 4}}, "has 8 A100, 4 wanted"),
        ("accelerators", {"accelerators": {"A100-80GB": 8}}, "has 0 A100-80GB, 8 wanted"),
        ("cpus", {"cpus": Quantity(64)}, "has 96 CPUs, 64 wanted"),
        ("memory", {"memory": Quantity(2000, True)}, "has 1152 GiB of memory, 2000+ wanted"),
        ("memory", {"memory": Quantity(16, per_cpu=True)}, "16x wanted"),
        ("local_disk", {"local_disk": "nvme:9000+"}, "has 8000 GiB of local disk"),
        ("use_spot", {"use_spot": True}, "is an on-demand offer, a spot one wanted"),
        ("max_hourly_cost", {"max_hourly_cost": 20}, "costs $21.96/h, at most $20/h wanted"),
    ],
)
def test_not_met(constraint: str, wishes: dict, words: str) -> None:
    found = unfit(Resources(**wishes), OFFER)
    assert found and found.constraint == constraint and constraint in CONSTRAINTS and words in found.words


def test_a_size_is_a_least_size_where_sizes_are_not_for_sale() -> None:
    wishes = Resources(accelerators={"A100": 2}, cpus=Quantity(4), memory=Quantity(16))
    assert unfit(wishes, OFFER) is not None
    assert unfit(wishes, POOL, clouds()["ssh"]) is None
    assert unfit(Resources(cpus=Quantity(200)), POOL, clouds()["ssh"]).words == "has 96 CPUs, 200 wanted"


def test_shares_of_a_device_are_compared_roughly() -> None:
    sixth = Offer("azure/eastus", "Standard_NV6ads_A10_v5", 6, 55, {"A10": 0.167}, 0.45)
    assert unfit(Resources(accelerators={"A10": 1 / 6}), sixth) is None
    assert unfit(Resources(accelerators={"A10": 0.33}), sixth).constraint == "accelerators"


def test_what_is_not_known_is_no_fit_where_it_matters() -> None:
    slice_of_tpu = Offer("gcp/us-east5", "TPU-VM", None, None, {"tpu-v6e-256": 1}, None)
    assert unfit(Resources(accelerators={"tpu-v6e-256": 1}), slice_of_tpu) is None
    assert unfit(Resources(cpus=Quantity(4, True)), slice_of_tpu).constraint == "cpus"
    assert unfit(Resources(max_hourly_cost=9), slice_of_tpu).words == "has no known price, at most $9/h wanted"


def test_machines_that_are_held_or_broken() -> None:
    held = Offer("ssh/rack", "gpu1", held_by="other")
    broken = Offer("ssh/rack", "gpu2", fault="no python")
    assert unfit(Resources(), held, clouds()["ssh"]) == ("held", "is used by cluster other")
    assert unfit(Resources(), broken, clouds()["ssh"]) == ("fault", "is not usable: no python")


@pytest.mark.parametrize(
    ("cloud", "constraint", "asked"),
    [
        ("runpod", "num_nodes", {"num_nodes": 2}),
        ("local", "image_id", {"resources": {"image_id": "docker:ubuntu"}}),
        ("lambda", "image_id", {"resources": {"image_id": "ami-1"}}),
        ("ibm", "ports", {"resources": {"ports": ("80",)}}),
        ("lambda", "autostop", {"resources": {"autostop": Autostop(10)}}),
        ("runpod", "file_mounts", {"storage_mounts": {"/data": Storage(source="s3://data")}}),
        ("lambda", "use_spot", {"resources": {"use_spot": True}}),
        ("gcp", "local_disk", {"resources": {"local_disk": "nvme:100+"}}),
        ("vast", "disk_tier", {"resources": {"disk_tier": "high"}}),
        ("lambda", "network_tier", {"resources": {"network_tier": "best"}}),
        ("aws", "volumes", {"resources": {"volumes": ({"path": "/data"},)}}),
    ],
)
def test_what_a_cloud_cannot_do(cloud: str, constraint: str, asked: dict) -> None:
    resources = Resources(**asked.pop("resources", {}))
    found = inabilities(Task(resources=(resources,), **asked), resources, clouds()[cloud])
    assert [each.constraint for each in found] == [constraint] and constraint in CONSTRAINTS
    assert found[0].words.startswith(f"{cloud} cannot ")


def test_what_clouds_can_do_is_not_refused() -> None:
    wishes = Resources(image_id="docker:ubuntu", ports=("80",), autostop=Autostop(10), use_spot=True, disk_tier="best")
    copied = Task(num_nodes=4, resources=(wishes,), storage_mounts={"/data": Storage(source="s3://data", mode="COPY")})
    assert inabilities(copied, wishes, clouds()["aws"]) == []
    stops = Resources(autostop=Autostop(10, down=True))
    assert inabilities(Task(resources=(stops,)), stops, clouds()["lambda"]) == []
