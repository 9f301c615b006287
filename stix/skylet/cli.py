"""The agent's verbs. Everything is imported when its verb is asked for: a `call` must start in milliseconds."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .home import Home

USAGE = (
    "usage: skylet.pyz --home HOME probe|install|call|logs|receive|relay|mounts|container|enter|stop|remove [options]"
)

OPTIONS: dict[str, dict[str, Any]] = {
    "logs": {"--job": str, "--follow": bool, "--tail": int, "--rank": int, "--offset": int},
    "receive": {"--target": str, "--hash": str, "--delete": bool, "--begin": bool, "--end": bool},
    "relay": {"--target": str, "--hash": str, "--give": bool},
    "enter": {"--command": str},
}
VERBS = (
    "probe",
    "install",
    "call",
    "logs",
    "receive",
    "relay",
    "mounts",
    "container",
    "enter",
    "stop",
    "remove",
    "daemon",
    "supervise",
    "flush",
    "release",
)


def parse(words: list[str]) -> tuple[str, str, dict[str, Any]]:
    """Home, verb and options of a command line.

    Raises:
        ValueError: the line is wrong; says how.
    """
    home, rest = "~/.stix/agent", list(words)
    if rest[:1] == ["--home"] and len(rest) > 1:
        home, rest = rest[1], rest[2:]
    if not rest or rest[0] not in VERBS:
        raise ValueError(USAGE)
    verb, rest = rest[0], rest[1:]
    kinds: dict[str, Any] = OPTIONS.get(verb, {})
    options: dict[str, Any] = {}
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        kind = kinds.get(name)
        if kind is None:
            raise ValueError(f"{verb}: unknown option {name}")
        if kind is bool:
            options[name[2:]] = True
            continue
        if not equals and not rest:
            raise ValueError(f"{verb}: {name} needs a value")
        options[name[2:]] = kind(value if equals else rest.pop(0))
    return home, verb, options


def main() -> None:
    """Runs the verb of `sys.argv` and exits."""
    try:
        home, verb, options = parse(sys.argv[1:])
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    from .home import Home

    try:
        status = run(Home(home), verb, options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        # Whoever read our output went away; nothing is left to say, not even at interpreter exit.
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 141
    sys.exit(status)


def run(home: Home, verb: str, options: dict[str, Any]) -> int:
    """Exit status of one verb."""
    if verb == "call":
        from .client import call

        return call(home)
    if verb == "logs":
        from .tail import logs

        return logs(home, options)
    if verb == "supervise":
        from .supervisor import supervise

        return supervise(home)
    if verb == "daemon":
        from .daemon import run_daemon

        return run_daemon(home)
    if verb == "enter":
        from .container import enter

        return enter(home, options)
    if verb == "flush":
        from .flush import main as flush

        return flush(home)
    if verb == "release":
        from .flush import last

        return last(home)
    from . import install

    return install.run(home, verb, options)
