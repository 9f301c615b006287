"""Names of infrastructures, and `infra` as people write it."""

from stix.model.resources import CLOUD_ALIASES, parse_infra
from stix.spec.document import Unfit
from stix.spec.schema.resources import LATER_INFRA, WORKING_INFRA
from stix.spec.validate import suggestion

OURS = ("local", "docker")
"""Infrastructures that SkyPilot does not have."""

CLOUDS = (*WORKING_INFRA, *LATER_INFRA)
"""Every infrastructure that a task may name; `stix.clouds` describes them. Which can be used is not known here."""


def read_infra(text: str) -> str | None:
    """`infra` in normal form; None is anywhere.

    Raises:
        ValueError: it is malformed or names an unknown cloud; the text continues a sentence about the key.
    """
    infra = parse_infra(text)
    cloud, _, rest = (infra or "*").partition("/")
    if cloud != "*":
        _known(cloud, text)
    if cloud == "local" and rest:
        raise ValueError(f"must be local, without anything behind it, not {text!r}")
    if cloud == "docker" and "/" in rest:
        raise ValueError(f"must be docker or docker/<context>, not {text!r}")
    return infra


def read_cloud(text: str) -> str:
    """A cloud's name in normal form.

    Raises:
        ValueError: there is no such cloud.
    """
    cloud = CLOUD_ALIASES.get(text.strip().lower(), text.strip().lower())
    _known(cloud, text)
    return cloud


def _known(cloud: str, text: str) -> None:
    if cloud not in CLOUDS:
        hint = suggestion(cloud, [*CLOUDS, *CLOUD_ALIASES], show=CLOUDS)
        raise Unfit(f"names '{text}', which is no infrastructure that stix knows", hint)
