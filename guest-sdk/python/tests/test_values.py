"""Timestamps, dates, columns and JSON rows."""

import datetime
import random

import pytest

from backfold import Date, Timestamp
from backfold.columns import Column, read, write
from backfold.monoids.murmur import murmur3, seed_hash
from backfold.schema import Kind, Output
from backfold.testing.rows import _names, date, timestamp


def test_days_are_those_of_the_calendar() -> None:
    for ordinal in (1, 60, 719_163, 738_000, 3_652_059, 146_097, 146_098):
        day = datetime.date.fromordinal(ordinal)
        ours = Date(ordinal - 719_163)
        assert str(ours) == day.isoformat()
        assert Date.of(day.year, day.month, day.day) == ours
    for wrong in ((2026, 2, 29), (2026, 13, 1), (2026, 0, 1), (2026, 4, 31), (1900, 2, 29)):
        with pytest.raises(ValueError, match="there is no day"):
            Date.of(*wrong)


def test_an_instant_has_a_day_and_an_hour_before_1970_too() -> None:
    assert Timestamp(-1).date() == Date(-1)
    assert Timestamp(-1).truncated(3600) == -3_600_000_000
    assert Timestamp(-(1 << 63)).truncated(3600) == -(1 << 63)
    assert str(Timestamp(1_767_452_400_562_000)) == "2026-01-03T15:00:00.562000Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-01-03T15:00:00.562Z", 1_767_452_400_562_000),
        ("2026-01-03T17:00:00.5629999+02:00", 1_767_452_400_562_999),
        ("1969-12-31T23:59:59.9-00:30", 1_799_900_000),
        ("", None),
        ("2026-01-03", None),
        ("2026-01-03T15:00:00", None),
        ("2026-02-30T15:00:00Z", None),
        ("2026-01-03T15:00:61Z", None),
        ("2026-01-03T15:00:00.Z", None),
    ],
)
def test_rfc_3339(text: str, expected: int | None) -> None:
    assert timestamp(text) == expected


def test_a_date_of_text() -> None:
    assert (date("2026-01-03"), date("2026-1-3"), date("2026-02-30")) == (Date.of(2026, 1, 3), None, None)


def test_paths() -> None:
    assert _names("geo.country") == ["geo", "country"]
    assert _names(r"a\.b.c\\") == ["a.b", "c\\"]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Kind.BOOLEAN, [True, None, False, True, True, False, False, True, None, True]),
        (Kind.INT64, [(1 << 53) + 1, None, -(1 << 63), (1 << 63) - 1]),
        (Kind.FLOAT64, [0.1, None, float("inf"), -0.0]),
        (Kind.TIMESTAMP, [0, None, -1]),
        (Kind.DATE, [Date(0), None, Date(-1)]),
        (Kind.UTF8, ["", None, "é😀", "a"]),
        (Kind.UTF8, ["ascii", None, "", "alone"]),
        (Kind.BINARY, [b"", None, b"\0\xff"]),
        (Kind.JSON, ["{}", None, "null"]),
    ],
)
def test_columns_are_read_as_they_were_written(kind: Kind, values: list[object]) -> None:
    column = write(Output("x", kind, nullable=True), values)
    assert column.validity is not None
    assert read(kind, column, len(values)) == values
    dense = [value for value in values if value is not None]
    column = write(Output("x", kind), dense)
    assert column.validity is None
    assert read(kind, column, len(dense)) == dense
    with pytest.raises(TypeError, match="the column is not nullable"):
        write(Output("x", kind), values)


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Kind.INT64, 1 << 63, "9223372036854775808 does not fit into 64 bits"),
        (Kind.INT64, 1.5, "1.5 is no int64"),
        (Kind.DATE, 1 << 31, "2147483648 does not fit into 32 bits"),
        (Kind.BOOLEAN, 1, "1 is no boolean"),
        (Kind.UTF8, b"a", "b'a' is no utf8"),
        (Kind.UTF8, "\ud800", "half of a surrogate pair"),
        (Kind.BINARY, "a", "'a' is no binary"),
    ],
)
def test_a_value_of_another_kind(kind: Kind, value: object, message: str) -> None:
    with pytest.raises((TypeError, OverflowError), match=message):
        write(Output("x", kind), [value])


def test_the_layout_is_that_of_arrow() -> None:
    assert write(Output("x", Kind.UTF8, True), [None, "ab"]) == Column(
        b"ab", bytes([0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]), b"\2"
    )
    assert write(Output("x", Kind.BOOLEAN), [row % 2 == 1 for row in range(9)]).values == bytes([0b1010_1010, 0])


def _reference(item: bytes, seed: int) -> tuple[int, int]:
    """MurmurHash3_x64_128, word by word."""
    word, c1, c2 = (1 << 64) - 1, 0x87C37B91114253D5, 0x4CF5AD432745937F

    def left(k: int, by: int) -> int:
        return (k << by | k >> (64 - by)) & word

    def end(k: int) -> int:
        k = (k ^ k >> 33) * 0xFF51AFD7ED558CCD & word
        k = (k ^ k >> 33) * 0xC4CEB9FE1A85EC53 & word
        return k ^ k >> 33

    h1 = h2 = seed
    for at in range(0, len(item) // 16 * 16, 16):
        k1, k2 = int.from_bytes(item[at : at + 8], "little"), int.from_bytes(item[at + 8 : at + 16], "little")
        h1 = (left(h1 ^ left(k1 * c1 & word, 31) * c2 & word, 27) + h2) * 5 + 0x52DCE729 & word
        h2 = (left(h2 ^ left(k2 * c2 & word, 33) * c1 & word, 31) + h1) * 5 + 0x38495AB5 & word
    tail = item[len(item) // 16 * 16 :].ljust(16, b"\0")
    k1, k2 = int.from_bytes(tail[:8], "little"), int.from_bytes(tail[8:], "little")
    h1 ^= (left(k1 * c1 & word, 31) * c2 & word) ^ len(item)
    h2 ^= (left(k2 * c2 & word, 33) * c1 & word) ^ len(item)
    h1 = h1 + h2 & word
    h2 = h2 + h1 & word
    h1, h2 = end(h1), end(h2)
    h1 = h1 + h2 & word
    return h1, h2 + h1 & word


def test_many_items_hash_as_one_does() -> None:
    # A published vector, and the seed hash that every DataSketches image with the default seed bears.
    fox = b"The quick brown fox jumps over the lazy dog"
    assert murmur3([fox], 0) == ([0xE34BBC7BBC071B6C], [0x7A433CA9C49A9347])
    assert seed_hash() == 0x93CC
    source = random.Random(5)
    for number, longest in ((1, 1), (700, 60), (3000, 9), (257, 16)):
        items = [source.randbytes(source.randint(1, longest)) for _ in range(number)]
        first, second = murmur3(items)
        assert list(zip(first, second)) == [_reference(item, 9001) for item in items]
    assert murmur3([b"ab"] * 5) == tuple([word] * 5 for word in _reference(b"ab", 9001))
