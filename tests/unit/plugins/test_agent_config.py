"""What an agent is told, and the hash of it."""

import stat
from pathlib import Path

import pytest
from ansible_collections.stix.core.plugins.action.node_state import skew
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils import agent_config

from stix.skylet.install import fingerprint

OPTION = {
    "cluster": "demo", "cluster_id": "demo-1", "user": "ann", "rank": 1, "port": 46590, "user_home": "",
    "container": "",
    "token_file": "t",
    "autostop": {}, "stop_command": [], "down_command": [], "preemption": {}, "hooks": {},
    "resources": {}, "log_max_bytes": 1, "log_files": 2,
}  # fmt: skip


def _vars(ranks: dict[str, int | None]) -> dict:
    hostvars = {name: {"stix_node_ip": f"10.0.0.{i}"} for i, name in enumerate(ranks)}
    for name, rank in ranks.items():
        if rank is not None:
            hostvars[name]["stix_rank"] = rank
    return {"groups": {"stix_nodes": list(ranks)}, "hostvars": hostvars}


def test_nodes_come_by_rank_and_the_head_is_rank_0() -> None:
    nodes = agent_config.members(_vars({"b": 1, "a": 0}))
    assert [node["name"] for node in nodes] == ["a", "b"]
    config = agent_config.assemble(OPTION, nodes, "secret")
    assert config["head"] == {"address": "10.0.0.1", "port": 46590} and config["num_nodes"] == 2
    assert config["resources"] is None


@pytest.mark.parametrize("ranks", [{"a": 0, "b": 0}, {"a": 1}, {"a": 0, "b": None}])
def test_ranks_that_do_not_count_from_0_are_refused(ranks: dict) -> None:
    with pytest.raises(Failure) as caught:
        agent_config.members(_vars(ranks))
    assert caught.value.code == "config.invalid"


def test_the_hash_follows_the_archive_and_every_field() -> None:
    config = agent_config.assemble(OPTION, agent_config.members(_vars({"a": 0})), "secret")
    first = agent_config.state_hash("abc", config)
    assert agent_config.state_hash("abc", dict(reversed(config.items()))) == first
    assert agent_config.state_hash("abd", config) != first
    assert agent_config.state_hash("abc", config | {"token": "other"}) != first


def test_the_token_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "token"
    assert agent_config.token(str(path), create=False) == "" and not path.exists()
    token = agent_config.token(str(path), create=True)
    assert len(token) == 43 and agent_config.token(str(path), create=True) == token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and list(path.parent.iterdir()) == [path]


def test_settings_that_differ_are_named_as_the_agent_itself_tells_them() -> None:
    config = agent_config.assemble(OPTION, agent_config.members(_vars({"a": 0, "b": 1})), "secret")
    told = {name: fingerprint(value) for name, value in config.items()}
    assert agent_config.differing(config, told) == ["archive"], "where no setting differs, the agent itself does"
    assert agent_config.differing({**config, "hooks": [{"run": "x"}], "token": "other"}, told) == ["hooks", "token"]
    assert agent_config.differing(config, {}) == [] and "secret" not in str(told)


@pytest.mark.parametrize(("node", "ahead"), [(99.5, -0.5), (100.0, 0.0), (101.0, 0.0), (3702.0, 3600.0)])
def test_a_clock_is_only_wrong_by_what_the_way_there_cannot_explain(node: float, ahead: float) -> None:
    assert skew(node, 100.0, 102.0) == ahead
