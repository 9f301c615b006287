"""Plans that `stix plan --save` wrote, on the command line of `up` and `plan`."""

import os
from collections.abc import Collection
from typing import Any

import click
from click.core import ParameterSource

from stix.errors import UsageError

LEAVES_AS_IT_IS = frozenset({
    "entrypoint", "secrets", "secret_file", "yes", "detach_run", "dryrun", "form", "every_place", "rehearses",
})  # fmt: skip
"""Parameters that change nothing of what a plan has settled."""


def named(words: tuple[str, ...]) -> str | None:
    """The saved plan that the words name: one word that ends in .json, and there is such a file."""
    word = words[0] if len(words) == 1 else ""
    return word if word.endswith(".json") and os.path.isfile(word) else None


def refuse_changes() -> None:
    """A saved plan is carried out as it is.

    Raises:
        UsageError: `usage`, an option of the command that runs would change it.
    """
    if option := changing():
        hint = "secrets (--secret, --secret-file), -y and -d can go with it; else plan anew"
        raise UsageError("usage", f"{option} would change the saved plan", hint=hint)


def changing(besides: Collection[str] = ()) -> str:
    """The first option on the command line that changes a task or how it is launched, as it is typed; empty: none."""
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        typed = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if typed and name not in LEAVES_AS_IT_IS and name not in besides:
            return max(parameter.opts, key=len)
    return ""


def secrets(given: dict[str, Any]) -> dict[str, str]:
    """The secrets' values, which the plan does not hold."""
    return {**given["secret_file"], **given["secrets"]}


def plan(file: str, given: dict[str, Any]) -> Any:
    """What carrying it out would do now."""
    from stix.api import plans

    return plans.plan_saved(file, secrets(given))
