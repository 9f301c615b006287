"""The everyday reads in their plain forms, past click: `queue NAME`, `logs NAME [JOB]`, `cancel NAME JOB... -y`,
`gpus list [NAME]`, `plan TASK.YAML [-c NAME] [-o json]`.

Importing click takes as long as the whole answer. Whatever is not exactly one of these forms goes the ordinary way; a
test holds both ways to the same output.
"""

import os
from collections.abc import Sequence

YES = ("-y", "--yes")


def run(words: Sequence[str]) -> int | None:
    """The exit status, or None: the ordinary way must take it."""
    verb, *rest = words or [""]
    if verb == "plan":
        return _plan(rest)
    if verb == "show-gpus" or words[:2] == ["gpus", "list"]:
        return _gpus(words[1:] if verb == "show-gpus" else words[2:])
    if verb not in ("queue", "logs", "cancel"):
        return None
    agreed = [word for word in rest if word in YES]
    name, *rest = [word for word in rest if word not in YES] or [""]
    if not _is_name(name) or bool(agreed) != (verb == "cancel"):
        return None
    if verb == "queue":
        return _queue(name) if not rest else None
    if not all(word.isdecimal() for word in rest):
        return None
    numbers = [int(word) for word in rest]
    if verb == "logs":
        return _logs(name, numbers) if len(numbers) < 2 else None
    return _cancel(name, numbers) if numbers else None


def _is_name(word: str) -> bool:
    return bool(word) and not word.startswith("-") and not any(sign in word for sign in "*?[")


def _gpus(rest: Sequence[str]) -> int | None:
    if len(rest) > 1 or any(word.startswith("-") for word in rest):
        return None
    from stix.cli.gpu_views import Asked, show

    asked = Asked.parse(rest[0] if rest else None)
    show(asked, everything=False, all_regions=False, verbose=False, form="table")
    return 0


def _plan(words: list[str]) -> int | None:
    file, form, cluster = "", "table", None
    rest = iter(words)
    for word in rest:
        if word in ("-c", "-o"):
            value = next(rest, "")
            if word == "-c" and cluster is None and _is_name(value):
                cluster = value
            elif word == "-o" and value in ("json", "table"):
                form = value
            else:
                return None
        elif file or not word.endswith((".yaml", ".yml")) or word.startswith("-") or not os.path.isfile(word):
            return None
        else:
            file = word
    if not file:
        return None
    import gc

    gc.disable()  # the process ends in a moment, and most of that moment makes classes
    from stix.cli.plans import show_file

    return show_file(file, cluster, form)


def _queue(name: str) -> int:
    from stix.api import jobs
    from stix.cli.job_views import show_queue

    show_queue({name: jobs.queue(name)}, "table")
    return 0


def _logs(name: str, numbers: list[int]) -> int:
    from stix.cli.job_views import stream

    return stream(name, numbers[0] if numbers else None, follow=True, tail=0, worker=None)


def _cancel(name: str, numbers: list[int]) -> int:
    from stix.api import jobs
    from stix.cli.job_views import show_cancelled

    show_cancelled(name, jobs.cancel(name, job_ids=numbers), "table")
    return 0
