"""Amounts: what is read, what is refused, what meets a wish."""

import pytest

from stix.model.quantities import Quantity, parse_count, parse_disk_size, parse_memory, parse_minutes


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        (4, Quantity(4)),
        ("4", Quantity(4)),
        ("4+", Quantity(4, or_more=True)),
        (0.5, Quantity(0.5)),
        (" 0.5+ ", Quantity(0.5, or_more=True)),
        (".25", Quantity(0.25)),
        (4.0, Quantity(4)),
    ],
)
def test_count(text: str | float, quantity: Quantity) -> None:
    assert parse_count(text) == quantity


@pytest.mark.parametrize(
    "text", ["", "+", "0", "-1", "4x", "four", "4++", "1,5", "1_000", "nan", "inf", float("nan"), "9" * 400]
)
def test_no_count(text: str | float) -> None:
    with pytest.raises(ValueError, match=r"^must be a number above zero"):
        parse_count(text)


@pytest.mark.parametrize(
    ("text", "gib"),
    [
        (16, 16),
        ("16", 16),
        ("16GB", 16),
        ("16gi", 16),
        ("16 GB", 16),
        ("512MB", 0.5),
        ("1TB", 1024),
        ("1048576KB", 1),
        ("2Pi", 2**21),
    ],
)
def test_memory(text: str | float, gib: float) -> None:
    assert parse_memory(text) == Quantity(gib)
    assert parse_memory(f"{text}+") == Quantity(gib, or_more=True)


@pytest.mark.parametrize(
    "text", ["", "x", "16x+", "16+x", "0x", "16 quarts", "GB", "16g", "16bb", "0GB", "-16", "1e999"]
)
def test_no_memory(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a size"):
        parse_memory(text)


@pytest.mark.parametrize(("text", "gib"), [(256, 256), ("256", 256), ("1TB", 1024), ("1024MB", 1), ("1Ti", 1024)])
def test_disk_size(text: str | int, gib: int) -> None:
    assert parse_disk_size(text) == gib


@pytest.mark.parametrize("text", ["256+", "1.5TB", "1e3", "500MB", "0", "-1", "big"])
def test_no_disk_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a whole number of GiB"):
        parse_disk_size(text)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [(10, 10), ("10", 10), ("10m", 10), ("1H", 60), ("1.5h", 90), ("2d", 2880), ("1w", 10080), ("30s", 0.5), (0, 0)],
)
def test_minutes(text: str | int, minutes: float) -> None:
    assert parse_minutes(text) == minutes


@pytest.mark.parametrize("text", ["", "m", "-5", "10 years", "1h30m", "1e999"])
def test_no_minutes(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a duration"):
        parse_minutes(text)


def test_met_by() -> None:
    assert Quantity(4).met_by(4) and not Quantity(4).met_by(8) and not Quantity(4).met_by(2)
    assert Quantity(4, or_more=True).met_by(8) and Quantity(4, or_more=True).met_by(4)
    assert not Quantity(4, or_more=True).met_by(3.9)


def test_memory_for_each_cpu() -> None:
    wish = parse_memory("4x")
    assert wish == Quantity(4, per_cpu=True) == parse_memory("4GBx")
    assert wish.met_by(32, cpus=8) and wish.met_by(64, cpus=8) and not wish.met_by(31, cpus=8)


def test_no_memory_where_none_is_counted() -> None:
    assert parse_memory(0, zero=True) == Quantity(0)


@pytest.mark.parametrize(
    ("text", "written"),
    [(16, "16"), ("16", "16"), (16.0, "16.0"), ("16GB", "16.0"), ("16GB+", "16.0+"), ("512MB", "0.5"), ("4x", "4x")],
)
def test_memory_as_skypilot_writes_it(text: str | float, written: str) -> None:
    assert parse_memory(text).written == written
    assert parse_memory(written) == parse_memory(text)


def test_text() -> None:
    assert str(Quantity(4, per_cpu=True)) == "4x" and str(parse_memory("16GB")) == "16"
    assert [str(Quantity(4)), str(Quantity(4, or_more=True)), str(Quantity(0.5))] == ["4", "4+", "0.5"]
