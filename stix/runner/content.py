"""Where the Ansible content is: in a checkout beside the package, in a wheel inside it."""

import os
import sys
from pathlib import Path

from stix.errors import StixError

PACKAGE = Path(__file__).resolve().parent.parent


def collections_path() -> Path:
    """The folder that holds `ansible_collections/stix/core`.

    A checkout wins over packed content: an editable install packs a copy once, and that copy goes stale.

    Raises:
        StixError: `runner.missing_content`.
    """
    checkout = PACKAGE.parent
    if (checkout / "galaxy.yml").is_file() and (checkout / "collections").is_dir():
        return checkout / "collections"
    packed = PACKAGE / "_content"
    if (packed / "ansible_collections").is_dir():
        return packed
    raise StixError(
        "runner.missing_content",
        f"stix's playbooks are neither in {checkout} nor in {packed}",
        hint="install stix-cloud again",
    )


def collection_paths() -> str:
    """Ansible's search path for collections: ours, then the user's and the system's."""
    return ":".join(
        [str(collections_path()), os.path.expanduser("~/.ansible/collections"), "/usr/share/ansible/collections"]
    )


def ansible_playbook() -> str:
    """The `ansible-playbook` that belongs to this interpreter."""
    return program("ansible-playbook")


def program(name: str) -> str:
    """A program of Ansible, the one that belongs to this interpreter.

    Raises:
        StixError: `runner.missing_content`.
    """
    import shutil

    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.is_file() else shutil.which(name)
    if not found:
        raise StixError(
            "runner.missing_content", f"{name} is not installed beside this Python", hint="pip install stix-cloud"
        )
    return found
