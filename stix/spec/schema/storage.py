"""The keys of a bucket, in file_mounts or in a file of its own, and of a volume."""

from stix.spec.schema.key import later

STORAGE = later("name", "source", "store", "persistent", "mode", "type", "config")
