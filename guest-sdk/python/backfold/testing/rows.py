"""JSON rows to input columns, by the rules of `pipeline.wit`."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..columns import Batch, write
from ..schema import Condition, Descriptor, Encoding, Input, Kind, Output
from ..values import MICROSECONDS_PER_DAY, Date

_MISSING = object()
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)
_EPOCHS = {Encoding.EPOCH_SECONDS: 1_000_000, Encoding.EPOCH_MILLISECONDS: 1_000, Encoding.EPOCH_MICROSECONDS: 1}


@dataclass
class Decoded:
    """Rows as columns."""

    events: Batch
    rows: list[int]
    """Which row each event is."""
    rejections: list[tuple[int, str]]
    passed_over: int


def decode(descriptor: Descriptor, rows: Sequence[Mapping[str, Any]], first: int) -> Decoded:
    """Decodes `rows`, the first of which has the index `first`."""
    cells: list[list[Any]] = [[] for _ in descriptor.inputs]
    kept: list[int] = []
    rejections: list[tuple[int, str]] = []
    passed_over = 0
    for index, row in enumerate(rows, first):
        if not isinstance(row, Mapping):
            raise TypeError(f"row {index} is no JSON object: {row!r}")
        if not all(_is_met(condition, row) for condition in descriptor.only):
            passed_over += 1
            continue
        try:
            values = [_cell(each, row, index) for each in descriptor.inputs]
        except ValueError as error:
            rejections.append((index, str(error)))
            continue
        for column, value in zip(cells, values):
            column.append(value)
        kept.append(index)
    outputs = [Output(each.name, each.kind, each.nullable) for each in descriptor.inputs]
    columns = [write(output, values) for output, values in zip(outputs, cells)]
    return Decoded(Batch(len(kept), columns), kept, rejections, passed_over)


def _is_met(condition: Condition, row: Mapping[str, Any]) -> bool:
    value = _at(row, condition.path)
    if isinstance(value, str):
        return value in condition.any_of
    return isinstance(value, (bool, int, float, type(None))) and json.dumps(value) in condition.any_of


def _at(row: Mapping[str, Any], path: str) -> Any:
    value: Any = row
    for name in _names(path):
        if not isinstance(value, Mapping) or name not in value:
            return _MISSING
        value = value[name]
    return value


def _names(path: str) -> list[str]:
    """The names of a path: cut at dots, except where a backslash stands before one."""
    return [re.sub(r"\\(.)", r"\1", name) for name in re.findall(r"(?:\\.|[^.\\])+", path)]


def _cell(described: Input, row: Mapping[str, Any], index: int) -> Any:
    origin = described.origin
    if origin.case == "path":
        path = origin.name or ""
        value = _at(row, path)
        if described.nullable and (value is _MISSING or value is None):
            return None
        if value is _MISSING:
            raise ValueError(f"{path}: missing")
        typed = _typed(described, value)
        if typed is None:
            raise ValueError(f"{path}: {json.dumps(value)} is no {described.kind.value}")
        return typed
    elsewhere: dict[str, Any] = {
        "payload": json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode(),
        "record-time": 0,
        "source-name": "test",
        "offset": index,
    }
    return elsewhere.get(origin.case)


def _typed(described: Input, value: Any) -> Any:
    """The value in the form of its column; None if it is none of this kind."""
    kind, encoding = described.kind, described.encoding
    if kind is Kind.JSON:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if kind is Kind.BOOLEAN:
        return value if isinstance(value, bool) else None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is Kind.INT64:
        return _integer(value)
    if kind is Kind.FLOAT64:
        return float(value) if is_number and math.isfinite(value) else None
    if kind is Kind.TIMESTAMP and encoding in _EPOCHS:
        number = _integer(value)
        return None if number is None else _integer(number * _EPOCHS[encoding])
    if kind is Kind.TIMESTAMP and encoding is Encoding.EPOCH_NANOSECONDS:
        number = _integer(value)
        return None if number is None else number // 1_000
    if not isinstance(value, str):
        return None
    if kind is Kind.TIMESTAMP:
        return timestamp(value)
    if kind is Kind.DATE:
        return date(value)
    if kind is Kind.UTF8:
        return value
    try:
        if encoding is Encoding.HEX:
            return binascii.unhexlify(value)
        return base64.b64decode(value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4), validate=True)
    except ValueError:
        return None


def _integer(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and -(1 << 63) <= value < 1 << 63:
        return value
    return None


def date(text: str) -> Date | None:
    """The day that `text` names in the form `YYYY-MM-DD`; None if it names none."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        return None
    try:
        return Date.of(*map(int, text.split("-")))
    except ValueError:
        return None


def timestamp(text: str) -> int | None:
    """The instant that `text` names in the form of RFC 3339, in microseconds; None if it names none."""
    match = _RFC3339.fullmatch(text)
    day = date(match[1]) if match else None
    if match is None or day is None:
        return None
    hour, minute, second = int(match[2]), int(match[3]), int(match[4])
    zone_hour, zone_minute = int(match[7] or 0), int(match[8] or 0)
    if max(hour, zone_hour) > 23 or max(minute, second, zone_minute) > 59:
        return None
    zone = (zone_hour * 60 + zone_minute) * (-60 if match[6] == "-" else 60)
    microseconds = int((match[5] or "").ljust(6, "0")[:6])
    return day * MICROSECONDS_PER_DAY + (hour * 3600 + minute * 60 + second - zone) * 1_000_000 + microseconds
