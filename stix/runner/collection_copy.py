"""The collection `stix.core` for those who go on without stix: a copy, and what it needs for one cloud."""

import re
import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path

import yaml

from stix.runner import content

PARTS = ("galaxy.yml", "meta", "playbooks", "plugins", "roles")
ARCHIVE = "roles/skylet/files/skylet.pyz"


def _source() -> Path:
    return content.collections_path() / "ansible_collections" / "stix" / "core"


def copy(collections: Path) -> Path:
    """Copy it below a folder of collections, with the agent's archive; its folder there."""
    source, target = _source(), collections / "ansible_collections" / "stix" / "core"
    target.mkdir(parents=True)
    for part in PARTS:
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            shutil.copy(source / part, target / part)
    build = runpy.run_path(str(source / "plugins" / "module_utils" / "agent_archive.py"))["build"]
    archive = target / ARCHIVE
    archive.parent.mkdir(exist_ok=True)
    archive.write_bytes(build(str(content.PACKAGE / "skylet")))
    return target


def needed(cloud: str) -> dict[str, str]:
    """Other collections -> versions: of those that ours names, which its files for this cloud call."""
    text = "".join(path.read_text(encoding="utf-8") for path in _files_of(cloud))
    names = yaml.safe_load((_source() / "galaxy.yml").read_text(encoding="utf-8"))["dependencies"]
    called = r"(?<![\w.]){0}\.|ansible_collections\.{0}\."
    return {name: str(names[name]) for name in names if re.search(called.format(re.escape(name)), text)}


def _files_of(cloud: str) -> Iterator[Path]:
    yield from _source().glob(f"roles/cloud_{cloud}/**/*.yml")
    yield from _source().glob(f"plugins/*/{cloud}_*.py")


def packages(cloud: str) -> list[str]:
    """Python requirements: Ansible, and what the extra of that name has."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        listed = requires("stix-cloud") or []
    except PackageNotFoundError:
        listed = []
    wanted = [line for line in listed if line.startswith("ansible-core")] or ["ansible-core>=2.17"]
    extra = re.compile(rf"extra == ['\"]{re.escape(cloud)}['\"]")
    return [line.partition(";")[0].strip() for line in [*wanted, *filter(extra.search, listed)]]


def argument_specs(role: str) -> str:
    """The argument specs of a role, as YAML."""
    return (_source() / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
