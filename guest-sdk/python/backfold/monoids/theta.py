"""The number of distinct values from the smallest hashes, in the serialized form of Apache DataSketches."""

from __future__ import annotations

from array import array
from typing import Any, TypeVar

from .base import Deferred, M
from .murmur import item_bytes, murmur3, seed_hash

I = TypeVar("I")

_ONE = (1 << 63) - 1  # theta of a sketch that has dropped nothing
_FLAGS, _EMPTY = 1 << 1 | 1 << 3 | 1 << 4, 1 << 2
_SEED_HASH = seed_hash()


class Theta(Deferred[I]):
    """The number of distinct values, estimated from the 2^`lg_k` smallest hashes: exact up to that number. Readers of the
    table can intersect and subtract such sketches. Empty text and empty bytes are not counted.

    Declared by its type, and by its identity for another `lg_k` than 12: `users: Theta[str] = Theta(10)`.

    The state column is a compact theta image of Apache DataSketches, then one byte: `lg_k`.
    """

    __slots__ = ("lg_k", "theta", "hashes", "type")
    columns = {"": bytes}

    def __init__(self, lg_k: int = 12) -> None:
        super().__init__()
        if not 5 <= lg_k <= 21:
            raise TypeError(f"lg_k is from 5 to 21, not {lg_k}")
        self.lg_k = lg_k
        self.type: Any = str
        self.theta = _ONE
        self.hashes: set[int] = set()

    def of(self, type_: Any) -> None:
        """Sets the type of the values; a declaration calls this."""
        self.type = type_

    def fresh(self: M) -> M:
        new = type(self)(self.lg_k)  # type: ignore[attr-defined, call-arg]
        new.type = self.type  # type: ignore[attr-defined]
        return new

    def checked(self, item: I) -> I:
        if not isinstance(item, self.type):
            raise TypeError(f"a Theta[{self.type.__name__}] takes no {item!r}")
        return item

    def absorb(self, items: list[Any]) -> None:
        counted = [item for item in items if item != "" and item != b""]
        first, _ = murmur3(item_bytes(self.type, counted))
        # Zero marks a free slot in the tables of DataSketches, which drop it too.
        self.hashes.update([h1 >> 1 for h1 in first if 0 < h1 >> 1 < self.theta])
        self._shrink()

    def _shrink(self) -> None:
        k = 1 << self.lg_k
        if len(self.hashes) > k:
            smallest = sorted(self.hashes)
            self.theta = smallest[k]
            self.hashes = set(smallest[:k])

    def combine(self: Any, right: Any) -> None:
        self.theta = min(self.theta, right.theta)
        self.hashes = {each for each in self.hashes | right.hashes if each < self.theta}
        self._shrink()

    def estimate(self) -> float:
        """The estimated number of distinct values; exact up to 2^`lg_k`."""
        held = self.settled()
        return len(held.hashes) / (held.theta / _ONE)

    def save(self) -> bytes:
        count = len(self.hashes)
        words = 3 if self.theta != _ONE else 2 if count > 1 else 1
        flags, seed = (_FLAGS, _SEED_HASH) if count else (_FLAGS | _EMPTY, 0)
        parts = [bytes((words, 3, 3, 0, 0, flags)), seed.to_bytes(2, "little")]
        if words > 1:
            parts.append(count.to_bytes(8, "little"))
        if words > 2:
            parts.append(self.theta.to_bytes(8, "little"))
        parts += [array("Q", sorted(self.hashes)).tobytes(), bytes((self.lg_k,))]
        return b"".join(parts)

    def load(self, *values: Any) -> None:
        (image,) = values
        self.pending.clear()
        words = image[0] if image else 0
        hashes = image[8 * words : -1]
        if not 1 <= words <= 3 or len(hashes) % 8:
            raise ValueError("not a theta sketch")
        self.theta = int.from_bytes(image[16:24], "little") if words == 3 else _ONE
        self.hashes = set(memoryview(hashes).cast("Q"))
        beyond = any(not 0 < each < self.theta for each in self.hashes)
        full = 1 << self.lg_k
        if beyond or len(self.hashes) > full or (self.theta != _ONE and len(self.hashes) < full):
            raise ValueError("the hashes of a theta sketch do not fit theta and lg_k")
        if self.save() != image:
            raise ValueError(f"not a theta sketch of lg_k {self.lg_k} in the canonical form")
