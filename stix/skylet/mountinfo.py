"""What is mounted where, as the kernel tells it; never asks the mounted thing itself, which may hang."""

from __future__ import annotations

import os
import re

_OCTAL = re.compile(r"\\([0-7]{3})")


def mounts_below(path: str) -> list[str]:
    """Places at `path` and below it at which something is mounted, also when its process is gone; deepest first."""
    real = os.path.realpath(path)
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        places = {_OCTAL.sub(lambda found: chr(int(found.group(1), 8)), line.split(" ")[4]) for line in file}
    below = real.rstrip("/") + "/"
    return sorted((place for place in places if place == real or place.startswith(below)), reverse=True)


def is_mounted(path: str) -> bool:
    """Whether something is mounted at a path; one that leads through links is the place that it leads to."""
    return os.path.realpath(path) in mounts_below(path)
