"""A bucket's map to a Storage."""

from stix.model.storage import Storage
from stix.spec.document import Document, Path


def read_storage(document: Document, path: Path = ()) -> Storage:
    """The bucket that the map at `path` describes."""
    raise NotImplementedError
