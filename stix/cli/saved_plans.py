"""Plans that `stix plan --save` wrote, on the command line of `up` and `plan`."""

import os
from typing import Any

from stix.errors import UsageError

KEPT = (
    "name", "workdir", "git_url", "git_ref", "num_nodes", "envs", "env_file", "infra", "gpus", "cpus", "memory",
    "image_id", "disk_size", "ports", "idle_minutes_to_autostop", "wait_for", "lifetime_minutes", "down", "no_setup",
    "fast", "cluster", "save",
)  # fmt: skip
"""Options that a saved plan has settled."""


def named(words: tuple[str, ...]) -> str | None:
    """The saved plan that the words name: one word that ends in .json, and there is such a file."""
    word = words[0] if len(words) == 1 else ""
    return word if word.endswith(".json") and " " not in word and os.path.isfile(word) else None


def refuse_changes(given: dict[str, Any]) -> None:
    """A saved plan is carried out as it is.

    Raises:
        UsageError: `usage`, an option would change it.
    """
    for name in KEPT:
        if given.get(name):
            option = "--gpus" if name == "gpus" else f"--{name.replace('_', '-')}"
            hint = "secrets (--secret, --secret-file), -y and -d can go with it; else plan anew"
            raise UsageError("usage", f"{option} would change the saved plan", hint=hint)


def secrets(given: dict[str, Any]) -> dict[str, str]:
    """The secrets' values, which the plan does not hold."""
    return {**given["secret_file"], **given["secrets"]}


def plan(file: str, given: dict[str, Any]) -> Any:
    """What carrying it out would do now."""
    from stix.api import plans

    return plans.plan_saved(file, secrets(given))
