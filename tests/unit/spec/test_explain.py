"""`explain` finds what people mean."""

import pytest

from stix.errors import UsageError
from stix.spec.explain import KINDS, explain, paths


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ""),
        ("resources.accelerators", "resources.accelerators"),
        ("accelerators", "resources.accelerators"),
        ("resources.any_of[0].cpus", "resources.any_of.cpus"),
        ("resources.any_of.cpus", "resources.any_of.cpus"),
        ("file_mounts.mode", "file_mounts.mode"),
        ("min_replicas", "service.replica_policy.min_replicas"),
    ],
)
def test_path_is_found(asked: str, found: str) -> None:
    assert explain(asked).path == found


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("resorces", "did you mean 'resources'?"),
        ("resources.acelerators", "did you mean 'resources.accelerators'?"),
        ("gpu", "did you mean 'resources.accelerators'?"),
        ("command", "did you mean 'run'?"),
        ("run.x", "'run' has no keys of its own"),
    ],
)
def test_unknown_path_has_the_nearest(asked: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        explain(asked)
    assert (raised.value.code, raised.value.hint) == ("usage", hint)


@pytest.mark.parametrize("kind", KINDS)
def test_every_path_is_explained(kind: str) -> None:
    for path in paths(kind):
        record = explain(path, kind=kind).to_dict()
        assert record["path"] == path and record["doc"]


def test_what_is_below_a_key_that_up_cannot_run_cannot_be_run() -> None:
    assert not explain("service.replica_policy.min_replicas").works
    assert explain("resources.cpus").works


def test_kinds_have_keys_of_their_own() -> None:
    assert explain("config.access_mode", kind="volume").key.choices
    assert explain("primary_tasks", kind="job-group").key.forms == ("list",)
