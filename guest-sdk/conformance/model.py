"""The conformance pipeline in plain Python, written from its definition in README.md and from no SDK.

It makes the expected tables, so that no component under test is its own judge.
"""

from __future__ import annotations

import base64
import json
import struct
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

Row = dict[str, Any]

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
KEYS = ["text", "flag", "number", "moment", "day", "data"]
HOUR = 3_600_000_000
DAY = 24 * HOUR
MASK = (1 << 64) - 1


class State:
    """The state of one key. `None` stands for a null."""

    def __init__(self) -> None:
        self.events = self.total = self.payload_bytes = 0
        self.bounds: dict[str, Any] = {}
        self.any, self.all, self.placed, self.dotted = False, True, True, False
        self.timed: dict[str, tuple[int, Any, Any]] = {}
        self.texts: set[bytes] = set()
        self.numbers: set[bytes] = set()

    def least(self, name: str, value: Any, order: Any) -> None:
        held = self.bounds.get(name)
        if held is None or order(value) < order(held):
            self.bounds[name] = value

    def greatest(self, name: str, value: Any, order: Any) -> None:
        held = self.bounds.get(name)
        if held is None or order(value) > order(held):
            self.bounds[name] = value

    def first(self, name: str, at: int, value: Any, order: Any) -> None:
        held = self.timed.get(name)
        if held is None or (at, order(value)) < held[:2]:
            self.timed[name] = (at, order(value), value)

    def last(self, name: str, at: int, value: Any, order: Any) -> None:
        held = self.timed.get(name)
        if held is None or (at, order(value)) > held[:2]:
            self.timed[name] = (at, order(value), value)


def same(value: Any) -> Any:
    """The order of a value that is its own."""
    return value


def utf8(text: str) -> bytes:
    """The order of text: that of its bytes."""
    return text.encode()


def total_order(number: float) -> int:
    """The order of a float: IEEE 754's total order."""
    (bits,) = struct.unpack("<q", struct.pack("<d", number))
    return bits if bits >= 0 else bits ^ 0x7FFF_FFFF_FFFF_FFFF


@lru_cache(maxsize=1 << 16)
def micros(text: str) -> int:
    """The microseconds of an RFC 3339 text in UTC."""
    at = datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH
    return at // timedelta(microseconds=1)


@lru_cache(maxsize=1 << 16)
def days(text: str) -> int:
    return (datetime.fromisoformat(text + "T00:00:00+00:00") - EPOCH).days


def unsigned(value: Any) -> Any:
    """A value as the host keeps it: with 0.0 in place of -0.0."""
    return 0.0 if isinstance(value, float) and value == 0 else value


@lru_cache(maxsize=1 << 16)
def show_micros(at: int | None) -> str | None:
    if at is None:
        return None
    shown = EPOCH + timedelta(microseconds=at)
    below = at % 1_000_000
    digits = "" if below == 0 else f".{below // 1000:03}" if below % 1000 == 0 else f".{below:06}"
    return f"{shown:%Y-%m-%dT%H:%M:%S}{digits}Z"


@lru_cache(maxsize=1 << 16)
def show_days(day: int | None) -> str | None:
    return None if day is None else f"{EPOCH + timedelta(days=day):%Y-%m-%d}"


