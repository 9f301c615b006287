"""Secrets as files where jobs run in a container, and folders in memory that somebody else made first."""

import os
import shutil
from pathlib import Path

import pytest

from stix.skylet import install, job_secrets
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


@pytest.mark.parametrize("copies", [True, False])
def test_what_a_machine_that_lost_its_power_had_at_its_paths_is_taken_away(
    home: Home, tmp_path: Path, copies: bool
) -> None:
    token = tmp_path / "user" / "token"
    for job_id in (1, 2):
        JobSecrets(home).place(job_id, {"~/token": "value"}, copies=copies)
    shutil.rmtree(memory(home))
    JobSecrets(home).place(3, {"~/token": "of-three"}, copies=copies)
    assert token.read_text() == "of-three"
    shutil.rmtree(memory(home))
    JobSecrets(home).take_away_others(())
    assert not os.path.lexists(token) and not os.listdir(home.placed)


def test_a_machine_that_is_stopped_keeps_no_secret_at_a_path(home: Home, tmp_path: Path) -> None:
    secrets = JobSecrets(home)
    secrets.keep(2, {"A": "waits"}, {})
    secrets.place(1, {"~/token": "value"}, copies=True)
    install.stop(home)
    assert not os.listdir(tmp_path / "user") and secrets.read(2)["variables"] == {"A": "waits"}


def test_secrets_that_an_agent_of_before_kept_on_disk_are_carried_over(home: Home) -> None:
    for job_id in (1, 2):
        os.makedirs(home.job(job_id))
        write_json(os.path.join(home.job(job_id), "secrets.json"), {"A": f"of-{job_id}"})
    secrets = JobSecrets(home)
    secrets.carry_over({1})
    assert secrets.read(1) == {"variables": {"A": "of-1"}, "files": {}} and secrets.read(2) == {}
    assert not os.listdir(home.job(1)) and not os.listdir(home.job(2)), "no disk keeps a secret"


def test_a_secret_that_cannot_be_taken_away_now_is_later(home: Home, tmp_path: Path) -> None:
    secrets, token = JobSecrets(home), tmp_path / "user" / "token"
    secrets.place(1, {"~/token": "value"}, copies=True)
    token.unlink()
    token.mkdir()  # as good as one that may not be removed, also for root
    secrets.take_away(1)
    token.rmdir()
    token.write_text("value")
    secrets.take_away_others(())
    assert not token.exists()


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
