"""Where Galaxy is not reached: the PyPI package `ansible` has the collections that ours calls, within its bounds."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
# Not imported: that would be before Ansible's loader, which then finds no collection.
INSTALLED = Path(importlib.util.find_spec("ansible_collections").submodule_search_locations[0])
REQUIRED = yaml.safe_load((ROOT / "collections/requirements.yml").read_text())["collections"]


def number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


@pytest.mark.parametrize("each", REQUIRED, ids=lambda each: each["name"])
def test_the_package_has_a_version_that_will_do(each: dict[str, str]) -> None:
    bounds = re.fullmatch(r">=([\d.]+),<([\d.]+)", each["version"])
    assert bounds, "a lower and an upper bound"
    manifest = Path(INSTALLED, *each["name"].split("."), "MANIFEST.json")
    version = json.loads(manifest.read_text())["collection_info"]["version"]
    assert number(bounds[1]) <= number(version) < number(bounds[2])
