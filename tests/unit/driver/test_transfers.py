"""Notes of transfers as what a listener hears."""

import json
from pathlib import Path
from types import SimpleNamespace

from stix.driver import transfers


def test_notes_of_all_nodes_are_added_and_broken_ones_left_out(tmp_path: Path) -> None:
    note = {"target": "sky_workdir", "files": 1, "bytes": 5, "all_files": 2, "all_bytes": 10}
    (tmp_path / "a.json").write_text(json.dumps(note))
    (tmp_path / "b.json").write_text(json.dumps(note | {"files": 2, "bytes": 10}))
    (tmp_path / "c.json").write_text("{")
    (tmp_path / "d.json.new").write_text(json.dumps(note))
    assert transfers.summed(transfers.read(tmp_path)) == {
        "nodes": 2, "files": 3, "bytes": 15, "all_files": 4, "all_bytes": 20,
    }  # fmt: skip


def test_who_got_files_the_long_way_is_told_with_the_reason() -> None:
    notes: list[str] = []
    world = SimpleNamespace(note=notes.append)
    trees = [{"target": "a", "detour": "one: refused"}, {"target": "b", "source": "one"}]
    reports = [("sync", "two", trees), ("sync", "three", trees[:1]), ("node", "two", {"detour": "no"})]
    transfers.tell_detours(SimpleNamespace(world=world), SimpleNamespace(reports=reports))  # type: ignore[arg-type]
    assert notes == ["three, two: files came from here, not from another node: one: refused"]
