"""Fetches fresh offers of clouds and writes them as overlays beside the snapshot; never in the background.

Clouds are fetched side by side, and each stands for itself: where one fails, its earlier offers stay and the others go
on. An overlay is written whole and renamed, so that killing an update at any moment leaves the earlier one.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from stix.catalog import overlay, sources
from stix.catalog.build import Row
from stix.catalog.places import cloud as cloud_named
from stix.catalog.sources.sift import Sifted, sift
from stix.catalog.sources.web import SourceError, Web
from stix.catalog.user import Own
from stix.errors import StixError, UsageError

AT_ONCE = 4
LEAST_SHARE = 0.5
"""A list with less than this share of the offers that are known is refused: it is more likely broken than true."""
AUTO_PAUSE = 86_400.0
"""Seconds between two automatic updates of a cloud that cannot be had."""


@dataclass(frozen=True)
class Result:
    """What became of one cloud.

    Attributes:
        ok: whether its offers are fresh now (or would be, in a dry run).
        offers: machines in places, as listed.
        added, removed, changed, unchanged: of these, against what was known; a place is a zone where zones are known.
        dropped: how many rows were not believed, by reason.
        message: why it failed.
        offline: whether it failed because nothing could be reached.
    """

    cloud: str
    source: str
    ok: bool
    seconds: float
    offers: int = 0
    added: int = 0
    removed: int = 0
    changed: int = 0
    unchanged: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    message: str = ""
    offline: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The result as data."""
        return asdict(self)


@dataclass(frozen=True)
class Update:
    """How to update.

    Attributes:
        home: `$STIX_HOME`.
        snapshot: the catalog that was shipped.
        own: the user's settings.
        today: the day that fetched prices get.
        source: the source to ask; None: each cloud's usual one.
        dry_run: fetch and compare, write nothing.
        force: take a list that has lost most of its offers.
    """

    home: Path
    snapshot: Path
    own: Own
    today: date
    source: str | None = None
    dry_run: bool = False
    force: bool = False
    web: Web = field(default_factory=Web)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def run(self, clouds: Iterable[str], report: Callable[[Result], None] = lambda _: None) -> list[Result]:
        """Update the clouds; the results in their order. `report` gets each as it comes, on this thread."""
        clouds = list(dict.fromkeys(clouds))
        stopped = threading.Event()
        worker = replace(self, web=replace(self.web, sleep=_sleeper(self.web, stopped)))
        results: dict[str, Result] = {}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                for future in as_completed([pool.submit(worker.one, cloud) for cloud in clouds]):
                    results[future.result().cloud] = future.result()
                    report(future.result())
            except BaseException:
                stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [results[cloud] for cloud in clouds]

    def one(self, cloud: str) -> Result:
        """Update one cloud; whatever goes wrong is in the result."""
        since = time.monotonic()
        name = self.source_name(cloud)
        failed = Result(cloud, name, False, 0.0)
        try:
            result = self._fetched(cloud, name)
        except SourceError as error:
            result = replace(failed, message=str(error), offline=error.offline)
        except StixError as error:
            result = replace(failed, message=error.message)
        except Exception as error:  # a source meets whatever the world publishes; the other clouds go on
            result = replace(failed, message=f"its list could not be read: {type(error).__name__}: {error}")
        return replace(result, seconds=round(time.monotonic() - since, 2))

    def source_name(self, cloud: str) -> str:
        """The source that is asked for a cloud."""
        usual = sources.source_for(cloud)
        return self.source or self.own.sources.get(cloud) or (usual.name if usual else "")

    def address(self, source: sources.Source) -> str:
        """Where a source is: by environment, config, or as published."""
        variable = f"STIX_CATALOG_{source.name.upper()}_URL"
        return (self.environ.get(variable) or self.own.addresses.get(source.name) or source.base).rstrip("/")

    def _fetched(self, cloud: str, name: str) -> Result:
        if not name:
            raise SourceError("no source publishes its prices")
        source = sources.source(name)
        if cloud not in source.clouds:
            raise SourceError(f"source {name} does not list it")
        databases = [path for path in (overlay.overlay_path(self.home, cloud), self.snapshot) if path.exists()]
        known = overlay.known(databases, cloud)
        sifted = sift(source.fetch(cloud, known, self.web, self.address(source)))
        before = overlay.current(databases, cloud)
        self._refuse_loss(cloud, sifted, {(name, region) for name, _, _, region, _ in before})
        if not self.dry_run:
            overlay.write(self.home, cloud, sifted.rows, name, self.today)
            after = overlay.current([overlay.overlay_path(self.home, cloud)], cloud)
        else:
            after = overlay.after_writing(sifted.rows, name, self.today)
        offers = len(_machines(sifted.rows))
        result = Result(cloud, name, True, 0.0, offers=offers, dropped=sifted.dropped)
        counts: dict[str, Any] = dict(overlay.changes(before, after))
        return replace(result, **counts)

    def _refuse_loss(self, cloud: str, sifted: Sifted, before: Collection[tuple[str, str]]) -> None:
        if not sifted.rows:
            left_out = f" ({described(sifted.dropped)})" if sifted.dropped else ""
            raise SourceError(f"the list has no offer that can be used{left_out}")
        offers = len(_machines(sifted.rows))
        if offers < LEAST_SHARE * len(before) and not self.force:
            raise SourceError(
                f"the list has only {offers} offers where {len(before)} are known; --force takes it nevertheless"
            )


