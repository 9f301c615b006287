"""What servers, proxies and lines do wrong: retried where that may help, else one sentence; what was there stays."""

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from stix.catalog import overlay, user
from stix.catalog.sources.web import SourceError, Web, lines
from stix.catalog.update import Update, keep_fresh
from stix.catalog.user import Own
from stix.errors import StixError
from tests.integration.catalog.mirror import Answer, Mirror, recorded

Updating = Callable[..., Update]
PATH = "/catalogs/v8/runpod/vms.csv"
GOOD = Answer(recorded("skypilot-runpod.csv"))
BODY = GOOD.body


@pytest.mark.parametrize(
    "first",
    [
        Answer(b"busy", 500),
        Answer(b"busy", 503),
        Answer(b"slow down", 429, {"Retry-After": "0"}),
        Answer(BODY, keep=300),
        Answer(BODY, packed=True, keep=120),
        Answer(BODY, keep=0),
        Answer(Answer(BODY, packed=True).wire()[:-30], headers={"Content-Encoding": "gzip"}),
        Answer(b"\x1f\x8bnot packed at all", headers={"Content-Encoding": "gzip"}),
    ],
    ids=["500", "503", "429", "cut", "cut-packed", "cut-at-once", "truncated-gzip", "broken-gzip"],
)
def test_a_passing_fault_is_tried_again(mirror: Mirror, updating: Updating, first: Answer) -> None:
    mirror.routes[PATH] = [first, GOOD]
    result = updating().one("runpod")
    assert result.ok and result.offers == 2, result.message
    assert len(mirror.asked) == 2


@pytest.mark.parametrize(
    ("answer", "words", "asked"),
    [
        (Answer(b"busy", 500), "the server answers 500", 3),
        (Answer(b"no", 403), "the server answers 403", 1),
        (Answer(b"", 404), "the server answers 404", 1),
        (Answer(BODY, keep=300), "the connection was cut", 3),
        (Answer(b"\n <!DOCTYPE html><title>Log in</title>"), "a web page, not prices", 1),
        (Answer(b"\x00\xff\xfe garbage \x80" * 50), "not text", 1),
        (Answer(b"a,b,c\n1,2,3\n"), "lacks the columns InstanceType", 1),
        (Answer(b""), "lacks the columns", 1),
        (Answer(BODY.splitlines(keepends=True)[0]), "no offer that can be used", 1),
        (Answer(BODY.replace(b"1.25", b"-1").replace(b",2.5", b",nan")), "3 with a senseless price", 1),
        (Answer(b"x" * (3 << 20)), "it has no lines", 1),
    ],
    ids=[
        "500",
        "403",
        "404",
        "cut",
        "login-page",
        "garbage",
        "other-csv",
        "nothing",
        "no-rows",
        "no-prices",
        "one-line",
    ],
)
def test_a_lasting_fault_is_one_sentence_and_nothing_changes(
    mirror: Mirror, updating: Updating, answer: Answer, words: str, asked: int
) -> None:
    update = updating()
    mirror.routes[PATH] = GOOD
    assert update.one("runpod").ok
    path = overlay.overlay_path(update.home, "runpod")
    before = path.read_bytes()
    mirror.routes[PATH], mirror.asked = answer, []
    result = update.one("runpod")
    assert not result.ok and words in result.message and "\n" not in result.message
    assert len(mirror.asked) == asked
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["runpod.sqlite"]


def test_an_answer_that_unpacks_without_end_is_left(mirror: Mirror) -> None:
    mirror.routes["/bomb"] = Answer(b"a\n" * (16 << 20), packed=True)
    web = Web(attempts=1, limit=4 << 20)
    with pytest.raises(SourceError, match="larger than 4 MiB"):
        web.read(f"{mirror.url}/bomb", lambda pieces: sum(1 for _ in lines(pieces)))


