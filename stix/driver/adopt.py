"""Takes machines that exist into the record: a cluster that carries our tags, or instances that are named."""

import getpass
import secrets as random
import time
from collections.abc import Sequence
from dataclasses import replace

from stix.clouds.registry import clouds
from stix.driver import machines
from stix.driver.collect import accounts_to_ask, known_of
from stix.driver.infra import checked_infra
from stix.driver.lifecycle import head_connection
from stix.driver.outcome import Outcome, instances
from stix.driver.session import Run, World
from stix.driver.survey import Account, Answer, ask_all
from stix.errors import ClusterError, StixError, UsageError
from stix.model import names
from stix.model.cluster import Cluster, seen_word
from stix.model.resources import Resources
from stix.model.thing import Thing
from stix.nodes import agent
from stix.plan.adoption import Adoption, choose, planned


def adopt(
    world: World,
    name: str,
    infra: str | None = None,
    *,
    cluster_id: str | None = None,
    ids: Sequence[str] = (),
    force: bool = False,
    setup: bool = True,
) -> Cluster:
    """Take a cluster into the record and make it ready.

    Args:
        name: what it is called from now on.
        infra: where to look; None: wherever stix may look.
        cluster_id: of several that have that name, which one.
        ids: instances instead, that need not carry our tags; the first becomes the head.
        force: also what belongs to another user.
        setup: make it ready; else `stix start` does.

    Raises:
        ClusterError: `cluster.not_found`, nothing fits; `cluster.mismatch`, it may not be taken.
        UsageError: `usage`, the place is not clear.
        StixError: a cloud did not answer, or the machines could not be made ready.
    """
    _require_new(world, name)
    with world.locked(name, "adopt") as lock, world.run(name, "adopt", lock) as run:
        _require_new(world, name)  # a launch may have had the lock
        account, things = _find(world, name, infra, cluster_id, ids)
        known = known_of(world)
        plan = planned(name, things, known, tuple(ids), force=force)
        cluster = _intended(world, run, account, name, plan, infra)
        # Recorded after they are marked: a repair of what is not marked would make other machines.
        marked = _marked(run, account, cluster, plan) if plan.marks else None
        run.record("intent", **cluster.to_record())
        cluster = machines.take_instances(run, cluster, marked) if marked else cluster
        if setup and cluster.seen == "running":
            cluster = _ready(run, cluster)
        else:
            machines.publish(run, cluster)
        return cluster


def _require_new(world: World, name: str) -> None:
    if world.store.cluster(name):
        raise ClusterError("cluster.mismatch", f"cluster {name!r} is recorded already", hint=f"stix repair {name}")


def _find(
    world: World, name: str, infra: str | None, cluster_id: str | None, ids: Sequence[str]
) -> tuple[Account, list[Thing]]:
    """The machines that are meant, and the account that they are in."""
    accounts = accounts_to_ask(world, [infra] if infra else [])
    answers: list[Answer] = ask_all(world, accounts, ["machine"])
    found = [(answer.account, choose(answer.things, name, cluster_id, ids)) for answer in answers]
    found = [(account, things) for account, things in found if things]
    if found:
        return found[0]
    if ids and infra and len(accounts) == 1 and not (answers and answers[0].error):
        return accounts[0], [Thing("machine", each, region=infra.partition("/")[2]) for each in ids]
    for answer in answers:
        if answer.error and (infra or len(answers) == 1):
            raise answer.error
    silent = [answer.account.infra for answer in answers if answer.error]
    if ids and not infra:
        raise UsageError("usage", "instances without our tags need their place", hint="add --infra CLOUD/REGION")
    where = ", ".join(answer.account.infra for answer in answers) or "no infrastructure"
    hint = f"{', '.join(silent)} did not answer" if silent else "'stix gc' lists what no record wants"
    what = f"cluster {cluster_id or name!r}" if not ids else "such instance"
    raise ClusterError("cluster.not_found", f"there is no {what} in {where}", hint=hint)


def _intended(world: World, run: Run, account: Account, name: str, plan: Adoption, infra: str | None) -> Cluster:
    """The record that the cluster gets."""
    cloud = clouds()[account.cloud]
    place = f"{account.cloud}/{plan.region}" if plan.region and cloud.region else account.infra
    place = place if cloud.sized or plan.region else (checked_infra(infra) if infra else account.infra)
    nodes = tuple(plan.nodes)
    stopped = bool(nodes) and all(node["state"] == "stopped" for node in nodes)
    return Cluster(
        name=name,
        cluster_id=plan.cluster_id or names.cluster_id(name, random.token_hex(3)),
        user=getpass.getuser(),
        infra=place,
        num_nodes=plan.num_nodes,
        wanted="stopped" if stopped else "up",
        seen=seen_word(nodes, plan.num_nodes),
        phase="ready" if stopped else "connect",
        nodes=nodes,
        resources={"infra": place, **({"instance_type": plan.instance_type} if plan.instance_type else {})}
        | ({"use_spot": True} if plan.spot else {}),
        instance=plan.instance_type if cloud.sized else "",
        hourly_cost=_price(world, place, plan) if cloud.sized else 0.0,
        launched_at=plan.created_at or time.time(),
        last_use="adopt",
        run_id=run.id,
    )


def _price(world: World, infra: str, plan: Adoption) -> float | None:
    """Dollars an hour of all nodes, if the catalog knows the type."""
    from stix.catalog.database import Catalog

    if not plan.instance_type:
        return None
    wish = Resources(infra=infra, instance_type=plan.instance_type, use_spot=plan.spot)
    costs = [
        offer.hourly_cost for offer in Catalog.open(world.home.root).offers(wish, clouds=[infra.partition("/")[0]])
    ]
    known = [cost for cost in costs if cost is not None]
    return min(known) * plan.num_nodes if known else None


def _marked(run: Run, account: Account, cluster: Cluster, plan: Adoption) -> Outcome:
    """Write our tags on the machines; with what the cloud reports of them."""
    region = cluster.infra.partition("/")[2]
    variables = {**account.variables, **machines.cloud_vars(run.world, replace(cluster, nodes=()))}
    variables |= {"stix_adopt": plan.marks} | ({"stix_region": region} if "stix_region" in variables else {})
    outcome = run.play("adopt", cluster, "provision", cloud_vars=variables)
    if outcome.error:
        raise outcome.error
    if not instances(outcome.of_kind("instances")):
        raise StixError("runner.failed", "the role reported no machine after it took them over")
    return outcome


def _ready(run: Run, cluster: Cluster) -> Cluster:
    """An agent on every machine; a cluster that has agents keeps its autostop."""
    try:
        told = agent.call(head_connection(run.world, cluster), "status", {}).get("autostop") or {}
    except StixError:
        told = {}
    words = ("idle_minutes", "down", "wait_for", "lifetime_minutes")
    if told.get("idle_minutes", -1) >= 0 or told.get("lifetime_minutes") is not None:
        cluster = run.record("changed", autostop={word: told.get(word) for word in words}) or cluster
    try:
        outcome = run.play("setup", cluster, "connect", node_vars=machines.node_vars(run, cluster))
        cluster = machines.learn(run, cluster, outcome)
        if outcome.error:
            raise outcome.error
    except StixError as error:
        run.record("error", error=error.to_record())
        raise
    cluster = run.record("phase", phase="ready") or cluster
    machines.publish(run, cluster)
    return cluster
