"""Trees from tar streams."""

import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from stix.skylet import receive as module
from stix.skylet.errors import AgentError
from stix.skylet.home import Home, read_json


@pytest.fixture
def home(tmp_path):
    (tmp_path / "user").mkdir()
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent/config.json").write_text(json.dumps({"user_home": str(tmp_path / "user")}))
    return Home(str(tmp_path / "agent"))


def pack(*members, mode="w"):
    """A tar of `(name, content)`: bytes a file, None a folder, str a symbolic link."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as tar:
        for name, content, *rest in members:
            entry = tarfile.TarInfo(name)
            entry.mode = rest[0] if rest else 0o644
            if content is None:
                entry.type, entry.mode = tarfile.DIRTYPE, rest[0] if rest else 0o755
            elif isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
            else:
                entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content) if isinstance(content, bytes) else None)
    return io.BytesIO(stream.getvalue())


def bring(home, *members, target="~/tree", content="h", delete=True, mode="w"):
    return module.receive(home, pack(*members, mode=mode), target, content, delete)


def found(folder: Path):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_modes_links_empty_folders_and_names(home, tmp_path):
    answer = bring(
        home, ("run.sh", b"x", 0o755), ("leer", None), ("ünï/ço de", b"y"), ("link", "run.sh"), ("out", "/nowhere")
    )
    tree = tmp_path / "user/tree"
    assert answer == {"files": 4, "bytes": 2, "deleted": 0}
    assert found(tree) == ["leer", "link", "out", "run.sh", "ünï", "ünï/ço de"]
    assert (tree / "run.sh").stat().st_mode & 0o777 == 0o755
    assert os.readlink(tree / "out") == "/nowhere" and (tree / "link").read_bytes() == b"x"


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_second_bring_deletes_what_went_away_and_nothing_else(home, tmp_path, mode):
    bring(
        home, ("a", b"1"), ("d", None), ("d/b", b"2"), ("e", None), ("e/c", b"3"), ("f", None), ("f/g", None), mode=mode
    )
    tree = tmp_path / "user/tree"
    (tree / "e/from-a-job").write_text("precious")
    (tree / "other").write_text("precious")
    assert bring(home, ("a", b"new"), content="h2", mode=mode)["deleted"] == 5
    assert found(tree) == ["a", "e", "e/from-a-job", "other"]
    assert (tree / "a").read_bytes() == b"new"


def test_without_delete_everything_stays_and_stays_ours(home, tmp_path):
    bring(home, ("a", b"1"))
    assert bring(home, ("b", b"2"), delete=False)["deleted"] == 0
    assert found(tmp_path / "user/tree") == ["a", "b"]
    assert bring(home, ("c", b"3"))["deleted"] == 2


def test_single_file_is_a_target(home, tmp_path):
    assert bring(home, (".", b"content", 0o600), target="conf/app.yaml")["files"] == 1
    assert (tmp_path / "user/conf/app.yaml").read_bytes() == b"content"
    assert bring(home, (".", b"two"), target="conf/app.yaml") == {"files": 1, "bytes": 3, "deleted": 0}
    assert (tmp_path / "user/conf/app.yaml").read_bytes() == b"two"


def test_empty_tree_makes_the_folder(home, tmp_path):
    bring(home, ("a", b"1"))
    assert bring(home)["deleted"] == 1
    assert (tmp_path / "user/tree").is_dir() and found(tmp_path / "user/tree") == []


def test_folder_becomes_file_and_back(home, tmp_path):
    bring(home, ("x", None), ("x/y", b"1"))
    bring(home, ("x", b"file"))
    assert (tmp_path / "user/tree/x").read_bytes() == b"file"
    bring(home, ("x", None), ("x/y", b"2"))
    assert (tmp_path / "user/tree/x/y").read_bytes() == b"2"


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil"])
def test_names_that_lead_out_are_refused(home, tmp_path, name):
    with pytest.raises(AgentError) as caught:
        bring(home, ("good", b"1"), (name, b"2"))
    assert caught.value.code == "sync.failed"
    assert not list(tmp_path.rglob("evil")) and not Path("/etc/evil").exists()


def test_nothing_is_written_through_a_link(home, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    bring(home, ("door", str(outside)), ("door/inside", b"1"))
    assert found(outside) == [] and (tmp_path / "user/tree/door/inside").read_bytes() == b"1"


def test_hard_link_out_of_the_tree_is_refused(home, tmp_path):
    (tmp_path / "user/secret").write_text("s")
    entry = tarfile.TarInfo("link")
    entry.type, entry.linkname = tarfile.LNKTYPE, "../secret"
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        tar.addfile(entry)
    with pytest.raises(AgentError):
        module.receive(home, io.BytesIO(stream.getvalue()), "tree", "h", True)


def test_broken_stream_leaves_no_hash_but_knows_what_came(home, tmp_path):
    bring(home, ("a", b"1"), content="old")
    whole = pack(("b", b"x" * 5000), ("c", b"y" * 50000)).getvalue()
    with pytest.raises(AgentError) as caught:
        module.receive(home, io.BytesIO(whole[:20000]), "~/tree", "new", True)
    assert caught.value.code == "sync.failed"
    manifest = read_json(str(next(Path(home.trees).iterdir())))
    assert "hash" not in manifest and {"a", "b"} <= set(manifest["paths"])
    assert bring(home, ("z", b"1"))["deleted"] >= 2
    assert found(tmp_path / "user/tree") == ["z"]


def test_target_that_is_a_link_to_a_bigger_disk_is_used(home, tmp_path):
    (tmp_path / "big").mkdir()
    (tmp_path / "user/tree").symlink_to(tmp_path / "big")
    bring(home, ("a", b"1"))
    assert found(tmp_path / "big") == ["a"]