def test_a_huge_page_is_left(mirror: Mirror) -> None:
    mirror.routes["/page"] = Answer(b'{"Items": [' + b"0," * (2 << 20) + b"0]}", packed=True)
    with pytest.raises(SourceError, match="larger than 1 MiB"):
        Web(attempts=1).json(f"{mirror.url}/page", limit=1 << 20)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not JSON"),
        (b"[]", "another form"),
        (b'{"Items": 3}', "another form"),
        (b'{"Items": []}', "no offer"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_strange_azure_answers_are_refused(mirror: Mirror, updating: Updating, body: bytes, words: str) -> None:
    mirror.routes["/api/retail/prices"] = Answer(body)
    result = updating(source="azure").one("azure")
    assert not result.ok and words in result.message


def test_azure_pages_that_go_round_end(mirror: Mirror, updating: Updating) -> None:
    page = {"Items": [{}], "NextPageLink": "https://prices.azure.com/api/retail/prices?$skip=1"}
    mirror.routes["/api/retail/prices"] = Answer(json.dumps(page).encode())
    result = updating(source="azure").one("azure")
    assert not result.ok and "follows itself" in result.message


def test_strange_aws_answers_are_refused(mirror: Mirror, updating: Updating) -> None:
    index = "/offers/v1.0/aws/AmazonEC2/current/region_index.json"
    for body, words in ((b'{"regions": []}', "another form"), (b'{"regions": {"us-east-1": {}}}', "no offer")):
        mirror.routes[index] = Answer(body)
        result = updating(source="aws").one("aws")
        assert not result.ok and words in result.message, result.message
    mirror.routes[index] = Answer(recorded("aws-region-index.json"))
    result = updating(source="aws").one("aws")
    assert not result.ok and "404" in result.message


def test_a_server_that_stays_silent_is_given_up(mirror: Mirror) -> None:
    end = threading.Event()
    mirror.routes["/slow"] = Answer(BODY, held=end)
    try:
        with pytest.raises(SourceError, match="does not answer"):
            Web(timeout=0.2, attempts=1).read(f"{mirror.url}/slow", b"".join)
    finally:
        end.set()


def test_a_slow_answer_ends_at_its_deadline(mirror: Mirror) -> None:
    mirror.routes["/list"] = GOOD
    with pytest.raises(SourceError, match="takes too long"):
        Web(deadline=-1).read(f"{mirror.url}/list", b"".join)


def test_nobody_listening_is_one_sentence(updating: Updating) -> None:
    from stix.catalog.user import Own

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        result = updating(own=Own(addresses={"skypilot": address})).one("runpod")
    assert not result.ok and "refuses the connection" in result.message and "3 times" in result.message


def test_an_unknown_host_means_offline(updating: Updating) -> None:
    from stix.catalog.user import Own

    result = updating(own=Own(addresses={"skypilot": "http://prices.invalid"})).one("runpod")
    assert not result.ok and result.offline and "is this machine online?" in result.message


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/x", "/etc", "data:text/plain,a"])
def test_other_kinds_of_address_are_refused(updating: Updating, address: str) -> None:
    from stix.catalog.user import Own

    result = updating(own=Own(addresses={"skypilot": address})).one("runpod")
    assert not result.ok and "no http, https or file address" in result.message


def test_a_list_that_lost_most_offers_needs_force(mirror: Mirror, updating: Updating) -> None:
    mirror.routes["/catalogs/v8/aws/vms.csv"] = Answer(
        b"".join(recorded("skypilot-aws.csv").splitlines(keepends=True)[:2])
    )
    refused = updating(force=False).one("aws")
    assert not refused.ok and "only 1 offers where 3 are known" in refused.message and "--force" in refused.message
    assert updating().one("aws").ok


def test_one_failing_cloud_does_not_hinder_the_others(mirror: Mirror, updating: Updating) -> None:
    mirror.routes[PATH] = GOOD
    mirror.routes["/catalogs/v8/vast/vms.csv"] = Answer(b"", 500)
    mirror.routes["/catalogs/v8/aws/vms.csv"] = Answer(recorded("skypilot-aws.csv"))
    told: list[str] = []
    results = updating().run(["vast", "runpod", "aws"], lambda result: told.append(result.cloud))
    assert [(result.cloud, result.ok) for result in results] == [("vast", False), ("runpod", True), ("aws", True)]
    assert sorted(told) == ["aws", "runpod", "vast"]


def test_a_dry_run_counts_and_writes_nothing(mirror: Mirror, updating: Updating) -> None:
    mirror.routes[PATH] = GOOD
    update = updating(dry_run=True)
    result = update.one("runpod")
    assert (result.added, result.removed, result.changed, result.unchanged) == (2, 0, 1, 0)
    assert not overlay.overlay_path(update.home, "runpod").exists()
    wet = updating().one("runpod")
    assert (wet.added, wet.removed, wet.changed) == (2, 0, 1)
    again = updating().one("runpod")
    assert (again.added, again.removed, again.changed, again.unchanged) == (0, 0, 0, 3)


def test_two_updates_at_once_leave_one_whole_overlay(mirror: Mirror, updating: Updating) -> None:
    mirror.routes[PATH] = GOOD
    update = updating()
    results: list[bool] = []
    threads = [threading.Thread(target=lambda: results.append(update.one("runpod").ok)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 6
    folder = overlay.folder(update.home)
    assert [path.name for path in folder.iterdir()] == ["runpod.sqlite"]
    assert len(overlay.current([folder / "runpod.sqlite"], "runpod")) == 3


def test_a_folder_that_cannot_be_written_is_named(
    mirror: Mirror, updating: Updating, snapshot: Path, stix_home: Path
) -> None:
    stix_home.mkdir(exist_ok=True)
    (stix_home / "catalog").write_text("in the way")
    mirror.routes[PATH] = GOOD
    result = updating().one("runpod")
    assert not result.ok and f"{stix_home / 'catalog'} cannot be written" in result.message
    own = "catalog:\n  prices:\n  - {infra: lambda, instance_type: gpu_8x_h100_sxm5, price: 20}\n"
    (stix_home / "config.yaml").write_text(own)
    with pytest.raises(StixError, match="cannot be written") as error:
        user.load(stix_home, snapshot)
    assert "STIX_HOME" in error.value.hint


def test_what_cannot_be_kept_fresh_is_told_and_used(
    updating: Updating, snapshot: Path, stix_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stix_home.mkdir(exist_ok=True)
    (stix_home / "catalog").write_text("in the way")
    assert keep_fresh(stix_home, snapshot, Own(auto_update=("*",))) == []
    assert "old prices stay" in capsys.readouterr().err
