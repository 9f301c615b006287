"""The event source for rulebooks: its command line, and that it fails with the command's words."""

import asyncio
import importlib.util
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FILE = ROOT / "extensions" / "eda" / "plugins" / "event_source" / "events.py"


@pytest.fixture
def source():
    specification = importlib.util.spec_from_file_location("event_source", FILE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_command_line(source, tmp_path):
    position = tmp_path / "position"
    given = {"clusters": ["a", "b-*"], "kinds": "job.*", "interval": 0, "position_file": str(position)}
    words = ["stix", "events", "--follow", "--output", "json", "--cluster", "a", "--cluster", "b-*", "--on", "job.*"]
    assert source.words_of(given) == [*words, "--no-jobs"]
    position.write_text("41\n")
    assert source.words_of(given)[-2:] == ["--after", "41"]
    with pytest.raises(ValueError, match="no argument 'cluster'"):
        source.words_of({"cluster": "a"})


def test_a_command_that_ends_is_told(source):
    with pytest.raises(RuntimeError, match="ended with status 2: ls: unrecognized option"):
        asyncio.run(asyncio.wait_for(source.main(asyncio.Queue(), {"command": "ls"}), 60))


def test_documentation_examples_and_the_example_rulebook_agree(source):
    options = yaml.safe_load(source.DOCUMENTATION)["options"]
    (example,) = yaml.safe_load(source.EXAMPLES)
    (rulebook,) = yaml.safe_load((ROOT / "examples" / "ansible" / "rulebook.yml").read_text())
    for ruleset in (example, rulebook):
        assert set(ruleset) == {"name", "hosts", "sources", "rules"}
        (given,) = [each["stix.core.events"] for each in ruleset["sources"]]
        assert set(given) <= set(options)
        source.words_of(given)
        for rule in ruleset["rules"]:
            assert set(rule) == {"name", "condition", "action"} and len(rule["action"]) == 1
