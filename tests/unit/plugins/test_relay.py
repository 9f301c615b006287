"""Trees that one node hands on to another, over a real connection."""

import io
import json
import os
import socket
import threading
import time

import pytest
from ansible_collections.stix.core.plugins.plugin_utils import relay as driver
from ansible_collections.stix.core.plugins.plugin_utils import trees

from stix.skylet import relay as module
from stix.skylet.errors import AgentError
from stix.skylet.home import Home, read_json
from stix.skylet.receive import manifest_of

WORD = "a word"
SIZE = 3 * 2**20


@pytest.fixture
def node(tmp_path):
    """Makes the home of an agent with a user's home beside it."""

    def make(name):
        (tmp_path / name / "agent").mkdir(parents=True)
        config = json.dumps({"user_home": str(tmp_path / name)})
        (tmp_path / name / "agent/config.json").write_text(config)
        return Home(str(tmp_path / name / "agent"))

    return make


@pytest.fixture
def tree(tmp_path):
    """A tree that the node `one` has."""
    root = tmp_path / "one" / "tree"
    (root / "a folder" / "deep").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "big").write_bytes(os.urandom(SIZE))
    (root / "a folder" / "deep" / "ü\n\udcff").write_text("odd")
    (root / "run.sh").write_text("#!/bin/sh")
    (root / "run.sh").chmod(0o750)
    (root / "link").symlink_to("nowhere")
    return root


@pytest.fixture
def giver(node):
    """Hands a folder on: `(the giver, what a taker is told)`."""
    begun = []

    def make(root, readers=2):
        identity = driver.identify()
        listing = trees.listing(trees.members(str(root)))
        order = {
            "listing": listing.decode(errors="surrogateescape"),
            "certificate": identity.certificate,
            "word": WORD,
            "address": "127.0.0.1",
            "readers": readers,
        }
        one = module.Giver(node("one") if not begun else begun[0][0].home, order, str(root))
        thread = threading.Thread(target=one.serve)
        thread.start()
        begun.append((one, thread))
        where = {"address": "127.0.0.1", "port": one.server_address[1]}
        return one, {**where, "fingerprint": identity.fingerprint, "word": WORD}

    yield make
    for one, thread in begun:
        one.readers = 0
        thread.join()
        one.server_close()


def take(home, order, root):
    found = trees.members(str(root))
    return module.take(home, order, "~/tree", trees._by_times(found))


def recorded(home):
    return read_json(manifest_of(home, "~/tree")).get("hash")


def listing(root):
    return trees.listing(trees.members(str(root)))


