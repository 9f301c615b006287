"""Whose turn it is, and where."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stix.skylet.errors import AgentError
from stix.skylet.resources import Capacity, Demand, Holder, check_possible, free, next_to_start, place


def node(cpus=4.0, memory=8.0, *gpus):
    return Capacity(cpus, memory, [(name, 1.0) for name in gpus])


def gpu(count, name="T4"):
    return Demand(0.5, 0, count, name)


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, "0.5 CPUs"),
        ({"cpus": "2+", "memory": "4"}, "2 CPUs, 4 GiB of memory"),
        ({"accelerators": "H100"}, "0.5 CPUs, 1 H100"),
        ({"accelerators": "H100:0.5", "cpus": 0}, "0 CPUs, 0.5 H100"),
        ({"accelerators": {"A100-80GB": 8}, "cpus": None}, "0.5 CPUs, 8 A100-80GB"),
    ],
)
def test_parse(fields, shown):
    demand = Demand.parse(fields)
    assert str(demand) == shown
    assert str(Demand.parse(demand.record())) == shown


@pytest.mark.parametrize(
    "fields",
    [{"cpus": "many"}, {"memory": -1}, {"accelerators": "T4:1.5"}, {"accelerators": {"A": 1, "B": 1}}, {"cpus": "nan"}],
)
def test_parse_refuses(fields):
    with pytest.raises(AgentError) as caught:
        Demand.parse(fields)
    assert caught.value.code == "job.rejected"


def test_shares_are_packed_and_whole_gpus_stay_whole():
    left = node(8, 8, "T4", "T4", "T4")
    taken = []
    for demand in (gpu(0.5), gpu(0.3), gpu(1), gpu(0.5), gpu(0.5), gpu(1)):
        devices = left.devices(demand)
        taken.append(devices)
        if devices:
            left.take(demand, devices)
    assert taken == [[0], [0], [1], [2], [2], None]


def test_names_of_gpus_count():
    left = node(8, 8, "T4", "L4")
    assert left.devices(gpu(1, "l4")) == [1]
    assert left.devices(gpu(1, "H100")) is None


def test_lowest_nodes_first():
    left = {0: node(1), 1: node(4), 2: node(4)}
    assert place(Demand(2), 1, left) == [(1, [])]
    assert place(Demand(1), 3, left) == [(0, []), (1, []), (2, [])]
    assert place(Demand(2), 3, left) is None


def start(waiting, running, total, ready=None):
    return next_to_start(waiting, running, total, total if ready is None else ready)


def test_later_job_starts_beside_a_blocked_one_only_where_it_does_not_delay_it():
    total = {0: node(4), 1: node(4)}
    running = [Holder(1, Demand(3), [(0, [])])]
    big = (2, 1, Demand(4))
    assert start([(2, 2, Demand(4)), (3, 1, Demand(1))], running, total) is None
    found = start([(2, 1, Demand(4.5)), (3, 1, Demand(1))], running, total)
    assert found is None, "a job that can never start is not overtaken, it is refused before"
    running = [Holder(1, Demand(3), [(0, [])]), Holder(0, Demand(3), [(1, [])])]
    found = start([big, (3, 1, Demand(1))], running, total)
    assert found is not None and (found.job_id, found.seats) == (3, [(0, [])])
    assert start([big, (4, 1, Demand(1))], [*running, found], total) is None, "node 1 is kept for the big one"


def test_nodes_that_are_away_get_nothing():
    total = {0: node(4), 1: node(4)}
    assert start([(1, 2, Demand(1))], [], total, ready=[0]) is None
    assert start([(1, 2, Demand(1))], [], total).seats == [(0, []), (1, [])]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from([0.5, 1, 2, 4]), st.sampled_from([0, 0, 0.5, 1, 2])),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 10**6),
)
def test_nothing_is_given_twice_and_everybody_gets_a_turn(jobs, seed):
    """Also when new small jobs arrive all the time."""
    total = {n: node(4, 8, "T4", "T4") for n in range(3)}
    waiting = [(i, n, Demand(c, 0, g, "T4" if g else "")) for i, (n, c, g) in enumerate(jobs)]
    running, next_id, done = [], len(jobs), set()
    for step in range(400):
        found = next_to_start(waiting, running, total, total)
        while found:
            running.append(found)
            waiting = [job for job in waiting if job[0] != found.job_id]
            for left in free(total, running).values():
                assert left.cpus >= -1e-6 and all(-1e-6 <= share <= 1 for _, share in left.gpus)
            found = next_to_start(waiting, running, total, total)
        if not any(job[0] < len(jobs) for job in waiting):
            return
        assert running
        done.add(running.pop((seed + step) % len(running)).job_id)
        waiting.append((next_id, 1, Demand(0.5)))
        next_id += 1
    raise AssertionError(f"starved: {[job[0] for job in waiting if job[0] < len(jobs)]}")


def test_refusal_says_what_there_is():
    total = {0: node(4, 8, "T4", "T4"), 1: node(2, 8)}
    check_possible(gpu(2), 1, total, 2)
    check_possible(gpu(4), 1, {0: node()}, 2)
    with pytest.raises(AgentError) as caught:
        check_possible(gpu(1), 2, total, 2)
    assert caught.value.message == (
        "The job can never start: it asks for 0.5 CPUs, 1 T4 on each of 2 nodes, "
        "and there is node 0: 4 CPUs, 8 GiB, 2 T4; node 1: 2 CPUs, 8 GiB, no GPU"
    )
