"""SkyPilot's words for clusters and jobs; members are equal to their words."""

from enum import StrEnum


class ClusterStatus(StrEnum):
    """Whether a cluster can be used."""

    INIT = "INIT"
    UP = "UP"
    STOPPED = "STOPPED"
