"""The events of the conformance archive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

LARGE = 131_072
"""The rows of the large batch."""


def line(key: dict[str, Any], opt: dict[str, Any] | None = None, doc: str = "{}", opt_doc: str | None = None,
         **fields: Any) -> str:
    """An event as a line of JSON; `doc` and `opt_doc` stand in it as they are given."""
    event = {"type": "event", "at": "2026-01-03T12:00:00Z", "flag": True, "number": 1, "ratio": 0.5, "day": "2026-01-03",
             "text": "a", "data": "00ff", **fields, "key": key}
    head = json.dumps(event, ensure_ascii=False, separators=(",", ":"))[:-1]
    inner = json.dumps(opt or {}, ensure_ascii=False, separators=(",", ":"))[:-1]
    if opt_doc is not None:
        inner += ("," if opt else "") + '"doc":' + opt_doc
    return f'{head},"doc":{doc},"opt":{inner}}}}}'


def small() -> list[str]:
    """A few events for each behaviour that shows in the table."""
    full = {"flag": False, "number": 0, "ratio": 0.0, "moment": 0, "day": "1970-01-01", "text": "", "data": ""}
    lines = [
        # Nulls of each kind, missing and explicit, and the values that are nearest to a null.
        line({"text": "nulls"}),
        line({"text": "nulls"}, opt=dict.fromkeys(full)),
        line({"text": "zeros"}, opt=full, opt_doc="null", text="", data="", number=0, ratio=0, flag=False, doc="0"),
        line({"text": "mixed"}, opt=full, opt_doc="0", at="2026-01-03T12:00:00.000001Z"),
        line({"text": "mixed"}, at="2026-01-03T12:00:00.000002Z"),
        line({"text": "mixed"}, opt={"number": -7, "text": "later"}, at="2026-01-03T12:00:00.000003Z"),
        # A key with nulls is another than one with zeros, and each null is another.
        line({"text": ""}),
        line({"text": "", "flag": False, "number": 0, "moment": "1970-01-01T00:00:00Z", "day": "1970-01-01", "data": ""}),
        line({"text": "", "flag": False}),
        line({"text": "", "number": 0}),
        line({"text": "", "moment": "1970-01-01T00:00:00Z"}),
        line({"text": "", "day": "1970-01-01"}),
        line({"text": "", "data": ""}),
        line({"text": "full", "flag": True, "number": -(2**63), "moment": "1969-12-31T23:59:59.999999Z",
              "day": "1969-12-31", "data": "AP+A"}),
        # Integers that no float holds.
        line({"text": "integers", "number": 2**53 + 1}, number=2**53 + 1, opt={"number": 2**53 + 1}),
        line({"text": "integers", "number": 2**53}, number=2**53, opt={"number": 2**53}),
        line({"text": "extremes"}, number=2**63 - 1, opt={"number": 2**63 - 1}),
        line({"text": "extremes"}, number=-(2**63), opt={"number": -(2**63)}),
        line({"text": "exact"}, number=2**53 + 1),
        line({"text": "exact"}, number=2**53 + 1),
        # Sums cancel out on the way: exact while they are accumulated.
        line({"text": "cancels"}, number=2**63 - 1),
        line({"text": "cancels"}, number=2**63 - 1),
        line({"text": "cancels"}, number=-(2**63 - 1)),
        # Floats: signed zeros, the least and the greatest.
        line({"text": "floats"}, ratio=0.0, opt={"ratio": -0.0}),
        line({"text": "floats"}, ratio=-0.0, opt={"ratio": 0.0}),
        line({"text": "ranges"}, ratio=5e-324, opt={"ratio": -5e-324}),
        line({"text": "ranges"}, ratio=1.7976931348623157e308, opt={"ratio": 0.1}),
        line({"text": "ranges"}, ratio=-1.7976931348623157e308),
        # Text beyond ASCII; the order of UTF-8 is not that of UTF-16.
        line({"text": "žluťoučký 🐎"}, text="ﬀ", opt={"text": "ﬀ"}, doc='{"é":"\\u00e9"}', opt_doc='"日本"'),
        line({"text": "žluťoučký 🐎"}, text="😀", opt={"text": "😀"}, doc='[1.50, 2e0]', opt_doc='[ null ]'),
        line({"text": "nul\u0000led"}, text="a\u0000b", opt={"text": "\u0000", "data": "AAA="}),
        # First and last: time before order, ties by value, times before 1970.
        line({"text": "times"}, at="1969-12-31T23:59:59.999999Z", text="early", day="1969-12-31", opt={"flag": True}),
        line({"text": "times"}, at="2026-01-04T00:00:00Z", text="late", day="2026-01-04", opt={"flag": False}),
        line({"text": "times"}, at="2026-01-04T00:00:00Z", text="zz", day="2000-02-29",
             opt={"flag": True, "moment": -1, "day": "1600-02-29"}),
        line({"text": "times"}, at="1969-12-31T23:59:59.999999Z", text="dawn", flag=False),
        # Passed over: the type is another, and other values are missing.
        '{"type":"other"}',
        line({"text": "probe"}, type="probe", **{"dot.ted": "here"}),
        line({"text": "probe"}, type="probe", flag=False),
    ]
    # As many distinct texts as turn a sketch from a list to a set, and from a set to registers.
    for count in (7, 8, 24, 25, 384, 385):
        lines += [line({"text": f"distinct {count}"}, text=f"t{n}", number=n) for n in range(count)]
    return lines


def large() -> Iterator[str]:
    """One batch more than a batch of the large job: many keys, each with a few events."""
    for n in range(LARGE + 1):
        opt = {"number": n, "text": f"é{n % 7}"} if n % 3 else {}
        yield line({"text": f"k{n % 70_001}", "number": n % 2 if n % 5 else None}, opt=opt, number=n * n,
                   text=f"u{n % 11}", flag=n % 2 == 0)


def overflowing() -> list[str]:
    """Two events whose sum does not fit into 64 bits."""
    return [line({"text": "overflow"}, number=2**63 - 1), line({"text": "overflow"}, number=1)]


def provoking() -> list[str]:
    """Events among which one is to be refused by a parameter."""
    return [line({"text": "k"}, text=f"w{n % 10}", number=n) for n in range(1, 41)] + [
        line({"text": "new"}, text="poison", number=-5), line({"text": "k"}, text="poison", number=-4)]
