"""`resources` of a task file to candidates: any_of, ordered and lists of accelerators unfolded."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stix.model.accelerators import parse_alternatives
from stix.model.quantities import parse_count, parse_disk_size, parse_memory
from stix.model.resources import Resources, parse_autostop, parse_infra, parse_ports
from stix.model.task import candidates
from stix.spec import schema
from stix.spec.document import Document, Path, Unfit
from stix.spec.validate import later, suggestion


def read_infra(text: str) -> str | None:
    """An infrastructure that works now, in normal form; None is anywhere.

    Raises:
        ValueError: it is malformed, unknown, or does not work yet; the text continues a sentence about the key.
    """
    infra = parse_infra(text)
    cloud, _, rest = (infra or "").partition("/")
    working, known = schema.WORKING_INFRA, [*schema.WORKING_INFRA, *schema.LATER_INFRA]
    if infra is None or cloud in working:
        if "/" in rest or (rest and cloud == "local"):
            raise ValueError(f"must be local, ssh/<pool> or docker/<context>, not {text!r}")
        return infra
    if cloud in known or cloud == "*":
        raise Unfit(f"names '{infra}', which {later('')}", f"works now: {', '.join(working)}")
    raise Unfit(f"names '{text}', which is no infrastructure that stix knows", suggestion(cloud, known, show=working))


def read_resources(document: Document) -> dict[str, Any]:
    """The fields `resources` and `resources_order` of the task that a checked document describes.

    Raises:
        UsageError: task.invalid, blaming the key where it is written.
    """
    config = document.data.get("resources") or {}
    base = _one_name(document, config, ("resources",))
    lists = [key for key in ("any_of", "ordered") if config.get(key)]
    if len(lists) > 1:
        sentence = "'resources' has both 'any_of' and 'ordered'"
        raise document.error(("resources", "ordered"), sentence, hint="keep one of the two")
    if not lists:
        return candidates(*_candidates(document, base, ("resources",)))
    order = lists[0]
    found: list[Resources] = []
    for place, override in enumerate(config[order]):
        path = ("resources", order, place)
        labels = {**(base.get("labels") or {}), **(override.get("labels") or {})}
        merged = {**base, **_one_name(document, override, path), "labels": labels}
        several, inner = _candidates(document, merged, path)
        if len(several) > 1 and "ordered" in (order, inner):
            sentence = f"'{order}' and a list of accelerators are two orders"
            raise document.error(path, sentence, hint="name one accelerator in each candidate")
        found += several
    return candidates(found, order)


def _candidates(document: Document, config: Mapping[str, Any], path: Path) -> tuple[list[Resources], str]:
    """The candidates that one map of keys stands for, one for each alternative of its accelerators, and their order."""
    reader = _Reader(document, config, path)
    one = Resources(
        infra=reader.read("infra", read_infra),
        cpus=reader.read("cpus", parse_count),
        memory=reader.read("memory", parse_memory),
        image_id=reader.read("image_id", str.strip),
        ports=reader.read("ports", parse_ports) or (),
        labels={key: value for key, value in (config.get("labels") or {}).items() if value is not None},
        disk_size=reader.read("disk_size", parse_disk_size),
        autostop=reader.read("autostop", parse_autostop),
        config=document.data.get("config") or {},
    )
    alternatives = reader.read("accelerators", parse_alternatives) or [None]
    order = "ordered" if isinstance(config.get("accelerators"), list) else "any_of"
    return [replace(one, accelerators=wish) for wish in alternatives], order


def _one_name(document: Document, config: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The keys of one candidate that have a value; `gpus` is called accelerators."""
    named = {key: value for key, value in config.items() if value is not None and key not in ("any_of", "ordered")}
    if "gpus" in named:
        if "accelerators" in named:
            sentence = "'gpus' and 'accelerators' mean the same"
            raise document.error((*path, "gpus"), sentence, hint="keep one of the two")
        named["accelerators"] = named.pop("gpus")
    return named


class _Reader:
    """Reads keys of one candidate with the model's parsers, and blames the key where it is written."""

    def __init__(self, document: Document, config: Mapping[str, Any], path: Path) -> None:
        self._document = document
        self._config = config
        self._path = path

    def read(self, key: str, parse: Any) -> Any:
        """What `parse` makes of the key's value, None if it has none."""
        value = self._config.get(key)
        if value is None:
            return None
        example = schema.RESOURCES[key].example
        with self._document.reading(self._path_of(key), hint=f"for example: {example}"):
            return parse(value)

    def _path_of(self, key: str) -> Path:
        """Where the key is written: in the candidate, or beside the list of candidates that it belongs to."""
        names = ("accelerators", "gpus") if key == "accelerators" else (key,)
        places = [(*holder, name) for holder in (self._path, ("resources",)) for name in names]
        return next(filter(self._document.has, places), places[0])
