"""All that is ours in an account, whatever cluster it is of."""

DOCUMENTATION = r"""
module: aws_resources
short_description: What carries our tags in an AWS account
description:
  - Finds, in many regions at once, what carries the tag C(stix-cluster-id) or C(stix-shared), or removes what is named.
  - Each region is asked by one call for each kind of thing. A region that does not answer is reported as such.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  state:
    description: C(query) finds; C(absent) removes the I(things).
    type: str
    choices: [query, absent]
    required: true
  regions:
    description: Regions to look in; empty means all that the account has enabled.
    type: list
    elements: str
    default: []
  kinds:
    description: Kinds of things to look for, C(machine), C(disk) and so on; empty means all.
    type: list
    elements: str
    default: []
  things:
    description: What to remove, as it was reported; C(id) and C(region) of each count. What is not ours is not touched.
    type: list
    elements: dict
    default: []
  account:
    description: The account that it is all in, if that is known; keys of another one are refused.
    type: str
    default: ""
  config:
    description: Settings of the account's network and machines, as in M(stix.core.aws_machines).
    type: dict
    default: {}
  private_key_file:
    description: Path of the private key that logs in, for the connection that is reported.
    type: str
    default: ""
  wait_seconds:
    description: How long removing may wait for machines to end.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Find all machines of an account
  stix.core.aws_resources:
    state: query
    kinds: [machine]

- name: Remove a disk that was left
  stix.core.aws_resources:
    state: absent
    things: [{id: vol-0a1b2c3d, region: us-east-1}]
"""

RETURN = r"""
resources:
  description: The things as they are, or those that could not be removed, with C(reason) in their details.
  type: list
  elements: dict
  returned: success
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""

# ruff: noqa: E402 - documentation comes first
from ansible_collections.stix.core.plugins.module_utils.aws_errors import classify_exception
from ansible_collections.stix.core.plugins.module_utils.aws_module import Module, require_account
from ansible_collections.stix.core.plugins.module_utils.aws_survey import Survey
from ansible_collections.stix.core.plugins.module_utils.aws_sweep import sweep

OPTIONS = {
    "state": {"type": "str", "choices": ["query", "absent"], "required": True},
    "regions": {"type": "list", "elements": "str", "default": []},
    "kinds": {"type": "list", "elements": "str", "default": []},
    "things": {"type": "list", "elements": "dict", "default": []},
    "account": {"type": "str", "default": ""},
    "config": {"type": "dict", "default": {}},
    "private_key_file": {"type": "str", "default": "", "no_log": False},
    "wait_seconds": {"type": "int", "default": 300},
}


def main():
    """Finds or removes."""
    Module(argument_spec=OPTIONS, supports_check_mode=True).answer(_result)


def _result(module):
    params = module.params
    module.check_settings()
    if params["state"] == "query":
        clients = _clients(module, params["regions"] or enabled(module.make_client("ec2", haste=True)))
        return {"changed": False, "resources": Survey(clients, params).things(params["kinds"])}
    things = params["things"]
    accounts = {params["account"], *((one.get("details") or {}).get("account") for one in things)} - {"", None}
    for account in sorted(accounts):
        require_account(module.make_client("sts"), account, module.place())
    clients = _clients(module, sorted({one["region"] for one in things}))
    changed, left = sweep(clients, things, module.check_mode, params["wait_seconds"])
    return {"changed": changed, "resources": left}


def _clients(module, regions):
    return {region: module.make_client("ec2", region=region, haste=True) for region in regions}


def enabled(ec2):
    """Names of the regions that the account can use.

    Raises:
        Failure: `provision.*`.
    """
    try:
        found = ec2.describe_regions()["Regions"]
    except Exception as error:
        raise classify_exception(error) from error
    return sorted(one["RegionName"] for one in found if one.get("OptInStatus") != "not-opted-in")


if __name__ == "__main__":
    main()
