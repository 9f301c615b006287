"""A cluster as it is to be: up, stopped or absent."""

DOCUMENTATION = r"""
module: cluster
short_description: A cluster of stix
description:
  - Makes a cluster for a task or for resources, stops it, or removes it. M(stix.core.job) runs jobs on it.
  - What the task says under C(run) is left out. Its C(workdir), mounts and C(setup) are done when the cluster is made,
    started, repaired or resized, and with O(update) also when it is up.
  - A cluster that is up and fits is left as it is.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment:
  - stix.core.stix_command
  - stix.core.stix_command.task
attributes:
  check_mode:
    description: Nothing is made or ended. With V(up) the launch is planned, and what it would fail with is the failure.
    support: full
  diff_mode:
    description: Shows the state, the place, the number of nodes and autostop.
    support: full
options:
  name:
    description: The cluster's name.
    type: str
    required: true
  state:
    description: What is to be.
    type: str
    choices: [up, stopped, absent]
    default: up
  resources:
    description: What each node is to have, as C(resources) of a task file. Stands for a task that has nothing else.
    type: dict
  update:
    description: Bring the workdir and run the setup again on a cluster that is up. That is always a change.
    type: bool
    default: false
  wait:
    description:
      - With V(up), whether to wait until the task's setup has ended, and to fail where it failed.
      - The machines are waited for in any case. C(async) lets a play go on meanwhile.
    type: bool
    default: true
  idle_minutes_to_autostop:
    description: Minutes without work after which it is let go. V(-1) is never.
    type: int
  down:
    description: Whether autostop removes it instead of stopping it.
    type: bool
    default: false
  lifetime_minutes:
    description: Hard limit of its life.
    type: int
  retry_until_up:
    description: Try again until a place has room.
    type: bool
    default: false
  resize:
    description: Let a live cluster have as many nodes as the task also where that is fewer.
    type: bool
    default: false
  drain:
    description: With V(stopped) and V(absent), let jobs that run or wait end first.
    type: bool
    default: false
  drain_timeout:
    description: Seconds to wait for them. After that the module fails and the cluster stays as it is.
    type: int
    default: 3600
  purge:
    description: With V(absent), forget the cluster also if something may be left of it.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Have two nodes with eight GPUs each, and let them go after half an hour without work
  stix.core.cluster:
    name: train
    resources: {accelerators: "H100:8", infra: aws}
    num_nodes: 2
    idle_minutes_to_autostop: 30
    down: true

- name: Have what a task needs
  stix.core.cluster:
    name: train
    task_file: train.yaml
    secrets: {HF_TOKEN: "{{ hf_token }}"}

- name: Begin to make it and go on
  stix.core.cluster:
    name: train
    task_file: train.yaml
  async: 3600
  poll: 0

- name: Remove it when its jobs are done
  stix.core.cluster:
    name: train
    state: absent
    drain: true
"""

