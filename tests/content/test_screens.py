"""Pictures of terminals in the documentation: all are shown, show nothing of the machine they are from, are current."""

import re
from pathlib import Path

import pytest

from docs import screens

ROOT = Path(__file__).parents[2]
FILES = sorted(screens.SCREENS.glob("*.svg"))


def test_every_picture_is_shown_and_none_else() -> None:
    pages = [ROOT / "README.md", *ROOT.glob("docs/guides/*.md")]
    shown = {name for page in pages for name in re.findall(r"assets/screens/(\w+)\.svg", page.read_text("utf-8"))}
    assert {path.stem for path in FILES} == {screen.name for screen in screens.STORY} == shown


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_picture_has_nothing_of_the_machine_it_was_made_on(path: Path) -> None:
    drawn = path.read_text(encoding="utf-8")
    assert drawn.count("<text ") > 3 and screens.said(path)
    assert [word for word in ("/tmp/", "https://cdn", "font-face", str(ROOT)) if word in drawn] == []


def test_what_is_steady_says_what_its_picture_shows(safe_world: Path) -> None:
    steady = [screen for screen in screens.STORY if screen.steady]
    assert len(steady) > 1
    with screens.world() as home:
        for screen in steady:
            told = screens.shape(screens.record(screen, home).text())
            assert told == screens.shape(screens.said(screens.SCREENS / f"{screen.name}.svg")), "make screens"


def test_the_guide_shows_the_task_that_was_recorded() -> None:
    task = screens.FILES["train/train.yaml"]
    assert task in (ROOT / "docs/guides/first-launch.md").read_text(encoding="utf-8")


def test_only_figures_are_left_out_of_a_comparison() -> None:
    assert screens.shape("b  1.5 s\na 27*") == screens.shape("a 3\nb 12 s")
    assert screens.shape("a 3") != screens.shape("b 3")
