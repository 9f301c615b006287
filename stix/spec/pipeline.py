"""Several documents in one file: a pipeline, or a job group."""

from collections.abc import Mapping, Sequence

from stix.model.pipeline import Pipeline
from stix.spec.build import build
from stix.spec.document import Document


def read_pipeline(
    documents: Sequence[Document], *, file: str, env: Mapping[str, str], secrets: Mapping[str, str]
) -> Pipeline:
    """As `load.load_pipeline`, from documents."""
    tasks = tuple(build(each, env=env, secrets=secrets) for each in documents or [Document(file, {})])
    return Pipeline(tasks, edges=frozenset((place, place + 1) for place in range(len(tasks) - 1)))


def read_job_group(
    documents: Sequence[Document], *, file: str, env: Mapping[str, str], secrets: Mapping[str, str]
) -> Pipeline:
    """As `load.load_job_group`, from documents."""
    raise NotImplementedError
