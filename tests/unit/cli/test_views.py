"""tests/golden/cli/<view>: data as the api gives it, and the text that a person sees.

STIX_ACCEPT=1 rewrites what is expected; read the diff.
"""

import json
import os
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from stix.cli import clusters, costs, jobs, plan_view, ssh, tools, volumes
from stix.cli.progress import Progress
from stix.model import event

NOW = 1_800_000_000
GOLDEN = Path(__file__).parents[2] / "golden" / "cli"
ACCEPT = os.environ.get("STIX_ACCEPT") == "1"
CASES = sorted(GOLDEN.glob("*/*.json"))


def printed(show: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> str:
    show()
    return capsys.readouterr().out.rstrip("\n")


def events(records: list[dict[str, Any]]) -> list[event.Event]:
    return [getattr(event, record.pop("event"))(**record) for record in records]


def told(records: list[dict[str, Any]], *, moving: bool) -> str:
    """What a launch's events print when five seconds pass between any two."""
    moments = iter(range(0, 1000, 5))
    stream = StringIO()
    progress = Progress(stream, clock=lambda: next(moments), moving=moving)
    for each in events(records):
        progress(each)
    return stream.getvalue() + f"({progress.summary()})"


def render(view: str, data: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("time.time", lambda: float(NOW))
    match view:
        case "plan":
            return plan_view.render(data)
        case "pipeline":
            return plan_view.render_pipeline(data)
        case "explanation":
            return plan_view.explanation(data)
        case "costs":
            return costs.table(data, NOW)
        case "status":
            plain, verbose = (clusters.status_table(data, verbose=wide, now=NOW) for wide in (False, True))
            return f"{plain}\n----\n{verbose}"
        case "queue":
            return printed(lambda: jobs.show_queue(data, "table"), capsys)
        case "check":
            return tools.check_table(data)
        case "run":
            return tools.describe(data, NOW)
        case "hosts":
            return printed(lambda: ssh.show_hosts(data, "table"), capsys)
        case "volumes":
            plain, verbose = (volumes.table(data, NOW, verbose=wide) for wide in (False, True))
            return f"{plain}\n----\n{verbose}"
        case "progress":
            return told(data, moving=False)
    raise AssertionError(f"no such view: {view}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.stem}")
def test_view(case: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    text = render(case.parent.name, json.loads(case.read_text()), capsys, monkeypatch) + "\n"
    expected = case.with_suffix(".txt")
    if ACCEPT:
        expected.write_text(text)
    assert text == expected.read_text()


def test_every_golden_file_is_read() -> None:
    pairs = {case.with_suffix("") for case in CASES}
    assert {file.with_suffix("") for file in GOLDEN.glob("*/*")} == pairs
    assert {file.suffix for file in GOLDEN.glob("*/*")} == {".json", ".txt"}


def test_moving_line_is_cleared_before_each_lasting_one() -> None:
    records = json.loads((GOLDEN / "progress" / "launch.json").read_text())
    text = told(records, moving=True)
    lasting = [line for line in text.split("\n")[:-1] if line]
    assert all(line.startswith("\r\x1b[K") for line in lasting)
    assert len(lasting) == 6  # four phases, a note, an attempt: starts leave no line of their own


def test_lines_name_the_cluster_where_several_are_worked_on() -> None:
    stream = StringIO()
    progress = Progress(stream, moving=False, named=True)
    progress(event.PhaseStarted(0, "stop", "dev", 2))
    progress(event.PhaseEnded(1, "stop", "dev", 1.5, True, False))
    assert [line.split() for line in stream.getvalue().splitlines()] == [
        ["dev:", "stop", "2", "nodes", "..."],
        ["+", "dev:", "stop", "2/2", "nodes", "1.5", "s"],
    ]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (None, "never"),
        ({"idle_minutes": -1, "lifetime_minutes": None}, "never"),
        ({"idle_minutes": 10, "lifetime_minutes": 60}, "stopped after 10 idle minutes, at the latest after 60 minutes"),
        ({"idle_minutes": -1, "down": True, "lifetime_minutes": 60}, "removed after 60 minutes"),
    ],
)
def test_autostop_in_words(setting: dict[str, Any] | None, words: str) -> None:
    assert plan_view.autostop(setting) == words


def test_a_table_spares_columns_for_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = json.loads((GOLDEN / "plan" / "create_on_a_cloud.json").read_text())
    whole = plan_view.render(plan)
    monkeypatch.setattr("os.get_terminal_size", lambda _: os.terminal_size((80, 24)))
    narrow = plan_view.render(plan)
    assert "PRICED" in whole and "PRICED" not in narrow and "ZONES" not in narrow
    assert all(head in narrow for head in ("INFRA", "INSTANCE", "$/HOUR", "WHY"))


def test_the_best_of_each_cloud_is_shown_before_the_second_best_of_one() -> None:
    places = [{"infra": infra, "instance": str(number)} for number, infra in enumerate(["a/x"] * 7 + ["b/y", "c"])]
    shown = plan_view.render({"action": "create", "cluster": "c", "candidates": places, "steps": []})
    lines = [line.split()[:2] for line in shown.splitlines()[2:7]]
    assert lines == [["a/x", "0"], ["a/x", "1"], ["a/x", "2"], ["b/y", "7"], ["c", "8"]]
    assert "5 of 9 places shown" in shown
