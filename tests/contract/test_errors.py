"""Every code of an error has an exit status and words, and every code that is written anywhere is one of them."""

import ast
import pickle
import re
from pathlib import Path

import pytest

from stix.errors import EXIT_STATUS, StixError, from_record
from stix.model.event_kinds import KINDS

ROOT = Path(__file__).parents[2]
STARTS = sorted({code.partition(".")[0] for code in EXIT_STATUS if "." in code})
CODE = re.compile(rf"(?:{'|'.join(STARTS)})\.[a-z_]+")
RAISED_BY_NAME = re.compile(r"(StixError|UsageError|ProvisionError|NodeError|JobError|ClusterError|Failure|AgentError)")
PYTHON = [*sorted(ROOT.glob("stix/**/*.py")), *sorted(ROOT.glob("plugins/**/*.py"))]
YAML = [*sorted(ROOT.glob("roles/**/*.yml")), *sorted(ROOT.glob("playbooks/*.yml"))]


def raised(path: Path) -> set[str]:
    """First arguments of the errors that a file makes, where they are written out."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call) and node.args]
    made = [
        call for call in calls if RAISED_BY_NAME.fullmatch(getattr(call.func, "id", getattr(call.func, "attr", "")))
    ]
    return {str(call.args[0].value) for call in made if isinstance(call.args[0], ast.Constant)}


@pytest.mark.parametrize("code", EXIT_STATUS)
def test_errors_cross_processes(code: str) -> None:
    error = from_record({"code": code, "message": "m", "hint": "h", "details": {"a": [1]}, "retryable": True})
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and again.to_record() == error.to_record() and str(again) == "m"


def test_codes_raised_in_python_are_known() -> None:
    found = {path: raised(path) for path in PYTHON}
    assert len(set().union(*found.values())) > 15, "the search finds nothing any more"
    assert {str(path): codes - EXIT_STATUS.keys() for path, codes in found.items() if codes - EXIT_STATUS.keys()} == {}


def test_codes_in_roles_are_known() -> None:
    found = {code for path in YAML for code in re.findall(r"^\s*code: (\S+)$", path.read_text(), re.MULTILINE)}
    assert found and found <= EXIT_STATUS.keys()


def test_whatever_looks_like_a_code_is_one() -> None:
    """Also in the agent and in tables, where a code is no argument. Kinds of events are written alike."""
    texts = {
        node.value
        for path in PYTHON
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }
    files = {text for text in texts if text.partition(".")[2] in ("db", "json", "log", "sh", "yaml", "lock")}
    assert texts - EXIT_STATUS.keys() - KINDS.keys() - files == set()


def test_every_code_is_documented_with_its_exit_status() -> None:
    """`docs/reference/cli.md` lists the statuses; the family's docstring groups the codes."""
    text = (ROOT / "docs" / "reference" / "cli.md").read_text()
    rows = dict(re.findall(r"^\| (\d+) \| (.*) \|$", text, re.MULTILINE))
    missing = [code for code, status in EXIT_STATUS.items() if f"`{code}`" not in rows.get(str(status), "")]
    assert missing == []


def family(error: StixError) -> type:
    """The class below StixError; what is below that again is a name of SkyPilot's."""
    lineage = type(error).__mro__
    return lineage[max(lineage.index(StixError) - 1, 0)]


@pytest.mark.parametrize("code", sorted(EXIT_STATUS))
def test_an_error_survives_the_way_as_a_record(code: str) -> None:
    record = {"code": code, "message": "it broke", "hint": "mend it", "retryable": True, "details": {"n": 1}}
    error = from_record(record)
    assert error.to_record() == record and str(error) == "it broke"
    assert error.exit_status == EXIT_STATUS[code] and 0 < error.exit_status < 256
    alike = [other for other in EXIT_STATUS if other.split(".")[0] == code.split(".")[0]]
    assert len({family(from_record({"code": other})) for other in alike}) == 1


@pytest.mark.parametrize(
    "record",
    [{}, {"code": "no.such"}, {"code": None, "message": None, "details": ["x"]}, {"code": "x", "details": "text"}],
)
def test_nonsense_becomes_an_internal_error(record: dict) -> None:
    error = from_record(record)
    assert (error.code, error.details) == ("internal", {}) and error.message


def test_an_unknown_code_cannot_be_raised() -> None:
    with pytest.raises(ValueError, match="no.such"):
        StixError("no.such", "it broke")
