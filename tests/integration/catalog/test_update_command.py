"""`stix catalog update` and `reset` as a person runs them: over the snapshot, killed, offline, with own prices."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stix.catalog import overlay
from tests.integration.catalog.mirror import Answer, Mirror, recorded

Run = Callable[..., subprocess.CompletedProcess[str]]
PATH = "/v8/runpod/vms.csv"
GOOD = Answer(recorded("skypilot-runpod.csv"))


@pytest.fixture
def at_mirror(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    """The mirror, named by the environment, with one good list."""
    monkeypatch.setenv("STIX_CATALOG_SKYPILOT_URL", f"{mirror.url}/v8")
    mirror.routes[PATH] = GOOD
    return mirror


def offers(run_stix: Run, *words: str) -> list[dict[str, object]]:
    listed = run_stix("catalog", "list", *words, "--all", "-o", "json")
    assert listed.returncode == 0, listed.stderr
    found: list[dict[str, object]] = json.loads(listed.stdout)
    return found


def test_an_update_is_used_and_a_reset_takes_it_back(at_mirror: Mirror, run_stix: Run, stix_home: Path) -> None:
    before = offers(run_stix, "runpod")
    refused = run_stix("catalog", "update", "runpod")
    assert refused.returncode == 1 and "--force takes it" in refused.stderr and "stay in use" in refused.stderr
    dry = run_stix("catalog", "update", "runpod", "--force", "--dry-run", "-o", "json")
    assert dry.returncode == 0 and json.loads(dry.stdout)[0]["changed"] > 0, dry.stderr
    assert offers(run_stix, "runpod") == before
    done = run_stix("catalog", "update", "RunPod", "--force", "-o", "json")
    (result,) = json.loads(done.stdout)
    assert (result["ok"], result["source"], result["offers"]) == (True, "skypilot", 2)
    assert result["removed"] > 0
    assert "+ runpod: 2 offers from skypilot" in done.stderr
    after = offers(run_stix, "runpod")
    assert 0 < len(after) < len(before) and time.strftime("%Y-%m-%d") in json.dumps(after)
    assert offers(run_stix, "lambda"), "other clouds are as they were"
    reset = run_stix("catalog", "reset", "-o", "json")
    assert json.loads(reset.stdout) == {"removed": ["runpod"]}
    assert offers(run_stix, "runpod") == before


def test_one_failure_is_told_and_the_rest_is_written(at_mirror: Mirror, run_stix: Run, stix_home: Path) -> None:
    done = run_stix("catalog", "update", "runpod", "vast", "--force", "--attempts", "1")
    assert done.returncode == 1
    assert "x vast: the server answers 404" in done.stderr and "+ runpod" in done.stderr
    assert "the prices of vast that were here before stay in use" in done.stderr
    assert overlay.clouds_with_overlay(stix_home) == ["runpod"]


def test_offline_is_one_clear_sentence(run_stix: Run) -> None:
    env = {"STIX_CATALOG_SKYPILOT_URL": "http://prices.invalid"}
    done = run_stix("catalog", "update", "runpod", env=env)
    assert done.returncode == 1 and "is this machine online?" in done.stderr
    assert "nothing could be reached: the prices of runpod that are here stay in use" in done.stderr
    assert offers(run_stix, "runpod")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["runpd"], "did you mean runpod?"),
        (["aws", "--source", "skpilot"], "sources: skypilot, aws, azure, gpuhunt"),
        (["runpod", "--source", "azure"], "it is listed by skypilot"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_fetched(
    at_mirror: Mirror, run_stix: Run, words: list[str], told: str
) -> None:
    done = run_stix("catalog", "update", *words)
    assert done.returncode == 2 and told in done.stderr and not at_mirror.asked


@contextmanager
def held_update(mirror: Mirror) -> Iterator[subprocess.Popen[str]]:
    """An update that is in the middle of a list."""
    end = threading.Event()
    mirror.routes[PATH] = Answer(GOOD.body, held=end)
    command = [sys.executable, "-m", "stix", "catalog", "update", "runpod", "--force", "--timeout", "2"]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(command, env=env, text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert mirror.reached.wait(30)
            yield process
        finally:
            end.set()
            process.kill()


def test_a_killed_update_leaves_the_earlier_prices(at_mirror: Mirror, run_stix: Run, stix_home: Path) -> None:
    assert run_stix("catalog", "update", "runpod", "--force").returncode == 0
    path = overlay.overlay_path(stix_home, "runpod")
    before = path.read_bytes()
    with held_update(at_mirror) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert path.read_bytes() == before
    assert len(offers(run_stix, "runpod")) > 0
    at_mirror.routes[PATH] = GOOD
    assert run_stix("catalog", "update", "runpod").returncode == 0


def test_an_interrupted_update_ends_soon(at_mirror: Mirror, stix_home: Path) -> None:
    with held_update(at_mirror) as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert not overlay.overlay_path(stix_home, "runpod").exists()


def test_drafts_of_killed_updates_are_removed_later(at_mirror: Mirror, run_stix: Run, stix_home: Path) -> None:
    folder = overlay.folder(stix_home)
    folder.mkdir(parents=True)
    old, fresh = folder / ".runpod.sqlite-dead", folder / ".vast.sqlite-alive"
    for draft in (old, fresh):
        draft.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    assert run_stix("catalog", "update", "runpod", "--force").returncode == 0
    assert not old.exists() and fresh.exists()


def test_a_damaged_overlay_is_passed_over_and_replaced(at_mirror: Mirror, run_stix: Run, stix_home: Path) -> None:
    before = offers(run_stix, "runpod")
    path = overlay.overlay_path(stix_home, "runpod")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"SQLite format 3\x00 and then nothing of use")
    assert offers(run_stix, "runpod") == before
    assert run_stix("catalog", "update", "runpod", "--force").returncode == 0
    assert len(offers(run_stix, "runpod")) < len(before)


def test_own_prices_win_over_an_update(at_mirror: Mirror, run_stix: Run, stix_home: Path) -> None:
    assert run_stix("catalog", "update", "runpod", "--force").returncode == 0
    (stix_home / "config.yaml").write_text(
        "catalog:\n  prices:\n  - {infra: runpod/US, instance_type: 2x_A100-80GB_SECURE, price: 0.01}\n"
    )
    (own,) = [each for each in offers(run_stix, "runpod") if each["instance_type"] == "2x_A100-80GB_SECURE"]
    assert own["price"] == 0.01
    (stix_home / "config.yaml").write_text(
        "catalog:\n  prices:\n  - {infra: runpod/US, instance_type: 2x_A100-80GB_SECRE, price: 0.01}\n"
    )
    wrong = run_stix("catalog", "list", "runpod")
    assert wrong.returncode == 2 and "config.yaml:3:" in wrong.stderr and "2x_A100-80GB_SECURE" in wrong.stderr


def test_prices_are_kept_fresh_only_where_the_config_asks(at_mirror: Mirror, run_stix: Run, stix_home: Path) -> None:
    stix_home.mkdir(parents=True)
    assert run_stix("catalog", "list", "runpod").returncode == 0 and not at_mirror.asked
    (stix_home / "config.yaml").write_text("catalog: {auto_update: [runpod], max_age_days: 0.5}\n")
    first = run_stix("catalog", "list", "runpod")
    assert first.returncode == 0 and "updating prices older than 0.5 days: runpod" in first.stderr
    assert "only 2 offers" in first.stderr and len(at_mirror.asked) == 1
    second = run_stix("catalog", "list", "runpod")
    assert "updating" not in second.stderr and len(at_mirror.asked) == 1, "a failure is not tried again the same day"
