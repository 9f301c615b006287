"""Names of clusters and nodes, and the id that a cluster's machines are tagged with."""

import re

MAX_CLUSTER_NAME = 100
"""Characters; keeps `<cluster>-<rank>` and what is derived from it a file name everywhere."""

_CLUSTER = re.compile(r"[a-zA-Z](?:[-_.a-zA-Z0-9]*[a-zA-Z0-9])?")


def check_cluster_name(name: str) -> str:
    """The name, if a cluster may have it.

    Raises:
        ValueError: it may not; the text continues a sentence that begins with what the name is called.
    """
    if not _CLUSTER.fullmatch(name):
        raise ValueError(
            "must begin with a letter, end with a letter or digit and hold only letters, digits, dashes, underscores "
            f"and dots, not {name!r}"
        )
    if len(name) > MAX_CLUSTER_NAME:
        raise ValueError(f"must be at most {MAX_CLUSTER_NAME} characters long, not {len(name)}")
    return name


def auto_cluster_name(user: str, token: str) -> str:
    """A name for a cluster that the user did not name: `stix-1f3a-ann`; `token` is four random hex digits."""
    cleaned = re.sub(r"[^a-z0-9-]+", "-", user.lower()).strip("-")[:32].rstrip("-")
    return f"stix-{token}-{cleaned or 'user'}"


def cluster_id(name: str, token: str) -> str:
    """The id that no two clusters share, even of the same name: `demo-1f3a9c`; `token` is random hex digits."""
    return f"{name}-{token}"


def node_name(cluster: str, rank: int) -> str:
    """The name of a node; rank 0 is the head."""
    return f"{cluster}-{rank}"
