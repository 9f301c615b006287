"""Everything of ours in a project of Google Cloud: found by its labels, and removed."""

DOCUMENTATION = r"""
module: gcp_resources
short_description: What stix has in a project of Google Cloud
description:
  - Finds the instances, disks and firewall rules that carry our labels, in all regions by one call for each kind, and
    removes those that are named if they still carry them.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
requirements:
  - google-auth
  - requests
options:
  state:
    description: Whether to find things or to remove some.
    type: str
    choices: [query, absent]
    required: true
  region:
    description: Without effect; what the other modules have.
    type: str
    default: ""
  regions:
    description: Regions to look in; empty means all.
    type: list
    elements: str
    default: []
  kinds:
    description: Kinds of things to look for, C(machine), C(disk), C(firewall); empty means all.
    type: list
    elements: str
    default: []
  things:
    description: What to remove, as I(state=query) found it.
    type: list
    elements: dict
    default: []
  account:
    description: The project, if that is known; another one is refused.
    type: str
    default: ""
  config:
    description: Settings as of the module C(gcp_machines).
    type: dict
    default: {}
  private_key_file:
    description: Path of the private key that logs in, for the connections that are reported.
    type: str
    default: ""
  wait_seconds:
    description: How long the removal may take.
    type: int
    default: 600
"""

EXAMPLES = r"""
- name: Find everything
  stix.core.gcp_resources:
    state: query
"""

RETURN = r"""
resources:
  description: The things, or those of I(things) that are still there.
  type: list
  elements: dict
  returned: success
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""

# ruff: noqa: E402 - documentation comes first
from ansible_collections.stix.core.plugins.module_utils import gcp_survey
from ansible_collections.stix.core.plugins.module_utils.gcp_module import GcpModule

OPTIONS = {
    "state": {"type": "str", "choices": ["query", "absent"], "required": True},
    "region": {"type": "str", "default": ""},
    "regions": {"type": "list", "elements": "str", "default": []},
    "kinds": {"type": "list", "elements": "str", "default": []},
    "things": {"type": "list", "elements": "dict", "default": []},
    "account": {"type": "str", "default": ""},
    "config": {"type": "dict", "default": {}},
    "private_key_file": {"type": "str", "default": "", "no_log": False},
    "wait_seconds": {"type": "int", "default": 600},
}


def main():
    """Find or remove."""
    module = GcpModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.run(lambda api: _result(module, api))


def _result(module, api):
    params = module.params
    if params["state"] == "query":
        return {"changed": False, "resources": gcp_survey.survey(api, params)}
    changed, left = gcp_survey.sweep(api, params, module.check_mode)
    return {"changed": changed, "resources": left}


if __name__ == "__main__":
    main()
