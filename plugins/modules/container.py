"""Documentation of an action plugin."""

DOCUMENTATION = r"""
module: container
short_description: The container that a node's jobs run in
description:
  - Has the agent make, start or keep the container of the cluster's image, by the machine's own Docker.
  - One that is as wanted stays, with all that jobs installed in it. Another image, other options or a new absolute path
    make it anew, unless jobs run in it.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  home:
    description: The agent's folder on the node; a leading C(~/) is the login's home.
    type: str
    required: true
  image:
    description: The image; all that it must have is C(/bin/sh).
    type: str
    required: true
  run_options:
    description: More options of C(docker run); they go before stix's own.
    type: list
    elements: str
    default: []
  paths:
    description: Targets of files and buckets on the node; those outside of the jobs' HOME are shown in the container.
    type: list
    elements: str
    default: []
  required:
    description: Whether it is an error that the machine lacks something.
    type: bool
    default: false
  registry_file:
    description: JSON file on the controller with SKYPILOT_DOCKER_USERNAME, _PASSWORD and _SERVER.
    type: path
    default: ""
"""

EXAMPLES = r"""
- name: Have the container
  stix.core.container:
    home: ~/.stix/agent
    image: nvcr.io/nvidia/pytorch:24.07-py3
    run_options: [--shm-size=64g]
"""

RETURN = r"""
missing:
  description: What the machine lacks, C(docker) or C(container_gpu); nothing was done then.
  type: list
  elements: str
  returned: success
state:
  description: C(kept), C(started), C(made) or C(renewed).
  type: str
  returned: when nothing is missing
name:
  description: Name of the container.
  type: str
  returned: when nothing is missing
image:
  description: Its image.
  type: str
  returned: when nothing is missing
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""
