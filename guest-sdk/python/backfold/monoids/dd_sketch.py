"""DDSketch: quantiles from counts of fixed, exponentially growing buckets."""

from __future__ import annotations

import math
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ..errors import Reject
from .base import Deferred
from .varint import decoded, encoded

_LEAST = sys.float_info.min  # magnitudes below it count as zero


@lru_cache(maxsize=64)
def _density(accuracy: float) -> float:
    """Buckets for each doubling, such that none is wider than `accuracy` allows."""
    # ln((1+a)/(1-a)) = 2·(a + a³/3 + a⁵/5 + …): the widest a bucket may be, as a logarithm.
    power, width = accuracy, 0.0
    for odd in range(1, 60, 2):
        width += 2.0 * power / odd
        power *= accuracy * accuracy
    # The cubic of a bucket is nowhere flatter than 10/7 of the natural logarithm.
    return 0.7 / width


def _bucket(magnitude: float, density: float) -> int:
    """The bucket of a magnitude that is not subnormal, from its bits: the same on all machines."""
    fraction, exponent = math.frexp(magnitude)
    fraction = 2.0 * fraction - 1.0
    cubic = ((6.0 / 35.0 * fraction - 0.6) * fraction + 10.0 / 7.0) * fraction
    return math.floor((exponent - 1 + cubic) * density)


def _lower_end(at: int, density: float) -> float:
    """The least magnitude that is not in a bucket below `at`, found by bisection."""
    low, high = _bits(_LEAST), _bits(sys.float_info.max)
    while low < high:
        middle = (low + high) // 2
        if _bucket(_float(middle), density) < at:
            low = middle + 1
        else:
            high = middle
    return _float(low)


def _middle(at: int, density: float) -> float:
    """The value that is equally far, relatively, from both ends of a bucket."""
    low, high = _lower_end(at, density), _lower_end(at + 1, density)
    return low * (2.0 / (1.0 + low / high))


def _bits(value: float) -> int:
    bits: int = struct.unpack("<q", struct.pack("<d", value))[0]
    return bits


def _float(bits: int) -> float:
    value: float = struct.unpack("<d", struct.pack("<q", bits))[0]
    return value


