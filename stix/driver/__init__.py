"""Plan -> render -> play -> record: the only part of stix that acts."""
