"""Rows of JSON, folded by a pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..columns import Batch, Column, read_typed, write
from ..instance import Instance
from ..pipeline import Pipeline
from ..schema import Descriptor, Output
from .rows import decode

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Rejected:
    """A row that was not folded."""

    row: int
    """The index of the row."""
    reason: str


class Folded:
    """The states and rejections after folding some rows."""

    def __init__(
        self, instance: Instance, states: dict[tuple[Any, ...], Batch], rejections: list[Rejected], passed_over: int
    ) -> None:
        self._instance = instance
        self.saved = states
        """The state columns of each key, one row each."""
        self.rejections = rejections
        """The rows that were rejected: those that do not decode and those that the pipeline refused."""
        self.passed_over = passed_over
        """The number of rows that did not meet the conditions."""

    def __len__(self) -> int:
        return len(self.saved)

    @property
    def descriptor(self) -> Descriptor:
        """The component's descriptor."""
        return self._instance.descriptor()

    @property
    def states(self) -> dict[Any, Any]:
        """The states by key: a tuple of the key's columns, or the value of its only column."""
        return {key[0] if len(key) == 1 else key: self._load(state) for key, state in self.saved.items()}

    @property
    def views(self) -> dict[Any, dict[str, Any]]:
        """The view columns by key, as in `states`."""
        return {key[0] if len(key) == 1 else key: self._view(state) for key, state in self.saved.items()}

    def state(self, *key: Any, **fields: Any) -> Any:
        """The state of a key; `None` if no event was folded into it."""
        saved = self.saved.get(self._key(key, fields))
        return None if saved is None else self._load(saved)

    def view(self, *key: Any, **fields: Any) -> Any:
        """The view columns of the state of a key, as a dictionary; `None` if no event was folded into it."""
        saved = self.saved.get(self._key(key, fields))
        return None if saved is None else self._view(saved)

    def _key(self, key: tuple[Any, ...], fields: dict[str, Any]) -> tuple[Any, ...]:
        names = [output.name for output in self._instance.compiled.keys.outputs]
        if len(key) + len(fields) != len(names) or fields.keys() - set(names[len(key) :]):
            raise TypeError(f"a key is {', '.join(names)}")
        return (*key, *(fields[name] for name in names[len(key) :]))

    def _load(self, state: Batch) -> Any:
        return self._instance.states.load(state.columns, 1)[0]

    def _view(self, state: Batch) -> dict[str, Any]:
        views = self._instance.compiled.views
        columns = self._instance.present(state).columns
        return {view.name: read_typed(view.kind, column, 1)[0] for view, column in zip(views, columns)}


def fold_json(pipeline: type[Pipeline], rows: Rows, params: Mapping[str, str] | None = None) -> Folded:
    """Folds `rows` with these parameters of the job, all in one batch.

    Raises `Refused` if the pipeline refuses the parameters or a sum is out of range, and what `fold` raises.
    """
    return fold_cut(pipeline, rows, params, max(len(rows), 1), 1 << 30)


def fold_cut(
    pipeline: type[Pipeline], rows: Rows, params: Mapping[str, str] | None, batch_rows: int, drain_rows: int
) -> Folded:
    """As `fold_json`, `batch_rows` in a batch, drained once at the end `drain_rows` at a time."""
    instance = Instance(pipeline, (params or {}).items(), checked=True)
    descriptor = instance.descriptor()
    rejections: list[Rejected] = []
    passed_over = 0
    for start in range(0, len(rows), batch_rows):
        decoded = decode(descriptor, rows[start : start + batch_rows], start)
        rejected = instance.fold(decoded.events)
        rejections += [Rejected(row, reason) for row, reason in decoded.rejections]
        rejections += [Rejected(decoded.rows[row], reason) for row, reason in rejected]
        passed_over += decoded.passed_over
    rejections.sort(key=lambda each: each.row)
    states: dict[tuple[Any, ...], Batch] = {}
    keys = descriptor.keys
    while True:
        drained = instance.drain(drain_rows)
        values = [read_typed(output.kind, column, drained.rows) for output, column in zip(keys, drained.columns)]
        of_state = drained.columns[len(keys) :]
        for row, key in enumerate(zip(*values)):
            if key in states:
                raise AssertionError(f"the key {key!r} was drained twice")
            states[key] = Batch(1, one_row(descriptor.states, of_state, drained.rows, row))
        if drained.rows < drain_rows:
            return Folded(instance, states, rejections, passed_over)


def one_row(outputs: Sequence[Output], columns: list[Column], rows: int, row: int) -> list[Column]:
    """One row of some columns, as columns."""
    return [write(output, [read_typed(output.kind, column, rows)[row]]) for output, column in zip(outputs, columns)]
