"""What a failure rules out, by what is known of where it happened."""

from typing import Any

import pytest

from stix.driver.attempts import ruled_out
from stix.errors import StixError
from stix.model.cluster import Cluster
from stix.model.offer import Blocked, describe_resources
from stix.model.resources import Resources
from stix.model.task import Task

WISHES = Resources(infra="aws", use_spot=True), Resources(infra="docker")
TASK = Task(run="ls", resources=WISHES, resources_order="any_of")


def failed(
    code: str, infra: str, wishes: Resources, details: Any = None, *, instance: str = "", hosts: Any = ()
) -> set:
    nodes = tuple({"name": f"dev-{place}", "host": host} for place, host in enumerate(hosts))
    resources = describe_resources(wishes)
    cluster = Cluster("dev", "dev-1", "ann", infra, 1, nodes=nodes, resources=resources, instance=instance)
    return ruled_out(cluster, TASK, StixError(code, "no", details=details))


@pytest.mark.parametrize(
    ("code", "details", "blocked"),
    [
        ("provision.no_capacity", {"zone": "a1"}, Blocked("aws/a/a1", "m5", spot=True)),
        ("provision.no_capacity", {}, Blocked("aws/a", "m5", spot=True)),
        ("provision.quota", {}, Blocked("aws/a", "m5", spot=True)),
        ("provision.auth", {}, Blocked("aws")),
        ("provision.permission", {}, Blocked("aws")),
        ("provision.transient", {}, Blocked("aws/a")),
    ],
)
def test_in_a_cloud(code: str, details: dict[str, str], blocked: Blocked) -> None:
    assert failed(code, "aws/a", WISHES[0], details, instance="m5") == {blocked}


def test_on_an_engine_the_candidate_that_asked_too_much_or_the_engine() -> None:
    assert failed("provision.no_capacity", "docker", WISHES[1]) == {Blocked("docker", candidate=1)}
    assert failed("provision.auth", "docker", WISHES[1]) == {Blocked("docker")}


def test_of_machines_with_names_those_that_failed_or_all() -> None:
    hosts = ("gpu1", "gpu2")
    one = failed("node.unreachable", "ssh/rack", WISHES[1], {"hosts": ["dev-1"]}, hosts=hosts)
    assert one == {Blocked("ssh/rack", "gpu2")}
    assert failed("setup.python", "ssh/rack", WISHES[1], hosts=hosts) == {Blocked("ssh/rack", each) for each in hosts}
