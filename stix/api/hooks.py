"""Arguments about hooks, checked."""

from typing import Any

MOST_BYTES = 16 * 1024
"""Longest script of a hook, as in a task file."""


def checked_hooks(wish: Any) -> str:
    """A word that says whether hooks run.

    Raises:
        UsageError: `usage`, it is another one.
    """
    from stix.driver.hooks import WISHES
    from stix.errors import UsageError

    if wish in WISHES:
        return str(wish)
    raise UsageError("usage", f"'hooks' is one of {', '.join(WISHES)}, not {wish!r}")


def check_hook(hook: Any, timeout: Any) -> None:
    """Make sure that a hook of autostop can be one.

    Raises:
        UsageError: `usage`.
    """
    from stix.errors import UsageError

    if hook is not None and (not isinstance(hook, str) or len(hook.encode()) > MOST_BYTES):
        raise UsageError("usage", f"a hook is a script of at most {MOST_BYTES // 1024} KiB")
    if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, int) or timeout < 1):
        raise UsageError("usage", f"'hook_timeout' is a number of seconds from 1, not {timeout!r}")
    if timeout is not None and hook is None:
        raise UsageError("usage", "'hook_timeout' needs a hook")
