"""Reading files and plain data: what the golden cases, which are texts, cannot show."""

from pathlib import Path

import pytest

from stix.errors import UsageError
from stix.model.quantities import Quantity
from stix.spec.load import from_config, load_file, load_text
from stix.spec.overrides import Overrides


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(*args: object, **kwargs: object) -> UsageError:
    with pytest.raises(UsageError) as raised:
        load_file(*args, **kwargs)
    return raised.value


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x00\x01\x02\xff\xfe binary", "t.yaml: is not a text file"),
        (b"name: \x00", "t.yaml:1:7: has a NUL character: it is not a text file"),
        (b"name: caf\xe9\n", "t.yaml:1:10: byte 0xe9 is not UTF-8"),
    ],
)
def test_what_is_not_text(here: Path, content: bytes, sentence: str) -> None:
    (here / "t.yaml").write_bytes(content)
    error = refused("t.yaml")
    assert error.code == "task.invalid" and error.message == sentence


def test_missing_file(here: Path) -> None:
    assert refused("t.yaml").message == "t.yaml: there is no such file"


def test_folder(here: Path) -> None:
    assert refused(here).message == f"{here}: is a folder, not a task file"


def test_byte_order_mark_and_windows_lines(here: Path) -> None:
    (here / "t.yaml").write_bytes(b"\xef\xbb\xbfname: x\r\nrun: echo hi\r\n")
    task = load_file("t.yaml")
    assert (task.name, task.run) == ("x", "echo hi")


def test_sources_are_looked_for_in_the_current_directory(here: Path) -> None:
    (here / "sub").mkdir()
    (here / "data").mkdir()
    (here / "sub" / "t.yaml").write_text("workdir: .\nfile_mounts:\n  ~/data: ./data\n")
    assert load_file("sub/t.yaml").file_mounts == {"~/data": "./data"}


def test_missing_source_is_named_with_its_line(here: Path) -> None:
    (here / "t.yaml").write_text("envs: {D: data}\nfile_mounts:\n  ~/${D}: ./${D}\n")
    error = refused("t.yaml")
    assert error.code == "sync.source"
    assert error.message == "t.yaml:3:3: './data', which is to become '~/data', does not exist here"
    assert (error.details["line"], error.details["column"]) == (3, 3)


def test_workdir_must_be_a_folder(here: Path) -> None:
    (here / "file").touch()
    (here / "t.yaml").write_text("workdir: file\n")
    error = refused("t.yaml")
    assert (error.code, error.message) == ("sync.source", "t.yaml:1:1: workdir 'file' is not a folder here")
    assert load_file("t.yaml", check_sources=False).workdir == "file"


def test_flags_are_applied_before_sources_are_looked_for(here: Path) -> None:
    (here / "t.yaml").write_text("workdir: gone\nenvs:\n  A:\nsecrets:\n  B:\n")
    given = Overrides(workdir=".", cpus="4+", envs={"A": "1"}, secrets={"B": "2"})
    task = load_file("t.yaml", overrides=given)
    assert (task.workdir, task.resources[0].cpus) == (".", Quantity(4, or_more=True))
    assert (task.envs, dict(task.secrets)) == ({"A": "1"}, {"B": "2"})
    assert refused("t.yaml", overrides=Overrides(workdir="gone too", envs={"A": ""}, secrets={"B": ""})).message == (
        "--workdir: workdir 'gone too' is not a folder here"
    )


def test_plain_data_has_no_lines() -> None:
    with pytest.raises(UsageError) as raised:
        from_config({"resources": {"cpus": 4, "any_of": [{"infra": "local"}, {"infra": "local", "cpus": "x"}]}})
    assert raised.value.message.startswith("task: 'resources.any_of[1].cpus' must be a number")
    assert "line" not in raised.value.details


def test_nothing_is_a_task() -> None:
    assert from_config(None) == from_config({}) == load_text("")


def test_all_problems_are_in_the_details() -> None:
    with pytest.raises(UsageError) as raised:
        load_text("nmae: x\nnum_nodes: two\nservice: {a: 1}\n")
    assert [message.split(":")[1] for message in raised.value.details["also"]] == ["2", "3"]


def test_secrets_stay_out_of_reprs() -> None:
    task = load_text("secrets: {TOKEN: planted}")
    assert task.secrets["TOKEN"] == "planted"
    assert "planted" not in f"{task!r} {task} {task.secrets} {task.with_(name='x')!r}"
    assert "TOKEN" in repr(task)


def test_given_names_must_be_names() -> None:
    with pytest.raises(UsageError, match="must be named with letters"):
        load_text("run: echo", env={"a-b": "1"})


def test_data_that_holds_itself_is_refused() -> None:
    config: dict[str, object] = {}
    config["config"] = config
    with pytest.raises(UsageError, match="nested too deeply, or holds itself"):
        from_config(config)
