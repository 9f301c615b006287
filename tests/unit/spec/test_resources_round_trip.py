"""Any candidate that can be made can be written and read back unchanged."""

from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings

from stix.model.task import Task
from stix.spec.dump import to_config
from stix.spec.load import from_config, load_text
from tests.unit.spec.strategies import CANDIDATES, HOOKS

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(CANDIDATES)
def test_config_reads_back(chosen: dict[str, Any]) -> None:
    task = Task(**chosen)
    config = to_config(task)
    assert from_config(config) == task
    assert to_config(from_config(config)) == config


@settings(QUICK, max_examples=50)
@given(CANDIDATES, HOOKS)
def test_yaml_reads_back(chosen: dict[str, Any], hooks: list[dict[str, Any]]) -> None:
    several = tuple(each.with_(config={**each.config, "hooks": hooks}) for each in chosen["resources"])
    task = Task(resources=several, resources_order=chosen["resources_order"])
    assert load_text(yaml.safe_dump(to_config(task), allow_unicode=True)) == task
