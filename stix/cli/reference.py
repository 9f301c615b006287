"""docs/reference/cli.md, from the commands themselves: `python -m stix.cli.reference docs/reference/cli.md`."""

import re
import sys
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from stix.cli.errors import exit_codes
from stix.cli.main import ALIASES, cli

INTRODUCTION = """\
# Commands

Written by `python -m stix.cli.reference docs/reference/cli.md`; a test keeps it true.

Data goes to stdout; talk (plans, questions, progress, errors) goes to stderr. `-o json` gives data as JSON; an error is
then one JSON line on stderr, `{"error": {"code", "message", "hint", "retryable", "details"}}`, and a job's log goes to
stderr, so that stdout holds nothing but the record.

- **Names.** `status`, `queue`, `stop`, `start`, `autostop` and `down` take several names and patterns (`'train-*'`).
- **Questions.** One before anything is created or ended. `-y` answers it. Without a terminal and without `-y` the
  command fails at once with status 2 and does nothing. Removing asks with "no" as the default.
- **Commands to run.** After `--`. One word is a line for the shell (`-- 'echo $HOME'`); several words keep their
  boundaries (`-- python -c 'print(1)'`).
- **Ctrl-C.** While a log is shown it detaches: the job goes on, and the status is 130. While machines are made it asks
  whether to keep them; pressed again, it leaves everything as it is and ends with 130.
- **Secrets.** `--secret NAME` takes the value from the environment, `--secret-file` from a file. `--secret NAME=VALUE`
  works, but others on this machine can read it in the list of processes.
- **Variables.** `STIX_HOME` (default `~/.stix`), `STIX_DEBUG=1` (as `--debug`), `NO_COLOR`.
"""


def render() -> str:
    """The whole page."""
    parts = [INTRODUCTION, _exit_table()]
    parts += [_section(path, command) for path, command in commands()]
    return "\n".join(parts)


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that is not hidden, with the words that call it, groups before what is in them."""
    root = click.Context(cli, info_name="stix")
    for name in cli.list_commands(root):
        command = cli.get_command(root, name)
        assert command is not None
        yield f"stix {name}", command
        if isinstance(command, click.Group):
            for inner, child in sorted(command.commands.items()):
                if not child.hidden:
                    yield f"stix {name} {inner}", child


def _exit_table() -> str:
    rows = ["## Exit statuses", "", "| status | when |", "|---|---|", "| 0 | all went well; the job succeeded |"]
    rows += [f"| {status} | {', '.join(f'`{code}`' for code in codes)} |" for status, codes in exit_codes().items()]
    return "\n".join([*rows, ""])


def _section(path: str, command: click.Command) -> str:
    text, _, examples = cleandoc(command.help or "").partition("\b\nExamples:\n")
    context = click.Context(command, info_name=path)
    lines = [
        f"## {path}",
        "",
        text.strip(),
        "",
        "```text",
        " ".join([path, *command.collect_usage_pieces(context)]),
        "```",
    ]
    alias = next((alias for alias, name in ALIASES.items() if f"stix {name}" == path), "")
    if alias:
        lines += ["", f"Also `stix {alias}`."]
    options = [
        parameter for parameter in command.params if isinstance(parameter, click.Option) and not parameter.hidden
    ]
    if options:
        lines += ["", "| option | meaning |", "|---|---|", *(_option(option) for option in options)]
    return "\n".join([*lines, "", "```sh", re.sub(r"(?m)^  ", "", examples.rstrip()), "```", ""])


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    value = option.metavar or ""
    if isinstance(option.type, click.Choice):
        value = " or ".join(map(str, option.type.choices))
    elif not value and not option.is_flag:
        value = option.type.name.upper()
    return f"| {names} {value}".rstrip() + f" | {option.help} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
