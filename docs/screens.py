"""What people see: real commands at a terminal of their own, drawn as assets/screens/*.svg.

`make screens` records them again, in a HOME of their own, on this machine, without network. What is told there is what
the program said; only the path of that HOME is written as /home/ann. A drawing is replaced where it says something
else, not where only its figures (times, ids, prices) have changed.
"""

import contextlib
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from html import escape, unescape
from pathlib import Path
from typing import NamedTuple

import pyte
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
SCREENS = ROOT / "docs" / "assets" / "screens"
SHOWN_HOME = "/home/ann"
COLUMNS, LINES = 148, 200
SECONDS = 120

FILES = {
    "train/train.yaml": """\
name: train
num_nodes: 2
workdir: .
resources: {cpus: 2+}
setup: echo "Python $(python3 -c 'import sys; print(sys.version_info[0])') is here"
run: |
  echo "rank $SKYPILOT_NODE_RANK of $SKYPILOT_NUM_NODES"
""",
    "train/typo.yaml": "name: train\nresources: {acelerators: H100:8}\nrun: python train.py\n",
    "train/.stix.yaml": "aws: {vpc_name: research}\n",
    ".stix/config.yaml": "policy: {max_hourly_cost: 20}\n",
}


class Screen(NamedTuple):
    """A drawing.

    Attributes:
        name: of its file.
        title: what stands above it.
        lines: what is typed at the shell.
        steady: whether it says the same on every day and needs no machine.
    """

    name: str
    title: str
    lines: tuple[str, ...]
    steady: bool = False


STORY = (
    Screen("typo", "a word that is not known", ("stix up typo.yaml",), steady=True),
    Screen("plan", "what would be done", ("cat train.yaml", "stix plan -c dev train.yaml")),
    Screen("up", "a first launch", ("stix up -c dev train.yaml",)),
    Screen("status", "what there is", ("stix status", "stix queue dev")),
    Screen("logs", "what a job said", ("stix logs dev --no-follow",)),
    Screen(
        "doctor",
        "a cluster that somebody meddled with",
        ("rm -r ~/.stix/local/dev-*/dev-1/.stix/agent", "stix doctor dev", "stix doctor dev --fix -y"),
    ),
    Screen(
        "settings",
        "where a setting is from",
        ("stix config show --origin policy", "stix config show --origin aws"),
        steady=True,
    ),
    Screen("prices", "where H100 are to be had", ("stix gpus list H100:8 | head -10",)),
)
"""In this order: each begins where the one before it ended."""
ANSWERS = {"[Y/n] ": "y\n"}


class Terminal:
    """A terminal, in which shell lines are run one after another and questions are answered."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.screen = pyte.Screen(COLUMNS, LINES)
        self.stream = pyte.Stream(self.screen)

    def run(self, line: str) -> None:
        """Types a line at the prompt and waits for its end."""
        self.stream.feed(f"\x1b[1m$ {line}\x1b[0m\r\n")
        master, slave = pty.openpty()
        words = ["setsid", "--ctty", "sh", "-c", f"stty cols {COLUMNS} rows {LINES}; {line}"]
        process = subprocess.Popen(
            words, stdin=slave, stdout=slave, stderr=slave, cwd=self.home / "train", env=environment(self.home)
        )
        os.close(slave)
        try:
            for text in self._pieces(master):
                self.stream.feed(text)
                for question, answer in ANSWERS.items():
                    if text.endswith(question):
                        os.write(master, answer.encode())
        finally:
            os.close(master)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(SECONDS)

    def _pieces(self, master: int) -> Iterator[str]:
        """What comes, with the path of HOME as it is shown; half a path waits for its other half."""
        deadline, kept, hidden = time.monotonic() + SECONDS, b"", str(self.home).encode()
        while time.monotonic() < deadline:
            if not select.select([master], [], [], 1)[0]:
                continue
            try:
                piece = os.read(master, 65536)
            except OSError:  # nobody has the other side any more
                yield kept.decode(errors="replace")
                return
            text = (kept + piece).replace(hidden, SHOWN_HOME.encode())
            half = next((size for size in range(len(hidden) - 1, 0, -1) if text.endswith(hidden[:size])), 0)
            text, kept = text[: len(text) - half], text[len(text) - half :]
            yield text.decode(errors="replace")
        raise TimeoutError(f"no end after {SECONDS} s; so far:\n{self.text()}")

    def text(self) -> str:
        """All that is on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display).strip("\n")

    def styled(self) -> Text:
        """The same, with its colours."""
        text = Text()
        for row in range(self.text().count("\n") + 1):
            line = Text()
            for column in range(COLUMNS):
                cell = self.screen.buffer[row][column]
                colour = None if cell.fg == "default" else cell.fg.replace("brown", "yellow")
                line.append(cell.data, Style(color=colour, bold=cell.bold))
            line.rstrip()
            text.append_text(line).append("\n")
        return text


