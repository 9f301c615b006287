"""Every page is in the index, and every link leads somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("**/*.md"))
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def links(page: Path) -> list[Path]:
    found = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    return [(page.parent / link).resolve() for link in found]


def test_the_index_has_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    listed = set(links(index)) | {index}
    assert [str(page) for page in PAGES if page not in listed] == []
    assert index in links(ROOT / "README.md")


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert [str(link) for link in links(page) if not link.exists()] == []
