"""What a task must be to be launched, though it can be read and shown without."""

from pathlib import Path

import pytest

from stix.errors import UsageError
from stix.spec.load import load_file, load_storage

REFUSED = {
    "name: my task": "1:1: 'name' must be letters and digits, with single dots, dashes or underscores between them, "
    "not 'my task'",
    "managed_secrets: [{TOKEN: {mount_path: ~/x/}}]": "1:1: the path '~/x/' of secret 'TOKEN' ends with a slash",
    "managed_secrets: [{A: {mount_path: /x}}, {B: {mount_path: /x}}]": "1:1: the path '/x' of secret 'B' is taken "
    "already",
    "file_mounts: {/data: ./here/}": "1:15: './here/' in 'file_mounts' ends with a slash",
    "envs: {D: data}\nfile_mounts: {'/$D/': ./here}": "2:15: '/data/' in 'file_mounts' ends with a slash",
    "file_mounts: {s3://data: ./here}": "1:15: 's3://data' in 'file_mounts' must be a path on the nodes",
    "workdir: .\nfile_mounts:\n  ~/sky_workdir: here": "3:3: '~/sky_workdir' in 'file_mounts' is where the workdir "
    "goes",
    "file_mounts: {/data: ./gone}": "1:15: './gone', which is to become '/data', does not exist here",
    "file_mounts: {/data: {mode: COPY}}": "1:15: the bucket at '/data' has 'mode: COPY', but no 'source' to copy",
    "file_mounts: {/data: {name: null}}": "1:15: the bucket at '/data' needs 'name' or 'source'",
    "file_mounts: {/data: {name: x, source: s3://y}}": "1:15: the bucket at '/data' has a name, though 'source' is the "
    "address of a bucket, which has its own",
    "file_mounts: {/data: {source: ./here}}": "1:15: the bucket at '/data' is filled from here, so it needs 'name'",
    "file_mounts: {/data: {name: s3://x}}": "1:15: the bucket at '/data' has an address as its name",
    "file_mounts: {/data: {source: ftp://x}}": "1:15: the bucket at '/data' has the source ftp://x, which is no bucket",
    "file_mounts: {/d: {source: s3://x/y}}": "1:15: the bucket at '/d' is mounted, which takes whole buckets only",
    "file_mounts: {/d: {name: x, source: ./gone}}": "1:15: './gone', which is to become '/d', does not exist here",
    "volumes: {data: x}": "1:11: 'data' in 'volumes' must be an absolute path, or begin with ~",
    "volumes: {/data/: x}": "1:11: '/data/' in 'volumes' ends with a slash",
    "volumes: {/data: {type: k8s-pvc}}": "1:11: the volume at '/data' needs 'name', 'size' or 'host_path'",
}
TAKEN = [
    "secrets: {TOKEN: ''}",
    "secrets: {TOKEN: null}",
    "secrets: [secrets:global.TOKEN]",
    "managed_secrets: [{TOKEN: {mount_path: ~/token}}]",
    "file_mounts: {/a: s3://x/y, /b: skypilot:files, /c: ./here, /d: https://x.blob.core.windows.net/y}",
    "file_mounts: {/a: {name: x}, /b: {name: x, source: ./here}, /c: {source: s3://x}}",
    "file_mounts: {/a: {source: s3://x/y, mode: COPY}, /b: {source: cos://us/x}, /c: {source: hf://buckets/x/y/z}}",
    "volumes: {/a: x, ~/b: {size: 10Gi}, /c: {host_path: /scratch}}",
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory; it has the folder `here`."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("text", REFUSED)
def test_refused(here: Path, text: str) -> None:
    (here / "t.yaml").write_text(text)
    with pytest.raises(UsageError) as raised:
        load_file("t.yaml")
    assert raised.value.message == f"t.yaml:{REFUSED[text]}"
    assert raised.value.exit_status == 2
    load_file("t.yaml", check_sources=False)


@pytest.mark.parametrize("text", TAKEN)
def test_taken(here: Path, text: str) -> None:
    (here / "t.yaml").write_text(text)
    load_file("t.yaml")


def test_a_secret_that_is_given_is_not_missing(here: Path) -> None:
    (here / "t.yaml").write_text("secrets: [secrets:TOKEN]")
    assert dict(load_file("t.yaml", secrets={"TOKEN": "x"}).secrets) == {"TOKEN": "x"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{mode: MOUNT}", "1:1: the bucket needs 'name' or 'source'"),
        ("{name: x, mode: MUONT}", "1:11: 'mode' must be 'MOUNT', 'COPY' or 'MOUNT_CACHED', not the text 'MUONT'"),
        ("{nmae: x}", "1:2: unknown key 'nmae'"),
        ("[x]", "1:1: a bucket must be a map, not a list"),
        ("{name: x}\n---\n{name: y}", "3:1: there is a second document, where a bucket is only one"),
    ],
)
def test_document_of_a_bucket(text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        load_storage(text, file="b.yaml")
    assert raised.value.message == f"b.yaml:{message}"


def test_documents_of_buckets_that_can_be_made_or_found() -> None:
    assert load_storage("{name: x, store: s3}").store == "S3"
    assert load_storage("{source: s3://x, mode: copy}").mode == "COPY"


def test_a_secret_that_is_filled_in_is_not_in_a_message(here: Path) -> None:
    (here / "t.yaml").write_text("secrets: {T: planted-one}\nfile_mounts: {/a: {name: x, mode: $T, store: $T}}")
    with pytest.raises(UsageError) as raised:
        load_file("t.yaml")
    assert "planted" not in str(raised.value.to_record())
    assert "${T}" in raised.value.message