RETURN = r"""
cluster:
  description: The cluster as C(stix status) shows it. Null when there is none, also in check mode.
  type: dict
  returned: success
  sample: {name: train, status: UP, infra: aws/us-east-1, num_nodes: 2}
plan:
  description: What was planned, as C(stix plan) shows it.
  type: dict
  returned: with V(up)
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""

# ruff: noqa: E402 - documentation comes first
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stix.core.plugins.module_utils import stix_jobs as jobs
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.stix_command import COMMON, TASK, run_module

SHOWN = ("status", "infra", "num_nodes", "autostop", "to_down", "lifetime_minutes")
"""Fields of a cluster that a diff compares."""


def main():
    """One cluster, one state."""
    options = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["up", "stopped", "absent"], "default": "up"},
        "resources": {"type": "dict"},
        "idle_minutes_to_autostop": {"type": "int"},
        "lifetime_minutes": {"type": "int"},
        "wait": {"type": "bool", "default": True},
        "drain_timeout": {"type": "int", "default": 3600},
        **{
            name: {"type": "bool", "default": False}
            for name in ("update", "down", "retry_until_up", "resize", "drain", "purge")
        },
    }
    module = AnsibleModule(
        argument_spec={**COMMON, **TASK, **options},
        mutually_exclusive=[("task", "task_file", "resources")],
        supports_check_mode=True,
    )
    run_module(module, _up if module.params["state"] == "up" else _end)


def _up(stix):
    given, check = stix.params, stix.module.check_mode
    resources = {"resources": given["resources"]} if given["resources"] else None
    task, how = stix.task(extra=resources)
    words = ["-c", given["name"], "--no-run", *_flags(given), *task]
    before = stix.cluster(given["name"])
    plan = stix.call("up", "--dryrun", *words, **how)[1]
    fits = before and before["status"] == "UP" and plan["action"] == "reuse" and not given["update"]
    setting = _setting(given)
    if fits and all(before[key] == value for key, value in setting.items()):
        return {"changed": False, "cluster": before, "plan": plan}
    if check:
        place = {"status": "UP", "infra": plan["infra"], "num_nodes": plan["task"]["num_nodes"]}
        planned = {**(_shown(before) or {}), **place, **setting}
        return {"changed": True, "cluster": before, "plan": plan, "diff": _diff(before, planned)}
    if fits:
        stix.call("autostop", given["name"], *_autostop(given))
    else:
        _launch(stix, words, how)
    after = stix.cluster(given["name"])
    return {"changed": True, "cluster": after, "plan": plan, "diff": _diff(before, _shown(after))}


def _launch(stix, words, how):
    name = stix.params["name"]
    detach = [] if stix.params["wait"] else ["-d"]
    status, made = stix.call("up", "-y", *detach, *words, good=(0, 100, 103), **how)
    if status:
        code = "job.cancelled" if status == 103 else "job.failed"
        hint = "stix logs %s %s" % (name, made["job_id"])
        raise Failure(code, "the setup on cluster %r did not end well" % name, hint=hint, details=made)


def _flags(given):
    words = ["-i", str(given["idle_minutes_to_autostop"])] if given["idle_minutes_to_autostop"] is not None else []
    words += ["--lifetime-minutes", str(given["lifetime_minutes"])] if given["lifetime_minutes"] else []
    switches = {"down": "--down", "retry_until_up": "--retry-until-up", "resize": "--resize"}
    return words + [switch for name, switch in switches.items() if given[name]]


def _setting(given):
    """What the options say of autostop, in the words of `stix status`."""
    idle, lifetime = given["idle_minutes_to_autostop"], given["lifetime_minutes"]
    wanted = {} if idle is None else {"autostop": idle, "to_down": given["down"] and idle >= 0}
    return {**wanted, **({"lifetime_minutes": lifetime} if lifetime else {})}


def _autostop(given):
    idle = given["idle_minutes_to_autostop"]
    if idle is not None and idle < 0 and not given["lifetime_minutes"]:
        return ["--cancel"]
    words = [] if idle is None else ["-i", str(idle)]
    words += ["--lifetime-minutes", str(given["lifetime_minutes"])] if given["lifetime_minutes"] else []
    return [*words, *(["--down"] if given["down"] else [])]


def _end(stix):
    given = stix.params
    name, gone = given["name"], given["state"] == "absent"
    before = stix.cluster(name)
    if (gone and not before) or (before and not gone and before["status"] == "STOPPED"):
        return {"changed": False, "cluster": before}
    if not before:
        raise Failure("cluster.not_found", "there is no cluster %r that could be stopped" % name)
    wanted = None if gone else {**_shown(before), "status": "STOPPED"}
    if stix.module.check_mode:
        return {"changed": True, "cluster": before, "diff": _diff(before, wanted)}
    if given["drain"] and before["status"] == "UP":
        jobs.drain(stix, name, given["drain_timeout"])
    stix.call("down" if gone else "stop", "-y", name, *(["--purge"] if gone and given["purge"] else []))
    after = stix.cluster(name)
    return {"changed": True, "cluster": after, "diff": _diff(before, _shown(after))}


def _shown(cluster):
    return cluster and {key: cluster[key] for key in SHOWN}


def _diff(before, after):
    return {"before": _shown(before) or {}, "after": after or {}}


if __name__ == "__main__":
    main()
