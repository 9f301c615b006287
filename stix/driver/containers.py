"""The container that the machines of a cluster run its jobs in, where its image is one of a container (`docker:`)."""

from typing import Any

from stix.clouds.registry import clouds
from stix.driver.decide import served_candidate
from stix.driver.registry_login import registry_login
from stix.driver.session import Run, World
from stix.errors import ClusterError
from stix.inventory.render import literal
from stix.model.cluster import Cluster
from stix.model.offer import describe_resources
from stix.model.task import Task
from stix.plan.container import container_image

JOBS_HOME = "~/stix_home"
"""HOME of jobs on such machines: a folder of their own, the same inside and outside, so that what jobs keep there is
not mixed with the login's own files."""


def node_vars(world: World, cluster: Cluster) -> dict[str, Any]:
    """Variables of the group `stix_nodes` for its container; none without one."""
    image = container_image(cluster)
    if not image:
        return {}
    everywhere = world.settings.docker.get("run_options") or []
    options = [*([everywhere] if isinstance(everywhere, str) else everywhere), *cluster.docker_run_options]
    container = {"image": image, **({"run_options": options} if options else {})}
    return {"stix_container": literal(container), "skylet_user_home": JOBS_HOME}


def login(run: Run, cluster: Cluster, task: Task) -> tuple[dict[str, Any], dict[str, str]]:
    """Variables of `stix_nodes` that tell where the registry's login is while a play runs, and that login."""
    found = dict(registry_login(task)) if container_image(cluster) else {}
    return ({"stix_registry_file": str(run.folder.secrets_file)} if found else {}), found


def renewed(run: Run, cluster: Cluster, task: Task) -> Cluster:
    """The cluster with the image and the options that a task names; raises as `wished`."""
    changes = wished(cluster, task)
    return (run.record("changed", **changes) or cluster) if changes else cluster


def wished(cluster: Cluster, task: Task) -> dict[str, Any]:
    """What a task changes of a cluster's record: image and options may be others than it was made with.

    Raises:
        ClusterError: `cluster.mismatch`, its jobs run in no container.
    """
    wanted = served_candidate(task, cluster)
    now = container_image(cluster)
    if wanted.container_image is None or "container" not in clouds()[cluster.cloud].can:
        return {}
    if not now:
        raise ClusterError(
            "cluster.mismatch",
            f"jobs of cluster {cluster.name} run on its machines, the task wants {wanted.container_image}",
            hint="use another cluster name",
        )
    if (wanted.container_image, task.docker_run_options) == (now, cluster.docker_run_options):
        return {}
    image = describe_resources(wanted)["image_id"]
    return {"resources": {**cluster.resources, "image_id": image}, "docker_run_options": [*task.docker_run_options]}
