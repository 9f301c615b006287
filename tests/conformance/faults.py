"""What goes wrong: refusals with their codes, zones and regions passed over, plays killed half-way."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.conformance.backend import Backend, Cluster
from tests.conformance.life import ids, states, there
from tests.conformance.plays import Player
from tests.conformance.rows import Row, proves
from tests.conformance.shape import check_instances

KINDS = ("capacity", "quota", "auth", "permission", "transient", "config")


class Faults:
    """Mixed into `Suite`."""

    @proves(*(Row(f"a refusal for {kind}: its code and scope, and nothing is left", f"fault {kind}") for kind in KINDS))
    def test_a_refusal_has_its_code_and_leaves_nothing(self, cloud: Backend, player: Player, kind: str) -> None:
        cluster = Cluster("refused")
        with cloud.fault(kind) as fault:
            nodes = cloud.wanted(cluster, 2)
            nodes[1] |= fault.node
            error = player.play("provision", cloud.inventory(cluster, nodes, **fault.variables)).error
        assert error["code"] == fault.code and error["message"], error
        assert fault.scope is None or error["details"]["scope"] == fault.scope, error
        assert fault.words in f"{error['message']} {error['hint']}", error
        assert cloud.things(cluster) == []

    @proves(Row("an answer that nobody knows is `provision.unknown` and removes nothing", "fault unknown"))
    def test_what_nobody_knows_removes_nothing(self, cloud: Backend, player: Player) -> None:
        cluster = Cluster("unknown")
        two = cloud.inventory(cluster, cloud.wanted(cluster, 2))
        with cloud.fault("unknown") as fault:
            failed = player.play("provision", two)
            assert failed.error["code"] == fault.code == "provision.unknown", failed.said()
        made = cloud.things(cluster)
        assert len(made) >= 2
        assert sorted(ids(player.play("provision", two).instances)) == [0, 1] and len(cloud.machines(cluster)) == 2
        assert player.play("terminate", two).ok and cloud.things(cluster) == []

    @proves(
        Row("ensure killed with SIGKILL half-way: ensure completes it, no machine is made twice", "cut"),
        Row("stop killed half-way: stop completes it", "stop+cut"),
        Row("terminate killed half-way: terminate completes it", "cut"),
    )
    def test_a_killed_verb_is_completed_by_the_same_verb(self, cloud: Backend, player: Player) -> None:
        cluster = Cluster("cut")
        nodes = cloud.wanted(cluster, 3, **({"ports": ["18460"]} if cloud.can("ports") else {}))
        first, three = (cloud.inventory(cluster, nodes, run=run) for run in ("run-1", "run-2"))

        def kill(verb: str, point: str) -> None:
            with cloud.cut(verb, point, cluster) as reached:
                player.kill(verb, first, reached, cloud.patience)

        for point in cloud.cuts["provision"]:
            player.play("terminate", three)
            kill("provision", point)
            instances = player.play("provision", three).instances
            check_instances(instances)
            cloud.settle()
            found = there(cloud, cluster)
            assert states(instances) == ["running"] * 3 and ids(instances) == found, (instances, found)
        made = ids(instances)
        for point in cloud.cuts["stop"] if cloud.can("stop") else ():
            kill("stop", point)
            assert set(states(player.play("stop", three).instances)) <= {"stopped", "stopping"}
            assert there(cloud, cluster) == made
        for point in cloud.cuts["terminate"]:
            kill("terminate", point)
        assert player.play("terminate", three).ok
        cloud.settle()
        assert cloud.things(cluster) == []

    @proves(Row("zones are tried in the order given, each once; the one that serves is reported", "zones"))
    def test_zones_are_tried_in_order(self, cloud: Backend, player: Player) -> None:
        cluster, zones = Cluster("zones"), list(cloud.zones)
        with cloud.fault("capacity", zone=zones[0]):
            two = cloud.inventory(cluster, cloud.wanted(cluster, 2), stix_zones=zones)
            instances = player.play("provision", two).instances
        assert {each["details"]["zone"] for each in instances} == {zones[1]}
        assert list(dict.fromkeys(cloud.tried())) == zones[:2]
        assert player.play("terminate", two).ok and cloud.things(cluster) == []

    @proves(
        Row("`stix up` tries the regions in the order of the plan, each once, and says which were tried", "regions"),
        Row("what was tried in vain leaves no machine and no record", "regions"),
    )
    def test_regions_are_tried_in_the_order_of_the_plan(
        self, cloud: Backend, player: Player, run_stix: Callable[..., Any], stix_home: Any, safe_world: Any
    ) -> None:
        regions = [f"{cloud.name}/{region}" for region in cloud.regions]
        task = safe_world / "task.yaml"
        listed = "".join(f"  - infra: {region}\n    instance_type: {cloud.instance_type}\n" for region in regions)
        task.write_text(f"run: echo\nresources:\n  ordered:\n{listed}")
        assert run_stix("check", cloud.name, timeout=600).returncode == 0
        with cloud.fault("capacity"):
            done = run_stix("up", "-y", "-d", "-c", "nowhere", task, timeout=600)
        assert done.returncode != 0 and all(region in done.stderr for region in cloud.regions), done.stderr
        tried = cloud.tried(regions=True)
        assert list(dict.fromkeys(tried)) == list(cloud.regions), tried
        assert not [name for name, count in Counter(tried).items() if count > cloud.zones_in_a_region]
        assert "nowhere" not in run_stix("status", "-o", "json", timeout=600).stdout
