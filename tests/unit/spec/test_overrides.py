"""Flags win over the task file."""

import pytest

from stix.errors import UsageError
from stix.model.quantities import Quantity
from stix.model.task import GitSource
from stix.spec.load import load_text
from stix.spec.overrides import Overrides, apply

TASK = load_text("""
name: train
workdir: .
resources:
  memory: 16+
  any_of:
    - infra: local
      accelerators: T4
    - infra: docker
      accelerators: L4
envs: {A: 1, B: 2}
secrets: {S: one}
""")


def test_nothing_given_changes_nothing() -> None:
    assert apply(TASK, Overrides()) == TASK


def test_every_candidate_changes() -> None:
    task = apply(
        TASK, Overrides(gpus="a100:8", cpus="8+", memory="64GB", image_id="docker:x", disk_size="1TB", ports=("80",))
    )
    assert [each.infra for each in task.resources] == ["local", "docker"] and task.resources_order == "any_of"
    for each in task.resources:
        assert each.accelerators == {"A100": 8}
        assert (each.cpus, each.memory) == (Quantity(8, or_more=True), Quantity(64))
        assert (each.image_id, each.disk_size, each.ports) == ("docker:x", 1024, ("80",))


def test_candidates_that_became_alike_are_one() -> None:
    task = apply(TASK, Overrides(infra="ssh/rack", gpus="none"))
    assert len(task.resources) == 1 and task.resources_order == "single"
    assert (task.resources[0].infra, task.resources[0].accelerators) == ("ssh/rack", None)


def test_none_takes_a_wish_away() -> None:
    assert apply(TASK, Overrides(memory="NONE")).resources[0].memory is None
    assert apply(TASK, Overrides(ports=("none",))).resources[0].ports == ()


def test_task_fields() -> None:
    task = apply(
        TASK, Overrides(name="other", num_nodes=3, workdir="/src", envs={"B": "3"}, secrets={"S": "two", "T": "x"})
    )
    assert (task.name, task.num_nodes, task.workdir) == ("other", 3, "/src")
    assert task.envs == {"A": "1", "B": "3"}
    assert dict(task.secrets) == {"S": "two", "T": "x"}
    assert "two" not in repr(task) + repr(Overrides(secrets={"S": "two"}))


def test_git_workdir() -> None:
    task = apply(TASK, Overrides(git_url="https://example.org/repo", git_ref="v1"))
    assert task.workdir == GitSource("https://example.org/repo", "v1")
    assert apply(task, Overrides(git_ref="v2")).workdir == GitSource("https://example.org/repo", "v2")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (Overrides(cpus="lots"), "--cpus must be a number above zero such as 4 or 4+, not 'lots'"),
        (Overrides(gpus="A100:x"), "--gpus must be a name and a count such as A100:8, not 'A100:x'"),
        (
            Overrides(infra="aws"),
            "--infra names 'aws', which is part of SkyPilot's language, but stix cannot run it yet",
        ),
        (Overrides(num_nodes=0), "--num-nodes must be at least 1, not 0"),
        (Overrides(ports=("80", "x")), "--ports must be ports from 1 to 65535 such as 8080 or 9000-9010, not 'x'"),
        (
            Overrides(envs={"a b": ""}),
            "--env must be named with letters, digits and underscores, the first no digit, not 'a b'",
        ),
        (Overrides(git_ref="v1"), "--git-ref needs a git repository"),
        (Overrides(workdir=".", git_url="u"), "--workdir and --git-url cannot both be given"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_flag_is_named(overrides: Overrides, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        apply(TASK, overrides)
    assert (raised.value.code, raised.value.message) == ("usage", message)
