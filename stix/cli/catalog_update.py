"""`stix catalog update` and `stix catalog reset`: fresh prices beside the snapshot, and back to the snapshot."""

import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stix.cli import options, output
from stix.cli.main import CONTEXT

if TYPE_CHECKING:
    from stix.catalog.update import Result
    from stix.catalog.user import Own

QUIET_SECONDS = 10.0
"""How often somebody who waits hears that there still is work."""


@click.command("update", context_settings=CONTEXT)
@click.argument("clouds", nargs=-1, metavar="[CLOUD...]")
@click.option("--source", metavar="NAME", help="Where to fetch from: skypilot, aws, azure or gpuhunt.")
@click.option("--dry-run", is_flag=True, help="Fetch and compare, write nothing.")
@click.option("--force", is_flag=True, help="Take a list even if it has lost most of its offers.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=30.0, help="Seconds without a byte.")
@click.option("--attempts", type=click.IntRange(1, 20), default=4, help="How often an address is tried.")
@options.as_output
def update(
    clouds: tuple[str, ...], source: str | None, dry_run: bool, force: bool, timeout: float, attempts: int, form: str
) -> int:
    """Fetch today's prices of clouds (default: all of them).

    They are kept in $STIX_HOME/catalog and used instead of the prices that were shipped. What cannot be fetched stays
    as it was, and the command ends with 1.

    \b
    Examples:
      stix catalog update
      stix catalog update aws gcp --dry-run
      stix catalog update aws --source aws
    """
    from datetime import date

    from stix.catalog import overlay
    from stix.catalog.sources.web import Web
    from stix.catalog.update import Update, clouds_to_update

    home, snapshot, own = _catalog()
    wanted = clouds_to_update(clouds, overlay.clouds_in(snapshot), source)
    web = Web(timeout=timeout, attempts=attempts)
    plan = Update(home, snapshot, own, date.today(), source=source, dry_run=dry_run, force=force, web=web)
    with _Talk(wanted) as talk:
        results = plan.run(wanted, talk)
    if form == "json":
        output.as_json([result.to_dict() for result in results])
    else:
        output.say(_table(results))
    failed = [result for result in results if not result.ok]
    if failed:
        sys.stderr.write(_what_is_kept(failed) + "\n")
    return 1 if failed else 0


@click.command("reset", context_settings=CONTEXT)
@click.argument("clouds", nargs=-1, metavar="[CLOUD...]")
@options.as_output
def reset(clouds: tuple[str, ...], form: str) -> None:
    """Remove fetched prices of clouds (default: all), so that those count that were shipped.

    \b
    Examples:
      stix catalog reset
      stix catalog reset aws
    """
    from stix.catalog import overlay
    from stix.catalog.places import cloud

    home, snapshot, _ = _catalog()
    there = overlay.clouds_with_overlay(home)
    known = overlay.clouds_in(snapshot).union(there)
    named = [cloud(known, word) for word in clouds]
    removed = [name for name in (named or there) if overlay.remove(home, name)]
    if form == "json":
        output.as_json({"removed": removed})
    else:
        output.say(f"removed: {', '.join(removed)}" if removed else "nothing to remove")


def _catalog() -> "tuple[Path, Path, Own]":
    from stix.catalog.overlay import folder
    from stix.catalog.snapshot import snapshot
    from stix.catalog.user import load
    from stix.state.home import Home

    home = Home().root
    shipped = snapshot(folder(home))
    return home, shipped, load(home, shipped, fetch=False)


class _Talk:
    """Tells on stderr what becomes of each cloud, and now and then how many are left."""

    def __init__(self, clouds: list[str]) -> None:
        self.left = list(clouds)
        self.since = time.monotonic()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._remind, name="update-talk", daemon=True)

    def __enter__(self) -> "_Talk":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def __call__(self, result: "Result") -> None:
        with self._lock:
            self.left.remove(result.cloud)
            if result.ok:
                text = f"{result.offers} offers from {result.source}, {output.seconds(result.seconds)}"
            else:
                text = result.message
            self._write(f"{'+' if result.ok else 'x'} {result.cloud}: {text}")

    def _remind(self) -> None:
        while not self._ended.wait(QUIET_SECONDS):
            with self._lock:
                waited = output.seconds(time.monotonic() - self.since)
                self._write(f"  waiting for {', '.join(self.left)}, {waited}")

    def _write(self, text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def _table(results: "list[Result]") -> str:
    from stix.catalog.update import described

    heads = ["CLOUD", "SOURCE", "OFFERS", "ADDED", "CHANGED", "REMOVED", "LEFT OUT"]
    rows = [
        [r.cloud, r.source, *([r.offers, r.added, r.changed, r.removed] if r.ok else ["failed", "", "", ""]),
         described(r.dropped)]
        for r in results
    ]  # fmt: skip
    return output.table(heads, rows)


def _what_is_kept(failed: "list[Result]") -> str:
    names = ", ".join(result.cloud for result in failed)
    if all(result.offline for result in failed):
        return f"nothing could be reached: the prices of {names} that are here stay in use"
    return f"the prices of {names} that were here before stay in use"
