"""What is made of answers that come late, or not at all: a fake of Google's session gives them."""

import json
import time
from typing import Any

import pytest
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_api import Api
from ansible_collections.stix.core.plugins.module_utils.gcp_cluster import GcpCluster
from ansible_collections.stix.core.plugins.module_utils.gcp_launch import Launch
from ansible_collections.stix.core.plugins.module_utils.gcp_request import SLACK, scheduling
from ansible_collections.stix.core.plugins.module_utils.gcp_survey import sweep

LINK = "https://www.googleapis.com/compute/v1/projects/p/zones/r-a/operations/o"
PARAMS: dict[str, Any] = {"cluster_id": "demo-1", "nodes": [], "config": {}}


class Answered:
    """An HTTP answer."""

    ok = True

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.content = json.dumps(body).encode()
        self.status_code = 200

    def json(self) -> dict[str, Any]:
        return self.body


class Session:
    """Google's session: the answers by the end of their path; every call is kept."""

    def __init__(self, **answers: dict[str, Any]) -> None:
        self.answers = answers
        self.calls: list[tuple[str, str]] = []

    def request(self, method: str, url: str, **_more: Any) -> Answered:
        self.calls.append((method, url.rpartition("/projects/p/")[2]))
        return Answered(self.answers.get(url.rpartition("/")[2], {}))


class Place:
    """Where machines go."""

    zones, lacking, kind = ("r-a", "r-b"), (), "n2-standard-2"


@pytest.mark.parametrize(
    "silent",
    [
        {"unreachables": ["projects/p/zones/r-a"]},
        {"items": {"zones/r-a": {"warning": {"code": "UNREACHABLE"}}}},
    ],
)
def test_a_zone_that_is_silent_is_not_an_empty_one(silent: dict[str, Any]) -> None:
    session = Session(instances=silent)
    with pytest.raises(Failure, match="r-a did not answer") as caught:
        GcpCluster(Api(session, "p", "r"), PARAMS)
    assert caught.value.code == "provision.transient"
    assert GcpCluster(Api(session, "p", "other"), PARAMS).alive == [], "another region's zone has none of it"


def test_what_a_sweep_could_not_see_is_left() -> None:
    session = Session(instances={"unreachables": ["projects/p/zones/r-a"]})
    things = [{"kind": "machine", "id": "1", "region": "r"}, {"kind": "machine", "id": "2", "region": "other"}]
    params = {**PARAMS, "kinds": [], "regions": [], "things": things, "private_key_file": ""}
    changed, left = sweep(Api(session, "p", ""), params, check=False)
    assert not changed and [(one["id"], one["details"]["error"]) for one in left] == [("1", "r-a did not answer")]


def launch(session: Session) -> Launch:
    made = Launch(Api(session, "p", "r", wait_seconds=0), Place(), PARAMS)
    made.api.deadline = time.monotonic() - 1
    return made


def test_an_insert_that_goes_on_is_not_known_to_have_failed() -> None:
    session = Session(bulkInsert={"status": "RUNNING", "operationType": "bulkInsert", "selfLink": LINK})
    with pytest.raises(Failure, match="was not done after") as caught:
        launch(session)._create_in("r-a", [0, 1], {})
    assert caught.value.code == "provision.unknown" and "stix down" in caught.value.hint
    assert [method for method, _ in session.calls if method == "DELETE"] == [], "nothing is removed"


class Cut(Session):
    """One whose inserts are made, and whose answers to them are lost."""

    def request(self, method: str, url: str, **more: Any) -> Answered:
        answer = super().request(method, url, **more)
        if url.endswith("bulkInsert"):
            raise ConnectionError("the connection was reset")
        return answer


def test_machines_whose_maker_was_not_heard_are_taken() -> None:
    names = ("demo-1-0", "demo-1-1")
    session = Cut(instances={"items": [{"name": name, "zone": "zones/r-a", "labels": {}} for name in names]})
    assert sorted(launch(session)._create_in("r-a", [0, 1], {})) == [0, 1]
    assert [method for method, _ in session.calls if method == "DELETE"] == []


def test_one_of_two_that_stays_alone_goes() -> None:
    """A spot machine that was taken back at once, three times, does not leave the other one behind."""
    one = {"name": "demo-1-0", "zone": "zones/r-a", "labels": {"stix-cluster-id": "demo-1"}}
    session = Session(bulkInsert={"status": "DONE"}, instances={"items": [one]}, **{"demo-1-0": one})
    made = launch(session)
    with pytest.raises(Failure, match="are not there") as caught:
        made._create_in("r-a", [0, 1], {})
    assert caught.value.details["scope"] == "zone" and made.made == []
    assert [path for method, path in session.calls if method == "DELETE"] == ["zones/r-a/instances/demo-1-0"]


def test_google_ends_a_machine_after_the_agent_could() -> None:
    left = 3600
    words = scheduling({"deadline": int(time.time()) + left, "on_shutdown": "terminate", "config": {}}, False, False)
    assert left + SLACK - 60 < int(words["maxRunDuration"]["seconds"]) <= left + SLACK
