"""The whole account: what killed runs left is found and swept, what lost its record is adopted."""

from tests.conformance.backend import Backend, Cluster
from tests.conformance.life import ids, there
from tests.conformance.plays import Player
from tests.conformance.rows import Row, proves
from tests.conformance.shape import check_things


class Account:
    """Mixed into `Suite`."""

    @proves(
        Row("survey sees what a killed run left, in the shape of contracts.md", "survey"),
        Row("check mode of sweep removes nothing", "survey"),
        Row("sweep removes exactly what it was given; again it is a success", "survey"),
    )
    def test_what_a_killed_run_left_is_found_and_swept(self, cloud: Backend, player: Player) -> None:
        dead, living = Cluster("dead"), Cluster("living")
        stands = cloud.inventory(living, cloud.wanted(living, 1))
        made = ids(player.play("provision", stands).instances)
        two = cloud.inventory(dead, cloud.wanted(dead, 2, ports=["18450"]), stix_deadline=2000000000)
        with cloud.cut("provision", cloud.cuts["provision"][-1], dead) as reached:
            player.kill("provision", two, reached, cloud.patience)
        cloud.settle()
        found = player.play("survey", two).reported("resources")
        check_things(found)
        left = [thing for thing in found if thing["cluster_id"] == dead.id]
        machines = {thing["id"]: thing for thing in left if thing["kind"] == "machine"}
        assert set(machines) == set(there(cloud, dead).values()) != set()
        assert all(thing["cluster"] == dead.name and thing["created_at"] for thing in machines.values()), machines
        assert {thing["user"] for thing in machines.values()} == {dead.user}
        assert {thing["deadline"] for thing in machines.values()} <= {0, 2000000000}
        assert set(made.values()) <= {thing["id"] for thing in found}
        only = player.play("survey", {**cloud.inventory(dead, [], stix_survey_kinds=["machine"])}).reported("resources")
        assert {thing["kind"] for thing in only} == {"machine"}

        sweep = cloud.inventory(dead, [], stix_sweep=left)
        before = cloud.things(dead)
        assert player.play("sweep", sweep, check=True).ok and cloud.things(dead) == before
        swept = player.play("sweep", sweep)
        assert swept.ok and swept.reported("resources") == [], swept.said()
        assert cloud.things(dead) == [] and there(cloud, living) == made
        again = player.play("sweep", sweep)
        assert again.ok and again.changed() == [] and again.reported("resources") == []
        assert player.play("terminate", stands).ok

    @proves(
        Row("adopt marks machines that lost their marks, and nothing else; check mode marks nothing", "adopt"),
        Row("machines that are adopted live on as the cluster's: query, ensure, terminate", "adopt"),
        Row("machines of another cluster are not adopted", "adopt"),
    )
    def test_machines_without_a_record_are_adopted(self, cloud: Backend, player: Player) -> None:
        lost, thief = Cluster("lost"), Cluster("thief")
        made = player.play("provision", cloud.inventory(lost, cloud.wanted(lost, 2))).instances
        listed = [{key: each[key] for key in ("id", "name", "rank")} for each in made]
        cloud.unmark(cloud.machines(lost)[1])
        assert there(cloud, lost) == {0: made[0]["id"]}
        two = cloud.inventory(lost, cloud.wanted(lost, 2), stix_adopt=listed)
        assert player.play("adopt", two, check=True).ok and there(cloud, lost) == {0: made[0]["id"]}
        adopted = player.play("adopt", two)
        assert adopted.changed() and ids(adopted.instances) == ids(made) == there(cloud, lost)
        assert player.play("adopt", two).changed() == []
        assert ids(player.play("query", two).instances) == ids(made)
        assert player.play("provision", two).changed() == []
        theft = player.play("adopt", cloud.inventory(thief, [], stix_adopt=listed))
        assert theft.error["code"] == "provision.config" and there(cloud, lost) == ids(made), theft.said()
        assert player.play("terminate", two).ok and cloud.things(lost) == []

    @proves(Row("keys of another account are refused: nothing is taken for gone", "account"))
    def test_another_account_is_refused(self, cloud: Backend, player: Player) -> None:
        cluster = Cluster("theirs")
        for verb in ("query", "terminate"):
            refused = player.play(verb, cloud.inventory(cluster, cloud.wanted(cluster, 1), stix_account="4711"))
            assert refused.error["code"] == "provision.auth", refused.said()
