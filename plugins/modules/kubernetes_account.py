"""What contexts have, and all that is ours in them: asked once for each, whatever clusters there are."""

DOCUMENTATION = r"""
module: kubernetes_account
short_description: What contexts of a kubeconfig have
description:
  - Tells what a context has and what its account may do, finds all that carries our labels, and removes it.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
options:
  kubeconfig:
    description: File of contexts; none is the file that kubectl takes.
    type: path
  namespace:
    description: Where to look; empty is each context's own namespace.
    type: str
    default: ""
  state:
    description:
      - V(checked) looks at one context, its nodes and what its account may do.
      - V(surveyed) finds what carries our labels. V(swept) removes some of that.
    type: str
    choices: [checked, surveyed, swept]
    required: true
  regions:
    description: Contexts to survey; empty is all of the kubeconfig.
    type: list
    elements: str
    default: []
  kinds:
    description: Kinds of things to survey; empty is all.
    type: list
    elements: str
    default: []
  things:
    description: What to remove, as a survey reported it.
    type: list
    elements: dict
    default: []
requirements:
  - kubernetes >= 24.2.0
  - PyYAML >= 3.11
  - jsonpatch
"""

EXAMPLES = r"""
- name: Find the pods of all clusters
  stix.core.kubernetes_account:
    state: surveyed
    kinds: [machine]
"""

RETURN = r"""
account:
  description: Contexts, nodes with their accelerators, and what the account may not do.
  type: dict
  returned: when checked
things:
  description: What was found; what is still there, when swept.
  type: list
  elements: dict
  returned: when surveyed or swept
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""

# ruff: noqa: E402 - documentation comes first
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.kubernetes_api import contexts, kubeconfig_file
from ansible_collections.stix.core.plugins.module_utils.kubernetes_context import look
from ansible_collections.stix.core.plugins.module_utils.kubernetes_login import log_in
from ansible_collections.stix.core.plugins.module_utils.kubernetes_things import left, survey, sweep, unreachable

OPTIONS = {
    "kubeconfig": {"type": "path"},
    "namespace": {"type": "str", "default": ""},
    "state": {"type": "str", "choices": ["checked", "surveyed", "swept"], "required": True},
    "regions": {"type": "list", "elements": "str", "default": []},
    "kinds": {"type": "list", "elements": "str", "default": []},
    "things": {"type": "list", "elements": "dict", "default": []},
}
PARALLEL = 16


def main():
    """One answer for all contexts."""
    module = AnsibleK8SModule(argument_spec={**AUTH_ARG_SPEC, **OPTIONS}, supports_check_mode=True, check_pyyaml=False)
    verbs = {"checked": check_context, "surveyed": survey_contexts, "swept": sweep_contexts}
    try:
        module.exit_json(**verbs[module.params["state"]](module))
    except Failure as failure:
        module.fail_json(msg=failure.message, stix_error=failure.record())


def check_context(module):
    """What one context has."""
    names, _ = contexts(module.params["kubeconfig"])
    return {"changed": False, "account": look(log_in(module, module.params["context"]), names)}


def survey_contexts(module):
    """Everything in all contexts; what two of them lead to is there once, by the current or the first one."""
    kubeconfig = module.params["kubeconfig"]
    names, current = contexts(kubeconfig)
    wanted = module.params["regions"] or sorted(names, key=lambda name: (name != current, name)) or [""]

    def ask(context):
        try:
            return survey(log_in(module, context), module.params["kinds"], kubeconfig_file(kubeconfig))
        except Failure as failure:
            return [unreachable(context, failure)]

    found = {}
    for each in [each for things in in_parallel(ask, wanted) for each in things]:
        found.setdefault((each["kind"], each["id"], str(each["details"].get("resource"))), each)
    return {"changed": False, "things": list(found.values())}


def sweep_contexts(module):
    """Removes the things, each context's at once."""
    places = {}
    for each in module.params["things"]:
        where = (each.get("region") or "", (each.get("details") or {}).get("namespace") or "")
        places.setdefault(where, []).append(each)

    def remove(place):
        (context, namespace), things = place
        try:
            return sweep(log_in(module, context, namespace), things, module.check_mode)
        except Failure as failure:
            return False, [left(each, failure.message) for each in things]

    swept = in_parallel(remove, places.items())
    return {
        "changed": any(changed for changed, _ in swept),
        "things": [each for _, things in swept for each in things],
    }


def in_parallel(do, places):
    """Results in the order of the places."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(do, places))


if __name__ == "__main__":
    main()
