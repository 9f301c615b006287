"""YAML documents to what the SDK's classes hold, and back."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from stix.errors import UsageError
from stix.model.pipeline import Pipeline
from stix.spec.document import parse_documents
from stix.spec.load import load_job_group, load_pipeline
from stix.spec.pipeline import is_job_group


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
    """The text of a file.

    Raises:
        UsageError: task.invalid, it cannot be read.
    """
    try:
        return Path(path).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not a text file"
        raise UsageError("task.invalid", f"{path}: cannot be read: {why}", details={"file": path}) from None
