"""Cluster names as people give them: exact, with wildcards, or all of them."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from stix.errors import ClusterError, UsageError

WILDCARDS = "*?["


def expand(
    wanted: tuple[str, ...], *, everything: bool = False, all_users: bool = False, status: str | None = None
) -> list[str]:
    """Names of the known clusters that the words mean, each once, in the order given.

    Args:
        wanted: names or patterns.
        everything: all clusters instead.
        status: of patterns and of `everything`, only clusters in this state.

    Raises:
        UsageError: nothing was named, or names and `everything` together.
        ClusterError: an exact name is unknown.
    """
    if not wanted and not everything:
        raise UsageError("usage", "no cluster was named", hint="name clusters or patterns, or give --all")
    if wanted and everything:
        raise UsageError("usage", "cluster names and --all exclude each other")
    from stix.api import clusters

    known = clusters.status(all_users=all_users)
    if everything:
        return [record["name"] for record in known if status in (None, record["status"])]
    return list(dict.fromkeys(name for word in wanted for name in match(word, known, status)))


def match(word: str, known: Iterable[dict[str, Any]], status: str | None = None) -> list[str]:
    """Names of the records that a word means.

    Raises:
        ClusterError: it is an exact name and unknown; the hint has the nearest one.
    """
    if _is_pattern(word):
        fits = (record for record in known if fnmatchcase(record["name"], word))
        return [record["name"] for record in fits if status in (None, record["status"])]
    names = [record["name"] for record in known]
    if word in names:
        return [word]
    from stix.cli.main import nearest

    like = nearest(word, names)
    hint = f"did you mean {like!r}?" if like else "'stix status' lists the clusters"
    raise ClusterError("cluster.not_found", f"there is no cluster {word!r}", hint=hint)


def _is_pattern(word: str) -> bool:
    return any(sign in word for sign in WILDCARDS)
