"""`config.ansible` of a task: the user's own Ansible content."""

import os
from collections.abc import Mapping
from typing import Any

from stix.spec.document import Document


def read_ansible(document: Document, wish: Mapping[str, Any]) -> dict[str, Any]:
    """The wish with its folder: relative names start at the task file.

    Raises:
        UsageError: task.invalid, there is neither a playbook nor a role, or both.
    """
    given = {key: value for key, value in wish.items() if value not in (None, [], {})}
    if ("playbook" in given) == ("roles" in given):
        sentence = "'config.ansible' needs 'playbook' or 'roles'" + (", not both" if "playbook" in given else "")
        raise document.error(("config", "ansible"), sentence, hint="for example: ansible: {playbook: site.yml}")
    folder = os.path.join(os.path.dirname(document.file), os.path.expanduser(given.get("folder") or ""))
    return {**given, **({"folder": folder} if folder else {})}
