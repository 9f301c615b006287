"""The status words, and the table of clusters that follows from the recorded facts."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stix.api.rows import status_word as word_in_rows
from stix.model.cluster import Cluster, after, seen_word, status_word
from stix.state.store import Store

WANTED = ["up", "stopped", "gone"]
SEEN = ["none", "running", "stopped", "partial"]
PHASES = ["create", "connect", "setup", "sync", "ready"]
STATES = list(itertools.product(WANTED, SEEN, PHASES))
NUMBERS = itertools.count()

cpus = st.none() | st.floats(0, 9)
node = st.fixed_dictionaries({"name": st.text(max_size=5), "rank": st.integers(0, 3), "cpus": cpus})
nodes = st.lists(node, max_size=3)
record = st.fixed_dictionaries(
    {
        "name": st.just("demo"),
        "cluster_id": st.text(min_size=1, max_size=8),
        "user": st.text(max_size=5),
        "infra": st.sampled_from(["local", "docker/x", "ssh/rack"]),
        "num_nodes": st.integers(1, 3),
    },
    optional={
        "nodes": nodes,
        "resources": st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
        "docker_run_options": st.lists(st.text(max_size=5), max_size=2),
        "launched_at": st.floats(0, 2e9),
        "of_a_newer_stix": st.integers(),
    },
)
error = st.fixed_dictionaries({"code": st.just("node.lost"), "message": st.text(max_size=9)})
facts = st.one_of(
    st.tuples(st.just("intent"), record),
    st.tuples(st.just("instances"), st.fixed_dictionaries({"nodes": nodes, "seen": st.sampled_from(SEEN)})),
    st.tuples(st.just("phase"), st.fixed_dictionaries({"phase": st.sampled_from(PHASES)})),
    st.tuples(st.just("error"), st.fixed_dictionaries({"error": error})),
    st.tuples(
        st.just("changed"),
        st.fixed_dictionaries(
            {},
            optional={
                "wanted": st.sampled_from(WANTED),
                "nodes": nodes,
                "autostop": st.none() | st.fixed_dictionaries({"idle_minutes": st.integers(-1, 9)}),
                "pending": st.none() | st.fixed_dictionaries({"submission_id": st.text(max_size=4)}),
            },
        ),
    ),
    st.tuples(st.just("gone"), st.just({})),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store") / "state.db")


@settings(max_examples=60, deadline=None)
@given(history=st.lists(facts, max_size=12))
def test_replaying_the_facts_gives_the_table(store: Store, history) -> None:
    name = f"demo-{next(NUMBERS)}"
    for moment, (kind, data) in enumerate(history):
        store.append(name, kind, data, at=float(moment))
    replayed = None
    for fact in store.facts(name):
        replayed = after(replayed, fact["kind"], fact["data"], fact["at"])
    assert store.cluster(name) == replayed
    assert [fact["kind"] for fact in store.facts(name)] == [kind for kind, _ in history]


@settings(max_examples=60, deadline=None)
@given(record)
def test_a_record_survives_the_way_there_and_back(given_record) -> None:
    cluster = Cluster.from_record(given_record)
    assert Cluster.from_record(cluster.to_record()) == cluster


@pytest.mark.parametrize(("wanted", "seen", "phase"), STATES)
def test_the_words_agree(wanted: str, seen: str, phase: str) -> None:
    """The quick reader of the record and the model derive the same word."""
    cluster = Cluster("demo", "demo-1", "ann", "local", 1, wanted=wanted, seen=seen, phase=phase)
    assert cluster.status.value == status_word(wanted, seen, phase) == word_in_rows(cluster.to_record())


def test_three_words() -> None:
    assert {status_word(*state) for state in STATES} == {"INIT", "UP", "STOPPED"}
    assert status_word("up", "running", "ready") == "UP"
    assert status_word("stopped", "stopped", "ready") == "STOPPED"
    assert {status_word("gone", seen, phase) for seen in SEEN for phase in PHASES} == {"INIT"}


@pytest.mark.parametrize(
    ("states", "num_nodes", "word"),
    [
        ([], 2, "none"),
        (["gone", "gone"], 2, "none"),
        (["running", "running"], 2, "running"),
        (["running"], 2, "partial"),
        (["running", "gone"], 2, "partial"),
        (["running", "stopped"], 2, "partial"),
        (["pending", "pending"], 2, "partial"),
        (["stopped", "stopping"], 2, "stopped"),
    ],
)
def test_seen(states: list[str], num_nodes: int, word: str) -> None:
    assert seen_word([{"state": state} for state in states], num_nodes) == word


def test_ready_forgets_the_error() -> None:
    cluster = Cluster("demo", "demo-1", "ann", "local", 1, last_error={"code": "node.lost"})
    assert after(cluster, "phase", {"phase": "setup"}, 0).last_error
    assert after(cluster, "phase", {"phase": "ready"}, 0).last_error is None
    with pytest.raises(ValueError, match="nonsense"):
        after(cluster, "nonsense", {}, 0)


def test_a_lifetime_counts_from_what_began_it() -> None:
    """As the head counts: a new setting begins it, and so does a start; else it would be over before it began."""
    words = {"idle_minutes": -1, "down": True, "lifetime_minutes": 1}
    cluster = Cluster("demo", "demo-1", "ann", "aws/r1", 1, launched_at=100.0, autostop=words)
    assert cluster.deadline == 160.0
    ready = after(cluster, "phase", {"phase": "ready"}, 150.0)
    assert ready.deadline == 210.0
    assert after(ready, "phase", {"phase": "ready"}, 200.0).deadline == 210.0
    assert after(ready, "changed", {"last_use": "up"}, 300.0).deadline == 210.0
    assert after(ready, "changed", {"autostop": {**words, "lifetime_minutes": 2}}, 1000.0).deadline == 1120.0
    started = after(ready, "changed", {"wanted": "up", "phase": "create"}, 5000.0)
    assert started.deadline == 5060.0 and after(started, "phase", {"phase": "ready"}, 5100.0).deadline == 5160.0
    assert after(started, "changed", {"autostop": None}, 6000.0).deadline == 0.0


def test_nothing_follows_from_facts_about_no_cluster(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    assert store.append("ghost", "changed", {"wanted": "up"}) is None
    assert store.cluster_names() == []
