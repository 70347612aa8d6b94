"""The conformance pipeline in Python."""

import os
from typing import Annotated, TypedDict

from backfold import (
    All,
    Any,
    Date,
    First,
    Hll,
    Json,
    Last,
    Max,
    Min,
    Pipeline,
    Reject,
    Sum,
    Timestamp,
    event,
    offset,
    partition,
    path,
    payload,
    record_header,
    record_key,
    record_time,
    source_name,
)


@event(only={"type": ["event", "probe"]}, time="at")
class Probe:
    at: Timestamp
    flag: bool
    number: int
    ratio: float
    day: Date
    text: str
    data: Annotated[bytes, path("data", encoding="hex")]
    doc: Json
    opt_flag: Annotated[bool | None, path("opt.flag")]
    opt_number: Annotated[int | None, path("opt.number")]
    opt_ratio: Annotated[float | None, path("opt.ratio")]
    opt_moment: Annotated[Timestamp | None, path("opt.moment", encoding="epoch-milliseconds")]
    opt_day: Annotated[Date | None, path("opt.day")]
    opt_text: Annotated[str | None, path("opt.text")]
    opt_data: Annotated[bytes | None, path("opt.data")]
    opt_doc: Annotated[Json | None, path("opt.doc")]
    key_text: Annotated[str, path("key.text")]
    key_flag: Annotated[bool | None, path("key.flag")]
    key_number: Annotated[int | None, path("key.number")]
    key_moment: Annotated[Timestamp | None, path("key.moment")]
    key_day: Annotated[Date | None, path("key.day")]
    key_data: Annotated[bytes | None, path("key.data")]
    dotted: Annotated[str | None, path(r"dot\.ted")]
    payload: Annotated[bytes, payload]
    record_key: Annotated[bytes | None, record_key]
    trace: Annotated[str | None, record_header("trace")]
    record_time: Annotated[Timestamp, record_time]
    source: Annotated[str, source_name]
    partition: Annotated[int | None, partition]
    offset: Annotated[int, offset]


class Conformance(Pipeline, name="conformance", version="0.1.0"):
    class Params:
        floor: int = -(1 << 63)
        fail_on: str = "\0"
        trap_on: str = "\0"

    class Key:
        text: str
        flag: bool | None
        number: int | None
        moment: Timestamp | None
        day: Date | None
        data: bytes | None

    class State:
        events: Sum[int]
        total: Sum[int]
        payload_bytes: Sum[int]
        least: Min[int]
        greatest: Max[int]
        low: Min[float]
        high: Max[float]
        max_offset: Max[int]
        earliest: Min[Timestamp]
        latest: Max[Timestamp]
        first_day: Min[Date]
        last_day: Max[Date]
        any: Any
        all: All
        placed: All
        dotted: Any
        first_text: First[str]
        first_data: First[bytes]
        first_doc: First[str]
        last_flag: Last[bool]
        last_number: Last[int]
        last_ratio: Last[float]
        last_moment: Last[Timestamp]
        last_date: Last[Date]
        last_text: Last[str]
        last_data: Last[bytes]
        last_doc: Last[str]
        texts: Hll[str]
        numbers: Hll[int]

    class Shown(TypedDict):
        is_single: bool
        mean: float | None
        hour: Timestamp | None
        since: Date | None
        label: str | None
        reversed: bytes | None
        distinct_texts: int

    def fold(self, e: Probe) -> None:
        s = self.at(e.key_text, e.key_flag, e.key_number, e.key_moment, e.key_day, e.key_data)
        s.events += 1
        s.total += e.number
        s.payload_bytes += len(e.payload)
        s.least.insert(e.number)
        s.greatest.insert(e.number)
        s.low.insert(e.ratio)
        s.high.insert(e.ratio)
        s.max_offset.insert(e.offset)
        s.earliest.insert(e.at)
        s.latest.insert(e.at)
        s.first_day.insert(e.day)
        s.last_day.insert(e.day)
        s.any.insert(e.flag)
        s.all.insert(e.flag)
        nowhere = e.partition is None and e.record_key is None and e.trace is None
        s.placed.insert(nowhere and e.source != "" and e.offset >= 0 and e.record_time > 0)
        s.dotted.insert(e.dotted is not None)
        s.first_text.insert(e.at, e.text)
        s.first_data.insert(e.at, e.data)
        s.first_doc.insert(e.at, e.doc)
        for last, value in (
            (s.last_flag, e.opt_flag),
            (s.last_number, e.opt_number),
            (s.last_ratio, e.opt_ratio),
            (s.last_moment, e.opt_moment),
            (s.last_date, e.opt_day),
            (s.last_text, e.opt_text),
            (s.last_data, e.opt_data),
            (s.last_doc, e.opt_doc),
        ):
            if value is not None:
                last.insert(e.at, value)
        s.texts.insert(e.text)
        s.numbers.insert(e.number)
        if e.number < self.params.floor:
            raise Reject(f"the number is below {self.params.floor}")
        if e.text == self.params.fail_on:
            raise ValueError(f"no text may be called {e.text}")
        if e.text == self.params.trap_on:
            os.abort()

    def show(self, s: State) -> Shown:
        latest, earliest, text, data = s.latest.value, s.earliest.value, s.last_text.value, s.last_data.value
        return {
            "is_single": s.events == 1,
            "mean": float(s.total) / float(s.events) if s.events else None,
            "hour": None if latest is None else latest.truncated(3600),
            "since": None if earliest is None else earliest.date(),
            "label": None if text is None else text + "✓",
            "reversed": None if data is None else data[::-1],
            "distinct_texts": round(s.texts.estimate()),
        }
