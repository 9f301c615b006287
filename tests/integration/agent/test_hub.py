"""Copies from the Hugging Face Hub, of a small real one: pages, redirects to another host, cuts, refusals."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.agent.agents import Agent
from tests.lab.hub import TOKEN, Hub

FILES = {
    "config.json": b"{}",
    "deep/tok.txt": b"words",
    "deep/w 1.bin": os.urandom(5000),
    "x.md": b"",
    "y.bin": b"y" * 2000,
}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub(dict(FILES)) as made:
        yield made


@pytest.fixture
def bring(hub: Hub, cluster: Callable[..., list[Agent]]) -> Callable[..., dict[str, Any]]:
    [agent] = cluster()

    def order(target: Path, path: str = "", token: str = TOKEN, revision: str = "v1") -> dict[str, Any]:
        wish = {
            "target": str(target), "remote": "hf", "bucket": f"models/org/tiny@{revision}", "path": path,
            "mode": "COPY", "address": f"hf://models/org/tiny@{revision}/{path}".rstrip("/"), "settings": {},
        }  # fmt: skip
        remote = {"type": "hub", "endpoint": hub.address, "token": token}
        return agent.verb("mounts", data=json.dumps({"mounts": [wish], "remotes": {"hf": remote}}).encode())

    return order


def there(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def contents(hub: Hub) -> list[tuple[str, dict[str, str]]]:
    return [(path, headers) for path, headers in hub.asked if "/resolve/" in path or path.startswith("/store/")]


def test_a_repository_is_copied_once_and_goes_on_where_it_was_cut(hub: Hub, bring: Any, tmp_path: Path) -> None:
    hub.cuts = 1
    [first] = bring(tmp_path / "m")["mounts"]
    assert there(tmp_path / "m") == FILES
    assert (first["changed"], first["files"], first["bytes"]) == (True, 5, sum(map(len, FILES.values())))
    asked = contents(hub)
    assert sum(headers.get("Range") in ("bytes=2500-", "bytes=1000-") for _, headers in asked) >= 1
    assert [path for path, headers in asked if path.startswith("/store/") and "Authorization" in headers] == []

    hub.asked.clear()
    assert not bring(tmp_path / "m")["mounts"][0]["changed"] and contents(hub) == []
    hub.files["config.json"] = b"[]"
    (tmp_path / "m" / "y.bin").write_bytes(b"z" * 2000)  # its size and the note agree: who changes a copy keeps it
    assert bring(tmp_path / "m")["mounts"][0]["files"] == 1
    assert there(tmp_path / "m")["config.json"] == b"[]"


def test_a_folder_or_a_file_of_it_and_what_the_hub_refuses(hub: Hub, bring: Any, tmp_path: Path) -> None:
    bring(tmp_path / "d", "deep")
    assert there(tmp_path / "d") == {"tok.txt": b"words", "w 1.bin": FILES["deep/w 1.bin"]}
    bring(tmp_path / "one.bin", "deep/w 1.bin")
    assert (tmp_path / "one.bin").read_bytes() == FILES["deep/w 1.bin"]
    for given, says in (
        ({"path": "deep/no"}, "nothing at"),
        ({"token": "other"}, "does not show"),
        ({"revision": "v2"}, "has no"),
    ):
        error = bring(tmp_path / "no", **given)["error"]
        assert error["code"] == "sync.source" and says in error["message"] and TOKEN not in json.dumps(error)
    hub.files["../../out"] = b"evil"
    assert "leads out" in bring(tmp_path / "e")["error"]["message"]
    assert not (tmp_path.parent / "out").exists()
