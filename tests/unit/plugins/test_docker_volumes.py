"""Volumes of containers: what is bound, whose a volume is, and that none is made by the engine without a word."""

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.stix.core.plugins.module_utils.docker_volumes import binds, require_volumes, told
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

DATA = {"name": "data", "resource": "stix-data", "target": "/data"}


class Engine:
    """Has no volume, or cannot be reached."""

    def __init__(self, status: int) -> None:
        self.status = status

    def get_json(self, path: str, *words: str) -> Any:
        error = OSError(path, *words)
        error.response = SimpleNamespace(status_code=self.status)  # type: ignore[attr-defined]
        raise error


def test_what_is_bound() -> None:
    folder = {"target": "/host", "host_path": "/srv/x", "sub_path": "a/../b", "mode": "ro"}
    assert binds([DATA, folder]) == ["stix-data:/data", "/srv/x/b:/host:ro"]


def test_a_volume_that_is_not_there_is_named() -> None:
    require_volumes(Engine(404), [{"target": "/host", "host_path": "/srv/x"}])
    with pytest.raises(Failure, match="no volume 'stix-data'") as raised:
        require_volumes(Engine(404), [DATA])
    assert raised.value.code == "provision.config"
    with pytest.raises(OSError, match="volumes"):
        require_volumes(Engine(500), [DATA])


@pytest.mark.parametrize(
    ("labels", "existing", "ours", "fault"),
    [
        (None, False, True, ""),
        (None, True, False, "no volume"),
        ({"stix.volume": "data", "stix.user": "ann"}, False, True, ""),
        ({"stix.volume": "data", "stix.user": "bob"}, False, False, "somebody else's"),
        ({}, False, False, "somebody else's"),
        ({}, True, False, ""),
    ],
)
def test_whose_a_volume_is(labels: dict[str, str] | None, existing: bool, ours: bool, fault: str) -> None:
    there = None if labels is None else {"Labels": labels}
    [found] = told([{**DATA, "existing": existing}], [there], "ann")
    assert found["ours"] is ours and found["there"] is (labels is not None)
    assert (fault in found["fault"]["message"]) if fault else found["fault"] is None
