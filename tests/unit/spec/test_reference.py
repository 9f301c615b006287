"""docs/reference/task.md says what the schema says, and its examples are true."""

import re
from pathlib import Path

import pytest

from stix.spec.load import from_config, load_text
from stix.spec.reference import rendered_into
from stix.spec.schema import RESOURCES, TASK, Key

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "task.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_page_is_rendered_from_the_schema() -> None:
    page = PAGE.read_text()
    assert rendered_into(page) == page, "run: python -m stix.spec.reference docs/reference/task.md"


def test_page_has_examples() -> None:
    assert len(BLOCKS) >= 2


@pytest.mark.parametrize("block", BLOCKS)
def test_block_loads(block: str) -> None:
    load_text(block, secrets={"HF_TOKEN": "x"})


def working(key: Key, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Key]]:
    """Every key that works, with its path."""
    found = []
    for name, child in key.keys.items():
        if child.works:
            found += [((*path, name), child), *working(child, (*path, name))]
    return found


@pytest.mark.parametrize(
    ("path", "key"), working(TASK), ids=lambda value: ".".join(value) if type(value) is tuple else ""
)
def test_example_of_every_key_loads(path: tuple[str, ...], key: Key) -> None:
    assert key.doc and key.example.startswith(f"{path[-1]}:")
    text = "\n".join("  " * depth + f"{name}:" for depth, name in enumerate(path[:-1]))
    text += "\n" + "  " * (len(path) - 1) + key.example
    if path == ("workdir", "ref"):
        text += "\n  url: https://github.com/org/repo"
    assert load_text(text.strip("\n"), secrets={"HF_TOKEN": "x"}) != from_config({})


def test_candidates_take_what_resources_take() -> None:
    for name in ("any_of", "ordered"):
        items = RESOURCES[name].items
        assert items is not None and set(items.keys) == set(RESOURCES) - {"any_of", "ordered"}
