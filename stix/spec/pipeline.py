"""Several documents in one file: a pipeline, or a job group."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from stix.model.pipeline import Pipeline
from stix.model.task import Task
from stix.spec import schema
from stix.spec.build import build
from stix.spec.document import Document
from stix.spec.nearest import near_word
from stix.spec.validate import check, later

_NAME = re.compile(r"[\w-]+")


def read_pipeline(
    documents: Sequence[Document], *, file: str, env: Mapping[str, str], secrets: Mapping[str, str]
) -> Pipeline:
    """As `load.load_pipeline`, from documents that are not empty."""
    name, documents = _parts(documents, file)
    tasks = tuple(build(each, env=env, secrets=secrets) for each in documents)
    edges = frozenset((place, place + 1) for place in range(len(tasks) - 1))
    return Pipeline(tasks, name=name, edges=edges)


def read_job_group(
    documents: Sequence[Document], *, file: str, env: Mapping[str, str], secrets: Mapping[str, str]
) -> Pipeline:
    """As `load.load_job_group`, from documents that are not empty."""
    if len(documents) < 2:
        whole = documents[0] if documents else Document(file, {})
        sentence = "a job group needs two documents or more: a head, then one for each task"
        raise whole.error((), sentence, hint="put a line of three dashes between them")
    head, *rest = documents
    check(head, schema.JOB_GROUP, what="the head of a job group")
    _check_name(head, "a job group")
    tasks: list[Task] = []
    for document in rest:
        tasks.append(build(document, env=env, secrets=secrets))
        _check_member(document, tasks)
    names = [task.name or "" for task in tasks]
    return Pipeline(
        tuple(tasks),
        name=head.data["name"],
        execution="parallel",
        primary_tasks=_primary(head, names),
        termination_delay=_delay(head, names),
        inter_connection=head.data.get("inter_connection"),
    )


def only_task(documents: Sequence[Document], *, file: str) -> Document:
    """The document of the one task of a file; a head before it names it.

    Raises:
        UsageError: task.invalid: there are several tasks, or a job group.
    """
    name, documents = _parts(documents, file)
    if len(documents) > 1:
        what = later("a pipeline (several tasks in one file)")
        raise documents[1].error((), what, hint="put each task in its own file")
    (document,) = documents
    return document if name is None else replace(document, data={**document.data, "name": name})


def is_job_group(documents: Sequence[Document]) -> bool:
    """Whether the first of several documents says that the others run side by side."""
    first = documents[0].data if len(documents) > 1 else None
    return isinstance(first, Mapping) and first.get("execution") == "parallel"


def _parts(documents: Sequence[Document], file: str) -> tuple[str | None, Sequence[Document]]:
    """The name of the whole, and the documents of the tasks: one or more."""
    documents = documents or [Document(file, {})]
    first = documents[0]
    if _keys(first) in ({"name"}, {"name", "execution"}):
        check(first, schema.PIPELINE, what="the head of a pipeline")
        _check_serial(first)
        # A head alone stands for a task that does nothing.
        name: str = first.data["name"]
        return name, documents[1:] or [replace(first, data={"name": name})]
    if len(documents) == 1 and isinstance(first.data, Mapping) and isinstance(first.data.get("name"), str):
        return first.data["name"], documents
    return None, documents


def _keys(document: Document) -> set[str]:
    return set(document.data) if isinstance(document.data, Mapping) else set()


def _check_serial(head: Document) -> None:
    execution = head.data.get("execution")
    if execution in (None, "serial"):
        return
    if execution == "parallel":
        hint = "a pipeline is 'execution: serial', or says nothing"
        raise head.error(("execution",), "'execution: parallel' makes this a job group, not a pipeline", hint=hint)
    raise head.error(("execution",), f"'execution' must be 'serial', not '{execution}'", hint="leave it out")


def _check_member(document: Document, tasks: Sequence[Task]) -> None:
    """The last of the tasks that are read so far."""
    name = tasks[-1].name
    if name is None:
        raise document.error((), "a task of a job group needs 'name'", hint="for example: name: trainer")
    _check_name(document, "a task of a job group")
    if name in [task.name for task in tasks[:-1]]:
        raise document.error(("name",), f"two tasks of this job group are called '{name}'")


def _check_name(document: Document, what: str) -> None:
    name = document.data["name"]
    if not _NAME.fullmatch(name):
        sentence = f"'name' of {what} must be letters, digits, dashes and underscores, not '{name}'"
        raise document.error(("name",), sentence)


def _primary(head: Document, names: Sequence[str]) -> tuple[str, ...]:
    primary = head.data.get("primary_tasks") or ()
    for place, name in enumerate(primary):
        if name not in names:
            raise _unknown(head, ("primary_tasks", place), name, names)
    return tuple(primary)


def _delay(head: Document, names: Sequence[str]) -> Any:
    delay = head.data.get("termination_delay")
    if not isinstance(delay, Mapping):
        return None if delay is None else str(delay)
    for name in delay:
        if name not in (*names, "default"):
            raise _unknown(head, ("termination_delay", name), name, [*names, "default"])
    return {name: str(each) for name, each in delay.items() if each is not None} or None


def _unknown(head: Document, path: tuple[str | int, ...], name: str, names: Sequence[str]) -> Exception:
    near = near_word(name, names)
    hint = f"did you mean '{near}'?" if near else f"there are: {', '.join(names)}"
    return head.error(path, f"'{path[0]}' names '{name}', which is no task of this job group", hint=hint)
