"""Columns in the layout of Apache Arrow: buffers to lists of values, and lists of values to buffers."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, islice, pairwise
from typing import Any

from .schema import Kind, Output
from .values import Date, Json, Timestamp


@dataclass
class Column:
    """A column's buffers, as `pipeline.wit` describes them."""

    values: bytes
    offsets: bytes | None = None
    validity: bytes | None = None


@dataclass
class Batch:
    """Columns with the same number of rows."""

    rows: int
    columns: list[Column]


# A page or a country comes again and again: its bytes are decoded once.
_KNOWN_TEXTS = 1 << 15


class _Texts(dict[bytes, str]):
    def __missing__(self, encoded: bytes) -> str:
        if len(self) >= _KNOWN_TEXTS:
            self.clear()
        text = self[encoded] = str(encoded, "utf-8")
        return text


class _Dates(dict[int, Date]):
    def __missing__(self, days: int) -> Date:
        if len(self) >= _KNOWN_TEXTS:
            self.clear()
        date = self[days] = Date(days)
        return date


_texts = _Texts()
dates = _Dates()
_BITS = [tuple(bool(byte >> bit & 1) for bit in range(8)) for byte in range(256)]
_FORMATS: dict[Kind, Any] = {Kind.INT64: "q", Kind.FLOAT64: "d", Kind.TIMESTAMP: "q", Kind.DATE: "i"}
_EMPTY: dict[Kind, Any] = {Kind.BOOLEAN: False, Kind.UTF8: "", Kind.JSON: "", Kind.BINARY: b""}


def bits(bitmap: bytes, rows: int) -> list[bool]:
    """The first `rows` bits of a bitmap, least significant bit first."""
    return list(islice(chain.from_iterable(map(_BITS.__getitem__, bitmap)), rows))


def read(kind: Kind, column: Column, rows: int) -> list[Any]:
    """The values of a column: `None` for a null, plain integers for timestamps."""
    if kind in _FORMATS:
        values: list[Any] = memoryview(column.values).cast(_FORMATS[kind]).tolist()
        if kind is Kind.DATE:
            values = list(map(dates.__getitem__, values))
    elif kind is Kind.BOOLEAN:
        values = bits(column.values, rows)
    else:
        values = _cut(kind, column.values, memoryview(column.offsets or b"").cast("I"))
        if kind is Kind.JSON:
            values = list(map(Json, values))
    if column.validity is not None:
        values = [value if valid else None for value, valid in zip(values, bits(column.validity, rows))]
    return values


def _cut(kind: Kind, values: bytes, offsets: memoryview) -> list[Any]:
    if kind is Kind.BINARY:
        return [values[start:end] for start, end in pairwise(offsets)]
    if values.isascii():
        text = str(values, "ascii")
        return [text[start:end] for start, end in pairwise(offsets)]
    known = _texts
    return [known[values[start:end]] for start, end in pairwise(offsets)]


def read_typed(kind: Kind, column: Column, rows: int) -> list[Any]:
    """The values of a column, where a timestamp is a `Timestamp`."""
    values = read(kind, column, rows)
    if kind is Kind.TIMESTAMP:
        return [None if value is None else Timestamp(value) for value in values]
    return values


def write(output: Output, values: Sequence[Any]) -> Column:
    """The column of these values.

    Raises `TypeError` or `OverflowError`, naming the value, if the column cannot hold one of them.
    """
    validity = None
    if None in values:
        if not output.nullable:
            raise TypeError("the column is not nullable, and a value is None")
        empty = _EMPTY.get(output.kind, 0)
        validity = _bitmap([value is not None for value in values])
        values = [empty if value is None else value for value in values]
    try:
        column = _written(output.kind, values)
    except (TypeError, OverflowError, UnicodeEncodeError) as error:
        raise _misfit(output.kind, values) or error from None
    column.validity = validity
    return column


def _written(kind: Kind, values: Sequence[Any]) -> Column:
    if kind in _FORMATS:
        return Column(array(_FORMATS[kind], values).tobytes())
    if kind is Kind.BOOLEAN:
        if not set(map(type, values)) <= {bool}:
            raise TypeError("not a bool")
        return Column(_bitmap(values))
    parts = values if kind is Kind.BINARY else list(map(str.encode, values))
    joined = b"".join(parts)
    return Column(joined, array("I", accumulate(map(len, parts), initial=0)).tobytes())


def _bitmap(values: Sequence[bool]) -> bytes:
    if not values:
        return b""
    digits = "".join(["1" if value else "0" for value in reversed(values)])
    return int(digits, 2).to_bytes((len(values) + 7) // 8, "little")


def _misfit(kind: Kind, values: Iterable[Any]) -> Exception | None:
    """The error that names the first value which is not of this kind."""
    for value in values:
        try:
            _written(kind, [value])
        except OverflowError:
            bytes_ = 4 if kind is Kind.DATE else 8
            return OverflowError(f"{value} does not fit into {bytes_ * 8} bits")
        except UnicodeEncodeError:
            return TypeError(f"{value!r} has half of a surrogate pair, which is no text")
        except TypeError:
            return TypeError(f"{value!r} is no {kind.value}")
    return None
