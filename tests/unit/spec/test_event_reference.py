"""docs/reference/events.md and event.schema.json say what the kinds say."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from stix.model import event
from stix.model.event_kinds import KINDS, OF_RUN, OF_RUNS, envelope
from stix.spec.event_reference import SCHEMA, render_schema, rendered_into, schema

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "events.md"
AGAIN = "run: python -m stix.spec.event_reference docs/reference/events.md"
VALIDATOR = Draft202012Validator(schema())


def test_page_and_schema_are_rendered_from_the_kinds():
    page = PAGE.read_text()
    assert rendered_into(page) == page, AGAIN
    assert (PAGE.parent / SCHEMA).read_text() == render_schema(), AGAIN
    Draft202012Validator.check_schema(schema())


def test_the_example_is_one():
    (example,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    VALIDATOR.validate(json.loads(example))


@pytest.mark.parametrize("kind", [*KINDS, *OF_RUNS])
def test_every_kind_needs_its_data(kind):
    record = envelope(1, 1.0, kind, "dev", "dev-1", "", {})
    assert VALIDATOR.is_valid(record) != bool({**KINDS, **OF_RUNS}[kind].data)
    assert not VALIDATOR.is_valid({**record, "kind": "cluster.no_such"})


def test_what_a_run_tells_has_a_kind_each():
    kept = [each for each in event.Event.__subclasses__() if each.__name__ != "TransferProgress"]
    assert set(OF_RUN) == {each.__name__ for each in kept}
    for each in kept:
        fields = set(each.__dataclass_fields__) - {"at", "cluster"}
        assert fields == set(OF_RUNS[OF_RUN[each.__name__]].data)
