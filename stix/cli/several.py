"""One deed on several clusters at once: each in a thread of its own, all reported."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from stix.cli import output
from stix.errors import StixError

AT_ONCE = 8
"""Clusters that are worked on at the same time; a play each."""


def together(names: Sequence[str], act: Callable[[str], Any]) -> Iterator[tuple[str, Any]]:
    """`(name, what act(name) returned or the exception it raised)` of each name, as they end.

    Threads that do not outlive this process: Ctrl-C ends the command at once, and the plays with it.
    """
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    ended: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    for name in names:
        waiting.put(name)

    def work() -> None:
        while True:
            try:
                name = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                ended.put((name, act(name)))
            except BaseException as error:  # told to whoever waits for it
                ended.put((name, error))

    for _ in range(min(AT_ONCE, len(names))):
        threading.Thread(target=work, daemon=True).start()
    for _ in names:
        yield ended.get()


def each(names: list[str], act: Callable[[str], Any], done: str | None, form: str) -> int:
    """Do something to every cluster, several at once; a failure is printed and the others go on.

    Args:
        act: called with each name, in a thread when there are several.
        done: what is said of a cluster after that, as in `Cluster 'dev' is gone.`; None: what `act` returned.

    Returns:
        0, or the exit status of the first failure in the order of the names.
    """
    found: dict[str, Any] = {}
    if len(names) == 1:
        found[names[0]] = act(names[0])
        tell(names[0], found[names[0]], done, form)
    else:
        for name, result in together(names, act):
            found[name] = result
            tell(name, result, done, form)
    failures = {name: result for name in names if isinstance(result := found[name], StixError)}
    if form == "json":
        output.as_json([_record(name, failures.get(name)) for name in names])
    return next((error.exit_status for error in failures.values()), 0)


def tell(name: str, result: Any, done: str | None, form: str) -> None:
    """Say how it went with one cluster.

    Raises:
        BaseException: what `act` raised, if it was none of our errors.
    """
    from stix.cli.errors import lines

    if isinstance(result, StixError):
        click.echo("\n".join(lines(result, about=name)), err=True)
    elif isinstance(result, BaseException):
        raise result
    elif form != "json":
        click.echo(f"Cluster {name!r} {done or result}.")


def _record(name: str, error: StixError | None) -> dict[str, Any]:
    return {"cluster": name, "ok": error is None} | ({"error": error.to_record()} if error else {})
