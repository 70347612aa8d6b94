"""The value at the earliest time, and at the latest."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from .base import Monoid
from .numbers import NO_VALUE, total_order

T = TypeVar("T")


class _Timed(Monoid, Generic[T]):
    """The value in `value` and its time in `at`; both `None` before any was inserted."""

    __slots__ = ("at", "value")

    def __init__(self) -> None:
        self.at: Any = None
        self.value: T | None = None

    def insert(self, at: int, value: T, /) -> None:
        """Inserts a value with its time: a `Timestamp`, or microseconds."""
        raise NotImplementedError

    def combine(self: Any, right: Any) -> None:
        if right.at is not None:
            self.insert(right.at, right.value)

    def save(self) -> Any:
        return self.value, self.at

    def load(self, *values: Any) -> None:
        self.value, self.at = values
        if (self.value is None) != (self.at is None):
            raise ValueError("a value and its time are both null or neither")

    mark = save


def _key(value: Any) -> Any:
    return total_order(value) if isinstance(value, float) else value


class First(_Timed[T]):
    """The value at the earliest time; of several at that time, the least. `T` is a type of a column but `Json`."""

    __slots__ = ()

    def insert(self, at: int, value: T, /) -> None:
        """Inserts a value with its time: a `Timestamp`, or microseconds."""
        if value is None:
            raise TypeError(NO_VALUE)
        held = self.at
        if held is None or at < held or (at == held and _key(value) < _key(self.value)):
            self.at, self.value = at, value


class Last(_Timed[T]):
    """The value at the latest time; of several at that time, the greatest. `T` is a type of a column but `Json`."""

    __slots__ = ()

    def insert(self, at: int, value: T, /) -> None:
        """Inserts a value with its time: a `Timestamp`, or microseconds."""
        if value is None:
            raise TypeError(NO_VALUE)
        held = self.at
        if held is None or at > held or (at == held and _key(value) > _key(self.value)):
            self.at, self.value = at, value
