"""Secrets as files where jobs run in a container, and folders in memory that somebody else made first."""

import os
from pathlib import Path

import pytest

from stix.skylet import job_secrets
from stix.skylet.home import Home, write_json
from stix.skylet.job_secrets import JobSecrets, memory


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An agent's, whose machine has its memory in `shm`."""
    (tmp_path / "shm").mkdir()
    monkeypatch.setattr(job_secrets, "MEMORY", str(tmp_path / "shm"))
    found = Home(str(tmp_path / "agent"))
    os.makedirs(found.root)
    write_json(found.config, {"user_home": str(tmp_path / "user")})
    return found


def test_copies_come_and_go_as_links_do(home: Home, tmp_path: Path) -> None:
    secrets, token = JobSecrets(home), tmp_path / "user" / "token"
    secrets.place(1, {"~/token": "of-one"}, copies=True)
    assert not token.is_symlink() and token.read_text() == "of-one" and token.stat().st_mode & 0o777 == 0o600
    secrets.place(2, {"~/token": "of-two"}, copies=True)
    assert token.read_text() == "of-two"
    secrets.take_away(2)
    assert token.read_text() == "of-one"
    secrets.forget(1)
    assert not token.exists()
    token.write_text("mine")
    with pytest.raises(OSError, match="something else is there already"):
        secrets.place(3, {"~/token": "of-three"}, copies=True)
    secrets.take_away(3)
    assert token.read_text() == "mine"


def test_a_folder_that_is_not_ours_is_not_used(home: Home, tmp_path: Path) -> None:
    mine = memory(home)
    assert mine.startswith(str(tmp_path / "shm"))
    (tmp_path / "theirs").mkdir()
    os.symlink(tmp_path / "theirs", mine)
    JobSecrets(home).keep(1, {"A": "value"}, {})
    assert memory(home) == home.memory and JobSecrets(home).read(1)["variables"] == {"A": "value"}
    assert not os.listdir(tmp_path / "theirs")
    os.unlink(mine)
    os.rmdir(tmp_path / "shm")
    assert memory(home) == home.memory