def contents(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_tree_arrives_as_it_is_and_later_only_what_differs(node, giver, tree, tmp_path):
    two, there = node("two"), tmp_path / "two/tree"
    _, order = giver(tree)
    assert take(two, order, tree) == {"files": 4, "bytes": SIZE + 3 + 9, "deleted": 0}
    assert listing(there) == listing(tree) and contents(there) == contents(tree)
    assert recorded(two) == trees._by_times(trees.members(str(tree)))

    (there / "of a job").write_text("kept")
    (tree / "run.sh").write_text("#!/bin/bash")
    (tree / "big").chmod(0o600)
    (tree / "link").unlink()
    _, order = giver(tree)
    assert take(two, order, tree) == {"files": 1, "bytes": 11, "deleted": 1}
    assert (there / "of a job").read_text() == "kept"
    (there / "of a job").unlink()
    assert listing(there) == listing(tree) and contents(there) == contents(tree)


def test_a_tree_that_is_one_file(node, giver, tree, tmp_path):
    two = node("two")
    _, order = giver(tree / "big")
    assert take(two, order, tree / "big")["bytes"] == SIZE
    assert (tmp_path / "two/tree").read_bytes() == (tree / "big").read_bytes()


def test_a_folder_that_became_a_link_here_is_a_folder_again(node, giver, tree, tmp_path):
    two, there = node("two"), tmp_path / "two/tree"
    there.mkdir()
    (there / "a folder").symlink_to(tree / "a folder")
    _, order = giver(tree)
    take(two, order, tree)
    assert not (there / "a folder").is_symlink() and listing(there) == listing(tree)


@pytest.mark.parametrize("wrong", [{"word": "another"}, {"fingerprint": "00"}])
def test_nothing_is_given_to_strangers_nor_taken_from_them(wrong, node, giver, tree, tmp_path):
    two = node("two")
    one, order = giver(tree)
    with pytest.raises((ValueError, EOFError, OSError)):
        take(two, {**order, **wrong}, tree)
    assert one.readers == 2 and not (tmp_path / "two/tree").exists() and recorded(two) is None


def test_another_tree_than_the_wanted_is_not_taken(node, giver, tree, tmp_path):
    _, order = giver(tree)
    (tree / "run.sh").write_text("newer")
    with pytest.raises(ValueError, match="another tree"):
        take(node("two"), order, tree)
    assert not (tmp_path / "two/tree").exists()


def test_what_a_job_changed_where_it_comes_from_does_not_spread(node, giver, tree, tmp_path):
    two, before = node("two"), trees._by_times(trees.members(str(tree)))
    _, order = giver(tree)
    (tree / "run.sh").write_text("of a job")
    with pytest.raises(EOFError):
        module.take(two, order, "~/tree", before)
    assert recorded(two) is None and not (tmp_path / "two/tree/run.sh").exists()


def test_a_cut_in_the_middle_leaves_no_tree_that_looks_whole_and_no_file_that_is_half(node, giver, tree, tmp_path):
    two, there = node("two"), tmp_path / "two/tree"
    (tree / "bigger").write_bytes(os.urandom(SIZE))
    one, order = giver(tree)
    with socket.create_server(("127.0.0.1", 0)) as door:
        cutter = threading.Thread(target=cut_after, args=(door, order["port"], SIZE + SIZE // 2))
        cutter.start()
        with pytest.raises((EOFError, OSError)):
            take(two, {**order, "port": door.getsockname()[1]}, tree)
        cutter.join()
    assert recorded(two) is None and one.readers == 2
    came = contents(there)
    assert len(came) < 4 and came.items() <= contents(tree).items()
    again = take(two, order, tree)
    assert again["files"] + len(came) == 5 and contents(there) == contents(tree)


def cut_after(door, port, size):
    """Passes a connection on until so many bytes came from the other side."""
    near, _ = door.accept()
    with near, socket.create_connection(("127.0.0.1", port)) as far:
        threading.Thread(target=pour, args=(near, far)).start()
        while size > 0 and (piece := far.recv(65536)):
            near.sendall(piece)
            size -= len(piece)
        for end in (near, far):
            end.shutdown(socket.SHUT_RDWR)


def pour(source, sink):
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
    except OSError:
        pass


def test_it_ends_when_all_took_it_and_when_the_agent_goes(node, giver, tree, tmp_path):
    one, order = giver(tree, readers=1)
    take(node("two"), order, tree)
    ended(one)
    other, _ = giver(tree)
    os.unlink(other.home.config)
    ended(other)


def ended(giver):
    deadline = time.monotonic() + 60
    thread = next(thread for thread in threading.enumerate() if getattr(thread, "_target", None) == giver.serve)
    thread.join(deadline - time.monotonic())
    assert not thread.is_alive()


def test_the_verb_leaves_a_process_that_gives_and_says_what_failed(node, tree):
    one, two = node("one"), node("two")
    identity = driver.identify()
    order = {"certificate": identity.certificate, "word": WORD, "address": "127.0.0.1", "readers": 1}
    port = module.give(one, {**order, "listing": listing(tree).decode(errors="surrogateescape")}, "~/tree")["port"]
    told = {"address": "127.0.0.1", "port": port, "fingerprint": identity.fingerprint, "word": WORD}
    assert take(two, told, tree)["bytes"] == SIZE + 12
    options = {"target": "~/tree", "hash": "times-"}
    deadline = time.monotonic() + 60
    while True:  # it ends when the last one took it
        with pytest.raises(AgentError) as failed:
            module.run(two, io.BytesIO(json.dumps(told).encode()), options)
        if "refused" in failed.value.message or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert failed.value.code == "sync.failed" and "refused" in failed.value.message


@pytest.mark.parametrize(
    ("mode", "nodes", "size", "by_times", "said"),
    [
        ("auto", 3, 128 * 2**20, True, True),
        ("auto", 16, 17 * 2**20, True, False),
        ("auto", 17, 17 * 2**20, True, True),
        ("auto", 2, 2**40, True, False),
        ("always", 2, 9 * 2**20, True, True),
        ("always", 1, 2**40, True, False),
        ("always", 64, 2**20, False, False),
        ("never", 64, 2**40, True, False),
    ],
)
def test_a_relay_is_used_where_it_saves_much(mode, nodes, size, by_times, said):
    found = trees.Content(trees.BY_TIMES + "0" if by_times else "0", [], 1, size)
    assert driver.wanted(mode, found, nodes) is said
