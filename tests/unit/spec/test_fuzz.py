"""Whatever the text, the end is a model or our own error."""

import json
import os
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stix.errors import StixError
from stix.spec.dump import pipeline_config
from stix.spec.explain import paths
from stix.spec.load import load_job_group, load_pipeline, load_storage, load_volume, require_sources
from stix.spec.source import read_source

HERE = Path(__file__)
GOLDEN = sorted((HERE.parents[2] / "golden" / "spec").glob("*/task.yaml"))
COMPAT = sorted((HERE.parents[4] / "shared" / "compat" / "cases").glob("*/task.yaml"))
TEXTS = [file.read_text() for file in [*GOLDEN, *COMPAT]]


def _maps(text: str) -> list[str]:
    """The documents of a task file as JSON, if it is right."""
    try:
        return [json.dumps(each, default=str) for each in yaml.safe_load_all(text) if isinstance(each, dict)]
    except (yaml.YAMLError, ValueError, TypeError):
        return []


def fuzz(examples: int) -> settings:
    """So many examples (STIX_TEST_FUZZ times as many), each as slow as it is."""
    examples *= int(os.environ.get("STIX_TEST_FUZZ", "1"))
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))


def ends_well(text: str) -> None:
    """Each loader ends in a model, which can be written as JSON, or in one of our errors."""
    for load in (load_pipeline, load_job_group, load_volume, load_storage):
        error = None
        try:
            made = load(text, file="t.yaml")
            if load is load_pipeline:
                json.dumps(pipeline_config(made, head=True), default=str)
                for task in made.tasks:
                    require_sources(task, is_dir=bool, exists=bool)
        except StixError as raised:
            error = raised
        if error is not None:
            assert error.message and "\n" not in error.message and error.exit_status == 2
            json.dumps(error.to_record())


SIGNS = st.sampled_from(
    [*"\t\n\r -?:,[]{}#&*!|>'\"%@`~=<$.0", "\u0085", "\u2028", "\ufeff", "\0", "é", "\U0001d4b3", "---\n"]
)
KEYS = sorted({path.rpartition(".")[2] for path in paths("task")})
WORDS = st.sampled_from(
    [*KEYS, "<<", "null", "true", "1e3", ".inf", ".nan", "0x1F", "1:30", "2026-01-01", "16+", "4x", "A100:8", "s3://b", "https://[",
     "aws/us-east-1", "*", "&a", "*a", "!!python/name:os.system", "!!set", "!!int", "!!str", "$A", "${A", "docker:x"]
)  # fmt: skip

TEXT = st.lists(SIGNS | WORDS | st.text(max_size=5), max_size=40).map("".join)


@fuzz(200)
@given(TEXT)
def test_any_text(text: str) -> None:
    ends_well(text)


@fuzz(75)
@given(data=st.binary(max_size=200))
def test_any_bytes(tmp_path_factory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(data)
    try:
        text = read_source(str(file))
    except StixError:
        return
    ends_well(text)


SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**90), 10**90)
    | st.floats()
    | st.text(max_size=12)
    | WORDS
)
VALUE = st.recursive(
    SCALAR,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=10,
)
TASK = st.fixed_dictionaries({}, optional=dict.fromkeys([path for path in paths("task") if "." not in path], VALUE))


@fuzz(150)
@given(TASK)
def test_right_keys_with_any_values(task: dict) -> None:
    ends_well(json.dumps(task))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A task file with some of its lines dropped, doubled, swapped, indented, or with a sign or word put in."""
    lines = draw(st.sampled_from(TEXTS)).splitlines()
    for _ in range(draw(st.integers(1, 4))):
        if not lines:
            break
        place = draw(st.integers(0, len(lines) - 1))
        line = lines[place]
        at = draw(st.integers(0, len(line)))
        change = draw(st.sampled_from(["drop", "double", "swap", "indent", "put", "cut", "value"]))
        if change == "drop":
            del lines[place]
        elif change == "double":
            lines.insert(place, line)
        elif change == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[place], lines[other] = lines[other], line
        elif change == "indent":
            lines[place] = " " * draw(st.integers(0, 6)) + line.lstrip()
        elif change == "put":
            lines[place] = line[:at] + draw(SIGNS | WORDS) + line[at:]
        elif change == "cut":
            lines[place] = line[:at]
        elif ":" in line:
            lines[place] = f"{line.split(':')[0]}: {json.dumps(draw(VALUE), default=str)}"
    return "\n".join(lines) + "\n"


@fuzz(200)
@given(mutated())
def test_mutations_of_task_files(text: str) -> None:
    ends_well(text)


DATA = [each for text in TEXTS for each in _maps(text)]


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Paths of all that is below a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, each in inner for found in ((*path, key), *places(each, (*path, key)))]


@st.composite
def mutated_data(draw: st.DrawFn) -> str:
    """A task with some of its values or keys changed."""
    data = json.loads(draw(st.sampled_from(DATA)))
    for _ in range(draw(st.integers(1, 3))):
        found = places(data)
        if not found:
            break
        *way, last = draw(st.sampled_from(found))
        holder = data
        for part in way:
            holder = holder[part]
        if draw(st.booleans()):
            holder[last] = draw(VALUE)
        elif isinstance(holder, dict):
            holder[draw(st.sampled_from(KEYS) | st.text(max_size=5))] = holder.pop(last)
    return json.dumps(data)


@fuzz(150)
@given(mutated_data())
def test_mutations_of_tasks(text: str) -> None:
    ends_well(text)
