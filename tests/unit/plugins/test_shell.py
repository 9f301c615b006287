"""The shell text that finds a Python: run by a real shell, with what a node may have."""

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils.shell import Answer, command, parse


def _run(line: str, path: str = os.environ["PATH"], before: str = "") -> bytes:
    words = ["/bin/sh", "-c", f"{before}{line}"]
    return subprocess.run(words, capture_output=True, env={"PATH": path, "HOME": "/home/x"}, input=b"in\n").stdout


def _fake(folder: Path, name: str, version: str, serves: bool) -> None:
    text = f'#!/bin/sh\ncase $1 in -SEV) echo "Python {version}" ;; *) exit {0 if serves else 1} ;; esac\n'
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def test_the_body_gets_python_home_and_input() -> None:
    answer = parse(
        _run(command("~/agent", 'echo "$H"; cat; exit_with() { return 3; }; exit_with', "@@m", None)), "@@m", "n"
    )
    assert answer is not None and answer.output == b"/home/x/agent\nin\n" and answer.status == 3


def test_noise_around_the_answer_is_cut_off() -> None:
    printed = _run(command("/h", "echo '{}'", "@@m", None), before="echo Welcome; printf '{\"a\": 1}'; ")
    answer = parse(printed + b"\nbye", "@@m", "n")
    assert answer is not None and answer.output == b"{}\n" and answer.status == 0


def test_a_body_that_did_not_end_is_no_answer() -> None:
    assert parse(b"\n@@m begin /usr/bin/python3\nhalf", "@@m", "n") is None


def test_bytes_come_through_unchanged() -> None:
    assert parse(b"\n@@m begin p\n\x00\xff\n\n\n@@m end 0\n", "@@m", "n") == Answer("p", b"\x00\xff\n\n", 0)


def test_an_old_python_is_passed_over(tmp_path: Path) -> None:
    _fake(tmp_path, "python3", "3.6.8", serves=False)
    _fake(tmp_path, "python3.11", "3.11.1", serves=True)
    answer = parse(_run(command("/h", "true", "@@m", None), f"{tmp_path}:/bin"), "@@m", "n")
    assert answer is not None and answer.python == str(tmp_path / "python3.11")


def test_what_was_found_is_named_when_nothing_serves(tmp_path: Path) -> None:
    _fake(tmp_path, "old", "3.6.8", serves=False)
    with pytest.raises(Failure) as caught:
        parse(_run(command("/h", "true", "@@m", str(tmp_path / "old"))), "@@m", "box")
    assert caught.value.code == "setup.python"
    assert caught.value.message.endswith(f"found only {tmp_path}/old: Python 3.6.8")
    with pytest.raises(Failure, match="'box': found none"):
        parse(_run(command("/h", "true", "@@m", "/no/python")), "@@m", "box")
