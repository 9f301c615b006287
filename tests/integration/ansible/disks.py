"""What disks of every cloud must do, told once: made, grown, attached, taken over from a machine that is stopped."""

import os
import tempfile
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from ansible.plugins.loader import init_plugin_loader

from tests.integration.ansible.conftest import ROOT

os.environ.setdefault("ANSIBLE_LOCAL_TEMP", tempfile.gettempdir())
init_plugin_loader([str(ROOT / "collections")])

# ruff: noqa: E402 - the loader comes first
from ansible_collections.stix.core.plugins.module_utils.disk_volumes import DiskVolumes
from ansible_collections.stix.core.plugins.module_utils.failure import Failure


class Place(NamedTuple):
    """A cloud's lab, and what the test needs of it.

    Attributes:
        half: the cloud's own half of `disk_volumes` for `{user, cluster, cluster_id}`.
        launch, stop: make the machine of a cluster, and stop it.
        infra, zone: where.
    """

    half: Callable[..., Any]
    launch: Callable[[str], None]
    stop: Callable[[str], None]
    infra: str
    zone: str


def play(place: Place, state: str, *volumes: dict[str, Any], check: bool = False, **more: Any) -> dict[str, Any]:
    """The module's result."""
    params = {"user": "ann", "cluster": "demo", "cluster_id": "demo-1", "config": {}, **more}
    result: dict[str, Any] = DiskVolumes(place.half(params), place.infra, check).result(state, list(volumes))
    return result


def fault(place: Place, state: str, volume: dict[str, Any], **more: Any) -> str:
    """Why it fails."""
    with pytest.raises(Failure) as raised:
        play(place, state, volume, **more)
    assert raised.value.code == "provision.config"
    return str(raised.value.message)


def live(place: Place, devices: Callable[[dict[str, Any]], list[str]]) -> str:
    """The life of a disk; its id.

    Args:
        devices: names that it must have on its machine.
    """
    wish = {"name": "data", "resource": "stix-data", "zone": place.zone, "size": 10, "labels": {"team": "x"}}
    assert play(place, "present", wish, check=True)["changed"] and play(place, "detached", wish)["volumes"] == []
    made = play(place, "present", wish)
    [disk] = made["volumes"]
    assert made["changed"] and disk["ours"] and disk["size"] == 10 and disk["infra"].startswith(place.infra)
    assert not play(place, "present", wish)["changed"] and not play(place, "present", {**wish, "size": 5})["changed"]
    grown = play(place, "present", {**wish, "size": 20})
    assert grown["changed"] and play(place, "present", wish)["volumes"][0]["size"] == 20
    there = {**wish, "id": disk["id"], "existing": True}
    assert not play(place, "present", there, user="bob")["volumes"][0]["ours"]
    assert not play(place, "absent", there, user="bob")["changed"]
    assert "not there" in fault(place, "present", {**wish, "resource": "other", "existing": True})
    assert "no machine" in fault(place, "attached", wish)

    place.launch("demo-1")
    attached = play(place, "attached", wish)
    assert attached["changed"] and attached["volumes"][0]["devices"] == devices(disk)
    assert not play(place, "attached", wish)["changed"]
    assert "is attached to" in fault(place, "absent", wish)
    place.launch("next-1")
    assert "which runs" in fault(place, "attached", wish, cluster_id="next-1")
    place.stop("demo-1")
    assert play(place, "attached", wish, cluster_id="next-1")["changed"]
    assert not play(place, "detached", wish)["changed"], "it is another cluster's now"
    assert "which runs" in fault(place, "detached", wish, cluster_id="next-1"), "it may be mounted there"
    place.stop("next-1")
    assert play(place, "detached", wish, cluster_id="next-1")["changed"]
    assert not play(place, "detached", wish, cluster_id="next-1")["changed"]

    assert play(place, "absent", wish)["changed"] and not play(place, "absent", wish)["changed"]
    assert not play(place, "absent", {**wish, "id": disk["id"]})["changed"]
    return str(disk["id"])


