"""Candidates compared: whether what one asks is within what the other has."""

from stix.model.resources import DISK_TIERS, NETWORK_TIERS, Resources


def within(wish: Resources, have: Resources, *, check_ports: bool = False, check_place: bool = True) -> bool:
    """Whether machines that were made for `have` serve `wish`, too.

    CPUs and memory are not compared, nor is a disk's size: machines that are there have what they have.
    """
    checks = (
        not check_place or _place_within(wish, have),
        _image_within(wish, have),
        wish.instance_type in (None, have.instance_type),
        _accelerators_within(wish, have),
        not wish.accelerator_args or wish.accelerator_args == have.accelerator_args,
        wish.use_spot is None or wish.use_spot == bool(have.use_spot),
        # The best that can be had is what a machine has.
        wish.disk_tier == "best"
        and have.disk_tier is not None
        or _tier_within(DISK_TIERS, wish.disk_tier, have.disk_tier),
        _tier_within(NETWORK_TIERS, wish.network_tier, have.network_tier),
        _disk_within(wish.local_disk, have.local_disk),
        not check_ports or _ports(wish) <= _ports(have),
    )
    return all(checks)


def matches(resources: Resources, blocked: Resources) -> bool:
    """Whether all that `blocked` names is the same in `resources`."""
    pairs = (
        (blocked.cloud, resources.cloud),
        (blocked.region, resources.region),
        (blocked.zone, resources.zone),
        (blocked.instance_type, resources.instance_type),
        (blocked.accelerators, resources.accelerators),
    )
    same = all(wanted in (None, found) for wanted, found in pairs)
    return same and blocked.use_spot in (None, bool(resources.use_spot))


def _place_within(wish: Resources, have: Resources) -> bool:
    return wish.cloud in (None, have.cloud) and wish.region in (None, have.region) and wish.zone in (None, have.zone)


def _accelerators_within(wish: Resources, have: Resources) -> bool:
    found = {name.lower(): count for name, count in (have.accelerators or {}).items()}
    return all(found.get(name.lower(), 0) >= count for name, count in (wish.accelerators or {}).items())


def _image_within(wish: Resources, have: Resources) -> bool:
    wanted, found = _images(wish), _images(have)
    if have.region is None:
        return wanted.items() <= found.items()
    return not wanted or wanted.get(have.region, wish.image_id) == found.get(have.region, have.image_id)


def _images(resources: Resources) -> dict[str, str]:
    """Region -> image; an empty name is every region."""
    return {**({} if resources.image_id is None else {"": resources.image_id}), **resources.images}


def _tier_within(tiers: tuple[str, ...], wish: str | None, have: str | None) -> bool:
    return wish is None or (have is not None and tiers.index(wish) <= tiers.index(have))


def _disk_within(wish: str | None, have: str | None) -> bool:
    if wish is None or have is None:
        return wish is None
    kind, _, size = wish.partition(":")
    have_kind, _, have_size = have.partition(":")
    least, there = float(size.rstrip("+")), float(have_size.rstrip("+"))
    return kind in ("ssd", have_kind) and (there >= least if size.endswith("+") else abs(there - least) < 1)


def _ports(resources: Resources) -> set[int]:
    spans = [span.partition("-") for span in resources.ports]
    return {port for first, _, last in spans for port in range(int(first), int(last or first) + 1)}
