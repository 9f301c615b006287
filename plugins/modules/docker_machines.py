"""Containers as the machines of a cluster: all of them by one call."""

DOCUMENTATION = r"""
module: docker_machines
short_description: Containers as machines
description:
  - Creates, starts, stops, removes and finds the containers of one cluster, several at a time.
  - A container belongs to the cluster by its label C(stix.cluster_id).
  - Tells and removes what carries that label on the whole engine, whatever its cluster.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment:
  - community.docker.docker
  - community.docker.docker.api_documentation
options:
  state:
    description: What is to be. V(surveyed) tells all that is ours, V(swept) removes O(things).
    type: str
    choices: [present, query, stopped, absent, surveyed, swept]
    required: true
  cluster_id:
    description: Unique id of the cluster; not needed to survey and sweep.
    type: str
    default: ""
  cluster:
    description: Name of the cluster.
    type: str
    default: ""
  user:
    description: Who owns it.
    type: str
    default: ""
  run_id:
    description: The run that creates the containers.
    type: str
    default: ""
  nodes:
    description: The wanted nodes, each with name, rank and sizes.
    type: list
    elements: dict
    default: []
  remove_surplus:
    description: Whether containers of the cluster whose rank is not among O(nodes) are removed.
    type: bool
    default: false
  on_shutdown:
    description: What is to become of a container that ends by itself. Written into C(stix.on_shutdown), for sweepers.
    type: str
    choices: ["", stop, terminate]
    default: ""
  deadline:
    description: When the cluster may be swept away, in Unix seconds; 0 is never. Written into C(stix.deadline).
    type: int
    default: 0
  region:
    description: Name of the engine's context, for what is surveyed.
    type: str
    default: ""
  kinds:
    description: Kinds of things to survey, C(machine) and C(network); empty is all.
    type: list
    elements: str
    default: []
  things:
    description: What is to be swept, each with its C(id).
    type: list
    elements: dict
    default: []
  network:
    description: The network that joins the containers.
    type: str
    default: bridge
  default_image:
    description: Image of nodes without an C(image_id).
    type: str
    default: ""
  run_options:
    description: More options, as on a C(docker run) line.
    type: list
    elements: str
    default: []
  volumes:
    description:
      - What every container mounts, each with C(target) and either C(resource), the name of a volume that must be
        there, or C(host_path), a folder of the engine's machine, with C(sub_path); C(mode) is C(rw) or C(ro).
    type: list
    elements: dict
    default: []
  connection:
    description: Host variables to add to the C(connection) of each instance.
    type: dict
    default: {}
requirements:
  - Docker API >= 1.40
  - requests
"""

EXAMPLES = r"""
- name: Have two machines
  stix.core.docker_machines:
    state: present
    cluster_id: demo-1f3a9c
    cluster: demo
    default_image: python:3.12-slim
    nodes:
      - {name: demo-0, rank: 0, cpus: 2, memory: 4}
      - {name: demo-1, rank: 1, cpus: 2, memory: 4}
"""

RETURN = r"""
instances:
  description: The machines as they are afterwards, by rank.
  type: list
  elements: dict
  returned: success
resources:
  description: What was surveyed, or what of O(things) is left.
  type: list
  elements: dict
  returned: when surveyed or swept
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""

# ruff: noqa: E402 - documentation comes first
try:
    from ansible_collections.community.docker.plugins.module_utils.common_api import (
        AnsibleDockerClient,
        RequestException,
    )
except ImportError:  # community.docker 5 made it private by name
    from ansible_collections.community.docker.plugins.module_utils._common_api import (
        AnsibleDockerClient,
        RequestException,
    )
from ansible_collections.community.docker.plugins.module_utils._api.errors import DockerException
from ansible_collections.stix.core.plugins.module_utils.docker_cluster import DockerCluster
from ansible_collections.stix.core.plugins.module_utils.docker_errors import classify
from ansible_collections.stix.core.plugins.module_utils.docker_survey import DockerSurvey
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

STATES = ["present", "query", "stopped", "absent", "surveyed", "swept"]
OPTIONS = {
    "state": {"type": "str", "choices": STATES, "required": True},
    "cluster_id": {"type": "str", "default": ""},
    "cluster": {"type": "str", "default": ""},
    "user": {"type": "str", "default": ""},
    "run_id": {"type": "str", "default": ""},
    "nodes": {"type": "list", "elements": "dict", "default": []},
    "remove_surplus": {"type": "bool", "default": False},
    "on_shutdown": {"type": "str", "choices": ["", "stop", "terminate"], "default": ""},
    "deadline": {"type": "int", "default": 0},
    "region": {"type": "str", "default": ""},
    "kinds": {"type": "list", "elements": "str", "default": []},
    "things": {"type": "list", "elements": "dict", "default": []},
    "network": {"type": "str", "default": "bridge"},
    "default_image": {"type": "str", "default": ""},
    "run_options": {"type": "list", "elements": "str", "default": []},
    "volumes": {"type": "list", "elements": "dict", "default": []},
    "connection": {"type": "dict", "default": {}},
}


class Client(AnsibleDockerClient):
    """Fails with a `stix_error`, also when it cannot connect."""

    def fail(self, msg, **kwargs):
        """Ends the module; the reason is classified."""
        self.module.fail_json(**{key: value for key, value in classify(msg).result().items() if key != "failed"})


def main():
    """One state for all containers of the cluster, or for all that is ours on the engine."""
    needs = [("state", state, ("cluster_id",)) for state in STATES if state not in ("surveyed", "swept")]
    client = Client(argument_spec=OPTIONS, supports_check_mode=True, required_if=needs, min_docker_api_version="1.40")
    try:
        client.module.exit_json(**_result(client, client.module.params, client.check_mode))
    except Failure as failure:
        client.module.fail_json(msg=failure.message, stix_error=failure.record())
    except (DockerException, RequestException) as error:
        client.fail(str(error))


def _result(client, params, check):
    state = params["state"]
    if state in ("surveyed", "swept"):
        survey = DockerSurvey(client, params["region"], params["connection"])
        changed = survey.sweep(params["things"], check) if state == "swept" else False
        found = survey.left(params["things"]) if state == "swept" else survey.things(params["kinds"])
        return {"changed": changed, "resources": found}
    verbs = {"present": DockerCluster.ensure, "stopped": DockerCluster.stop, "absent": DockerCluster.remove}
    cluster = DockerCluster(client, params)
    changed = verbs[state](cluster, check) if state in verbs else False
    return {"changed": changed, "instances": cluster.instances(), "diff": cluster.diff}


if __name__ == "__main__":
    main()
