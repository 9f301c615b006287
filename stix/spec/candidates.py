"""`resources` of a task file to candidates: any_of, ordered and several accelerators unfolded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from stix.model.accelerators import Wish, parse_alternatives, tpu_cloud
from stix.model.quantities import parse_count, parse_disk_size, parse_memory
from stix.model.resources import (
    Resources,
    join_infra,
    parse_autostop,
    parse_job_recovery,
    parse_local_disk,
    parse_ports,
)
from stix.spec import schema
from stix.spec.disks import read_volumes
from stix.spec.document import Document, Path
from stix.spec.hooks import autostop_hook, read_hooks
from stix.spec.infra import read_cloud, read_infra
from stix.spec.own_ansible import read_ansible
from stix.spec.wishes import (
    read_disk_tier,
    read_image,
    read_name,
    read_network_tier,
    read_place,
    read_price,
    read_priority,
    refuse_tpu_elsewhere,
    refuse_type_elsewhere,
)

Disks = Sequence[Mapping[str, Any]]

_LISTS = ("any_of", "ordered")
_INTERNAL = (
    "_no_missing_accel_warnings",
    "_docker_login_config",
    "_docker_username_for_runpod",
    "_is_image_managed",
    "_requires_fuse",
)


def read_resources(document: Document, *, volumes: Disks = ()) -> dict[str, Any]:
    """The fields `resources` and `resources_order` of the task that a checked document describes.

    `volumes` are disks that other keys of the task name; they take the place of those in `resources`.

    Raises:
        UsageError: task.invalid, blaming the key where it is written.
    """
    top: Path = ("resources",)
    config = document.data.get("resources") or {}
    lists = [key for key in _LISTS if config.get(key) is not None]
    if len(lists) > 1:
        sentence = "'resources' has both 'any_of' and 'ordered'"
        raise document.error((*top, "ordered"), sentence, hint="keep one of the two")
    base = _named(document, config, top)
    if volumes:
        base["volumes"] = volumes
    base["config"] = _task_config(document, config)
    if not config.get(lists[0] if lists else ""):
        found, order = _candidates(document, base, top)
        return _fields(document, found, order)
    order = lists[0]
    _refuse_two_orders(document, base, order)
    # What every candidate has anew must be right all the same.
    _wishes(_Reader(document, base, top))
    found = []
    for place, override in enumerate(config[order]):
        path = (*top, order, place)
        own = _named(document, override, path)
        labels = {**(base.get("labels") or {}), **(own.get("labels") or {})}
        if own.get("_cluster_config_overrides"):
            own["config"] = _with_hooks(own["_cluster_config_overrides"], base["config"])
        found += _candidates(document, {**base, **own, "labels": labels}, path)[0]
    return _fields(document, found, order)


def _candidates(document: Document, config: Mapping[str, Any], path: Path) -> tuple[list[Resources], str]:
    """The candidates that one map of keys stands for, one for each alternative of its accelerators, and their order."""
    reader = _Reader(document, config, path)
    one = _wishes(reader)
    reader.read("instance_type", lambda _: refuse_type_elsewhere(one))
    alternatives = reader.read("accelerators", parse_alternatives)
    order = "ordered" if isinstance(config.get("accelerators"), list) else "any_of"
    return [reader.on_tpu_cloud(_with_wish(one, wish)) for wish in alternatives] if alternatives else [one], order


def _wishes(reader: "_Reader") -> Resources:
    """The candidate without its accelerators."""
    config, infra = reader.config, reader.infra()
    reader.read("ephemeral_storage", parse_disk_size)
    return Resources(
        infra=infra,
        cpus=reader.read("cpus", parse_count),
        memory=reader.read("memory", lambda text: parse_memory(text, zero=(infra or "").startswith("slurm"))),
        **(reader.read("image_id", read_image) or {}),
        ports=reader.read("ports", parse_ports) or (),
        labels={key: value for key, value in (config.get("labels") or {}).items() if value is not None},
        disk_size=reader.read("disk_size", parse_disk_size),
        autostop=reader.read("autostop", parse_autostop),
        instance_type=reader.read("instance_type", read_name),
        use_spot=config.get("use_spot"),
        accelerator_args={
            key: value for key, value in (config.get("accelerator_args") or {}).items() if value is not None
        },
        job_recovery=reader.read("job_recovery", parse_job_recovery) or {},
        disk_tier=reader.read("disk_tier", read_disk_tier),
        network_tier=reader.read("network_tier", read_network_tier),
        local_disk=reader.read("local_disk", parse_local_disk),
        max_hourly_cost=reader.read("max_hourly_cost", read_price),
        priority=reader.read("priority", read_priority),
        priority_class=reader.read("priority_class", read_name),
        volumes=reader.read("volumes", read_volumes) or (),
        config=_with_autostop_hook(config["config"], config.get("autostop")),
        internal={key: config[key] for key in _INTERNAL if config.get(key) is not None},
    )


def _with_wish(one: Resources, wish: Wish) -> Resources:
    internal = one.internal if wish.named else {**one.internal, "_no_missing_accel_warnings": True}
    return replace(one, accelerators=wish.accelerators, internal=internal)


def _refuse_two_orders(document: Document, base: Mapping[str, Any], order: str) -> None:
    wish = base.get("accelerators")
    if order == "any_of" and not isinstance(wish, list):
        return
    with document.reading(_written(document, ("resources",), "accelerators")):
        several = len(parse_alternatives(wish)) > 1 if wish else False
    if several:
        sentence = f"'{order}' and a list of accelerators are two orders"
        raise document.error(("resources", order), sentence, hint="name one accelerator in each candidate")


def _fields(document: Document, found: list[Resources], order: str) -> dict[str, Any]:
    """The task's fields; what belongs to the task and not to a candidate is the same in all of them."""
    priorities = sorted({one.priority for one in found if one.priority is not None})
    if len(priorities) > 1:
        sentence = f"candidates have different priorities: {' and '.join(map(str, priorities))}"
        raise document.error(("resources", order), sentence, hint="write one priority beside the list")
    hooks = next((one.config["hooks"] for one in found if "hooks" in one.config), None)
    if hooks:
        found = [one.with_(config={**one.config, "hooks": hooks}) for one in found]
    return {"resources": tuple(found), "resources_order": order if len(found) > 1 else "single"}


