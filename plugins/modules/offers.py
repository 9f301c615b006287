"""What can be had where, and for how much."""

DOCUMENTATION = r"""
module: offers
short_description: Machines that fit, and their prices
description:
  - Asks the catalog of C(stix), and the engines and machines of your own that it knows, for nodes that fit.
  - The options are keys of C(resources) in a task file. No network is needed.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment:
  - stix.core.stix_command
attributes:
  check_mode:
    description: It changes nothing in any mode.
    support: full
options:
  accelerators:
    description: Name and number, as V(H100:8).
    type: str
  cpus:
    description: CPUs, exactly V(8) or at least V(8+).
    type: str
  memory:
    description: GiB, exactly V(32) or at least V(32+), V(4x) is 4 GiB for each CPU.
    type: str
  infra:
    description: Cloud, region and zone, as V(aws/us-east-1).
    type: str
  instance_type:
    description: The cloud's own name of a kind of machine.
    type: str
  use_spot:
    description: Whether the cloud may take the machine back.
    type: bool
  max_hourly_cost:
    description: Most that a node may cost, in dollars an hour.
    type: float
  num_nodes:
    description: How many of them.
    type: int
    default: 1
  enabled:
    description: Only where machines can be made now (C(stix check)).
    type: bool
    default: false
  limit:
    description: At most so many, the best ones. V(0) is all.
    type: int
    default: 20
"""

EXAMPLES = r"""
- name: See where 8 H100 are cheapest
  stix.core.offers:
    accelerators: H100:8
    use_spot: true
  register: found

- name: Say it
  ansible.builtin.debug:
    msg: "{{ found.offers[0].infra }} for {{ found.offers[0].hourly_cost }} dollars an hour"
  when: found.offers
"""

RETURN = r"""
offers:
  description:
    - What fits, the best first. C(hourly_cost) is that of all nodes in dollars, null where it is not known.
    - C(reason) says why an offer has its place. C(stale) prices are old, C(priced_on) is their date.
  type: list
  elements: dict
  returned: success
  sample: [{infra: aws/us-west-2, instance: p5.48xlarge, cpus: 192, memory: 2048, accelerators: {H100: 8},
            hourly_cost: 9.37, spot: true, enabled: false}]
found:
  description: How many fit, before O(limit).
  type: int
  returned: success
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""

# ruff: noqa: E402 - documentation comes first
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stix.core.plugins.module_utils.stix_command import COMMON, run_module

NOTHING_FITS = 3
WORDS = {
    "accelerators": "--gpus",
    "cpus": "--cpus",
    "memory": "--memory",
    "infra": "--infra",
    "instance_type": "--instance-type",
    "max_hourly_cost": "--max-hourly-cost",
    "num_nodes": "--num-nodes",
}


def main():
    """Everything that fits."""
    options = {
        **{name: {"type": "str"} for name in ("accelerators", "cpus", "memory", "infra", "instance_type")},
        "use_spot": {"type": "bool"},
        "max_hourly_cost": {"type": "float"},
        "num_nodes": {"type": "int", "default": 1},
        "enabled": {"type": "bool", "default": False},
        "limit": {"type": "int", "default": 20},
    }
    run_module(AnsibleModule(argument_spec={**COMMON, **options}, supports_check_mode=True), _ask)


def _ask(stix):
    given = stix.params
    words = [word for name, flag in WORDS.items() if given[name] is not None for word in (flag, str(given[name]))]
    if given["use_spot"] is not None:
        words.append("--use-spot" if given["use_spot"] else "--no-use-spot")
    plan = stix.call("plan", "--all", *words, good=(0, NOTHING_FITS))[1]
    fits = [offer for offer in plan.get("candidates") or [] if offer["enabled"] or not given["enabled"]]
    offers = fits[: given["limit"]] if given["limit"] else fits
    kept = [{key: value for key, value in offer.items() if key != "chosen"} for offer in offers]
    return {"changed": False, "offers": kept, "found": len(fits)}


if __name__ == "__main__":
    main()
