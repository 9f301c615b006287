"""What a launch brings is counted as the transfer counts it."""

import os
import tarfile
from pathlib import Path

from ansible_collections.stix.core.plugins.plugin_utils import trees

from stix.model.task import GitSource, Task
from stix.runner.upload import upload_of


def test_the_count_is_the_transfer_s(tmp_path: Path, monkeypatch) -> None:
    code = tmp_path / "code"
    for name, text in {"a": "1", "sub/b": "22", "x.log": "333", "sub/y.log": "4", ".git/config": "5"}.items():
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).write_text(text)
    (code / ".gitignore").write_text("*.log\n!y.log\n")
    os.symlink("a", code / "link")
    packed = tmp_path / "tree.tar"
    with open(packed, "wb") as stream:
        trees._write(str(code), stream)
    with tarfile.open(packed) as tar:
        sent = [entry for entry in tar if not entry.isdir()]
    found = upload_of(Task(workdir=str(code), file_mounts={"~/one": str(code / "a"), "~/far": "s3://bucket/far"}))
    assert found is not None
    workdir, one = found["trees"]
    assert (workdir["files"], workdir["bytes"]) == (len(sent), sum(entry.size for entry in sent))
    assert (one["target"], one["files"], one["bytes"]) == ("~/one", 1, 1)
    assert (found["files"], found["bytes"]) == (workdir["files"] + 1, workdir["bytes"] + 1)


def test_git_is_named_and_nothing_is_none() -> None:
    found = upload_of(Task(workdir=GitSource("https://example.org/x", "main")))
    assert found == {
        "files": 0,
        "bytes": 0,
        "trees": [{"target": "~/sky_workdir", "url": "https://example.org/x", "ref": "main"}],
    }
    assert upload_of(Task(run="ls")) is None
    assert upload_of(Task(workdir="/nowhere/at/all"))["files"] == 0
