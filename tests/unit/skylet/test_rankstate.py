"""Files of ranks: those of other nodes stay where nodes share a HOME."""

from pathlib import Path

from stix.skylet.rankstate import drop_scripts, node_mark, script_name


def test_a_node_removes_its_own_scripts_alone(tmp_path: Path) -> None:
    nodes = [node_mark({"cluster_id": name, "rank": rank}) for name, rank in (("a-1f", 1), ("a-1f", 11), ("b-2e", 1))]
    names = [script_name(node, job, "run", 0) for node in nodes for job in (1, 2)]
    for name in (*names, "mine.sh"):
        (tmp_path / name).touch()
    drop_scripts(str(tmp_path), nodes[0], {(2, "run", 0)})
    assert {file.name for file in tmp_path.iterdir()} == {*names[1:], "mine.sh"}
