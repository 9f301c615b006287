"""The site's rules, held against what a launch would take."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stix.clouds.registry import clouds
from stix.config.tree import Config, origin, overlaid
from stix.driver.ledger import Ledger
from stix.driver.stores import default_store, settings_by_store, whose
from stix.model.cluster import Cluster
from stix.model.offer import Placement, Refusal, describe_resources
from stix.model.resources import Resources
from stix.model.stores import BucketPlace
from stix.model.task import Task
from stix.plan.buckets import bucket_faults, buckets_to_make
from stix.plan.policy import Breach, Rule, Wish, breach, bucket_breach, strictest_ends, tightened

RULES = ("policy", "allowed_clouds")
"""Settings that are rules; what an admin policy says of them, which it is not shown, holds beside every layer's."""


def rules_of(config: Config) -> tuple[Rule, ...]:
    """Every rule of every layer."""
    found = []
    for layer in config.layers:
        for path, value in config.together(layer):
            if path[0] in RULES:
                found.append(Rule(str(path[-1]), value, origin(layer, path).place))
    return tuple(found)


def allowed(
    ledger: Ledger, task: Task, ranking: tuple[list[Placement], list[Refusal]], others: object
) -> tuple[list[Placement], list[Refusal]]:
    """What rules leave of a ranking; why the rest is left out is told once for each cloud and rule.

    Args:
        others: whether there are other places, or other reasons than rules; where not, they are the refusal.

    Raises:
        StixError: `policy.refused`, of the best place.
    """
    rules = rules_of(ledger.config)
    if not rules:
        return ranking
    ranked, refusals = ranking
    kept: list[Placement] = []
    forbidden: dict[tuple[str, int, str], Refusal] = {}
    first: Breach | None = None
    for place in ranked:
        found = breach(rules, _wish(ledger, place))
        if found is None:
            kept.append(place)
            continue
        first = first or found
        candidate = task.resources.index(place.resources)
        told = Refusal(place.infra, candidate, found.reason)
        forbidden.setdefault((place.cloud, candidate, found.rule.name), told)
    if first and not (kept or others):
        raise first.error()
    return kept, [*refusals, *forbidden.values()]


def affordable(ledger: Ledger, best: Placement, races: Sequence[Placement]) -> tuple[Placement, ...]:
    """Of further places of a race, those that all together cost no more than rules allow, while it lasts."""
    prices = [rule.value for rule in rules_of(ledger.config) if rule.name == "max_hourly_cost"]
    left = min(prices, default=float("inf")) - (best.hourly_cost or 0.0)
    kept = []
    for place in races:
        left -= place.hourly_cost or 0.0
        if left < 0:
            break
        kept.append(place)
    return tuple(kept)


def check_cluster(
    ledger: Ledger, cluster: Cluster, hourly_cost: float | None, candidate: Resources | None = None
) -> None:
    """Make sure that a cluster may be as it is to be.

    Args:
        hourly_cost: dollars of all nodes that it is to have; None: not known.
        candidate: what a task that comes to it asks.

    Raises:
        StixError: `policy.refused`.
    """
    rules = rules_of(ledger.config)
    if not rules:
        return
    settings = _settings(ledger, cluster.cloud, cluster.config)
    wanted = describe_resources(candidate) if candidate else {}
    images = [*_named(cluster.resources), *_named(wanted)]
    labels = _labels(settings) | dict(cluster.resources.get("labels") or {})
    wish = Wish(
        cluster.infra, hourly_cost, clouds()[cluster.cloud].sized, _images(images, settings), labels,
    )  # fmt: skip
    if found := breach(rules, wish):
        raise found.error()


def check_volume(ledger: Ledger, name: str, infra: str, labels: Mapping[str, str] | None) -> None:
    """Make sure that a volume may be where it is to be.

    Args:
        labels: its own; None: nothing is made, so it needs none.

    Raises:
        StixError: `policy.refused`.
    """
    rules = [rule for rule in rules_of(ledger.config) if labels is not None or rule.name != "labels"]
    if found := breach(rules, Wish(infra, labels=labels or {})):
        raise found.of(f"volume {name}").error()


def check_task(ledger: Ledger, task: Task, cloud: str) -> None:
    """Make sure that the buckets that a task would have made may be; raises as `check_buckets`.

    Args:
        cloud: where its nodes are to be.
    """
    if not task.storage_mounts or bucket_faults(task):  # a fault is told by itself
        return
    check_buckets(ledger, [bucket.place for bucket in buckets_to_make(task, default_store(ledger, cloud))])


def check_buckets(ledger: Ledger, places: Sequence[BucketPlace]) -> None:
    """Make sure that buckets may be made, or filled, where they are to be.

    Raises:
        StixError: `policy.refused`.
    """
    rules = rules_of(ledger.config)
    settings = settings_by_store(ledger) if rules else {}
    for place in places if rules else ():
        given = settings.get(place.store.lower()) or {}
        if given.get("endpoint"):  # a store of one's own, not that cloud
            continue
        region = place.region or given.get("region") or ""
        if found := bucket_breach(rules, whose(place.store), str(region)):
            raise found.of(f"bucket {place.bucket}").error()


def ends_for_projects(ledger: Ledger) -> dict[str, Any]:
    """`stix_policy` of projects that others play: of the rules those that can be broken there."""
    return strictest_ends(rules_of(ledger.config))


def autostop(
    ledger: Ledger,
    said: dict[str, Any] | None,
    *,
    stops: bool,
    cluster: Cluster | None = None,
    starts: bool = False,
) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """As `stix.plan.policy.tightened`, for a new cluster or one that is there.

    Args:
        starts: the cluster's machines begin a new life.
    """
    rules = rules_of(ledger.config)
    if not rules:
        return said, ()
    if cluster is None:
        return tightened(rules, said, stops=stops)
    since = cluster.lives_since or cluster.launched_at
    age = 0.0 if starts or not since else (time.time() - since) / 60
    return tightened(rules, said, cluster.autostop, stops=stops, age_minutes=age)


def _wish(ledger: Ledger, place: Placement) -> Wish:
    settings = _settings(ledger, place.cloud, place.resources.config.get(place.cloud) or {})
    wanted = describe_resources(place.resources)
    return Wish(
        place.infra,
        place.hourly_cost,
        clouds()[place.cloud].sized,
        _images(_named(wanted), settings),
        _labels(settings) | dict(place.resources.labels),
    )


def _settings(ledger: Ledger, cloud: str, config: Mapping[str, Any]) -> dict[str, Any]:
    return overlaid(ledger.config.values.get(cloud) or {}, config)


def _named(resources: Mapping[str, Any]) -> list[str]:
    """Images that wishes name: one, or one for each region."""
    image = resources.get("image_id")
    return list(map(str, image.values())) if isinstance(image, Mapping) else [str(image)] if image else []


def _images(named: Sequence[str], settings: Mapping[str, Any]) -> tuple[str, ...]:
    """All images that may come of it: those that are named, else the settings' own; and those of a pod_config."""
    default = settings.get("default_image")
    found = list(named) or ([str(default)] if default else [])
    return tuple(dict.fromkeys([*found, *_inner_images(settings)]))


def _inner_images(data: Any) -> Iterator[str]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            if key == "image" and isinstance(value, str):
                yield value
            else:
                yield from _inner_images(value)
    elif isinstance(data, list):
        for value in data:
            yield from _inner_images(value)


def _labels(settings: Mapping[str, Any]) -> dict[str, str]:
    """Labels that the settings put on everything."""
    metadata = settings.get("custom_metadata") or {}
    return {**(metadata.get("labels") or {}), **(settings.get("labels") or {})}
