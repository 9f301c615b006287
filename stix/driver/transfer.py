"""A bucket's or a folder's content goes to another; the play's log tells how far it is."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stix.driver import policy
from stix.driver.buckets import HERE
from stix.driver.session import Run, World
from stix.driver.stores import endpoint_of, settings_by_store
from stix.errors import UsageError
from stix.inventory.render import literal
from stix.model.stores import HUB, BucketPlace, place_of

TELL_SECONDS = 5.0


def transfer(world: World, source: str, target: str, *, exact: bool = False) -> dict[str, Any]:
    """Bring what is at one address to another; what is there as it is at the source is not sent again.

    Args:
        source, target: an address of a bucket, or a local folder; one of them is a bucket.
        exact: what the source lacks is deleted from the target.

    Returns:
        `{target, files, bytes, deleted, changed}`.

    Raises:
        UsageError: `usage`, an address that no store has.
        StixError: `policy.refused`; `sync.source`, nothing is at the source; `sync.failed`; `secrets.missing`.
    """
    ends = {"storage_source": _place(source), "storage_target": _place(target)}
    _check(*ends.values())
    if to := ends["storage_target"]["store"] and place_of(target):
        policy.check_buckets(world, [to])
    with world.run("storage", "sync" if exact else "transfer", None) as run:
        log = run.folder.path / "rclone.log"
        variables = {word: literal(place) for word, place in ends.items()}
        variables |= {
            "storage_exact": exact,
            "storage_log": str(log),
            "storage_settings": literal(settings_by_store(world)),
        }

        def heard(kind: str, data: Any) -> None:
            for one in data if kind == "buckets" else ():
                place = BucketPlace(one["store"], one["bucket"], region=one["region"], account=one["account"])
                world.store.save_bucket(place._asdict(), "", True, endpoint_of(world, place.store))

        with _told(run, log):
            outcome = run.play("transfer_buckets", HERE, "buckets", cloud_vars=variables, heard=heard)
    if outcome.error:
        raise outcome.error
    sent: dict[str, Any] = next((each for data in reversed(outcome.of_kind("sync")) for each in data), {})
    return {"target": target, "files": 0, "bytes": 0, "deleted": 0, "changed": False, **sent}


def _place(address: str) -> dict[str, Any]:
    """An end of the transfer as the role `storage` takes it."""
    if "://" not in address:
        return {"address": address, "store": ""}
    try:
        place = place_of(address)
    except ValueError as error:
        raise UsageError("usage", f"{address} {error}") from None
    return {**place._asdict(), "address": address}


def _check(source: dict[str, Any], target: dict[str, Any]) -> None:
    if not source["store"] and not target["store"]:
        raise UsageError("usage", "both ends are folders of this machine", hint="name a bucket: s3://my-bucket/path")
    if not source["store"] and not os.path.isdir(os.path.expanduser(source["address"])):
        raise UsageError("usage", f"{source['address']} is no folder")
    if HUB in (source["store"], target["store"]):
        raise UsageError("usage", "the Hugging Face Hub is read by nodes only", hint="name it in file_mounts")
    if source == target:
        raise UsageError("usage", "source and target are the same")


@contextmanager
def _told(run: Run, log: Path) -> Iterator[None]:
    """Say now and then how far it is."""
    ended = threading.Event()

    def tell() -> None:
        while not ended.wait(TELL_SECONDS):
            if sentence := progress(last_statistics(log)):
                run.world.note(sentence)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


def last_statistics(log: Path) -> dict[str, Any]:
    """rclone's last statistics in a log that is being written; empty: there are none yet."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, log.stat().st_size - 65536))
            lines = file.read().splitlines()
    except OSError:
        return {}
    for line in reversed(lines):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("stats"), dict):
            return dict(entry["stats"])
    return {}


def progress(stats: dict[str, Any]) -> str:
    """'340 files, 1.2 of 5.0 GiB, 118 MiB/s, 33 s left'."""
    if not stats:
        return ""
    whole, sent = stats.get("totalBytes", 0), stats.get("bytes", 0)
    unit, name = (2**30, "GiB") if whole >= 2**30 else (2**20, "MiB")
    count = stats.get("transfers", 0)
    parts = ["1 file" if count == 1 else f"{count} files", f"{sent / unit:.1f} of {whole / unit:.1f} {name}"]
    if stats.get("speed"):
        parts.append(f"{stats['speed'] / 2**20:.0f} MiB/s")
    if stats.get("eta"):
        parts.append(f"{stats['eta']} s left")
    return ", ".join(parts)
