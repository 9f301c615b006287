"""SkyPilot's enumerations: closed lists of words that its functions take as objects. Ours take the plain words, too."""

from enum import Enum


class OptimizeTarget(Enum):
    """What the best place is measured by."""

    COST = 0
    TIME = 1


class StatusRefreshMode(Enum):
    """Whether `status` asks the clouds."""

    NONE = "NONE"
    AUTO = "AUTO"
    FORCE = "FORCE"


class DagExecution(Enum):
    """How the tasks of a Dag run: one after another, or side by side as a job group."""

    SERIAL = "serial"
    PARALLEL = "parallel"


class StorageMode(Enum):
    """How a bucket comes to a node."""

    MOUNT = "MOUNT"
    COPY = "COPY"
    MOUNT_CACHED = "MOUNT_CACHED"


class StoreType(Enum):
    """Where a bucket is kept."""

    S3 = "S3"
    GCS = "GCS"
    AZURE = "AZURE"
    R2 = "R2"
    IBM = "IBM"
    OCI = "OCI"
    NEBIUS = "NEBIUS"
    COREWEAVE = "COREWEAVE"
    VASTDATA = "VASTDATA"
    HF = "HF"
    VOLUME = "VOLUME"


class FileMountType(Enum):
    """Named sets of cache settings for a bucket that is mounted with a cache."""

    MODEL_CHECKPOINT_RO = "MODEL_CHECKPOINT_RO"
    MODEL_CHECKPOINT_RW = "MODEL_CHECKPOINT_RW"
    DATASET_RO = "DATASET_RO"
    DATASET_RW = "DATASET_RW"


def word(value: object) -> object:
    """The plain word that a member of an enumeration stands for; anything else as it is."""
    return value.value if isinstance(value, Enum) else value
