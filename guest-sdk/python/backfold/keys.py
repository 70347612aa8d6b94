"""The accumulator: states by key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .columns import Column, write
from .schema import TYPES, Kind, Output, described


class Keys:
    """The key columns of a pipeline. The key of one column is its value; that of several, a tuple."""

    def __init__(self, declared: type) -> None:
        self.outputs: tuple[Output, ...] = described(declared, declared.__qualname__)
        if not self.outputs:
            raise TypeError(f"{declared.__qualname__}: a key has at least one field")
        for output in self.outputs:
            if output.kind in (Kind.FLOAT64, Kind.JSON):
                raise TypeError(
                    f"{declared.__qualname__}.{output.name}: a key is of int, str, bytes, bool, Timestamp or Date; "
                    f"{TYPES[output.kind].__name__} has values that are equal and written differently"
                )
        self.single = len(self.outputs) == 1

    def check(self, key: Any) -> None:
        """Raises `TypeError` or `ValueError` if no key columns can hold this key."""
        values = (key,) if self.single else key
        if not isinstance(values, tuple) or len(values) != len(self.outputs):
            names = ", ".join(output.name for output in self.outputs)
            raise TypeError(f"{key!r} is no key: it is {names}, in this order")
        for output, value in zip(self.outputs, values):
            if value is None and output.nullable:
                continue
            expected = int if output.kind in (Kind.TIMESTAMP, Kind.DATE) else TYPES[output.kind]
            if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
                raise TypeError(
                    f"the key column {output.name} is {TYPES[output.kind].__name__}, and {value!r} was given"
                )
            if expected in (int, str):
                try:
                    write(output, [value])
                except OverflowError as error:
                    raise ValueError(f"the key column {output.name}: {error}") from None

    def write(self, keys: Sequence[Any]) -> list[Column]:
        """The key columns."""
        columns: list[Any] = [keys] if self.single else list(zip(*keys)) or [() for _ in self.outputs]
        return [write(output, values) for output, values in zip(self.outputs, columns)]

    def shown(self, key: Any) -> str:
        """A key as `name = value`, for a message."""
        values = (key,) if self.single else key
        return ", ".join(
            f"{output.name} = {value!r}"
            if isinstance(value, (str, bytes))
            else f"{output.name} = {_typed(output, value)}"
            for output, value in zip(self.outputs, values)
        )


def _typed(output: Output, value: Any) -> Any:
    return value if value is None else TYPES[output.kind](value)


class Table(dict[Any, Any]):
    """States by key; a key that is new gets the identity."""

    __slots__ = ("_check", "_new")

    def __init__(self, check: Callable[[Any], None], new: Callable[[], Any]) -> None:
        super().__init__()
        self._check, self._new = check, new

    def __missing__(self, key: Any) -> Any:
        self._check(key)
        state = self[key] = self._new()
        return state
