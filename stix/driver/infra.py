"""Looks at infrastructures: which can be used, what they have."""

import difflib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stix.clouds.registry import Cloud, canonical, clouds
from stix.driver.offers import leases, local_offer
from stix.driver.outcome import Outcome
from stix.driver.policy import rules_of
from stix.driver.session import World
from stix.errors import ClusterError, UsageError
from stix.model.cluster import Cluster
from stix.nodes.inventory_pool import from_inventory
from stix.nodes.pools import Pool, PoolHost, host_vars, read_pools
from stix.plan.policy import forbidding

SHORT_MESSAGE = 100
"""Longer messages of roles bring a library's words with them; those are in the run's log."""


FACTS = ("cpus", "memory", "gpus", "context", "machines")
"""What of a role's `check` is remembered."""


def known_infras(world: World) -> list[str]:
    """`local`, `docker`, every pool that is in the pools file or was enabled (`ssh` without any), and every cloud."""
    pools = sorted(_recorded_pools(world) | read_pools(world.home.pools_file))
    own = [f"ssh/{name}" for name in pools] or ["ssh"]
    first = ("local", "docker", "ssh")
    return ["local", "docker", *own, *(name for name in clouds() if name not in first)]


def checked_infra(infra: str) -> str:
    """The infrastructure by its own name.

    Raises:
        UsageError: there is no such infrastructure.
    """
    cloud, slash, rest = infra.partition("/")
    known = canonical(cloud)
    if known is None:
        near = difflib.get_close_matches(cloud.lower(), clouds(), 1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(clouds())}"
        raise UsageError("usage", f"there is no infrastructure {infra!r}", hint=hint)
    return f"{known}{slash}{rest}"


def check_infra(world: World, infra: str, *, named: bool = True) -> dict[str, Any]:
    """Look at one, by its own name: `{infra, ok, works, account, message, hint, seconds}`, and remember what was found.

    Args:
        named: the user asked for it; else a cloud is asked only where something shows that an account is set up.

    Raises:
        UsageError: `config.invalid`, there is no such pool.
    """
    cloud, _, rest = infra.partition("/")
    began = time.time()
    if cloud == "local":
        here = local_offer(wants_gpus=True)
        gpus = ", ".join(f"{name}:{count:g}" for name, count in here.accelerators.items())
        found = _row(infra, True, "", f"{here.cpus:g} CPUs, {here.memory:.3g} GiB" + (f", {gpus}" if gpus else ""))
    elif cloud == "ssh":
        found = _check_ssh(world, rest)
    elif clouds()[cloud].role is None:
        found = _check_account(world, clouds()[cloud], infra)
    elif clouds()[cloud].sized and not named and not account_source(clouds()[cloud], os.environ, Path.home()):
        found = _row(infra, False, "", "credentials not found", clouds()[cloud].enable)
    else:
        found = _check_by_play(world, infra)
    if found["ok"] and (rule := forbidding(rules_of(world.config), cloud)):
        found["message"] = f"{found['message']}; no launch goes there (policy {rule.name}, {rule.origin})".lstrip("; ")
    return found | {"seconds": time.time() - began}


def _row(infra: str, ok: bool, account: str, message: str, hint: str = "") -> dict[str, Any]:
    return {"infra": infra, "ok": ok, "works": True, "account": account, "message": message, "hint": hint}


def _check_account(world: World, cloud: Cloud, infra: str) -> dict[str, Any]:
    """A cloud without a role: whether an account is set up here is all that can be said of it; no step enables it."""
    found = account_source(cloud, os.environ, Path.home())
    account = f"credentials found ({found})" if found else "credentials not found"
    world.store.save_infra(cloud.name, False, "", {})
    return _row(infra, False, "", f"{account}; stix cannot make machines there yet") | {
        "works": False,
        "credentials": found,
    }


def account_source(cloud: Cloud, environ: Mapping[str, str], home: Path) -> str:
    """The variables or files that show that an account is set up; empty where there are none."""
    for group in cloud.credentials.env:
        if all(environ.get(name) for name in group):
            return ", ".join(group)
    for group in cloud.credentials.files:
        if all((home / name.removeprefix("~/")).exists() for name in group):
            return ", ".join(group)
    return ""


def _check_ssh(world: World, pool: str) -> dict[str, Any]:
    if not pool and not world.store.hosts() and not read_pools(world.home.pools_file):
        return _row("ssh", False, "", "no pool is known", f"describe one in {world.home.pools_file}, then stix ssh up")
    pools = wanted_pools(world, pool or None, None)
    rows = [host for each in pools for host in probe_pool(world, each)]
    ready = sum(host["state"] == "ready" for host in rows)
    bad = next((host["facts"].get("message", "") for host in rows if host["state"] != "ready"), "")
    message = f"{ready} of {len(rows)} machines ready" + (f"; {bad}" if bad else "")
    return _row(
        f"ssh/{pool}" if pool else "ssh", ready > 0, "", message, "stix ssh status shows each machine" if bad else ""
    )


