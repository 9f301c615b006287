"""The site: `make docs` builds dist/docs from these Markdown files and from what the collection says of itself.

Pages stay as they read in the repository. A page finds its place in the menu by its column in README.md's table; one
that is in no column stops the build. Links that leave this folder go to the page made of what they name, or else to
the file in the public repository.
"""

import os
import re
import sys
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent))
import collection_pages

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text())

project = "stix"
author = GALAXY["authors"][0]
version = release = GALAXY["version"]
extensions = ["myst_parser"]
root_doc = "README"
html_theme = "furo"
html_title = "stix"
html_copy_source = False
html_show_copyright = False
# As GitHub: every heading can be linked to.
myst_heading_anchors = 6

MENU = ("Guides", "Concepts", "Reference")
"""Captions of the menu: one for each column of README.md's table."""

LINK = re.compile(r"\]\(([^)#\s:]+)(#[^)\s]*)?\)")


def setup(app: Any) -> None:
    """What Sphinx calls: pages are made before it looks for them, and changed while it reads them."""
    app.connect("builder-inited", lambda app: collection_pages.write(ROOT, Path(app.srcdir)))
    app.connect("source-read", read)
    app.connect("build-finished", lead_to_start)


def read(_app: Any, page: str, source: list[str]) -> None:
    """A page as the site needs it."""
    folder, text = Path(page).parent, source[0]
    source[0] = LINK.sub(lambda link: f"]({target(folder, link[1])}{link[2] or ''})", text)
    if page == root_doc:
        source[0] += "".join(menu(source[0]))


def target(folder: Path, path: str) -> str:
    """Where a link of a page in `folder` goes that is `path` in the repository."""
    place = Path(os.path.normpath(DOCS / folder / path))
    if place.is_relative_to(DOCS) or not (place.exists() and place.is_relative_to(ROOT)):
        return path
    inside = place.relative_to(ROOT)
    if page := collection_pages.page_of(inside):
        return "../" * len(folder.parts) + page
    return f"{GALAXY['repository']}/{'tree' if place.is_dir() else 'blob'}/main/{inside}"


def menu(text: str) -> list[str]:
    """Hidden toctrees: the pages of each column of the table, in its order."""
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("|")]
    columns = [" ".join(column) for column in zip(*rows, strict=True)]
    links = [[link[1] for link in LINK.finditer(column)] for column in columns]
    pages = [[link.removesuffix(".md") for link in column if link.endswith(".md")] for column in links]
    return [
        "\n".join(["\n\n```{toctree}", f":caption: {caption}", ":hidden:", "", *dict.fromkeys(column), "```\n"])
        for caption, column in zip(MENU, pages, strict=True)
    ]


def lead_to_start(app: Any, error: Exception | None) -> None:
    """index.html, which web servers ask for, leads to the start."""
    if not error and app.builder.format == "html":
        lines = f'<!doctype html>\n<title>stix</title>\n<meta http-equiv="refresh" content="0; url={root_doc}.html">\n'
        (Path(app.outdir) / "index.html").write_text(lines)
