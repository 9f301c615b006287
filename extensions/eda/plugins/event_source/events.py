"""Events of stix as an event source of ansible-rulebook; it runs the command `stix events --follow`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from pathlib import Path
from typing import Any

DOCUMENTATION = r"""
---
short_description: What becomes of clusters and jobs of stix
description:
  - Gives each event of stix to the rules as it is recorded, of commands that begin later, too.
  - The fields of an event are in docs/reference/events.md of stix; C(event.kind) says what happened.
  - It runs C(stix events --follow), so the command must be installed where ansible-rulebook runs, for the same user and
    folder as the commands that it is to hear of.
options:
  clusters:
    description: Only events of clusters with these names or patterns (V(train-*)).
    type: list
    elements: str
  kinds:
    description: Only these kinds of events, or families (V(job.*)).
    type: list
    elements: str
  interval:
    description: Every so many seconds the heads of clusters that are up are asked for their jobs; 0 is never.
    type: float
    default: 5
  position_file:
    description:
      - A file that keeps the number of the last event that was given to the rules, so that a restart goes on behind it.
      - Without it, or where it is not there yet, only what comes from now on is given.
    type: str
  home:
    description: The folder of stix, C(STIX_HOME).
    type: str
  command:
    description: The program.
    type: str
    default: stix
"""

EXAMPLES = r"""
- name: Failed jobs of trainings
  hosts: localhost
  sources:
    - stix.core.events:
        clusters: ["train-*"]
        kinds: [job.failed]
        position_file: /var/lib/rulebook/stix-position
  rules:
    - name: Say so
      condition: event.kind == "job.failed"
      action:
        debug:
          msg: "job {{ event.data.job_id }} of {{ event.cluster }} failed"
"""

LONGEST = 1 << 22
"""Bytes of one event at most."""


def words_of(args: dict[str, Any]) -> list[str]:
    """The command line.

    Raises:
        ValueError: an argument is not known.
    """
    known = {"clusters", "kinds", "interval", "position_file", "home", "command"}
    if unknown := sorted(set(args) - known):
        raise ValueError(f"stix.core.events has no argument {unknown[0]!r}; it has {', '.join(sorted(known))}")
    words = [str(args.get("command") or "stix"), "events", "--follow", "--output", "json"]
    for name, option in (("clusters", "--cluster"), ("kinds", "--on")):
        given = args.get(name) or []
        for each in [given] if isinstance(given, str) else given:
            words += [option, str(each)]
    interval = float(args.get("interval", 5))
    words += ["--interval", f"{interval:g}"] if interval else ["--no-jobs"]
    position = args.get("position_file")
    if position and Path(position).exists():
        words += ["--after", str(int(Path(position).read_text(encoding="utf-8")))]
    return words


async def main(queue: asyncio.Queue[dict[str, Any]], args: dict[str, Any]) -> None:
    """What ansible-rulebook calls: puts events into the queue until it is cancelled.

    Raises:
        RuntimeError: the command ended, with its own words.
    """
    environment = {**os.environ, **({"STIX_HOME": str(args["home"])} if args.get("home") else {})}
    process = await asyncio.create_subprocess_exec(
        *words_of(args),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        limit=LONGEST,
    )
    if process.stdout is None or process.stderr is None:
        raise RuntimeError("stix events has no output")  # what only a type checker believes
    complaints = asyncio.create_task(process.stderr.read())
    try:
        async for line in process.stdout:
            event = json.loads(line)
            await queue.put(event)
            if args.get("position_file"):
                _keep(Path(args["position_file"]), event["id"])
        status = await process.wait()
        said = (await complaints).decode("utf-8", "replace").strip()
        raise RuntimeError(f"stix events ended with status {status}: {said or 'it did not say why'}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        complaints.cancel()


def _keep(file: Path, number: int) -> None:
    """Write the position so that it is whole at any moment."""
    draft = file.with_name(f".{file.name}.new")
    draft.write_text(f"{number}\n", encoding="utf-8")
    draft.replace(file)
