"""The life of clusters: made, looked at, stopped, broken from outside, mended, changed, removed."""

from typing import Any

from tests.conformance.backend import Backend, Cluster
from tests.conformance.plays import Player
from tests.conformance.rows import Row, proves
from tests.conformance.shape import check_instances

LONGEST = "Vision.team_" + "x" * 87 + "9"
ODD = "Ann O'Brien-Åström@corp/ü"


def ids(instances: list[dict[str, Any]]) -> dict[int, str]:
    """Rank -> id."""
    return {each["rank"]: each["id"] for each in instances}


def there(cloud: Backend, cluster: Cluster) -> dict[int, str]:
    """Rank -> id, as the cloud itself says."""
    return {rank: machine.id for rank, machine in cloud.machines(cluster).items()}


def states(instances: list[dict[str, Any]]) -> list[str]:
    """In rank order."""
    return [each["state"] for each in instances]


class Life:
    """Mixed into `Suite`."""

    @proves(
        "`check` says whose account it is",
        Row("the longest name of a cluster and a user of odd characters will do", "names"),
        Row("labels with letters of all languages", "labels"),
        "an instance has the shape of contracts.md",
        Row("a machine is reached by the connection that is reported (`probe`)", "reach"),
    )
    def test_one_node_lives_whatever_its_name(self, cloud: Backend, player: Player) -> None:
        cluster = Cluster(LONGEST if cloud.can("names") else "one", user=ODD)
        labels = {"labels": cloud.labels} if cloud.can("labels") else {}
        one = cloud.inventory(cluster, cloud.wanted(cluster, 1, **labels))
        checked = player.play("check", one).reported("check")
        assert checked["ok"] and checked["cloud"] == cloud.name and checked["message"], checked
        instances = player.play("provision", one).instances
        check_instances(instances)
        assert instances[0]["name"] == f"{cluster.name}-0" and there(cloud, cluster) == ids(instances)
        if cloud.can("labels"):
            assert cloud.marks(cluster, 0).items() >= (cloud.stored or cloud.labels).items()
        if cloud.can("reach"):
            probed = player.play("probe", cloud.inventory(cluster, [], instances)).reported("node")
            assert probed["cpus"] >= 1 and probed["memory"] > 0, probed
        cloud.changes()
        assert player.play("provision", one).changed() == [] and cloud.changes() == []
        assert player.play("terminate", one).ok and cloud.things(cluster) == []

    @proves(
        "check mode of ensure makes nothing",
        "ensure makes N machines; ranks, names, ids and addresses are unique",
        "a second ensure changes nothing and makes no call that could",
        "query tells what ensure told",
        Row("check mode of stop stops nothing", "stop"),
        Row("stop stops all machines; ensure starts the same ones again", "stop"),
        Row("a machine that was deleted behind our back is seen, and ensure replaces it alone", "lose"),
        Row("a machine that was stopped behind our back is seen, and ensure starts it", "halt"),
        "check mode of terminate removes nothing",
        "terminate leaves nothing of the cluster (the cloud is asked); again it is a success",
        Row("a cluster whose name begins with the other's is untouched", "make"),
    )
    def test_three_nodes_live_beside_another_cluster(self, cloud: Backend, player: Player) -> None:
        cluster, other = Cluster("life"), Cluster("life-1f3a9c")
        three = cloud.inventory(cluster, cloud.wanted(cluster, 3))
        beside = cloud.inventory(other, cloud.wanted(other, 1))
        stands = ids(player.play("provision", beside).instances)
        cloud.changes()
        assert player.play("provision", three, check=True).ok
        if cloud.can("make"):
            assert cloud.changes() == [] and cloud.things(cluster) == []
        made = player.play("provision", three).instances
        check_instances(made)
        assert states(made) == ["running"] * 3 and there(cloud, cluster) == ids(made)
        cloud.changes()
        again = player.play("provision", three)
        assert again.changed() == [] and ids(again.instances) == ids(made) and cloud.changes() == []
        assert player.play("query", three).instances == again.instances
        self.stop_and_start(cloud, player, cluster, made)
        self.break_and_mend(cloud, player, cluster)
        assert player.play("terminate", three, check=True).ok
        assert len(cloud.machines(cluster)) == 3 or not cloud.can("make")
        assert player.play("terminate", three).ok and cloud.things(cluster) == []
        assert player.play("terminate", three).changed() == []
        assert there(cloud, other) == stands
        assert player.play("terminate", beside).ok and cloud.things(other) == []

    def stop_and_start(self, cloud: Backend, player: Player, cluster: Cluster, made: list[dict[str, Any]]) -> None:
        """Or the refusal, where there is no stopping."""
        three = cloud.inventory(cluster, cloud.wanted(cluster, 3))
        if not cloud.can("stop"):
            assert player.play("stop", three).error["code"] == "provision.unsupported"
            return
        cloud.changes()
        assert player.play("stop", three, check=True).changed() and cloud.changes() == []
        stopped = player.play("stop", three)
        assert stopped.changed() and set(states(stopped.instances)) <= {"stopping", "stopped"}
        assert {machine.state for machine in cloud.machines(cluster).values()} <= {"stopping", "stopped"}
        assert player.play("stop", three).changed() == []
        started = player.play("provision", three)
        assert started.changed() and states(started.instances) == ["running"] * 3
        assert ids(started.instances) == ids(made) == there(cloud, cluster)

    def break_and_mend(self, cloud: Backend, player: Player, cluster: Cluster) -> None:
        """One machine is lost, another stands still: what is left is left alone."""
        three = cloud.inventory(cluster, cloud.wanted(cluster, 3))
        before = cloud.machines(cluster)
        if cloud.can("lose"):
            cloud.lose(before[1])
        if cloud.can("halt"):
            cloud.halt(before[2])
        seen = {each["rank"]: each["state"] for each in player.play("query", three).instances}
        assert seen[0] == "running"
        assert seen.get(1, "gone") == ("gone" if cloud.can("lose") else "running"), seen
        assert seen[2] in (("stopped", "stopping") if cloud.can("halt") else ("running",)), seen
        mended = player.play("provision", three).instances
        check_instances(mended)
        assert states(mended) == ["running"] * 3
        assert (ids(mended)[1] == before[1].id) == (cloud.ids_are_places or not cloud.can("lose"))
        assert {rank: ids(mended)[rank] == before[rank].id for rank in (0, 2)} == {0: True, 2: True}

    @proves(
        Row("a cluster grows: its machines stay, the missing ones are made", "make"),
        Row("a create that fails half-way takes back its own and nothing else", "fault partial"),
        Row("machines that are not wanted any more are reported and stay", "surplus"),
        Row("`stix_remove_surplus` removes them, and check mode of it nothing", "surplus"),
    )
    def test_a_cluster_grows_and_shrinks(self, cloud: Backend, player: Player) -> None:
        cluster = Cluster("grow")
        one, three = (cloud.inventory(cluster, cloud.wanted(cluster, count)) for count in (1, 3))
        first = ids(player.play("provision", one).instances)
        if cloud.can("fault partial"):
            with cloud.fault("partial") as fault:
                nodes = cloud.wanted(cluster, 3)
                nodes[2] |= fault.node
                failed = player.play("provision", cloud.inventory(cluster, nodes, **fault.variables))
                assert failed.error["code"] == fault.code, failed.said()
            assert there(cloud, cluster) == first
        grown = ids(player.play("provision", three).instances)
        assert grown[0] == first[0] and grown.keys() == {0, 1, 2}
        if cloud.can("surplus"):
            kept = player.play("provision", one)
            assert kept.changed() == [] and ids(kept.instances) == grown == there(cloud, cluster)
            two = cloud.inventory(cluster, cloud.wanted(cluster, 2), stix_remove_surplus=True)
            assert player.play("provision", two, check=True).changed() and there(cloud, cluster) == grown
            shrunk = player.play("provision", two)
            assert shrunk.changed() and ids(shrunk.instances) == {rank: grown[rank] for rank in (0, 1)}
            assert there(cloud, cluster) == ids(shrunk.instances)
            assert player.play("provision", two).changed() == []
        assert player.play("terminate", three).ok and cloud.things(cluster) == []

    @proves(
        Row("ports are opened with the cluster", "ports"),
        Row("ports of a live cluster change and close", "change ports"),
    )
    def test_ports_open_change_and_close(self, cloud: Backend, player: Player) -> None:
        cluster = Cluster("ports")

        def wants(*ports: str) -> dict[str, Any]:
            return cloud.inventory(cluster, cloud.wanted(cluster, 1, ports=list(ports)))

        made = ids(player.play("provision", wants("18431", "18433-18434")).instances)
        assert cloud.ports(cluster) == {18431, 18433, 18434}
        changed = player.play("provision", wants("18440"))
        if cloud.can("change ports"):
            assert ids(changed.instances) == made and changed.changed(), changed.said()
            assert cloud.ports(cluster) == {18440}
            closed = player.play("provision", wants())
            assert closed.changed() and cloud.ports(cluster) == set(), closed.said()
            assert player.play("provision", wants()).changed() == []
        else:
            assert changed.error["code"] == "provision.unsupported" and there(cloud, cluster) == made
        assert player.play("terminate", wants()).ok and cloud.things(cluster) == []
