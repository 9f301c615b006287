"""docs/reference/task.md and task.schema.json say what the schema says, and its examples are true."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from stix.spec import json_schema
from stix.spec.document import parse_documents
from stix.spec.explain import KINDS, below, examples
from stix.spec.load import load_pipeline
from stix.spec.reference import SCHEMA, rendered_into
from stix.spec.schema import RESOURCES, Key
from stix.spec.validate import problems_of

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "task.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
AGAIN = "run: python -m stix.spec.reference docs/reference/task.md"


def test_page_is_rendered_from_the_schema() -> None:
    page = PAGE.read_text()
    assert rendered_into(page) == page, AGAIN


def test_json_schema_is_rendered_from_the_schema() -> None:
    assert (PAGE.parent / SCHEMA).read_text() == json_schema.render(), AGAIN


def test_page_has_examples() -> None:
    assert len(BLOCKS) >= 2


@pytest.mark.parametrize("block", BLOCKS)
def test_block_loads(block: str) -> None:
    load_pipeline(block, secrets={"HF_TOKEN": "x"})


def keys(key: Key, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Key, Key]]:
    """Every key of a kind of document: path, key, and the key around it."""
    found = []
    around = below(key)
    for name, child in around.keys.items():
        found += [((*path, name), child, around), *keys(child, (*path, name))]
    return found


EVERY = [(f"{kind}: {'.'.join(path)}", path[-1], *rest) for kind, top in KINDS.items() for path, *rest in keys(top)]


@pytest.mark.parametrize(("path", "name", "key", "around"), EVERY, ids=[each[0] for each in EVERY])
def test_every_key_is_described_and_its_examples_are_right(path: str, name: str, key: Key, around: Key) -> None:
    assert key.doc.endswith((".", "?")) or "_docker_login_config" in path
    internal = name.startswith("_") or not key.example
    for example in examples(key):
        (document,) = parse_documents(example, file="example")
        assert list(document.data) == [name]
        told = [each.sentence for each in problems_of(document.data, Key(("map",), keys=around.keys))]
        assert all("needs" in sentence for sentence in told), told
    if key.default and not internal and key.forms == ("boolean",):
        assert isinstance(yaml.safe_load(key.default), bool)


def test_candidates_take_what_resources_take() -> None:
    for name in ("any_of", "ordered"):
        items = RESOURCES[name].items
        assert items is not None and set(items.keys) <= set(RESOURCES) - {"any_of", "ordered"}


def plain(schema: Any) -> list[str]:
    """Words of a schema that are no JSON Schema or of no use to an editor."""
    return [key for key in ("forms", "check") if key in str(schema.keys())]


def test_json_schema_has_the_dialect_and_every_top_key() -> None:
    schema = json_schema.json_schema()
    assert schema["$schema"].endswith("2020-12/schema") and not plain(schema)
    assert set(schema["$defs"]["task"]["properties"]) == set(KINDS["task"].keys)


def test_page_of_settings_is_rendered_from_the_schema() -> None:
    page = PAGE.with_name("config.md").read_text()
    assert rendered_into(page, settings=True) == page, AGAIN.replace("task.md", "config.md")
