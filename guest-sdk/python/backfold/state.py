"""The states of a pipeline: a class with a slot for each field, and its columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .columns import Column
from .errors import Refused
from .monoids.base import Part
from .monoids.declare import part
from .schema import Output, hints


class States:
    """The class of a pipeline's states, compiled from the fields that it declares."""

    def __init__(self, declared: type, fast: bool) -> None:
        self.parts: list[Part] = []
        for name, annotation in hints(declared).items():
            default = vars(declared).get(name)
            self.parts.append(part(name, annotation, default, f"{declared.__qualname__}.{name}", fast))
        if not self.parts:
            raise TypeError(f"{declared.__qualname__}: a state has at least one field")
        self.outputs: list[Output] = [output for each in self.parts for output in each.outputs]
        self.commutative = all(each.commutative for each in self.parts)
        self.type = self._compiled(declared)
        self.mark, self.restore = self._undo()

    def _compiled(self, declared: type) -> type[Any]:
        """The class, whose constructor makes the identity."""
        members = {
            name: value
            for name, value in vars(declared).items()
            if name not in {"__dict__", "__weakref__", *(each.name for each in self.parts)}
        }
        globals_ = {f"initial_{at}": each.initial for at, each in enumerate(self.parts)}
        lines = [f"    self.{each.name} = initial_{at}()" for at, each in enumerate(self.parts)]
        members["__init__"] = _define("__init__", "def __init__(self):", lines, globals_)
        members["__slots__"] = tuple(each.name for each in self.parts)
        compiled: type[Any] = type(declared.__name__, declared.__bases__, members)
        return compiled

    def _undo(self) -> tuple[Callable[[Any], Any], Callable[[Any, Any], None]]:
        """A function that marks a state before a record, and one that undoes the record."""
        marks = ", ".join(each.mark.format(s="s") for each in self.parts)  # type: ignore[attr-defined]
        restores = [
            "    " + each.restore.format(s="s", mark=f"mark[{at}]")  # type: ignore[attr-defined]
            for at, each in enumerate(self.parts)
        ]
        return (
            _define("mark", "def mark(s):", [f"    return ({marks},)"], {}),
            _define("restore", "def restore(s, mark):", restores, {}),
        )

    def settle(self, states: Sequence[Any]) -> None:
        """Takes in what the states hold back."""
        for each in self.parts:
            each.settle([getattr(state, each.name) for state in states])

    def save(self, states: Sequence[Any], key_of: Callable[[int], str]) -> list[Column]:
        """The state columns. Raises `Refused`, with the key from `key_of`, if they cannot hold a state."""
        columns: list[Column] = []
        for each in self.parts:
            values = [getattr(state, each.name) for state in states]
            try:
                columns += each.save(values)
            except Exception as error:
                at, why = each.misfit(values) or (0, error)
                raise Refused(f"the state of {key_of(at)}: {each.name}: {why}") from error
        return columns

    def split(self, columns: list[Column]) -> list[list[Column]]:
        """The columns of each part."""
        if len(columns) != len(self.outputs):
            raise Refused(f"{len(columns)} columns were given for the {len(self.outputs)} of a state")
        parts, start = [], 0
        for each in self.parts:
            parts.append(columns[start : start + len(each.outputs)])
            start += len(each.outputs)
        return parts

    def load(self, columns: list[Column], rows: int) -> list[Any]:
        """The states of the rows, to be shown."""
        fields = [each.load(some, rows) for each, some in zip(self.parts, self.split(columns))]
        states = []
        for values in zip(*fields):
            state = object.__new__(self.type)
            for each, value in zip(self.parts, values):
                setattr(state, each.name, value)
            states.append(state)
        return states

    def combine(self, left: list[Column], right: list[Column], rows: int) -> list[Column]:
        """The columns of the states of `left`, each followed by that of `right`."""
        columns: list[Column] = []
        for each, ours, theirs in zip(self.parts, self.split(left), self.split(right)):
            try:
                columns += each.combine(ours, theirs, rows)
            except Refused as error:
                raise Refused(f"{each.name}: {error}") from error
        return columns


def _define(name: str, head: str, lines: list[str], globals_: dict[str, Any]) -> Any:
    namespace = dict(globals_)
    exec("\n".join([head, *lines]), namespace)
    return namespace[name]
