"""Prefixes, and log files of limited size."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stix.skylet.logfile import LogReader, LogWriter
from stix.skylet.prefix import Prefixer


@given(
    st.lists(
        st.binary(max_size=12).map(lambda raw: raw.translate(bytes(b"ab\n\r"[i % 4] for i in range(256)))), max_size=20
    )
)
def test_prefix_changes_nothing_but_the_beginnings_of_lines(chunks):
    prefixer = Prefixer(b"(p) ")
    out = b"".join(prefixer.feed(chunk) for chunk in chunks) + prefixer.flush()
    whole = b"".join(chunks)
    assert out.replace(b"(p) ", b"") == whole
    lines = out.split(b"\n")
    assert all(line.startswith(b"(p) ") for line in lines[:-1]) and (not lines[-1] or lines[-1].startswith(b"(p) "))


@pytest.mark.parametrize(
    ("chunks", "out"),
    [
        ([b"a\nb\n"], b"> a\n> b\n"),
        ([b"a", b"b\n"], b"> ab\n"),
        ([b"\r10%\r20%\n"], b"> \r> 10%\r> 20%\n"),
        ([b"a\r", b"\nb\n"], b"> a\r\n> b\n"),
        ([b"\n\n"], b"> \n> \n"),
        ([b""], b""),
    ],
)
def test_prefix_examples(chunks, out):
    prefixer = Prefixer(b"> ")
    assert b"".join(map(prefixer.feed, chunks)) + prefixer.flush() == out


def test_unfinished_line_waits_and_is_ended_only_where_others_write_too():
    alone, shared = Prefixer(b"> "), Prefixer(b"> ", shared=True)
    for prefixer in (alone, shared):
        assert prefixer.feed(b"a\nprompt? ") == b"> a\n" and prefixer.tail == b"prompt? "
    assert (alone.flush(), alone.feed(b"yes\n")) == (b"> prompt? ", b"yes\n")
    assert (shared.flush(), shared.feed(b"yes\n")) == (b"> prompt? \n", b"> yes\n")
    assert len(alone.feed(b"x" * 70000)) > 70000


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=40), st.integers(60, 150), st.integers(2, 4))
def test_reader_sees_every_byte_that_is_kept(tmp_path_factory, sizes, limit, files):
    path = str(tmp_path_factory.mktemp("log") / "run.log")
    writer, follower = LogWriter(path, limit, files), LogReader(path)
    whole, seen = b"", b""
    for number, size in enumerate(sizes):
        line = (b"%d" % number * size)[: size - 1] + b"\n"
        writer.append(line)
        whole += line
        while data := follower.read(7):
            assert follower.take_notice() == b""
            seen += data
    assert seen == whole
    kept = [name for name in os.listdir(os.path.dirname(path)) if name.startswith("run.log")]
    assert len(kept) <= files and all(
        os.path.getsize(os.path.join(os.path.dirname(path), name)) <= limit for name in kept
    )
    late, rest = LogReader(path), b""
    while data := late.read():
        rest += data
    assert late.dropped == len(whole) - len(rest) and whole.endswith(rest)
    for count in (1, 2, 5):
        late.seek_lines(count)
        tail = b""
        while data := late.read():
            tail += data
        assert tail == b"".join(rest.splitlines(keepends=True)[-count:])
    for log in (writer, follower, late):
        log.close()


def test_two_writers_rotate_one_log(tmp_path):
    path = str(tmp_path / "run.log")
    first, second = LogWriter(path, 100, 10), LogWriter(path, 100, 10)
    for number in range(20):
        (first, second)[number % 2].append(b"%02d %s\n" % (number, b"x" * 20))
    reader, text = LogReader(path), b""
    while data := reader.read():
        text += data
    assert [int(line[:2]) for line in text.splitlines()] == list(range(20))
    assert reader.end() == len(text)


def test_reader_that_falls_behind_says_what_it_missed(tmp_path):
    path = str(tmp_path / "run.log")
    writer, reader = LogWriter(path, 10, 2), LogReader(path)
    writer.append(b"12345678\n")
    assert reader.read(4) == b"1234"
    for _ in range(5):
        writer.append(b"abcdefgh\n")
    # The part it had open is still read to its end.
    assert reader.read() == b"5678\n"
    rest = b""
    while data := reader.read():
        rest += data
    assert rest == b"abcdefgh\n" * 2 and reader.dropped == 27