class DdSketch(Deferred[float]):
    """Quantiles, each within `per_mille` thousandths of the true value: `p95: DdSketch = DdSketch(10)`. Inserting an
    infinity or NaN rejects the record.

    Buckets are never collapsed, so counts add up, and the state grows with the spread of the values: for 1 %, at most 35
    buckets for each doubling. Magnitudes below 2^-1022 count as zero. Least and greatest value are exact.

    The state column holds `01`, the accuracy (8 bytes); nothing more if empty. Otherwise least and greatest value (8 bytes
    each), the count of zeros, the number of negative buckets; then the buckets, the negative before the positive ones,
    either by ascending magnitude: distance from the bucket before (the first: from that of 2^-1022) and count. Floats in
    little-endian, integers in LEB128.
    """

    __slots__ = ("per_mille", "negative", "positive", "zeros", "least", "greatest")
    columns = {"": bytes}

    def __init__(self, per_mille: int = 10) -> None:
        super().__init__()
        if not 1 <= per_mille <= 200:
            raise TypeError(f"the error of a DdSketch is from 1 to 200 thousandths, not {per_mille}")
        self.per_mille = per_mille
        self.negative: Counter[int] = Counter()
        self.positive: Counter[int] = Counter()
        self.zeros = 0
        self.least, self.greatest = math.inf, -math.inf

    def fresh(self: Any) -> Any:
        return type(self)(self.per_mille)

    @property
    def _accuracy(self) -> float:
        return self.per_mille / 1000.0

    def insert(self, item: float, /) -> None:
        """Inserts a value."""
        if not math.isfinite(item):
            raise Reject("the number is not finite")
        self.pending.append(float(item))

    def absorb(self, items: list[float]) -> None:
        density = _density(self._accuracy)
        self.positive.update([_bucket(item, density) for item in items if item >= _LEAST])
        self.negative.update([_bucket(-item, density) for item in items if item <= -_LEAST])
        self.zeros += sum(-_LEAST < item < _LEAST for item in items)
        self._extend(min(items), max(items))

    def _extend(self, least: float, greatest: float) -> None:
        # Adding zero makes one of the two zeros.
        self.least = min(self.least, least) + 0.0
        self.greatest = max(self.greatest, greatest) + 0.0

    def combine(self: Any, right: Any) -> None:
        self.positive.update(right.positive)
        self.negative.update(right.negative)
        self.zeros += right.zeros
        self._extend(right.least, right.greatest)

    def count(self) -> int:
        """The number of inserted values."""
        held = self.settled()
        return sum(held.negative.values()) + held.zeros + sum(held.positive.values())

    def quantile(self, q: float) -> float | None:
        """The quantile `q`, from 0 to 1: a fraction `q` of all values is smaller. `None` before any value was inserted."""
        held, count = self.settled(), self.count()
        if not count or not 0.0 <= q <= 1.0:
            return None
        rank = min(int(q * (count - 1)), count - 1)
        if rank == 0:
            return held.least
        if rank == count - 1:
            return held.greatest
        below = 0
        for value, number in held._ascending():
            below += number
            if rank < below:
                found: float = value()
                return min(max(found, held.least), held.greatest)
        return None

    def _ascending(self) -> Iterator[tuple[Any, int]]:
        density = _density(self._accuracy)
        for at, count in sorted(self.negative.items(), reverse=True):
            yield (lambda at=at: -_middle(at, density)), count
        yield (lambda: 0.0), self.zeros
        for at, count in sorted(self.positive.items()):
            yield (lambda at=at: _middle(at, density)), count

    def save(self) -> bytes:
        head = b"\1" + struct.pack("<d", self._accuracy)
        if not self.zeros and not self.negative and not self.positive:
            return head
        parts = [head, struct.pack("<dd", self.least, self.greatest), encoded(self.zeros), encoded(len(self.negative))]
        for buckets in (self.negative, self.positive):
            previous = _bucket(_LEAST, _density(self._accuracy))
            for at, count in sorted(buckets.items()):
                parts += [encoded(at - previous), encoded(count)]
                previous = at
        return b"".join(parts)

    def load(self, *values: Any) -> None:
        (image,) = values
        self.__init__(self.per_mille)  # type: ignore[misc]
        if image[:9] != b"\1" + struct.pack("<d", self._accuracy):
            raise ValueError(f"not a DDSketch of {self.per_mille} thousandths")
        if len(image) == 9:
            return
        if len(image) < 25:
            raise ValueError("a DDSketch is cut short")
        least, greatest = struct.unpack("<dd", image[9:25])
        self.zeros, at = decoded(image, 25)
        negative, at = decoded(image, at)
        previous = start = _bucket(_LEAST, _density(self._accuracy))
        while at < len(image):
            buckets = self.negative if negative else self.positive
            distance, at = decoded(image, at)
            count, at = decoded(image, at)
            previous += distance
            buckets[previous] = count
            if negative:
                negative -= 1
                previous = previous if negative else start
        self.least, self.greatest = least, greatest
        if not self._extremes_fit() or self.save() != image:
            raise ValueError("not a DDSketch in the canonical form")

    def _extremes_fit(self) -> bool:
        """Whether the least and the greatest value are in the outermost buckets."""
        density = _density(self._accuracy)
        ends = []
        for value in (self.least, self.greatest):
            if not math.isfinite(value):
                return False
            if abs(value) < _LEAST:
                ends.append((0, 0))
            else:
                at = _bucket(abs(value), density)
                ends.append((-1, -at) if value < 0 else (1, at))
        held = [(-1, -at) for at in self.negative] + [(0, 0)] * (self.zeros > 0) + [(1, at) for at in self.positive]
        return bool(held) and min(held) == ends[0] and max(held) == ends[1] and self.least <= self.greatest
