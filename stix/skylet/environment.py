"""What a rank finds in its environment: SkyPilot's variables, each also under its STIX_ name."""

from __future__ import annotations

import json
import math
import os

from .processes import MARK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NOT_OURS = ("PYTHON", "ANSIBLE_", "SSH_", "STIX_", "SKYPILOT_", "SUDO_", "BASH_FUNC_")
"""Beginnings of names that whoever started the daemon had in its environment and a job must not see."""

DROPPED = ("VIRTUAL_ENV", "OLDPWD", "PWD", "_", "SHLVL", "TMUX", "STY", "LS_COLORS", "XDG_SESSION_ID")

NOTICE = "STIX_PREEMPTION_FILE"

GIT_TRUSTS = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
"""In a container the workdir belongs to the machine's login, which git would not trust."""


def base(environ: Mapping[str, str], user_home: str) -> dict[str, str]:
    """The machine's environment, without what belongs to the login that started the agent."""
    kept = {k: v for k, v in environ.items() if not k.startswith(NOT_OURS) and k not in DROPPED}
    kept.setdefault("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    kept.update(HOME=user_home, PYTHONUNBUFFERED="1")
    return kept


def facts(job: Mapping[str, Any], phase: str, rank: int, cluster: Mapping[str, Any]) -> dict[str, str]:
    """What stix tells a rank, without prefix.

    Args:
        job: `job_id, task_id, num_nodes, gpus` (per node, fractions too), `ips` (by rank), `user`.
        phase: `setup` or `run`.
        rank: of this node among the job's.
        cluster: the agent's config.
    """
    gpus = str(math.ceil(job["gpus"]))
    ips = "\n".join(job["ips"])
    where = {name: cluster.get(name) for name in ("cloud", "region", "zone")}
    told = {
        "TASK_ID": str(job["task_id"]),
        "INTERNAL_JOB_ID": str(job["job_id"]),
        "NUM_NODES": str(job["num_nodes"]),
        "CLUSTER_INFO": json.dumps({"cluster_name": cluster.get("cluster"), **where}),
        "USER": str(job.get("user") or ""),
    }
    if phase == "setup":
        return {**told, "SETUP_NODE_RANK": str(rank), "SETUP_NODE_IPS": ips, "SETUP_NUM_GPUS_PER_NODE": gpus}
    return {**told, "NODE_RANK": str(rank), "NODE_IPS": ips, "NUM_GPUS_PER_NODE": gpus}


def of_rank(machine: Mapping[str, str], wanted: Mapping[str, str], told: Mapping[str, str]) -> dict[str, str]:
    """The whole environment: the machine's, the job's envs and secrets over it, stix's own over everything.

    A TASK_ID that the job brings stays (a managed job keeps one over several clusters).
    """
    env = dict(machine)
    env.update((str(k), "" if v is None else str(v)) for k, v in wanted.items())
    for name, value in told.items():
        for prefix in ("SKYPILOT_", "STIX_"):
            env[prefix + name] = value
    return env


def of_node(
    env: Mapping[str, str], phase: str, devices: list[int] | None, user_home: str, mark: str, notice: str
) -> dict[str, str]:
    """What only the node itself can add.

    Args:
        devices: indices of the GPUs this rank may use; None on a node without GPUs.
        notice: file that is there once the machine is told to be taken away; empty: the job is in a container, which
            does not see it and has an environment of its own.
    """
    if notice:
        whole = {**base(os.environ, user_home), **env, "HOME": user_home, NOTICE: notice, MARK: mark}
    else:
        whole = {"PYTHONUNBUFFERED": "1", **GIT_TRUSTS, **env, "HOME": user_home}
    if devices is not None and phase == "run":
        whole["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, devices))
    return whole
