"""A file in parts, to a node that is a shell on this machine."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils import parts
from ansible_collections.stix.core.plugins.plugin_utils.told import Told


class Cut(Exception):
    pass


class Node:
    """Runs what it is told in a shell; the connection breaks in the middle of part number `cut`."""

    host = "n"

    def __init__(self, home: Path, cut: int = 0) -> None:
        self.home, self.cut, self.received = home, cut, 0

    def execute(self, body: str, data: bytes = b"") -> bytes:
        env = {"PATH": os.environ["PATH"], "PY": "python3", "H": str(self.home)}
        breaks = data and self.cut == 1
        self.cut -= bool(data)
        self.received += len(data)
        heard = data[: len(data) // 2] if breaks else data or b"\n"
        done = subprocess.run(["/bin/sh", "-c", body], input=heard, capture_output=True, env=env, check=True)
        if breaks:
            raise Cut
        return done.stdout

    def decode(self, answer: bytes) -> dict[str, int]:
        found = json.loads(answer)
        if "error" in found:
            raise Failure.from_record(found["error"])
        return found


def content(home: Path) -> bytes:
    [file] = (home / "tmp").iterdir()
    return file.read_bytes()


def test_after_a_cut_only_the_rest_is_sent(tmp_path: Path) -> None:
    file, home, heard = tmp_path / "file", tmp_path / "home", []
    file.write_bytes(os.urandom(1000))
    with pytest.raises(Cut):
        parts.send(Node(home, cut=3), file, "~/t", heard.append, part=300)
    assert content(home) == file.read_bytes()[:750] and heard == [0, 300, 600]
    node = Node(home)
    path = parts.send(node, file, "~/t", heard.append, part=300)
    assert content(home) == file.read_bytes() and node.received == 250
    assert heard[3:] == [750, 1000] and path.startswith('"$H"/tmp/')


def test_another_file_for_the_same_takes_its_place_and_one_for_something_else_does_not(tmp_path: Path) -> None:
    one, two, home = tmp_path / "one", tmp_path / "two", tmp_path / "home"
    one.write_bytes(b"1" * 500)
    two.write_bytes(b"2" * 100)
    parts.send(Node(home), one, "~/t", print)
    [begun] = (home / "tmp").iterdir()
    parts.send(Node(home), two, "~/t", print)
    assert begun.exists()  # somebody may be sending it just now
    os.utime(begun, (1, 1))
    parts.send(Node(home), two, "~/t", print)
    assert content(home) == two.read_bytes()
    parts.send(Node(home), one, "~/u", print)
    assert len(list((home / "tmp").iterdir())) == 2


def test_an_empty_file_arrives_too(tmp_path: Path) -> None:
    (tmp_path / "none").touch()
    parts.send(Node(tmp_path / "home"), tmp_path / "none", "~/t", print)
    assert content(tmp_path / "home") == b""


def test_how_far_it_is_is_noted_where_somebody_wants_it(tmp_path: Path) -> None:
    told = Told(str(tmp_path), "a/b", "~/t", 10, 100)
    told(1, 10)
    told(2, 20)  # too soon
    [note] = tmp_path.iterdir()
    assert json.loads(note.read_text()) == {"target": "~/t", "files": 1, "bytes": 10, "all_files": 10, "all_bytes": 100}
    told(10, 100)
    assert json.loads(note.read_text())["files"] == 10
    Told("", "a", "~/t", 1, 1)(1, 1)
    Told(str(tmp_path / "gone"), "a", "~/t", 1, 1)(1, 1)
    assert list(tmp_path.iterdir()) == [note]
