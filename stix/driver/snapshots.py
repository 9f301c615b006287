"""Snapshots of volumes: made, found by their marks in every account, deleted. The clouds alone keep them: no record."""

import difflib
import getpass
import time
from collections.abc import Mapping, Sequence
from typing import Any

from stix.driver import policy
from stix.driver.collect import accounts_to_ask
from stix.driver.session import World
from stix.driver.survey import ask_all
from stix.driver.volumes import for_role, place, play, row_of
from stix.errors import StixError, UsageError
from stix.model.thing import Thing
from stix.model.volumes import KINDS, without_snapshots

IDS = ("snap-",)
"""What clouds' own ids begin with, so names may not."""


def make(world: World, volume: str, name: str = "") -> Thing:
    """Make a snapshot of a volume, whoever has it; of one that is written to it is what a power cut would leave.

    Args:
        name: empty: the volume's, with the time.

    Raises:
        UsageError: `usage`, there is no such volume, it has no snapshots, or the name is taken.
        StixError: it could not be made; `policy.refused`.
    """
    row = row_of(world, volume)
    name = name or f"{volume}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
    _check(name, volume, row)
    policy.check_volume(world, volume, place(row["infra"]).infra, row["labels"])
    with world.locked(f".volume-{volume}", "snapshot"):
        with world.run("volumes", "snapshot", None) as run:
            outcome = play(run, "snapshot_volumes", place(row["infra"]), [for_role(volume, row) | {"snapshot": name}])
        made = [Thing.from_record(each) for data in outcome.of_kind("resources") for each in data]
    if not made:
        raise StixError("provision.unknown", f"nothing was reported of snapshot {name}")
    if not outcome.changes:
        raise UsageError("usage", f"there is a snapshot {name!r} of {volume} already", hint="choose another name")
    return made[0]._replace(details={**made[0].details, "infra": _lies_in(row)})


def _lies_in(row: Mapping[str, Any]) -> str:
    """The region of a volume, where its snapshots are: `aws/us-east-1`."""
    return "/".join(row["infra"].split("/")[:2])


def _check(name: str, volume: str, row: Mapping[str, Any]) -> None:
    if reason := without_snapshots(row["type"]):
        raise UsageError("usage", f"volume {volume} {reason}")
    if row.get("pending"):
        raise UsageError("usage", f"volume {volume} is not made yet", hint="finish it: stix volumes apply, as before")
    if "/" in name or name.startswith(IDS) or not name.isprintable() or len(name) > 100:
        sentence = f"a snapshot cannot be called {name!r}"
        raise UsageError("usage", sentence, hint="at most 100 letters without '/', and no id of a cloud")


def listed(world: World, infras: Sequence[str] = (), *, all_users: bool = False) -> tuple[list[Thing], list[str]]:
    """Snapshots of all accounts, the newest first, and sentences about those that did not answer.

    Args:
        infras: to look in; empty: all that are enabled, and those that volumes lie in.
        all_users: also other people's.
    """
    able = {cloud for kind in KINDS.values() if kind.snapshots for cloud in kind.clouds}
    lie = {_lies_in(row) for row in world.store.volumes().values()}
    accounts = [one for one in accounts_to_ask(world, infras, () if infras else lie) if one.cloud in able]
    answers = ask_all(world, accounts, ["snapshot"])
    silent = [f"{answer.account.infra}: {answer.error.message}" for answer in answers if answer.error]
    found: dict[tuple[str, str], Thing] = {}
    for answer in answers:
        for thing in answer.things:
            if thing.kind == "unreachable":
                reason = thing.about("reason") or "it did not answer"
                silent.append(f"{answer.account.infra} {thing.region or thing.name}: {reason}")
            elif thing.kind == "snapshot" and (all_users or thing.user == getpass.getuser()):
                infra = "/".join(part for part in (answer.account.cloud, thing.region) if part)
                found[infra, thing.id] = thing._replace(details={**thing.details, "infra": infra})
    return sorted(found.values(), key=lambda one: (-one.created_at, one.name)), silent


def chosen(things: Sequence[Thing], name: str, silent: Sequence[str] = ()) -> Thing:
    """The one snapshot that a name means.

    Raises:
        UsageError: `usage`: there is none, or there are several.
    """
    found = [one for one in things if name in (one.name, one.id)]
    if len(found) > 1:
        places = ", ".join(str(one.details["infra"]) for one in found)
        raise UsageError("usage", f"several snapshots are called {name!r}: {places}", hint="name one place: --infra")
    if found:
        return found[0]
    near = difflib.get_close_matches(name, [one.name for one in things], 1)
    hint = f"did you mean {near[0]!r}?" if near else f"not all answered: {silent[0]}" if silent else ""
    raise UsageError(
        "usage", f"there is no snapshot {name!r} of yours", hint=hint or "'stix volumes snapshots' lists them"
    )


def delete(world: World, thing: Thing) -> None:
    """Delete a snapshot that was listed; whoever deleted it before is no error.

    Raises:
        StixError: it cannot be deleted.
    """
    volume = {
        "name": thing.about("volume"), "snapshot": thing.name, "type": "", "resource": "", "zone": "", "size": None,
        "existing": False, "labels": {}, "config": {"namespace": thing.about("namespace") or ""}, "passing": False,
    }  # fmt: skip
    with world.run("volumes", "delete", None) as run:
        play(run, "delete_snapshots", place(thing.details["infra"]), [volume])
