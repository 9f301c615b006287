"""Where the `stix` script begins: the quick way where it serves, else the whole command line."""

import os
import sys


def main() -> None:
    """Run the command and exit with its status."""
    words = sys.argv[1:]
    if sys.stdout is None:  # started with its output closed: whatever it prints is wanted by nobody
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    try:
        status = _run(words)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        from stix.cli.errors import report

        status = report(error, words)
        if isinstance(error, OSError):
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - or Python tries in vain to write the rest at its end
    sys.exit(status)


def _run(words: list[str]) -> int:
    from stix.cli import quick

    status = quick.run(words)
    if status is not None:
        return status
    from stix.cli.errors import run
    from stix.cli.main import cli

    return run(cli, words)
