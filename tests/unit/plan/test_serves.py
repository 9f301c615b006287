"""Which clusters a candidate takes: wildcards and zones are of the place, not letters of its name."""

import pytest

from stix.model.cluster import Cluster
from stix.model.resources import Resources
from stix.plan.launch import serves

ZONES = ("us-east-1a",)


@pytest.mark.parametrize(
    ("wanted", "infra", "fits"),
    [
        (None, "aws/us-east-1", True),
        ("aws", "aws/us-east-1", True),
        ("aws/us-east-1", "aws/us-east-1", True),
        ("aws/us-east-1/us-east-1a", "aws/us-east-1", True),
        ("aws/*/us-east-1a", "aws/us-east-1", True),
        ("*/us-east-1", "aws/us-east-1", True),
        ("aws/us-east-1/us-east-1b", "aws/us-east-1", False),
        ("aws/us-west-2", "aws/us-east-1", False),
        ("gcp", "aws/us-east-1", False),
        ("ssh", "ssh/rack", True),
        ("ssh/rack", "ssh/rack", True),
        ("ssh/rack", "ssh/rack2", False),
        ("docker/box", "docker", False),
        ("kubernetes/arn:aws:eks:us:1:cluster/c", "kubernetes/arn:aws:eks:us:1:cluster/c", True),
    ],
)
def test_a_candidate_takes_clusters_of_its_place(wanted: str | None, infra: str, fits: bool) -> None:
    cluster = Cluster(name="c", cluster_id="c-1", user="ann", infra=infra, num_nodes=1, zones=ZONES)
    assert serves(cluster, Resources(infra=wanted)) is fits
