"""Sums, extremes, and whether any or all values were true."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from operator import add
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..columns import Column, read
from ..errors import Refused
from ..schema import Output
from .base import M, Monoid, Part

N = TypeVar("N", int, float)
T = TypeVar("T")


class Sum(Generic[N]):
    """A sum: `s.views += 1`. Reads as a number.

    A `Sum[int]` never wraps: if a kept sum leaves 64 bits, the build fails. It always fails if the sum of all numbers is
    out of range, and never if the sum of their absolute values is within the range. A `Sum[float]` is exact: it is
    rounded once, when it is shown. Adding an infinity or NaN to it rejects the record.
    """

    if TYPE_CHECKING:

        def __get__(self, state: Any, owner: Any) -> N: ...
        def __set__(self, state: Any, value: N) -> None: ...


class SumPart(Part):
    """A `Sum[int]`: the field holds a plain integer."""

    def __init__(self, name: str, outputs: list[Output]) -> None:
        super().__init__(name, outputs, commutative=True)
        self.mark = f"{{s}}.{name}"
        self.restore = f"{{s}}.{name} = {{mark}}"

    def initial(self) -> int:
        return 0

    def save(self, values: Sequence[Any]) -> list[Column]:
        try:
            return [Column(array("q", values).tobytes())]
        except (TypeError, OverflowError):
            return [self._refused(values)]

    def _refused(self, values: Sequence[Any]) -> Column:
        for value in values:
            if not isinstance(value, int):
                raise TypeError(f"a Sum[int] was made {value!r}") from None
            if not -(1 << 63) <= value < 1 << 63:
                raise Refused(f"the sum {value} does not fit into 64 bits") from None
        raise AssertionError("no value is refused")

    def combine(self, left: list[Column], right: list[Column], rows: int) -> list[Column]:
        lefts, rights = (memoryview(side[0].values).cast("q") for side in (left, right))
        try:
            return [Column(array("q", map(add, lefts, rights)).tobytes())]
        except OverflowError:
            return self.save(list(map(add, lefts, rights)))

    def load(self, columns: list[Column], rows: int) -> list[Any]:
        return read(self.outputs[0].kind, columns[0], rows)


NO_VALUE = "None was inserted; insert nothing where there is no value"


class _Extreme(Monoid, Generic[T]):
    """The value in `value`; `None` before any was inserted."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: T | None = None

    def insert(self, value: T, /) -> None:
        """Inserts a value."""
        raise NotImplementedError

    def combine(self: Any, right: Any) -> None:
        if right.value is not None:
            self.insert(right.value)

    def save(self) -> Any:
        return self.value

    def load(self, *values: Any) -> None:
        (self.value,) = values

    mark = save
    restore: Any = load

    @classmethod
    def save_all(cls, states: Sequence[Any]) -> list[Any]:
        return [state.value for state in states]


class Max(_Extreme[T]):
    """The greatest of the values: `int`, `float` (in IEEE 754's total order), `Timestamp` or `Date`."""

    __slots__ = ()

    def insert(self, value: Any, /) -> None:
        """Inserts a value."""
        held: Any = self.value
        if held is None or value > held:
            if value is None:
                raise TypeError(NO_VALUE)
            self.value = value

    @classmethod
    def combine_all(cls, identity: Any, left: list[list[Any]], right: list[list[Any]]) -> list[Any]:
        if None in left[0] or None in right[0]:
            return super().combine_all(identity, left, right)
        return list(map(max, left[0], right[0]))


class Min(_Extreme[T]):
    """The least of the values: `int`, `float` (in IEEE 754's total order), `Timestamp` or `Date`."""

    __slots__ = ()

    def insert(self, value: Any, /) -> None:
        """Inserts a value."""
        held: Any = self.value
        if held is None or value < held:
            if value is None:
                raise TypeError(NO_VALUE)
            self.value = value

    @classmethod
    def combine_all(cls, identity: Any, left: list[list[Any]], right: list[list[Any]]) -> list[Any]:
        if None in left[0] or None in right[0]:
            return super().combine_all(identity, left, right)
        return list(map(min, left[0], right[0]))


def total_order(value: float) -> int:
    """An integer for each float, in IEEE 754's total order: -0.0 before 0.0, NaN at both ends."""
    bits: int = struct.unpack("<q", struct.pack("<d", value))[0]
    return bits if bits >= 0 else bits ^ 0x7FFF_FFFF_FFFF_FFFF


class MaxFloat(_Extreme[float]):
    """A `Max[float]`."""

    __slots__ = ()

    def insert(self, value: float, /) -> None:
        """Inserts a value."""
        held = self.value
        if held is None or value > held:
            self.value = float(value)
        # A tie or NaN: both comparisons are false.
        elif not value < held and total_order(value) > total_order(held):
            self.value = float(value)


class MinFloat(_Extreme[float]):
    """A `Min[float]`."""

    __slots__ = ()

    def insert(self, value: float, /) -> None:
        """Inserts a value."""
        held = self.value
        if held is None or value < held:
            self.value = float(value)
        elif not value > held and total_order(value) < total_order(held):
            self.value = float(value)


class Any_(Monoid):
    """Whether any value was true; false if there is none. The result is in `value`."""

    __slots__ = ("value",)
    columns = {"": bool}

    def __init__(self) -> None:
        self.value = False

    def insert(self, value: bool, /) -> None:
        """Inserts a value."""
        if value:
            self.value = True

    def combine(self: M, right: M) -> None:
        self.insert(right.value)  # type: ignore[attr-defined]

    def save(self) -> bool:
        return self.value

    def load(self, *values: Any) -> None:
        (self.value,) = values

    mark = save
    restore: Any = load


class All(Monoid):
    """Whether all values were true; true if there is none. The result is in `value`."""

    __slots__ = ("value",)
    columns = {"": bool}

    def __init__(self) -> None:
        self.value = True

    def insert(self, value: bool, /) -> None:
        """Inserts a value."""
        if not value:
            self.value = False

    def combine(self: M, right: M) -> None:
        self.insert(right.value)  # type: ignore[attr-defined]

    def save(self) -> bool:
        return self.value

    def load(self, *values: Any) -> None:
        (self.value,) = values

    mark = save
    restore: Any = load
