"""Completion in the shell: the scripts, and what they ask for."""

COMPLETE_VARIABLE = "_STIX_COMPLETE"


def script(shell: str) -> str:
    """The script for bash, zsh or fish."""
    from click.shell_completion import get_completion_class

    from stix.cli.main import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise ValueError(f"no completion for {shell!r}")
    # Not `source()`: for bash it starts a bash to ask for its version, and prints that into the script's place.
    maker = kind(cli, {}, "stix", COMPLETE_VARIABLE)
    return str(maker.source_template % maker.source_vars())


def cluster_names() -> list[str]:
    """Names of known clusters, straight from the records; none when the records cannot be read."""
    from stix.errors import StixError
    from stix.state.home import Home
    from stix.state.store import Store

    database = Home().database
    if not database.exists():
        return []
    try:
        return Store(database).cluster_names()
    except StixError:
        return []
