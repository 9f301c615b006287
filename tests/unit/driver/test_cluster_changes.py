"""What a cluster's record becomes after a look and after a new autostop."""

import pytest

from stix.driver.lifecycle import changed_autostop
from stix.driver.machines import with_report

NOW = {"idle_minutes": 10, "down": True, "wait_for": "jobs", "lifetime_minutes": 90}


def wish(idle: float | None, *, down: bool = False, wait_for: str | None = None, lifetime: float | None = None) -> dict:
    return {"idle_minutes": idle, "down": down, "wait_for": wait_for, "lifetime_minutes": lifetime}


@pytest.mark.parametrize(
    ("now", "asked", "found"),
    [
        ({}, wish(5), (5, False, "jobs_and_ssh", None)),
        ({}, wish(None, lifetime=60), (-1, False, "jobs_and_ssh", 60)),
        (NOW, wish(20, down=True), (20, True, "jobs", 90)),
        (NOW, wish(20), (20, False, "jobs", 90)),
        (NOW, wish(None, lifetime=30), (10, True, "jobs", 30)),
        (NOW, wish(-1), (-1, False, "jobs", None)),
    ],
)
def test_what_is_not_named_stays(now: dict, asked: dict, found: tuple) -> None:
    setting = changed_autostop(now, asked)
    assert tuple(setting[key] for key in ("idle_minutes", "down", "wait_for", "lifetime_minutes")) == found


def test_probed_hardware_wins_over_the_wish_that_a_cloud_repeats() -> None:
    known = {"id": "h1", "state": "stopped", "cpus": 64, "memory": 512, "gpus": [{"name": "H100"}]}
    seen = with_report(known, {"id": "h1", "state": "running", "cpus": 1, "memory": None, "gpus": []})
    assert seen == known | {"state": "running"}
    assert with_report(known, {"id": "h2", "cpus": 8})["cpus"] == 8
