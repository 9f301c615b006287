"""Questions to the user. Without a terminal there is nobody to ask, so the command fails at once instead."""

import sys

import click

from stix.errors import StixError, UsageError


def has_terminal() -> bool:
    """Whether a person can answer here."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, default: bool, yes: bool) -> bool:
    """Ask on stderr; True at once with `yes`.

    Raises:
        UsageError: there is no terminal to ask on.
    """
    if yes:
        return True
    if not has_terminal():
        raise UsageError("usage", "this needs a confirmation and there is no terminal to ask on", hint="add -y")
    return ask(question, default=default)


def ask(question: str, *, default: bool) -> bool:
    """Ask on stderr until the answer is yes, no or nothing (the default).

    Not click's way: readline, which that starts, loses a Ctrl-C that comes while it gets ready.

    Raises:
        KeyboardInterrupt: Ctrl-C, or the end of the input.
    """
    while True:
        click.echo(f"{question} [{'Y/n' if default else 'y/N'}] ", nl=False, err=True)
        line = sys.stdin.readline()
        if not line:
            raise KeyboardInterrupt
        answer = line.strip().lower()
        if answer in ("", "y", "yes", "n", "no"):
            return answer.startswith("y") if answer else default


def require(question: str, *, default: bool, yes: bool) -> None:
    """Ask, and end the command when the answer is no.

    Raises:
        UsageError: there is no terminal to ask on.
        StixError: `interrupted`, the answer was no.
    """
    if not confirm(question, default=default, yes=yes):
        raise StixError("interrupted", "nothing was done")
