"""Dags: who belongs to them, what runs after what, and circles told by name."""

import copy
import pickle
import threading
from itertools import pairwise

import pytest

import stix
from stix.errors import UsageError


def tasks(dag: stix.Dag, names: str) -> list[stix.Task]:
    with dag:
        return [stix.Task(name, run="true") for name in names]


def test_blocks_may_be_nested() -> None:
    with stix.Dag() as outer:
        first = stix.Task("a")
        with stix.Dag() as inner:
            second = stix.Task("b")
        with outer:
            third = stix.Task("c")
        fourth = stix.Task("d")
    alone = stix.Task("e")
    assert outer.tasks == [first, third, fourth] and inner.tasks == [second]
    assert alone not in outer.tasks + inner.tasks
    with pytest.raises(UsageError, match="joins tasks of a Dag"):
        first >> third


def test_an_error_in_a_block_leaves_it() -> None:
    with pytest.raises(ZeroDivisionError), stix.Dag():
        1 / 0  # noqa: B018
    dag = stix.Dag()
    stix.Task("a")
    assert len(dag) == 0


def test_each_thread_has_its_own_blocks() -> None:
    ready, release = threading.Barrier(8), threading.Event()
    made: dict[int, stix.Dag] = {}

    def work(number: int) -> None:
        with stix.Dag() as dag:
            ready.wait()
            first = stix.Task(f"first{number}")
            release.wait()
            first >> stix.Task(f"then{number}")
        made[number] = dag

    threads = [threading.Thread(target=work, args=(number,)) for number in range(7)]
    for thread in threads:
        thread.start()
    with stix.Dag() as ours:
        ready.wait()
        release.set()
        for thread in threads:
            thread.join()
    assert len(ours) == 0
    for number, dag in made.items():
        assert [task.name for task in dag.topological_order()] == [f"first{number}", f"then{number}"]


def test_threads_may_share_a_dag() -> None:
    dag = stix.Dag()
    start = stix.Task("start")
    dag.add(start)

    def work() -> None:
        for _ in range(50):
            with dag:
                task = stix.Task(run="true")
            dag.add_edge(start, task)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(dag) == 201 and len(dag.edges) == 200 and dag.topological_order()[0] is start


def test_order_follows_edges_then_arrival() -> None:
    dag = stix.Dag()
    a, b, c, d = tasks(dag, "abcd")
    dag.add_edge(d, a)
    dag.add_edge(a, c)
    assert [task.name for task in dag.topological_order()] == ["b", "d", "a", "c"]
    assert not dag.is_chain()
    dag.remove(b)
    assert dag.is_chain() and [task.name for task in dag.model.tasks] == ["d", "a", "c"]
    assert dag.model.edges == {(0, 1), (1, 2)}
    with pytest.raises(UsageError, match="task b is not in this Dag"):
        dag.add_edge(b, c)
    with pytest.raises(UsageError, match="task b is not in this Dag"):
        dag.remove(b)


def test_few_tasks_are_a_chain() -> None:
    dag = stix.Dag()
    assert dag.is_chain()
    _, second = tasks(dag, "ab")
    assert not dag.is_chain()
    dag.remove(second)
    assert dag.is_chain() and len(dag) == 1


def test_a_circle_is_told_by_name() -> None:
    dag = stix.Dag()
    a, b, c, d = tasks(dag, "abcd")
    with dag:
        a >> b >> c >> d
        d >> b
    with pytest.raises(UsageError, match="b >> c >> d >> b") as caught:
        dag.validate()
    assert caught.value.code == "task.invalid" and caught.value.details["cycle"] == ["b", "c", "d"]
    with pytest.raises(UsageError, match="circle"):
        dag.to_yaml_str()
    with pytest.raises(UsageError, match="circle"):
        stix.optimize(dag)
    with pytest.raises(UsageError, match="a cannot run after itself"):
        dag.add_edge(a, a)


def test_tasks_of_a_circle_that_share_a_name_are_told_apart() -> None:
    dag = stix.Dag()
    with dag:
        first, second, third = stix.Task("x"), stix.Task("x"), stix.Task()
        first >> second >> third >> first
    with pytest.raises(UsageError, match="x#1 >> x#2 >> task#3 >> x#1"):
        dag.topological_order()


def test_a_graph_has_no_form_as_a_file() -> None:
    dag = stix.Dag()
    a, b, c = tasks(dag, "abc")
    dag.add_edge(a, b)
    dag.add_edge(a, c)
    with pytest.raises(UsageError, match="only a chain of tasks or a job group"):
        dag.to_yaml_config()


