"""A job on a cluster: handed over, waited for, or ended."""

DOCUMENTATION = r"""
module: job
short_description: A job on a cluster of stix
description:
  - Hands a job to a cluster that is up, waits for its end, or ends it.
  - Each call hands over a new job, unless O(once) is set.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment:
  - stix.core.stix_command
  - stix.core.stix_command.task
attributes:
  check_mode:
    description: No job is handed over or ended. The task is read, and the cluster must be there.
    support: full
  diff_mode:
    description: Shows the jobs that come or end.
    support: full
options:
  cluster:
    description: The cluster's name.
    type: str
    required: true
  state:
    description:
      - V(submitted) hands a job over and, with O(wait), waits for its end.
      - V(finished) waits for the end of O(job_id).
      - V(cancelled) ends O(job_id), or all your jobs with O(all).
    type: str
    choices: [submitted, finished, cancelled]
    default: submitted
  command:
    description: A line for the shell, which each node runs; instead of a task.
    type: str
  name:
    description: The job's name, instead of what the task says.
    type: str
  once:
    description: Hand nothing over where a job of O(name) waits, runs or has succeeded. That one is the job then.
    type: bool
    default: false
  job_id:
    description: Number of the job. Without it, the newest, which with V(cancelled) is the newest that has not ended.
    type: int
  all:
    description: With V(cancelled), all your jobs there.
    type: bool
    default: false
  wait:
    description: With V(submitted), whether to wait for the job's end and to fail where it does not succeed.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait. After that the module fails and the job goes on. V(0) is for ever.
    type: int
    default: 0
  log_lines:
    description: How many of the last lines of the log are returned.
    type: int
    default: 100
"""

EXAMPLES = r"""
- name: Run a task and wait for its end
  stix.core.job:
    cluster: train
    task_file: train.yaml
  register: training

- name: Run one line, and do not run it again in the next play
  stix.core.job:
    cluster: train
    name: get-data
    once: true
    command: python get_data.py

- name: Hand over now
  stix.core.job:
    cluster: train
    task: {name: train, num_nodes: 2, run: python train.py}
    wait: false
  register: training

- name: Wait for it later
  stix.core.job:
    cluster: train
    state: finished
    job_id: "{{ training.job_id }}"

- name: End all jobs
  stix.core.job:
    cluster: train
    state: cancelled
    all: true
"""

RETURN = r"""
job_id:
  description: Number of the job. Null where none was handed over or none was there.
  type: int
  returned: success
job:
  description: The job as C(stix queue) shows it, also when it failed. Null where there is none.
  type: dict
  returned: always
  sample: {job_id: 3, name: train, status: SUCCEEDED, exit_codes: [0, 0]}
log:
  description: The end of its log.
  type: str
  returned: when it was waited for
cancelled:
  description: Numbers of the jobs that were ended, or would be.
  type: list
  elements: int
  returned: with V(cancelled)
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


def main():
    """One job, one state."""
    options = {
        "cluster": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["submitted", "finished", "cancelled"], "default": "submitted"},
        "command": {"type": "str"},
        "name": {"type": "str"},
        "job_id": {"type": "int"},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 0},
        "log_lines": {"type": "int", "default": 100},
        **{name: {"type": "bool", "default": False} for name in ("once", "all")},
    }
    module = AnsibleModule(
        argument_spec={**COMMON, **TASK, **options},
        mutually_exclusive=[("task", "task_file", "command"), ("job_id", "all")],
        required_if=[
            ("state", "submitted", ("task", "task_file", "command"), True),
            ("once", True, ("name",)),
        ],
        supports_check_mode=True,
    )
    verbs = {"submitted": _submit, "finished": _finish, "cancelled": _cancel}
    run_module(module, verbs[module.params["state"]])


def _submit(stix):
    given = stix.params
    known = _like(stix) if given["once"] else None
    if known:
        waited = _wait(stix, known["job_id"]) if given["wait"] and not stix.module.check_mode else {}
        return {"changed": False, "job_id": known["job_id"], "job": known, **waited}
    task, how = stix.task(extra={"run": given["command"]})
    words = [*(["--name", given["name"]] if given["name"] else []), *task]
    diff = {"before": "", "after": "job %s on cluster %s\n" % (given["name"] or "", given["cluster"])}
    if stix.module.check_mode:
        stix.call("exec", given["cluster"], "--dryrun", *words, **how)
        return {"changed": True, "job_id": None, "job": None, "diff": diff}
    job_id = stix.call("exec", given["cluster"], "-d", *words, **how)[1]["job_id"]
    waited = _wait(stix, job_id) if given["wait"] else {"job": jobs.find(stix, given["cluster"], job_id)}
    return {"changed": True, "job_id": job_id, "diff": diff, **waited}


def _like(stix):
    """The newest job of the wanted name that need not be run again."""
    kept = ("FAILED", "CANCELLED")
    listed = jobs.queue(stix, stix.params["cluster"])
    fits = [job for job in listed if job["name"] == stix.params["name"] and not job["status"].startswith(kept)]
    return fits[0] if fits else None


def _finish(stix):
    job_id = stix.params["job_id"]
    if job_id is None:
        listed = jobs.queue(stix, stix.params["cluster"])
        if not listed:
            raise Failure("job.not_found", "cluster %r has no job yet" % stix.params["cluster"])
        job_id = listed[0]["job_id"]
    return {"changed": False, "job_id": job_id, **_wait(stix, job_id)}


def _wait(stix, job_id):
    """The job after its end. One that does not succeed ends the module."""
    cluster = stix.params["cluster"]
    code = jobs.wait(stix, cluster, job_id, stix.params["wait_timeout"])
    job = jobs.find(stix, cluster, job_id)
    log = stix.run("logs", cluster, str(job_id), "--no-follow", "--tail", str(stix.params["log_lines"]))[1]
    if code:
        message = "job %d of cluster %r ended as %s" % (job_id, cluster, job["status"] if job else code)
        failure = Failure(code, message, hint="stix logs %s %d" % (cluster, job_id))
        stix.module.fail_json(msg=message, stix_error=failure.record(), job=job, job_id=job_id, log=log)
    return {"job": job, "log": log}


def _cancel(stix):
    given = stix.params
    unfinished = jobs.queue(stix, given["cluster"], unfinished=True)
    if given["job_id"] is not None:
        wanted = [job for job in unfinished if job["job_id"] == given["job_id"]]
    else:
        wanted = unfinished if given["all"] else unfinished[:1]
    numbers = [job["job_id"] for job in wanted]
    job = wanted[0] if wanted else None
    result = {"changed": bool(numbers), "cancelled": numbers, "job": job, "job_id": job and job["job_id"]}
    if numbers:
        result["diff"] = {
            "before": "".join("job %d %s\n" % (each["job_id"], each["status"]) for each in wanted),
            "after": "",
        }
    if numbers and not stix.module.check_mode:
        result["cancelled"] = stix.call("cancel", "-y", given["cluster"], *map(str, numbers))[1]["cancelled"]
    return result


if __name__ == "__main__":
    main()
