"""The whole log of an ended job in one answer, when it is short: a reader then needs no program on this machine."""

from __future__ import annotations

import os

from .logfile import LogReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .home import Home

MOST_BYTES = 256 << 10


def glance(home: Home, job: dict[str, Any] | None, tail: int) -> dict[str, Any]:
    """The request `log`.

    Args:
        job: a row of the queue; None for a job that is not there.
        tail: only so many last lines; 0 for all.

    Returns:
        `{job_id, status, text}`; no text for a job that goes on and for a long log. Bytes that are no UTF-8 stand in
        the text as lone surrogates.
    """
    if job is None:
        return {"job_id": None, "status": None, "text": None}
    text = _text(os.path.join(home.job(job["job_id"]), "run.log"), tail) if job["ended_at"] is not None else None
    return {"job_id": job["job_id"], "status": job["status"], "text": text}


def _text(path: str, tail: int) -> str | None:
    if not os.path.isdir(os.path.dirname(path)):
        return ""
    reader = LogReader(path)
    try:
        if tail > 0:
            reader.seek_lines(tail)
        reader.position()  # passes over what is no longer kept
        if reader.end() - reader.offset > MOST_BYTES:
            return None
        data = reader.take_notice()
        while True:
            piece = reader.read()
            if not piece:
                return data.decode("utf-8", "surrogateescape")
            data += piece
    finally:
        reader.close()
