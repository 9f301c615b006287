"""YAML documents to what the SDK's classes hold, and back."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from stix.model.pipeline import Pipeline
from stix.spec.document import parse_documents
from stix.spec.load import load_job_group, load_pipeline
from stix.spec.pipeline import is_job_group
from stix.spec.source import read_source


def load(text: str, *, file: str, env: Mapping[str, str], secrets: Mapping[str, str]) -> Pipeline:
    """The pipeline, or the job group when the first document says `execution: parallel`.

    Raises:
        UsageError: task.invalid, secrets.missing.
    """
    group = is_job_group(parse_documents(text, file=file))
    return (load_job_group if group else load_pipeline)(text, file=file, env=env, secrets=secrets)


def dump(documents: Sequence[Mapping[str, Any]]) -> str:
    """YAML text of plain maps, one document each, keys in their order."""
    return yaml.safe_dump_all([dict(each) for each in documents], sort_keys=False, allow_unicode=True)


def read(path: str) -> str:
    """The text of a file; errors as `read_source`."""
    return read_source(os.path.expanduser(path))
