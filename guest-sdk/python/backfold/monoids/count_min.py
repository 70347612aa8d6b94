"""Count-min sketch: counters that add up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from .base import Deferred, M
from .murmur import item_bytes, murmur3
from .varint import decoded, encoded

I = TypeVar("I")

_WORD = (1 << 64) - 1


class CountMin(Deferred[I]):
    """An upper bound for the occurrences of each value: rows of counters, with one counter of each row for a value.

    The bound is never below the true count, and exceeds it by more than `e/width · total` with a probability below
    `e^-depth`. Empty text and empty bytes are not counted. Declared with its size: `words: CountMin[str] = CountMin(2000, 5)`.

    The state column holds `01`, `depth` (a byte), `width` (4 bytes, little-endian), then each counter that is not zero, in
    the order of rows: the number of zeros since the one before, and the count (LEB128 both).
    """

    __slots__ = ("width", "depth", "counters", "type")
    columns = {"": bytes}

    def __init__(self, width: int = 2000, depth: int = 5) -> None:
        super().__init__()
        if not 1 <= width <= 1 << 24 or not 1 <= depth <= 16:
            raise TypeError(f"a CountMin has a width from 1 to 2^24 and a depth from 1 to 16, not {width} and {depth}")
        self.width, self.depth = width, depth
        self.type: Any = str
        self.counters: dict[int, int] = {}

    def of(self, type_: Any) -> None:
        """Sets the type of the values; a declaration calls this."""
        self.type = type_

    def fresh(self: M) -> M:
        new = type(self)(self.width, self.depth)  # type: ignore[attr-defined, call-arg]
        new.type = self.type  # type: ignore[attr-defined]
        return new

    def checked(self, item: I) -> I:
        if not isinstance(item, self.type):
            raise TypeError(f"a CountMin[{self.type.__name__}] takes no {item!r}")
        return item

    def _places(self, items: list[Any]) -> Iterator[list[int]]:
        """The places of each item's counters."""
        counted = [item for item in items if item != "" and item != b""]
        for h1, h2 in zip(*murmur3(item_bytes(self.type, counted))):
            yield [row * self.width + ((h1 + h2 * row & _WORD) * self.width >> 64) for row in range(self.depth)]

    def absorb(self, items: list[Any]) -> None:
        counters = self.counters
        for places in self._places(items):
            for place in places:
                counters[place] = counters.get(place, 0) + 1

    def combine(self: Any, right: Any) -> None:
        for place, count in right.counters.items():
            self.counters[place] = self.counters.get(place, 0) + count

    def estimate(self, item: I) -> int:
        """An upper bound for the occurrences of a value."""
        held = self.settled()
        counts = [min(held.counters.get(place, 0) for place in places) for places in held._places([item])]
        return counts[0] if counts else 0

    def save(self) -> bytes:
        parts = [bytes((1, self.depth)), self.width.to_bytes(4, "little")]
        following = 0
        for place, count in sorted(self.counters.items()):
            parts += [encoded(place - following), encoded(count)]
            following = place + 1
        return b"".join(parts)

    def load(self, *values: Any) -> None:
        (image,) = values
        self.pending.clear()
        self.counters = {}
        at, place = 6, -1
        while at < len(image):
            zeros, at = decoded(image, at)
            count, at = decoded(image, at)
            place += zeros + 1
            if place >= self.width * self.depth or not count:
                raise ValueError("a counter of a count-min sketch is zero or out of its rows")
            self.counters[place] = count
        if self.save() != image:
            raise ValueError(f"not a count-min sketch of {self.depth} rows of {self.width} counters")