GROUP = """
name: group
execution: parallel
primary_tasks: [train]
termination_delay: {default: 30s, log: 2m}
---
name: train
run: train
---
name: log
run: log
"""


def test_a_job_group() -> None:
    dag = stix.Dag.from_yaml_str(GROUP)
    assert dag.is_job_group() and dag.execution is stix.DagExecution.PARALLEL and dag.name == "group"
    assert dag.is_primary_task("train") and dag.get_auxiliary_task_names() == ["log"]
    assert (dag.get_termination_delay_secs("log"), dag.get_termination_delay_secs("other")) == (120, 30)
    assert dag.inter_connection_enabled() and not dag.is_chain()
    dag.set_execution(stix.DagExecution.SERIAL)
    assert not dag.is_job_group() and stix.Dag().get_termination_delay_secs("x") == 0


def test_files(tmp_path: object) -> None:
    from pathlib import Path

    file = Path(str(tmp_path)) / "pipeline.yaml"
    file.write_text("name: both\n---\nname: a\nrun: echo $X\nenvs: {X: 1}\n---\nname: b\nenvs: {X: null}\n")
    dag = stix.Dag.from_yaml(str(file), env_overrides=[("X", "2")])
    assert dag.name == "both" and [task.envs["X"] for task in dag.tasks] == ["2", "2"] and dag.is_chain()
    with pytest.raises(UsageError, match="there is no such file"):
        stix.Dag.from_yaml(str(file) + "x")
    with pytest.raises(UsageError, match="stix runs a Dag of one"):
        stix.launch(dag, dryrun=True)


def test_tasks_and_dags_can_be_copied() -> None:
    dag = stix.Dag()
    a, b = tasks(dag, "ab")
    dag.add_edge(a, b)
    twin = copy.deepcopy(dag)
    assert twin.model == dag.model and not set(twin.tasks) & set(dag.tasks)
    assert copy.deepcopy(a).update_envs({"A": "1"}).envs == {"A": "1"} and a.envs == {}


@pytest.mark.parametrize("thing", ["train", None, ["train"], stix.Resources()])
def test_a_dag_takes_nothing_but_tasks(thing: object) -> None:
    with stix.Dag() as dag:
        task = stix.Task("a")
    for refused in (lambda: dag.add(thing), lambda: dag.add_edge(task, thing), lambda: dag.remove(thing)):  # type: ignore[arg-type]
        with pytest.raises(UsageError, match=r"a Dag takes is a stix\.Task, not an object of type"):
            refused()
    assert dag.tasks == [task] and dag.edges == []


def test_ten_thousand_tasks_in_a_row() -> None:
    with stix.Dag() as dag:
        row = [stix.Task(f"t{number}") for number in range(10_000)]
        for first, then in pairwise(row):
            first >> then
    assert dag.topological_order() == row and dag.is_chain()
    assert len(repr(dag)) < 500 and len(copy.deepcopy(dag)) == len(pickle.loads(pickle.dumps(dag))) == 10_000
    dag.add_edge(row[-1], row[0])
    with pytest.raises(UsageError, match=r"t0 >> t1 >> .* more .* >> t9999 >> t0$") as caught:
        dag.validate()
    assert len(caught.value.message) < 500 and len(caught.value.details["cycle"]) == 10_000


def test_execution_is_one_of_two_words() -> None:
    dag = stix.Dag()
    dag.add(stix.Task("a"))
    dag.execution = "parallel"  # type: ignore[assignment]  # as SkyPilot's callers may
    assert dag.is_job_group() and dag.model.execution == "parallel"
    with pytest.raises(UsageError, match="'execution' must be serial or parallel, not 'fast'"):
        dag.set_execution("fast")  # type: ignore[arg-type]


def test_a_wrong_delay_is_an_error_of_the_task() -> None:
    dag = stix.Dag()
    dag.termination_delay = {"a": "10x"}
    with pytest.raises(UsageError, match="'termination_delay' must be a duration"):
        dag.get_termination_delay_secs("a")
    assert dag.get_termination_delay_secs("b") == 0


def test_a_copy_keeps_which_task_is_which() -> None:
    with stix.Dag() as dag:
        stix.Task("a", envs={"A": "1"}) >> stix.Task("b", resources=stix.Resources(cpus=2))
    for again in (copy.deepcopy(dag), pickle.loads(pickle.dumps(dag))):
        assert again.model == dag.model and again.edges == [tuple(again.tasks)]
        again.tasks[0].name = "other"
        assert dag.tasks[0].name == "a"
