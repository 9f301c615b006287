"""Files of a mount's cache whose notes are torn, as rclone was killed while it wrote them.

The next rclone would throw such a file away. It may be only in part what belongs into the bucket, so it is not sent
either: it is kept beside the cache, for who misses it.
"""

from __future__ import annotations

import json
import os
import shutil

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def set_aside(cache: str) -> list[str]:
    """Moves them to `<cache>.kept` before a mount begins; where they are now."""
    kept = []
    for path in list(_torn(cache)):
        place = os.path.join(f"{cache}.kept", path)
        os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
        shutil.move(os.path.join(cache, "vfs", path), place)
        kept.append(place)
    return kept


def _torn(cache: str) -> Iterator[str]:
    root = os.path.join(cache, "vfs")
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), root)
            if not _is_noted(os.path.join(cache, "vfsMeta", path)):
                yield path


def _is_noted(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return isinstance(json.loads(file.read()), dict)
    except (OSError, ValueError):
        return False
