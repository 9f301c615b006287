"""Makes one part of a node's set-up be as wanted: tools, engine, driver, toolkit, conda, or fit for an image."""

DOCUMENTATION = r"""
module: node_setup
short_description: Makes one part of a node's set-up be as wanted
description:
  - Looks at the node, decides what is lacking, and does that; one module run whatever there is to do.
  - Ubuntu 20.04 to 24.04, Debian 11 to 13, RHEL, Rocky and Alma Linux 8 and 9, Amazon Linux 2023.
  - In check mode the steps are decided and told, and nothing is done.
version_added: 0.1.0
options:
  part:
    description: Which part.
    type: str
    required: true
    choices: [base, docker, conda, cuda, container_gpu, bake]
  wish:
    description: What is wanted of it, as the roles say.
    type: dict
    default: {}
  registries:
    description: Of C(docker), logins, each C(server), C(username) and C(password).
    type: list
    elements: dict
    default: []
  proxy:
    description: Proxies for downloads and package managers, as C(http), C(https) and C(no).
    type: dict
    default: {}
author: The stix authors (@stix-cloud)
"""

EXAMPLES = r"""
- name: Have Docker
  stix.core.node_setup:
    part: docker
    wish: {mirror: https://download.docker.com, version: "28", user: ubuntu}
  become: true
"""

RETURN = r"""
steps:
  description: What was done, or in check mode would be.
  type: list
  elements: dict
  returned: success
said:
  description: Why, in a sentence.
  type: str
  returned: success
gpus:
  description: Names of the GPUs that answer.
  type: list
  elements: str
  returned: success
driver:
  description: Version of NVIDIA's driver that runs; empty without one.
  type: str
  returned: success
reboot:
  description: Whether the node has to start anew before what was installed works.
  type: bool
  returned: success
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""

# ruff: noqa: E402 - documentation comes first
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stix.core.plugins.module_utils import (
    node_bake,
    node_base,
    node_conda,
    node_container_gpu,
    node_cuda,
    node_docker,
)
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.node_facts import gather
from ansible_collections.stix.core.plugins.module_utils.node_steps import Steps, told

OPTIONS = {
    "part": {"type": "str", "required": True, "choices": ["base", "docker", "conda", "cuda", "container_gpu", "bake"]},
    "wish": {"type": "dict", "default": {}},
    "registries": {"type": "list", "elements": "dict", "default": [], "no_log": True},
    "proxy": {"type": "dict", "default": {}, "no_log": True},  # its addresses may hold passwords
}


def look_base(wish):
    """The facts that the plan of the tools needs; which packages these are depends on the system."""
    first = gather()
    return dict(first, **gather(node_base.FILES, packages=node_base.wanted_packages(first, wish)))


def look_docker(wish):
    """The facts that the engine's plan needs."""
    home = os.path.expanduser("~" + (wish.get("user") or ""))
    wish["config_path"] = os.path.join(home, ".docker", "config.json")
    return gather(node_docker.FILES, docker_config=wish["config_path"])


def look_conda(wish):
    """The facts that the plan of conda needs."""
    wish["prefix"] = os.path.expanduser(wish["prefix"])
    return gather(paths=node_conda.wanted_paths(wish))


def look_bake(_wish):
    """The facts that the clean-up before an image needs."""
    return dict(gather(node_bake.FILES), bake=node_bake.look())


PARTS = {
    "bake": (look_bake, node_bake.plan),
    "base": (look_base, node_base.plan),
    "docker": (look_docker, node_docker.plan),
    "conda": (look_conda, node_conda.plan),
    "cuda": (lambda _wish: gather(node_cuda.FILES), node_cuda.plan),
    "container_gpu": (
        lambda _wish: gather(node_container_gpu.FILES, node_container_gpu.wanted_paths()),
        node_container_gpu.plan,
    ),
}


def main():
    """Looks, decides, does."""
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    part, wish = module.params["part"], dict(module.params["wish"])
    look, plan = PARTS[part]
    wish["registries"] = module.params["registries"]
    try:
        facts = look(wish)
        decided = plan(facts, wish)
        steps, said = decided if isinstance(decided, tuple) else (decided, "")
        doer = Steps(module, module.params["proxy"])
        if steps and not module.check_mode:
            doer.take(steps)
            facts = look(wish)
        module.exit_json(
            changed=bool(steps),
            steps=told(steps),
            said=said or ("%d steps" % len(steps) if steps else "nothing is lacking"),
            gpus=facts["smi"]["gpus"],
            driver=facts["smi"]["driver"],
            reboot=doer.reboot,
        )
    except Failure as failure:
        module.fail_json(msg=failure.message, stix_error=failure.record())
    except OSError as error:
        failure = Failure("setup.failed", "%s could not be set up: %s" % (part, error))
        module.fail_json(msg=failure.message, stix_error=failure.record())


if __name__ == "__main__":
    main()
