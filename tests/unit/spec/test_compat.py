"""SkyPilot's public examples: each loads as SkyPilot reads it, or is refused by the name of what does not work yet."""

import json
from pathlib import Path
from typing import Any

import pytest

from stix.errors import UsageError
from stix.model.task import Task
from stix.spec.dump import to_config
from stix.spec.load import load_text

CASES = Path(__file__).parents[4] / "shared" / "compat" / "cases"
if not CASES.is_dir():
    pytest.skip("../shared/compat is not here", allow_module_level=True)

INFERRED = ("accelerator_args", "_requires_fuse")
"""What SkyPilot works out and writes into its normal form; it sends TPUs to a cloud of its own choice, too."""


def case_names(*, accepted: bool) -> list[str]:
    return sorted(
        file.parent.name
        for file in CASES.glob("*/expected.json")
        if json.loads(file.read_text())["accepted"] is accepted
    )


def read(name: str) -> tuple[str, dict[str, Any]]:
    expected = json.loads((CASES / name / "expected.json").read_text())
    return (CASES / name / "task.yaml").read_text(), expected


def outcome(text: str, expected: dict[str, Any]) -> Task | UsageError:
    """What loading ends in, with the values that the case has from outside.

    A secret without a value gets one: SkyPilot asks for it later.
    """
    env, secrets = expected.get("env", {}), dict(expected.get("secret", {}))
    while True:
        try:
            return load_text(text, env=env, secrets=secrets)
        except UsageError as error:
            if error.code != "secrets.missing":
                return error
            secrets[error.details["key"].removeprefix("secrets.")] = "given"


def comparable(config: dict[str, Any]) -> dict[str, Any]:
    config = {key: value for key, value in config.items() if value not in (None, {}, [])}
    config.pop("secrets", None)
    resources = config.get("resources", {})
    order = next((order for order in ("any_of", "ordered") if order in resources), "")
    several = [comparable_candidate(each) for each in (resources[order] if order else [resources])]
    config["resources"] = {order: several if order == "ordered" else sorted(several, key=str)}
    return config


def comparable_candidate(candidate: dict[str, Any]) -> dict[str, Any]:
    """One spelling of accelerators, and of an image for every region."""
    candidate = {key: value for key, value in candidate.items() if key not in INFERRED and value not in (None, {}, [])}
    image = candidate.get("image_id")
    if isinstance(image, dict):
        (candidate["image_id"],) = image.values()
    if "accelerators" in candidate:
        candidate["accelerators"] = {name.lower(): count for name, count in candidate["accelerators"].items()}
        if any(name.startswith("tpu") for name in candidate["accelerators"]):
            candidate.pop("infra", None)
    return dict(sorted(candidate.items()))


@pytest.mark.parametrize("name", case_names(accepted=True))
def test_accepted_case_loads_or_is_refused_by_name(name: str) -> None:
    text, expected = read(name)
    end = outcome(text, expected)
    if isinstance(end, UsageError):
        assert "is part of SkyPilot's language, but stix cannot run it yet" in end.message
        assert "unknown" not in " ".join([end.message, *end.details.get("also", [])])
    else:
        (wanted,) = expected["tasks"]
        assert comparable(to_config(end)) == comparable(wanted)


@pytest.mark.parametrize("name", case_names(accepted=False))
def test_refused_case_is_refused(name: str) -> None:
    assert isinstance(outcome(*read(name)), UsageError)


def test_enough_cases_load() -> None:
    """Guards the test above against a reader that refuses everything."""
    ends = [outcome(*read(name)) for name in case_names(accepted=True)]
    assert len([end for end in ends if isinstance(end, Task)]) >= 40
