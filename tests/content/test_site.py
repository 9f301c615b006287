"""The documentation as a site: the strict build passes, every link arrives, nothing that has a name is missing."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from stix.cli import reference
from stix.errors import EXIT_STATUS

ROOT = Path(__file__).parents[2]
ROLES = sorted(path.parent.parent for path in ROOT.glob("roles/*/meta/argument_specs.yml"))


TROUBLES = dict(
    re.findall(
        r"^### (\S+)\n(.*?)(?=^##|\Z)",
        (ROOT / "docs/guides/troubleshooting.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
)
"""Sections of the guide by their code."""
SKYPILOT = (
    "launch exec status queue logs cancel start stop autostop down check show-gpus gpus cost-report jobs serve storage "
    "volumes ssh local api dashboard pool bench users workspaces"
)
"""What its command line has, in 0.14 and some releases before."""


class Page(HTMLParser):
    """A page's anchors, links and words."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.words: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join("".join(self.words).split())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id" and value:
                self.anchors.add(value)
            if name == "href" and tag == "a" and value:
                self.links.add(value)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, from a copy of docs/ beside the tree's other folders: the build makes pages in docs/."""
    copy, built = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("site")
    for path in ROOT.iterdir():
        if path.name != "docs":
            (copy / path.name).symlink_to(path)
    shutil.copytree(ROOT / "docs", copy / "docs", ignore=shutil.ignore_patterns("generated", "__pycache__"))
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-b", "html", "docs", str(built)],
        capture_output=True,
        text=True,
        cwd=copy,
        check=False,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    return built


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    """Every page by its path."""
    return {str(path.relative_to(site)): Page(path) for path in sorted(site.rglob("*.html"))}


def dead(site: Path, pages: dict[str, Page]) -> Iterator[str]:
    """Links inside the site that lead nowhere."""
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            goal = (site / name).parent / unquote(parts.path) if parts.path else site / name
            there = pages.get(str(goal.resolve().relative_to(site.resolve())))
            if not goal.exists() or (parts.fragment and there and unquote(parts.fragment) not in there.anchors):
                yield f"{name}: {link}"


def test_every_link_arrives(site: Path, pages: dict[str, Page]) -> None:
    assert sum(len(page.links) for page in pages.values()) > 1000
    assert list(dead(site, pages)) == []


def test_links_out_of_the_site_go_to_what_is_in_the_tree(pages: dict[str, Page]) -> None:
    home = yaml.safe_load((ROOT / "galaxy.yml").read_text())["repository"]
    ours = {link for page in pages.values() for link in page.links if link.startswith(home)}
    places = {link.removeprefix(home).split("/", 3)[3].split("#")[0] for link in ours}
    assert places and [place for place in places if not (ROOT / place).exists()] == []


def test_every_page_is_in_the_menu(pages: dict[str, Page]) -> None:
    start = pages["README.html"]
    written = [path.relative_to(ROOT / "docs") for path in ROOT.glob("docs/**/*.md")]
    written = [str(path.with_suffix(".html")) for path in written if path.parts[0] not in ("generated", "README.md")]
    assert len(written) > 25 and [name for name in written if name not in start.links] == []


def test_every_command_and_option_is_there(pages: dict[str, Page]) -> None:
    text = pages["reference/cli.html"].text
    for path, command in reference.commands():
        assert path.replace(" ", "-") in pages["reference/cli.html"].anchors
        for option in command.params:
            words = [] if getattr(option, "hidden", True) else [*option.opts, *option.secondary_opts]
            assert [word for word in words if word not in text] == [], path


def test_every_role_and_its_variables_are_there(pages: dict[str, Page]) -> None:
    for role in ROLES:
        page = pages[f"generated/roles/{role.name}.html"]
        specs = yaml.safe_load((role / "meta/argument_specs.yml").read_text())["argument_specs"]
        variables = {name for spec in specs.values() for name in spec.get("options", {})}
        assert [name for name in variables if name not in page.text] == [], role.name


def test_every_variable_of_the_inventory_is_there(pages: dict[str, Page]) -> None:
    """Those of `inventories/example`, which shows every one of them."""
    texts = "".join(page.text for page in pages.values())
    names = {
        name for path in ROOT.glob("inventories/example/*_vars/*.yml") for name in yaml.safe_load(path.read_text())
    }
    assert len(names) > 10 and [name for name in names if name not in texts] == []


def test_every_playbook_module_and_plugin_is_there(pages: dict[str, Page]) -> None:
    playbooks = pages["generated/playbooks.html"].text.split()
    assert [path.stem for path in ROOT.glob("playbooks/*.yml") if path.stem not in playbooks] == []
    led_to = {f"generated/{link}" for name in ("roles", "plugins") for link in pages[f"generated/{name}.html"].links}
    assert [name for name in pages if name.count("/") == 2 and name not in led_to] == []
    for path in sorted(ROOT.glob("plugins/modules/*.py")):
        assert {"options", "examples", "returns"} & pages[f"generated/module/{path.stem}.html"].anchors, path
    assert "generated/inventory/clusters.html" in pages
    assert len([name for name in pages if name.startswith("generated/filter/")]) > 10


@pytest.mark.parametrize("code", EXIT_STATUS)
def test_every_error_code_is_there(pages: dict[str, Page], code: str) -> None:
    """Its row in the table, and its section, which has something to do and names a status that is not 1 or 2."""
    assert f"{code} {EXIT_STATUS[code]} " in pages["messages.html"].text
    section = TROUBLES.get(code, "")
    assert "\n- " in section, "no remedy"
    told = re.findall(r"^Status (\d+)\.", section, re.MULTILINE)
    assert told == ([] if EXIT_STATUS[code] < 3 else [str(EXIT_STATUS[code])])


def test_no_section_is_of_a_code_that_is_gone() -> None:
    assert TROUBLES.keys() == EXIT_STATUS.keys()


def test_every_verb_of_skypilot_is_answered() -> None:
    text = (ROOT / "docs/guides/from-skypilot.md").read_text(encoding="utf-8")
    rows = [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| `")]
    told = {word for row in rows for word in re.findall(r"[a-z-]+", row)}
    assert [verb for verb in SKYPILOT.split() if verb not in told] == []
    ours = {word for path, _ in reference.commands() for word in path.split()[1:2]}
    words = set(re.findall(r"[a-z-]+", text))
    assert ours - words - {"completion"} == set()
