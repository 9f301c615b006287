"""The keys of every kind of document, as data: what each takes, what it means, whether stix can run it yet.

Validation, suggestions, `stix explain`, the JSON Schema and docs/reference/task.md all read this.
"""

from stix.spec.schema.key import FORMS, Key
from stix.spec.schema.resources import LATER_INFRA, RESOURCES, WORKING_INFRA
from stix.spec.schema.task import TASK

__all__ = ["FORMS", "LATER_INFRA", "RESOURCES", "TASK", "WORKING_INFRA", "Key"]
