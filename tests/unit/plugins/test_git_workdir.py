"""What git says when it fails."""

import subprocess

import pytest
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.plugin_utils.git_workdir import explained, script


def test_gits_reason_is_told_without_the_password_of_an_address():
    said = "warning: x\nfatal: unable to access 'https://ann:tok3n@git.example.org/r/': no route\nfatal: x"
    failure = explained(Failure("sync.source", "It cannot be read"), said)
    assert failure.message == "It cannot be read: unable to access 'https://git.example.org/r/': no route"


def test_other_failures_stay_as_they_are():
    assert explained(Failure("setup.python", "No Python"), "fatal: x").message == "No Python"


@pytest.mark.parametrize(
    ("address", "login", "rest"),
    [
        ("https://me:p@w#w@host/r@v1", "me:p@w#w", "https://host/r@v1"),
        ("https://token@host/r", "token", "https://host/r"),
        ("https://host/r@v1", "", "https://host/r@v1"),
        ("ssh://me@host/r", "", "ssh://me@host/r"),
    ],
)
def test_a_login_is_taken_out_of_an_address(tmp_path, address, login, rest):
    (tmp_path / "git").write_text('#!/bin/sh\nprintf "%s|%s" "$STIX_GIT_LOGIN" "$2" > "$OUT"; exit 1\n')
    (tmp_path / "git").chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "OUT": str(tmp_path / "out"), "HOME": str(tmp_path), "PY": "python3"}
    text = script("", "", "w", False)
    subprocess.run(["sh", "-c", text], input=address.encode() + b"\n", env=env, capture_output=True, check=False)
    assert (tmp_path / "out").read_text() == f"{login}|{rest}"
