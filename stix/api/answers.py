"""SkyPilot's way to wait for an answer. Calls of stix wait for their end themselves."""

from typing import Any, TypeVar

T = TypeVar("T")


def get(request_id: T) -> T:
    """What a call answered, so that `sky.get(sky.launch(...))` keeps working."""
    return request_id


def stream_and_get(
    request_id: T | None = None,
    log_path: str | None = None,
    tail: int | None = None,
    follow: bool = True,
    output_stream: Any = None,
    relay_rich_status: bool = False,
) -> T | None:
    """As `get`."""
    return request_id