def environment(home: Path) -> dict[str, str]:
    """What the commands see: as little as may be, so that they say the same everywhere."""
    programs = f"{home}/bin:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    return {
        "PATH": programs, "HOME": str(home), "USER": "ann", "LOGNAME": "ann", "TERM": "xterm", "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT), "STIX_WARM": "0",
    }  # fmt: skip


def svg(screen: Screen, terminal: Terminal) -> str:
    """The drawing; its description is its text, for those who do not see it and for the next comparison."""
    width = max(map(len, terminal.text().splitlines()))
    console = Console(record=True, width=width, file=open(os.devnull, "w"))  # noqa: SIM115 - closed with the console
    with console.file:
        console.print(terminal.styled(), end="", no_wrap=True, crop=False)
        drawn = console.export_svg(title=screen.title, theme=MONOKAI, unique_id=screen.name)
    # No font of somebody's server: who looks at a page asks nobody else.
    drawn = re.sub(r"@font-face \{.*?\}\n", "", drawn, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")
    drawn = re.sub(r"[ \t]+\n", "\n", drawn)
    described = f"<title>{escape(screen.title)}</title>\n<desc>{escape(terminal.text())}</desc>\n"
    return re.sub(r"(<svg [^>]*>\n)", lambda found: found[1] + described, drawn, count=1)


def said(path: Path) -> str:
    """The text of a drawing; empty if there is none."""
    found = re.search(r"<desc>(.*?)</desc>", path.read_text(encoding="utf-8"), re.DOTALL) if path.exists() else None
    return unescape(found[1]) if found else ""


def shape(text: str) -> str:
    """A text without what differs from run to run: figures, the room that columns need for them, who speaks first."""
    lines = [re.sub(r"[\d,.]*\d\*?", "0", line) for line in text.splitlines()]
    return "\n".join(sorted(re.sub(r"\s+", " ", line).strip() for line in lines))


@contextlib.contextmanager
def world() -> Iterator[Path]:
    """A HOME with the story's files and the command; it is removed with the cluster that is left in it."""
    home = Path(tempfile.mkdtemp(prefix="sx-", dir="/tmp"))
    command = home / "bin" / "stix"
    try:
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -m stix "$@"\n')
        command.chmod(0o755)
        for name, text in FILES.items():
            (home / name).parent.mkdir(exist_ok=True)
            (home / name).write_text(text)
        yield home
    finally:
        subprocess.run([command, "down", "-y", "--all"], env=environment(home), check=False, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


def record(screen: Screen, home: Path) -> Terminal:
    """Runs a screen's lines."""
    terminal = Terminal(home)
    for line in screen.lines:
        terminal.run(line)
    return terminal


def main() -> None:
    """Records the whole story."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    with world() as home:
        for screen in STORY:
            terminal, path = record(screen, home), SCREENS / f"{screen.name}.svg"
            if shape(terminal.text()) != shape(said(path)):
                path.write_text(svg(screen, terminal), encoding="utf-8")
                sys.stdout.write(f"{path.relative_to(ROOT)} is new\n")


if __name__ == "__main__":
    main()
