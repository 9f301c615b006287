"""What a task's buckets come to: addresses, stores, settings, what is made."""

import pytest

from stix.model.stores import BucketPlace, place_of
from stix.plan.buckets import bucket_faults, bucket_mounts, buckets_to_make
from stix.plan.runnable import refusals
from stix.spec.load import from_config


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("s3://b", BucketPlace("S3", "b")),
        ("s3://b/p/q/", BucketPlace("S3", "b", "p/q")),
        ("gs://b/p", BucketPlace("GCS", "b", "p")),
        ("cos://us-east/b/p", BucketPlace("IBM", "b", "p", region="us-east")),
        ("https://acct.blob.core.windows.net/c/p/q", BucketPlace("AZURE", "c", "p/q", account="acct")),
        ("r2://b/ü", BucketPlace("R2", "b", "ü")),
        ("hf://models/o/m", BucketPlace("HF", "models/o/m")),
        ("hf://datasets/o/d@v1.0/a/b.bin", BucketPlace("HF", "datasets/o/d@v1.0", "a/b.bin")),
    ],
)
def test_an_address_and_back(address: str, place: BucketPlace) -> None:
    assert place_of(address) == place
    assert place_of(place.address) == place


@pytest.mark.parametrize(
    "address", ["ftp://x/y", "https://example.org/x", "s3://", "https:///c", "hf://datasets/x", "hf://buckets/o/b"]
)
def test_no_address_of_a_bucket(address: str) -> None:
    with pytest.raises(ValueError):
        place_of(address)


def test_mounts_by_target_and_buckets_to_make() -> None:
    task = from_config({
        "run": "ls",
        "file_mounts": {
            "/z": "s3://there/p",
            "/a": {"name": "made-here", "source": "/tmp", "mode": "COPY"},
            "/b": {"name": "cache", "store": "gcs", "mode": "MOUNT_CACHED", "type": "DATASET_RO", "persistent": False},
            "/c": {"source": "gs://public", "mode": "MOUNT", "config": {"mount": {"read_only": True}}},
        },
    })  # fmt: skip
    mounts = bucket_mounts(task, "R2")
    assert [(each["target"], each["address"], each["mode"]) for each in mounts] == [
        ("/a", "r2://made-here", "COPY"), ("/b", "gs://cache", "MOUNT_CACHED"), ("/c", "gs://public", "MOUNT"),
        ("/z", "s3://there/p", "COPY"),
    ]  # fmt: skip
    assert mounts[1]["settings"]["read_only"] and mounts[2]["settings"] == {"read_only": True}
    made = {bucket.place.address: bucket for bucket in buckets_to_make(task, "R2")}
    assert made["r2://made-here"].sources == ("/tmp",) and made["r2://made-here"].persistent
    assert not made["gs://cache"].persistent and len(made) == 2
    assert refusals(task) == ()


def test_what_cannot_be_had_is_refused_by_its_target() -> None:
    mounts = {"/a": "ftp://x/y", "/b": {"name": "No Capitals"}, "/c": {"source": "hf://x/y"}}
    mounts |= {"/d": {"name": "made-here", "store": "hf"}}
    task = from_config({"run": "ls", "file_mounts": mounts})
    faults = bucket_faults(task)
    assert faults.keys() == {"/a", "/b", "/c", "/d"}
    assert bucket_faults(from_config({"run": "ls", "file_mounts": {"/c": "hf://x/y"}})) == {}
    assert "ftp://x/y" in faults["/a"] and "'No Capitals'" in faults["/b"] and "hf://x/y" in faults["/c"]
    assert {key for key, _ in refusals(task)} == {f"file_mounts.{target}" for target in mounts}


def test_pods_copy_but_do_not_mount() -> None:
    config = {"run": "ls", "resources": {"infra": "kubernetes"}, "file_mounts": {"/a": {"source": "s3://b"}}}
    assert "mode: COPY" in dict(refusals(from_config(config)))["file_mounts./a"]
    config["file_mounts"] = {"/a": {"source": "s3://b", "mode": "COPY"}}
    assert refusals(from_config(config)) == ()
