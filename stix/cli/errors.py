"""The one place where errors become words and exit statuses."""

import errno
import os
from collections.abc import Sequence
from typing import Any

import click

from stix.errors import EXIT_STATUS, StixError, UsageError

OF_THE_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EBADF, errno.EIO)
"""What the machine refuses, whatever stix does: no space, no right, nowhere to write."""

SHOWN = 5
"""Further problems of a task file that are shown with the first."""


def run(command: click.Command, args: Sequence[str]) -> int:
    """Run the command and return its exit status; every error is printed here, once."""
    try:
        status = command.main(list(args), prog_name="stix", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError" and error.ctx is not None:
            click.echo(error.ctx.get_help())
            return 0
        return report(error, args)
    except (Exception, KeyboardInterrupt) as error:
        return report(error, args)


def report(error: BaseException, args: Sequence[str]) -> int:
    """Print the error to stderr, as words or (with `-o json`) as one JSON line; returns the exit status."""
    if isinstance(error, BrokenPipeError):
        return reader_gone()
    known = as_stix_error(error)
    if wants_json(args):
        import json

        click.echo(json.dumps({"error": known.to_record()}, default=str), err=True)
    else:
        click.echo("\n".join(lines(known)), err=True)
    if wants_debug(args):
        import traceback

        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    return known.exit_status


def reader_gone() -> int:
    """Whoever read stdout has seen enough (`stix logs dev | head`): say nothing more, end as the signal would."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 128 + 13


def lines(error: StixError, about: str = "") -> list[str]:
    """What a person reads: the sentence, then a hint and the way to the log where there are any.

    Args:
        about: the cluster, where several are worked on; named unless the sentence does it already.
    """
    message = error.message or error.code
    told = not about or about in message.replace("'", " ").split()
    text = [f"stix: {message}" if told else f"stix: {about}: {message}"]
    if error.hint:
        text.append(f"hint: {error.hint}")
    also = error.details.get("also") or []
    text += [f"also: {each}" for each in also[:SHOWN]]
    if len(also) > SHOWN:
        text.append(f"also: {len(also) - SHOWN} more, which 'stix task check' lists")
    if error.details.get("run") and error.code != "interrupted" and "stix run show" not in error.hint:
        text.append(f"log:  stix run show {error.details['run']} --log")
    return text


def as_stix_error(error: BaseException) -> StixError:
    """Any error as one of ours; what nobody foresaw becomes `internal`."""
    if isinstance(error, StixError):
        return error
    if isinstance(error, click.ClickException):
        return _usage_error(error)
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return StixError("interrupted", "interrupted")
    details: dict[str, Any] = {"type": type(error).__name__}
    if isinstance(error, OSError) and error.errno in OF_THE_MACHINE:
        where = error.filename or "standard output"
        hint = "make room or give the right to write there, and run the command again"
        return StixError("internal", f"{where}: {error.strerror}", hint=hint, details=details)
    return StixError(
        "internal",
        f"{type(error).__name__}: {error}",
        hint="this is a mistake in stix; run the command again with 'stix --debug' and report what it prints",
        details=details,
    )


def wants_json(args: Sequence[str]) -> bool:
    """Whether the command line asks for JSON; read from the words, because parsing them may be what failed."""
    own = list(args[: args.index("--")] if "--" in args else args)
    pairs = zip(own, own[1:], strict=False)
    return any(
        word in ("-ojson", "--output=json") or (word in ("-o", "--output") and following == "json")
        for word, following in [*pairs, (own[-1] if own else "", "")]
    )


def wants_debug(args: Sequence[str]) -> bool:
    """Whether a traceback was asked for, by flag before the command or by environment."""
    return "--debug" in args[:1] or os.environ.get("STIX_DEBUG", "") not in ("", "0")


def exit_codes() -> dict[int, list[str]]:
    """Exit status -> the error codes that end with it, for the reference."""
    table: dict[int, list[str]] = {}
    for code, status in EXIT_STATUS.items():
        table.setdefault(status, []).append(code)
    return dict(sorted(table.items()))


def _usage_error(error: click.ClickException) -> StixError:
    """What click found wrong in the command line; for an unknown option the hint is the nearest one."""
    from stix.cli.main import nearest

    context = getattr(error, "ctx", None)
    hint = f"'{context.command_path} --help' shows how it is used" if context is not None else ""
    message = error.format_message().rstrip(".")
    for kind, word in (("option", getattr(error, "option_name", "")), ("command", getattr(error, "command_name", ""))):
        if word:
            message = f"no such {kind} {word!r}"
            like = nearest(word, getattr(error, "possibilities", None) or [])
            hint = f"did you mean '{like}'?" if like else hint
    return UsageError("usage", message[:1].lower() + message[1:], hint=hint)