def _named(document: Document, config: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The keys of one candidate that have a value; `gpus` is called accelerators."""
    named = {key: value for key, value in config.items() if value is not None and key not in _LISTS}
    if "gpus" in named:
        if "accelerators" in named:
            sentence = "'gpus' and 'accelerators' mean the same"
            raise document.error((*path, "gpus"), sentence, hint="keep one of the two")
        named["accelerators"] = named.pop("gpus")
    return named


def _task_config(document: Document, resources: Mapping[str, Any]) -> Mapping[str, Any]:
    """The task's `config`, or what SkyPilot writes in its place into `resources`; hooks in normal form."""
    config = document.data.get("config") or {}
    hooks = {"hooks": read_hooks(config["hooks"])} if config.get("hooks") else {}
    rest = {key: value for key, value in config.items() if key != "hooks"}
    if rest.get("ansible"):
        rest["ansible"] = read_ansible(document, rest["ansible"])
    inner = resources.get("_cluster_config_overrides")
    if rest and inner:
        sentence = "'config' and 'resources._cluster_config_overrides' mean the same"
        raise document.error(("resources", "_cluster_config_overrides"), sentence, hint="keep 'config'")
    return {**(inner or rest), **hooks}


def _with_hooks(config: Mapping[str, Any], task: Mapping[str, Any]) -> dict[str, Any]:
    return {**config, **({"hooks": task["hooks"]} if "hooks" in task else {})}


def _with_autostop_hook(config: Mapping[str, Any], autostop: Any) -> Mapping[str, Any]:
    hook = autostop_hook(autostop)
    return {**config, "hooks": [*config.get("hooks", ()), hook]} if hook else config


def _written(document: Document, path: Path, key: str) -> Path:
    """Where the key is written: in the candidate, or beside the list of candidates that it belongs to."""
    names = ("accelerators", "gpus") if key == "accelerators" else (key,)
    places = [(*holder, name) for holder in (path, ("resources",)) for name in names]
    return next(filter(document.has, places), places[0])


class _Reader:
    """Reads keys of one candidate with the model's parsers, and blames the key where it is written."""

    def __init__(self, document: Document, config: Mapping[str, Any], path: Path) -> None:
        self._document = document
        self.config = config
        self._path = path

    def read(self, key: str, parse: Callable[[Any], Any]) -> Any:
        """What `parse` makes of the key's value, None if it has none."""
        value = self.config.get(key)
        if value is None:
            return None
        example = schema.RESOURCES[key].example
        with self._document.reading(_written(self._document, self._path, key), hint=f"for example: {example}"):
            return parse(value)

    def infra(self) -> str | None:
        """`infra`, or what the older keys cloud, region and zone say."""
        old = [key for key in ("cloud", "region", "zone") if self.config.get(key) is not None]
        if not old:
            return self.read("infra", read_infra)  # type: ignore[no-any-return]
        if self.config.get("infra") is not None:
            path = _written(self._document, self._path, old[0])
            sentence = f"'{old[0]}' and 'infra' both say where"
            raise self._document.error(path, sentence, hint=f"keep infra: {self.config['infra']}")
        cloud = self.read("cloud", read_cloud)
        parts = (self.read(key, lambda text: read_place(text, cloud)) for key in ("region", "zone"))
        return join_infra(cloud, *parts)

    def on_tpu_cloud(self, one: Resources) -> Resources:
        """The candidate, if its cloud has the TPU that it asks for."""
        name = next(iter(one.accelerators or ()), "")
        with self._document.reading(_written(self._document, self._path, "accelerators")):
            refuse_tpu_elsewhere(one)
        machine = tpu_cloud(name) == one.cloud == "gcp" and one.accelerator_args.get("tpu_vm", True)
        if machine and one.instance_type not in (None, "TPU-VM"):
            path = _written(self._document, self._path, "instance_type")
            sentence = f"a TPU machine has no instance type, but '{one.instance_type}' is named"
            raise self._document.error(path, sentence, hint="leave instance_type out")
        return one
