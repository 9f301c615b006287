"""Where the `stix` script begins: the quick way where it serves, else the whole command line."""

import sys


def main() -> None:
    """Run the command and exit with its status."""
    words = sys.argv[1:]
    try:
        from stix.cli import quick

        status = quick.run(words)
    except (Exception, KeyboardInterrupt) as error:
        from stix.cli.errors import report

        status = report(error, words)
    if status is None:
        from stix.cli.main import main as whole

        whole(words)
    sys.exit(status)