def _machines(rows: Iterable[Row]) -> set[tuple[str, str]]:
    return {(row.name, row.region) for row in rows if row.name}


def _sleeper(web: Web, stopped: threading.Event) -> Callable[[float], None]:
    """Waiting that ends, with an error, when the update is interrupted."""

    def sleep(seconds: float) -> None:
        if web.sleep is not time.sleep:
            web.sleep(seconds)
        elif stopped.wait(seconds):
            raise SourceError("interrupted")

    return sleep


def described(dropped: Mapping[str, int]) -> str:
    """'12 without a price, 3 given twice'."""
    return ", ".join(f"{count} {reason}" for reason, count in sorted(dropped.items()))


def clouds_to_update(named: Iterable[str], known: Collection[str], source: str | None) -> list[str]:
    """The clouds that are meant: those named, else all that the source (or any) lists.

    Raises:
        UsageError: there is no such cloud or source, or the source does not list a cloud that is named.
    """
    if source is not None and source not in sources.NAMES:
        raise UsageError("usage", f"there is no source {source!r}", hint=f"sources: {', '.join(sources.NAMES)}")
    listed = sources.source(source).clouds if source else frozenset().union(*(s.clouds for s in _all_sources()))
    named = list(dict.fromkeys(cloud_named(known, word) for word in named))
    for cloud in named:
        if cloud not in listed:
            others = [other.name for other in _all_sources() if cloud in other.clouds]
            hint = f"it is listed by {', '.join(others)}" if others else ""
            lists = f"source {source} does not list" if source else "no source lists"
            raise UsageError("usage", f"{lists} {cloud}", hint=hint)
    return named or sorted(listed & set(known))


def _all_sources() -> list[sources.Source]:
    return [sources.source(name) for name in sources.NAMES]


def keep_fresh(
    home: Path, snapshot: Path, own: Own, *, today: date | None = None, web: Web | None = None
) -> list[Result]:
    """Update the clouds that the config wants kept fresh (`auto_update`) and whose prices are too old.

    It is told on stderr, for it takes time. A cloud is tried once a day at most; whoever is offline waits no longer
    than that once.
    """
    known = overlay.clouds_in(snapshot)
    wanted = clouds_to_update((), known, None) if "*" in own.auto_update else list(own.auto_update)
    today = today or date.today()
    due = [cloud for cloud in wanted if _is_due(home, snapshot, own, cloud, today)]
    if not due:
        return []
    try:
        overlay.folder(home).mkdir(parents=True, exist_ok=True)
        for cloud in due:
            _attempt_file(home, cloud).touch()
    except OSError as error:
        sys.stderr.write(f"old prices stay: {overlay.folder(home)} cannot be written: {error.strerror}\n")
        return []
    sys.stderr.write(f"updating prices older than {own.max_age_days:g} days: {', '.join(due)}\n")
    web = web or Web(attempts=2, timeout=10.0, deadline=120.0)
    results = Update(home, snapshot, own, today, web=web).run(due)
    for result in results:
        if not result.ok:
            sys.stderr.write(f"  {result.cloud}: {result.message}; the prices that are here stay in use\n")
    return results


def _is_due(home: Path, snapshot: Path, own: Own, cloud: str, today: date) -> bool:
    databases = [path for path in (overlay.overlay_path(home, cloud), snapshot) if path.exists()]
    newest = overlay.newest(databases, cloud)
    if newest and not overlay.is_stale(newest, today, own.max_age_days):
        return False
    try:
        return time.time() - _attempt_file(home, cloud).stat().st_mtime > AUTO_PAUSE
    except OSError:
        return True


def _attempt_file(home: Path, cloud: str) -> Path:
    """Its time is that of the last automatic attempt."""
    return overlay.folder(home) / f".{cloud}.attempt"
