"""Where jobs run in a container of their machines, and what the cloud is asked for then."""

from dataclasses import replace

import pytest

from stix.driver import containers
from stix.driver.session import World
from stix.inventory.render import wanted_nodes
from stix.model.cluster import Cluster
from stix.plan.container import as_machines, container_image

BOX = Cluster("box", "box-1a2b3c", "ann", "ssh/rack", 1, resources={"image_id": "docker:team/tool:1"})


@pytest.mark.parametrize(
    ("infra", "image", "container", "machine"),
    [
        ("ssh/rack", "docker:team/tool:1", "team/tool:1", None),
        ("aws/us-east-1", "docker:team/tool:1", "team/tool:1", None),
        ("aws/us-east-1", {"docker": "team/tool:1", "us-east-1": "ami-1"}, "team/tool:1", {"us-east-1": "ami-1"}),
        ("gcp/us-central1", "projects/x/global/images/y", "", "projects/x/global/images/y"),
        ("azure/eastus", None, "", None),
        ("docker", "docker:team/tool:1", "", "docker:team/tool:1"),
        ("kubernetes/here", "docker:team/tool:1", "", "docker:team/tool:1"),
    ],
)
def test_the_container_s_image_is_none_of_the_machine_s(
    infra: str, image: object, container: str, machine: object
) -> None:
    cluster = replace(BOX, infra=infra, resources={"image_id": image})
    assert container_image(cluster) == container
    assert wanted_nodes(as_machines(cluster))[0]["image_id"] == machine


def test_nodes_are_told_of_image_options_and_a_home(stix_home: object) -> None:
    stix_home.mkdir()
    (stix_home / "config.yaml").write_text("docker: {run_options: --env SITE=1}\n")
    world = World()
    told = containers.node_vars(world, replace(BOX, docker_run_options=("--env TASK={{ x }}",)))
    assert told["stix_container"] == {"image": "team/tool:1", "run_options": ["--env SITE=1", "--env TASK={{ x }}"]}
    assert type(told["stix_container"]["run_options"][1]).__name__ == "_Unsafe"
    assert told["skylet_user_home"] == "~/stix_home"
    assert containers.node_vars(world, replace(BOX, infra="docker")) == {}