def saved(place: Place, survey: Callable[[], list[dict[str, Any]]]) -> None:
    """The life of a snapshot: made under a free name, found by its marks, made into a volume, deleted by its user.

    Args:
        survey: what a survey finds of kind `snapshot`.
    """
    wish = {"name": "data", "resource": "stix-data", "zone": place.zone, "size": 10, "labels": {}, "config": {}}
    save = {**wish, "snapshot": "Before tuning"}
    assert "is not there" in fault(place, "snapshot_present", save)
    play(place, "present", wish)
    assert play(place, "snapshot_present", save, check=True) == {"changed": True, "volumes": [], "snapshots": []}
    made = play(place, "snapshot_present", save)
    [one] = made["snapshots"]
    assert made["changed"] and (one["name"], one["user"], one["state"]) == ("Before tuning", "ann", "ready")
    assert one["details"]["volume"] == "data" and one["details"]["size"] == 10 and one["details"]["machine"] == ""
    assert not play(place, "snapshot_present", save)["changed"]
    other = {**wish, "name": "other", "resource": "stix-other"}
    assert "of volume data" in fault(place, "snapshot_present", {**other, "snapshot": "Before tuning"})
    [seen] = survey()
    assert all(seen[key] == one[key] for key in ("id", "name", "user", "region"))

    back = {**other, "size": None, "config": {"snapshot": "Before tuning"}}
    assert "There is no snapshot" in fault(place, "present", {**back, "config": {"snapshot": "After"}})
    assert "There is no snapshot" in fault(place, "present", back, user="bob"), "a name is its user's own"
    assert "has 5 GiB, but snapshot" in fault(place, "present", {**back, "size": 5})
    [restored] = play(place, "present", back)["volumes"]
    assert restored["size"] == 10 and restored["ours"] and not play(place, "present", back)["changed"]
    play(place, "absent", wish)
    assert len(survey()) == 1, "it outlives its volume"
    assert not play(place, "snapshot_absent", save, user="bob")["changed"]
    assert play(place, "snapshot_absent", save)["changed"] and survey() == []
    assert not play(place, "snapshot_absent", save)["changed"]
    play(place, "absent", back)


def outlives_its_machine(play: Any, inventory: Callable[..., dict[str, Any]], zone: str) -> dict[str, Any]:
    """By playbooks: a disk is made, attached to the machine that is made, and there when that is gone; its wish.

    Args:
        inventory: makes one of one machine, with more variables of its cloud.
    """
    wish = {"name": "data", "resource": "stix-data", "type": "", "zone": zone, "size": 1, "labels": {}, "config": {}}
    made = play("apply_volumes", inventory(stix_volumes=[wish]))
    assert made.rc == 0, made.errors()
    [[told]] = made.reported("volumes")
    zones = {"stix_zones": [zone]} if zone else {}
    attached = play("provision", inventory(stix_disks=[{**wish, "id": told["id"]}], **zones))
    assert attached.rc == 0, attached.errors()
    [[disk]] = attached.reported("volumes")
    assert disk["id"] == told["id"] and disk["devices"]
    stopped = play("stop", inventory(stix_disks=[wish], **zones))
    assert stopped.rc == 0, stopped.errors()
    again = play("provision", inventory(stix_disks=[wish], **zones))
    assert again.rc == 0, again.errors()
    [[same]] = again.reported("volumes")
    assert same["devices"] == disk["devices"] and "Have the disks" not in again.changed()
    gone = play("terminate", inventory(stix_disks=[wish], **zones))
    assert gone.rc == 0, gone.errors()
    free = play("apply_volumes", inventory(stix_volumes=[wish]))
    assert free.rc == 0 and free.changed() == [], free.errors()
    [[left]] = free.reported("volumes")
    assert left["id"] == told["id"]
    return wish
