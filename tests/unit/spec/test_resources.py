"""What becomes of `resources`, by a table; `resources.yaml` says which parts of it SkyPilot agrees with."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from stix.clouds.registry import clouds
from stix.errors import UsageError
from stix.model.resources import Resources
from stix.spec.dump import to_config
from stix.spec.dump_resources import candidate_config
from stix.spec.infra import CLOUDS, read_infra
from stix.spec.load import from_config, load_text

TABLE: dict[str, list[dict[str, Any]]] = yaml.safe_load((Path(__file__).parent / "resources.yaml").read_text())


def rows(*parts: str) -> list[Any]:
    return [pytest.param(row, id=row["given"].replace("\n", " ")) for part in parts for row in TABLE[part]]


@pytest.mark.parametrize("row", rows("accepted", "ours"))
def test_normal_form(row: dict[str, Any]) -> None:
    task = load_text(row["given"])
    config = to_config(task)
    assert from_config(config) == task
    assert config.pop("num_nodes") == 1
    assert config == row["normal"]


@pytest.mark.parametrize("row", rows("refused", "refused_by_us"))
def test_refused_with_place_and_reason(row: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as raised:
        load_text(row["given"], file="t.yaml")
    error = raised.value
    assert error.message == f"t.yaml:{row['says']}"
    assert error.hint == row.get("hint", error.hint)
    place = f"{error.details['line']}:{error.details['column']}:"
    assert row["says"].startswith(place) and error.details["key"].startswith("resources")


@pytest.mark.parametrize("cloud", CLOUDS)
def test_every_cloud_is_a_place(cloud: str) -> None:
    assert read_infra(cloud.upper()) == cloud


def test_clouds_that_are_described_can_be_named() -> None:
    assert set(clouds()) <= set(CLOUDS)


def test_memory_of_an_instance_type_is_told_if_somebody_knows() -> None:
    def memory_of(cloud: str, instance_type: str) -> float | None:
        return {("aws", "m5.2xlarge"): 32.0}.get((cloud, instance_type))

    known = Resources(infra="aws", instance_type="m5.2xlarge")
    assert candidate_config(known, memory_of=memory_of)["memory"] == "32.0"
    assert "memory" not in candidate_config(known)
    assert "memory" not in candidate_config(known.with_(infra=None), memory_of=memory_of)
    assert "memory" not in candidate_config(known.with_(instance_type="m5.huge"), memory_of=memory_of)


def test_tools_secrets_stay_out_of_reprs() -> None:
    login = "{username: me, password: planted, server: ghcr.io}"
    task = load_text(f"resources: {{_docker_login_config: {login}}}")
    assert "planted" not in repr(task)
    assert to_config(task)["resources"]["_docker_login_config"]["password"] == "planted"


def test_disks_of_other_keys_take_the_place_of_those_in_resources() -> None:
    from stix.spec.candidates import read_resources
    from stix.spec.document import Document

    document = Document("t.yaml", {"resources": {"infra": "gcp"}})
    chosen = read_resources(document, volumes=[{"path": "/mnt", "name": "d"}])
    assert chosen["resources"][0].volumes[0]["storage_type"] == "network"
