"""The exact sum of floats."""

from __future__ import annotations

import math
from typing import Any

from ..columns import Column
from ..errors import Reject
from .base import Deferred, MonoidPart

_UNIT = 1074  # the exponent of the smallest positive float
_POSITIONS = 68


class ExactSum(Deferred[float]):
    """A `Sum[float]`: the sum as an integer in units of 2^-1074, rounded once, when it is read. Zero has no sign.

    The state column holds `00` for zero. Otherwise the sign (`01` positive, `02` negative), the position of the lowest
    digit (a byte), then the magnitude's digits in base 2^32, lowest first, the first and the last not zero:
    `|sum| = Σ digit[i] · 2^(32·(position+i) - 1074)`.
    """

    __slots__ = ("total",)
    columns = {"": bytes}

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __iadd__(self, value: float) -> ExactSum:
        self.pending.append(self.checked(value))
        return self

    def checked(self, item: float) -> float:
        if not math.isfinite(item):
            raise Reject("the number is not finite")
        return float(item)

    def absorb(self, items: list[float]) -> None:
        total = 0
        for item in items:
            numerator, denominator = item.as_integer_ratio()
            total += numerator << (_UNIT + 1 - denominator.bit_length())
        self.total += total

    def combine(self: Any, right: Any) -> None:
        self.total += right.total

    @property
    def value(self) -> float:
        """The sum, rounded to the nearest float; an infinity if it is out of range."""
        total = self.settled().total
        try:
            return total / (1 << _UNIT)
        except OverflowError:
            return math.copysign(math.inf, total)

    def save(self) -> bytes:
        magnitude = abs(self.total)
        if not magnitude:
            return b"\0"
        lowest = ((magnitude & -magnitude).bit_length() - 1) // 32
        digits = magnitude >> (32 * lowest)
        length = (digits.bit_length() + 31) // 32
        return bytes((2 if self.total < 0 else 1, lowest)) + digits.to_bytes(4 * length, "little")

    def load(self, *values: Any) -> None:
        (encoded,) = values
        self.pending.clear()
        if encoded == b"\0":
            self.total = 0
            return
        digits = encoded[2:]
        if len(digits) % 4 or not digits or encoded[0] not in (1, 2) or encoded[1] + len(digits) // 4 > _POSITIONS:
            raise ValueError("not an exact sum")
        if not any(digits[:4]) or not any(digits[-4:]):
            raise ValueError("not an exact sum: its outer digits are zero")
        magnitude = int.from_bytes(digits, "little") << (32 * encoded[1])
        self.total = -magnitude if encoded[0] == 2 else magnitude


class ExactSumPart(MonoidPart):
    """A `Sum[float]`, which is shown as a number."""

    def load(self, columns: list[Column], rows: int) -> list[Any]:
        return [held.value for held in super().load(columns, rows)]