def show_bytes(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def json_texts(line: str) -> tuple[str, str | None]:
    """The text of `doc` and of `opt.doc`, as it stands in the line; the events write them last in their objects."""
    _, rest = line.split('"doc":', 1)
    text, opt = rest.split(',"opt":', 1)
    opt_doc = opt.split('"doc":', 1)[1].rsplit("}}", 1)[0] if '"doc":' in opt else None
    return text, opt_doc


def fold(lines: list[str], floor: int | None = None, fail_on: str | None = None) -> tuple[list[Row], list[int]]:
    """The table of these records, and the numbers of those that are rejected or at fault."""
    states: dict[tuple[Any, ...], State] = {}
    rejected = []
    for offset, line in enumerate(lines):
        event = json.loads(line)
        if event["type"] not in ("event", "probe"):
            continue
        if (floor is not None and event["number"] < floor) or event["text"] == fail_on:
            rejected.append(offset)
            continue
        key = event["key"]
        key = (key["text"], key.get("flag"), key.get("number"),
               micros(key["moment"]) if key.get("moment") else None,
               days(key["day"]) if key.get("day") else None,
               base64.b64decode(key["data"]) if key.get("data") is not None else None)
        update(states.setdefault(key, State()), event, line, offset)
    return [show(key, state) for key, state in states.items()], rejected


def update(s: State, event: Any, line: str, offset: int) -> None:
    at, opt = micros(event["at"]), event.get("opt") or {}
    doc, opt_doc = json_texts(line)
    s.events += 1
    s.total += event["number"]
    s.payload_bytes += len(line.encode())
    s.least("least", event["number"], same)
    s.greatest("greatest", event["number"], same)
    s.least("low", float(event["ratio"]), total_order)
    s.greatest("high", float(event["ratio"]), total_order)
    s.least("earliest", at, same)
    s.greatest("latest", at, same)
    s.least("first_day", days(event["day"]), same)
    s.greatest("last_day", days(event["day"]), same)
    s.greatest("max_offset", offset, same)
    s.any = s.any or event["flag"]
    s.all = s.all and event["flag"]
    s.dotted = s.dotted or event.get("dot.ted") is not None
    s.first("first_text", at, event["text"], utf8)
    s.first("first_data", at, bytes.fromhex(event["data"]), same)
    s.first("first_doc", at, doc, utf8)
    if opt.get("flag") is not None:
        s.last("last_flag", at, opt["flag"], same)
    if opt.get("number") is not None:
        s.last("last_number", at, opt["number"], same)
    if opt.get("ratio") is not None:
        s.last("last_ratio", at, float(opt["ratio"]), total_order)
    if opt.get("moment") is not None:
        s.last("last_moment", at, opt["moment"] * 1000, same)
    if opt.get("day") is not None:
        s.last("last_date", at, days(opt["day"]), same)
    if opt.get("text") is not None:
        s.last("last_text", at, opt["text"], utf8)
    if opt.get("data") is not None:
        s.last("last_data", at, base64.b64decode(opt["data"]), same)
    if opt_doc not in (None, "null"):  # for the host, a null is a missing value
        s.last("last_doc", at, opt_doc, utf8)
    if event["text"]:
        s.texts.add(event["text"].encode())
    s.numbers.add(struct.pack("<q", event["number"]))


def show(key: tuple[Any, ...], s: State) -> Row:
    """A row of the table, in the form of `backfold test`."""
    text, flag, number, moment, day, data = key
    row: Row = {"text": text, "flag": flag, "number": number, "moment": show_micros(moment), "day": show_days(day),
                "data": show_bytes(data), "events": s.events, "total": s.total, "payload_bytes": s.payload_bytes}
    bound = s.bounds.get
    for name in ("least", "greatest", "low", "high", "max_offset"):
        row[name] = unsigned(bound(name))
    row |= {"earliest": show_micros(bound("earliest")), "latest": show_micros(bound("latest")),
            "first_day": show_days(bound("first_day")), "last_day": show_days(bound("last_day")),
            "any": s.any, "all": s.all, "placed": s.placed, "dotted": s.dotted}
    shown = {"last_moment": show_micros, "last_date": show_days, "last_data": show_bytes, "first_data": show_bytes}
    for name in ("first_text", "first_data", "first_doc", "last_flag", "last_number", "last_ratio", "last_moment",
                 "last_date", "last_text", "last_data", "last_doc"):
        at, _, value = s.timed.get(name, (None, None, None))
        row[name] = shown.get(name, unsigned)(value)
        row[name + "_at"] = show_micros(at)
    row |= {"texts": show_bytes(hll(s.texts)), "numbers": show_bytes(hll(s.numbers))}
    last_text, last_data = row["last_text"], s.timed.get("last_data", (0, 0, None))[2]
    row |= {"is_single": s.events == 1, "mean": float(s.total) / s.events,
            "hour": show_micros(bound("latest") // HOUR * HOUR), "since": show_days(bound("earliest") // DAY),
            "label": None if last_text is None else last_text + "✓",
            "reversed": show_bytes(None if last_data is None else last_data[::-1])}
    if len(s.texts) < 300:  # as long as the sketch holds coupons, its estimate is the count
        row["distinct_texts"] = len(s.texts)
    return row


def hll(items: set[bytes]) -> bytes:
    """The canonical image of a DataSketches HLL_8 sketch with lg_k 12; see guest-sdk/rust/src/sketch/hll.rs."""
    coupons = set()
    for item in items:
        h1, h2 = murmur3(item)
        coupons.add(min(64 - h2.bit_length() + 1, 63) << 26 | h1 & 0x3FF_FFFF)
    count = len(coupons)
    packed = b"".join(struct.pack("<I", coupon) for coupon in sorted(coupons))
    if count < 8:
        return bytes([2, 1, 7, 12, 3, 8 | (4 if count == 0 else 0), count, 8]) + packed
    if 4 * count <= 3 << 9:
        lg = 5
        while 4 * count > 3 << lg:
            lg += 1
        return bytes([3, 1, 7, 12, lg, 8, 0, 9]) + struct.pack("<I", count) + packed
    registers = bytearray(1 << 12)
    for coupon in coupons:
        slot = coupon & 0xFFF
        registers[slot] = max(registers[slot], coupon >> 26)
    low = sum(2.0 ** -r for r in registers if r < 32)
    high = sum(2.0 ** -r for r in registers if r >= 32)
    head = bytes([10, 1, 7, 12, 0, 16, 0, 10]) + struct.pack("<dddII", 0.0, low, high, registers.count(0), 0)
    return head + bytes(registers)


@lru_cache(maxsize=1 << 16)
def murmur3(data: bytes, seed: int = 9001) -> tuple[int, int]:
    """MurmurHash3_x64_128."""
    c1, c2 = 0x87C37B91114253D5, 0x4CF5AD432745937F

    def rotate(x: int, by: int) -> int:
        return (x << by | x >> (64 - by)) & MASK

    def mix1(k: int) -> int:
        return rotate(k * c1 & MASK, 31) * c2 & MASK

    def mix2(k: int) -> int:
        return rotate(k * c2 & MASK, 33) * c1 & MASK

    def avalanche(k: int) -> int:
        k = (k ^ k >> 33) * 0xFF51AFD7ED558CCD & MASK
        k = (k ^ k >> 33) * 0xC4CEB9FE1A85EC53 & MASK
        return k ^ k >> 33

    h1 = h2 = seed
    whole = len(data) // 16 * 16
    for at in range(0, whole, 16):
        low, high = struct.unpack_from("<QQ", data, at)
        h1 = ((rotate(h1 ^ mix1(low), 27) + h2) * 5 + 0x52DCE729) & MASK
        h2 = ((rotate(h2 ^ mix2(high), 31) + h1) * 5 + 0x38495AB5) & MASK
    low, high = struct.unpack("<QQ", data[whole:].ljust(16, b"\0"))
    h1 ^= mix1(low) ^ len(data)
    h2 ^= mix2(high) ^ len(data)
    h1 = (h1 + h2) & MASK
    h2 = (h2 + h1) & MASK
    h1, h2 = avalanche(h1), avalanche(h2)
    h1 = (h1 + h2) & MASK
    return h1, (h2 + h1) & MASK