def _check_by_play(world: World, infra: str) -> dict[str, Any]:
    """By the cloud role's verb `check`."""
    from stix.driver.machines import cloud_vars

    probe = Cluster(name=infra, cluster_id="check", user="", infra=infra, num_nodes=0)
    with world.run("check", infra.replace("/", "-"), None) as run:
        outcome = run.play("check", probe, "check", cloud_vars=cloud_vars(world, probe))
    reports = outcome.of_kind("check")
    if outcome.error or not reports:
        error = outcome.error
        message, hint = (first_sentence(error.message), error.hint) if error else ("the role reported nothing", "")
        world.store.save_infra(infra, False, "", {})
        return _row(infra, False, "", message, hint)
    report = reports[-1]
    facts = {key: report[key] for key in FACTS if report.get(key) is not None}
    world.store.save_infra(infra, bool(report["ok"]), str(report.get("account", "")), facts)
    message, hint = first_sentence(str(report["message"])), str(report.get("hint", ""))
    return _row(infra, bool(report["ok"]), str(report.get("account", "")), message, hint)


def first_sentence(message: str) -> str:
    """A role's message; of a long one only what is wrong, without the words of the library that it comes from."""
    return message if len(message) <= SHORT_MESSAGE else message.partition(": ")[0]


def wanted_pools(world: World, pool: str | None, inventory: Path | None) -> list[Pool]:
    """The pools that are meant.

    Raises:
        UsageError: `config.invalid`.
    """
    if inventory:
        return [from_inventory(inventory, name=pool)]
    known = _recorded_pools(world) | read_pools(world.home.pools_file)
    if pool is None:
        if not known:
            raise UsageError(
                "config.invalid",
                f"{world.home.pools_file} describes no pool",
                hint="write one, or give an Ansible inventory: stix ssh up --inventory hosts.ini",
            )
        return list(known.values())
    if pool in known:
        return [known[pool]]
    near = difflib.get_close_matches(pool, known, 1)
    raise UsageError(
        "config.invalid",
        f"there is no pool {pool!r} in {world.home.pools_file}",
        hint=f"did you mean {near[0]}?" if near else f"pools: {', '.join(known) or 'none'}",
    )


def _recorded_pools(world: World) -> dict[str, Pool]:
    """Pools that were enabled once, also from an inventory; their machines as they were then."""
    pools: dict[str, list[PoolHost]] = {}
    for host in world.store.hosts():
        found = PoolHost(host["name"], host["address"], variables=host["connection"])
        pools.setdefault(host["pool"], []).append(found)
    return {name: Pool(name, tuple(hosts)) for name, hosts in pools.items()}


def probe_pool(world: World, pool: Pool) -> list[dict[str, Any]]:
    """Look at the hardware of a pool's machines, all at once, and remember it."""
    connections = [host_vars(pool, host) for host in pool.hosts]
    nodes = tuple(
        {"name": f"host-{number}", "rank": number, "connection": connection}
        for number, connection in enumerate(connections)
    )
    probe = Cluster(
        name=".probe", cluster_id="probe", user="", infra=f"ssh/{pool.name}", num_nodes=len(nodes), nodes=nodes
    )
    with world.run("ssh", f"probe-{pool.name}", None) as run:
        outcome = run.play("probe", probe, "check")
    hosts = [_host(pool, number, connection, outcome) for number, connection in enumerate(connections)]
    world.store.save_hosts(pool.name, hosts)
    return hosts


def _host(pool: Pool, number: int, connection: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    name = f"host-{number}"
    reports = [data for kind, host, data in outcome.reports if kind == "node" and host == name]
    error = outcome.errors.get(name) or (outcome.error if not reports else None)
    facts = {key: reports[-1].get(key) for key in ("cpus", "memory", "gpus")} if reports else {}
    if error:
        facts["message"] = error.message.replace(name, pool.hosts[number].name)
    return {
        "name": pool.hosts[number].name,
        "address": pool.hosts[number].address,
        "state": "ready" if reports and not error else "unreachable",
        "facts": facts,
        "connection": connection,
    }


def disable_pool(world: World, pool: str) -> None:
    """Forget a pool's machines.

    Raises:
        UsageError: `config.invalid`, no machine of it is known.
        ClusterError: `cluster.busy`, one of them is leased.
    """
    known = sorted({host["pool"] for host in world.store.hosts()})
    if pool not in known:
        names = f"enabled pools: {', '.join(known)}" if known else "no pool is enabled"
        raise UsageError("config.invalid", f"pool {pool!r} is not enabled", hint=names)
    users = sorted({cluster for (name, _), cluster in leases(world).items() if name == pool})
    if users:
        raise ClusterError(
            "cluster.busy", f"pool {pool} is used by {', '.join(users)}", hint=f"stix down {' '.join(users)}"
        )
    world.store.forget_pool(pool)
