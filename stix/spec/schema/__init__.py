"""The keys of every kind of document, as data: what each takes, what it means, whether stix can run it yet.

Validation, suggestions, `stix explain`, the JSON Schema and docs/reference/task.md all read this.
"""

from stix.spec.schema.key import FORMS, Key
from stix.spec.schema.pipeline import JOB_GROUP, PIPELINE
from stix.spec.schema.resources import LATER_INFRA, RESOURCES, WORKING_INFRA
from stix.spec.schema.service import POOL, SERVICE
from stix.spec.schema.storage import STORAGE
from stix.spec.schema.task import TASK
from stix.spec.schema.volume import VOLUME

__all__ = [
    "FORMS",
    "JOB_GROUP",
    "LATER_INFRA",
    "PIPELINE",
    "POOL",
    "RESOURCES",
    "SERVICE",
    "STORAGE",
    "TASK",
    "VOLUME",
    "WORKING_INFRA",
    "Key",
]
