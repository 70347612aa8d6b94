"""The items with the highest scores, and the smallest of the distinct values."""

from __future__ import annotations

from typing import Any, TypeVar

from ..values import Date
from .base import Deferred, M

E = TypeVar("E")


def _encoded(value: bytes) -> bytes:
    return len(value).to_bytes(4, "little") + value


def _decoded(encoded: bytes, start: int) -> tuple[bytes, int]:
    end = start + 4 + int.from_bytes(encoded[start : start + 4], "little")
    if start + 4 > len(encoded) or end > len(encoded):
        raise ValueError("cut short")
    return encoded[start + 4 : end], end


class TopK(Deferred[tuple[int, str]]):
    """The `k` items with the highest scores, each with its highest score; of equal scores the item that is first in the
    order of bytes. Declared with its number: `best: TopK = TopK(10)`.

    A score has to be final as it stands in a record (the value of an order, a latency), not a count that adds up over
    records: what remains of counts would depend on the order of merging. `CountMin` has no such flaw.

    The state column holds, best first, each item's score (8 bytes, little-endian), its length (4 bytes) and its UTF-8.
    """

    __slots__ = ("k", "scores")
    columns = {"": bytes}

    def __init__(self, k: int = 10) -> None:
        super().__init__()
        if k < 1:
            raise TypeError("a TopK holds at least one item")
        self.k = k
        self.scores: dict[str, int] = {}

    def fresh(self: Any) -> Any:
        return TopK(self.k)

    def insert(self, score: int, item: str, /) -> None:  # type: ignore[override]
        """Inserts an item with its score."""
        if not isinstance(item, str) or not isinstance(score, int):
            raise TypeError(f"a TopK takes an integer and a text, and {score!r} and {item!r} were inserted")
        self.pending.append((score, item))

    def absorb(self, items: list[tuple[int, str]]) -> None:
        scores = self.scores
        for score, item in items:
            held = scores.get(item)
            if held is None or score > held:
                scores[item] = score
        self.scores = dict(self._best())

    def _best(self) -> list[tuple[str, int]]:
        return sorted(self.scores.items(), key=lambda pair: (-pair[1], pair[0]))[: self.k]

    def combine(self: Any, right: Any) -> None:
        self.absorb([(score, item) for item, score in right.scores.items()])

    def items(self) -> list[tuple[str, int]]:
        """The items with their scores, best first."""
        return self.settled()._best()

    def save(self) -> bytes:
        return b"".join(
            score.to_bytes(8, "little", signed=True) + _encoded(item.encode()) for item, score in self._best()
        )

    def load(self, *values: Any) -> None:
        (encoded,) = values
        self.pending.clear()
        self.scores = {}
        at = 0
        while at < len(encoded):
            score = int.from_bytes(encoded[at : at + 8], "little", signed=True)
            item, at = _decoded(encoded, at + 8)
            self.scores[item.decode()] = score
        if len(self.scores) > self.k or self.save() != encoded:
            raise ValueError("not the items of the highest scores")


class Set(Deferred[E]):
    """The `most` smallest of the distinct values, and whether there were more: `tags: Set[str] = Set(100)`.

    The kept values depend on the values alone: one is left out only if `most` smaller ones were inserted, and these
    leave it out of any union as well. A bound on the first values to come would not be associative.

    The state column holds a byte that is 1 if there were more, then the values in ascending order: numbers in
    little-endian (8 bytes, 4 for a `Date`), text and bytes after their length of 4 bytes.
    """

    __slots__ = ("most", "had_more_", "held", "type")
    columns = {"": bytes}

    def __init__(self, most: int = 100) -> None:
        super().__init__()
        if most < 1:
            raise TypeError("a Set holds at least one value")
        self.most = most
        self.type: Any = str
        self.held: set[Any] = set()
        self.had_more_ = False

    def of(self, type_: Any) -> None:
        """Sets the type of the values; a declaration calls this."""
        self.type = type_

    def fresh(self: M) -> M:
        new = type(self)(self.most)  # type: ignore[attr-defined, call-arg]
        new.type = self.type  # type: ignore[attr-defined]
        return new

    def checked(self, item: E) -> E:
        if not isinstance(item, self.type):
            raise TypeError(f"a Set[{self.type.__name__}] takes no {item!r}")
        return item

    def absorb(self, items: list[E]) -> None:
        self.held.update(items)
        self._cut()

    def _cut(self) -> None:
        if len(self.held) > self.most:
            self.held = set(sorted(self.held)[: self.most])
            self.had_more_ = True

    def combine(self: Any, right: Any) -> None:
        self.held |= right.held
        self.had_more_ |= right.had_more_
        self._cut()

    def values(self) -> list[E]:
        """The smallest values, in ascending order."""
        return sorted(self.settled().held)

    def had_more(self) -> bool:
        """Whether there were more distinct values than are kept."""
        return self.settled().had_more_

    def save(self) -> bytes:
        width = 4 if self.type is Date else 8
        parts = [b"\1" if self.had_more_ else b"\0"]
        for value in sorted(self.held):
            if self.type is str:
                parts.append(_encoded(value.encode()))
            elif self.type is bytes:
                parts.append(_encoded(value))
            else:
                parts.append(value.to_bytes(width, "little", signed=True))
        return b"".join(parts)

    def load(self, *values: Any) -> None:
        (encoded,) = values
        self.pending.clear()
        self.held = set()
        self.had_more_ = encoded[:1] == b"\1"
        at = 1
        width = 4 if self.type is Date else 8
        while at < len(encoded):
            if self.type in (str, bytes):
                value, at = _decoded(encoded, at)
                self.held.add(value.decode() if self.type is str else value)
            else:
                self.held.add(self.type.from_bytes(encoded[at : at + width], "little", signed=True))
                at += width
        if len(self.held) > self.most or self.save() != encoded:
            raise ValueError("not a set")
