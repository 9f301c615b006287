"""A volume's document to a Volume."""

from stix.model.storage import Volume
from stix.spec.document import Document


def read_volume(document: Document) -> Volume:
    """The volume that a document describes."""
    raise NotImplementedError
