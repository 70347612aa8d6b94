"""One opened pipeline and its accumulator: the functions of `pipeline.wit`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .columns import Batch, write
from .errors import Refused, Reject, clean
from .keys import Table
from .params import parse
from .pipeline import Compiled, Pipeline, Rows
from .schema import Descriptor
from .state import States

# Rows after which states take in the values that they hold back, where the host drains later than that.
_SETTLE_ROWS = 1 << 18


class Instance:
    """One opened pipeline and its accumulator: a component exports it, and native tests run it.

    Its methods raise `Refused`, or the exception of the user's code.
    """

    def __init__(self, cls: type[Pipeline], params: Iterable[tuple[str, str]], *, checked: bool = False) -> None:
        self.compiled: Compiled = cls.compiled
        self.states: States = cls.compiled.checked if checked else cls.compiled.states
        self.pipeline = cls()
        self.pipeline.params = parse(getattr(cls, "Params", None), params)
        self.table = Table(self.compiled.keys.check, self.states.type)
        self.pipeline.states = self.table
        try:
            self.pipeline.open()
        except ValueError as error:
            raise Refused(str(error) or "the parameters are refused") from error
        self._unsettled = 0
        self._draining: tuple[list[Any], list[Any]] | None = None
        self._drained = 0
        self._touched: list[tuple[Any, Any]] = []
        self._run = self._fold_rows if self.compiled.fast else self._row_loop()

    def descriptor(self) -> Descriptor:
        """The descriptor."""
        compiled = self.compiled
        return Descriptor(
            name=compiled.name,
            version=compiled.version,
            inputs=tuple(compiled.event.inputs),
            only=compiled.event.only,
            event_time=compiled.event.time,
            keys=compiled.keys.outputs,
            states=tuple(self.states.outputs),
            views=compiled.views,
            commutative=self.states.commutative,
        )

    def fold(self, events: Batch) -> list[tuple[int, str]]:
        """Folds events into the accumulator, and returns the rejected rows, each with its reason."""
        # A key that had been drained would have to be drained a second time.
        if self._draining is not None:
            raise Refused("events cannot be folded before the accumulator is drained")
        if not events.rows:
            return []
        rejected = self._run(self.compiled.event.columns(events), events.rows)
        self._unsettled += events.rows
        if self._unsettled >= _SETTLE_ROWS:
            self.states.settle(list(self.table.values()))
            self._unsettled = 0
        return rejected

    def _fold_rows(self, columns: list[Any], number: int) -> list[tuple[int, str]]:
        rows: Rows[Any] = Rows(self.compiled.event, columns, number)
        try:
            returned: Any = self.pipeline.fold_rows(rows)  # type: ignore[func-returns-value]
        except Reject as reject:
            raise TypeError("raise Reject is for `fold`; in `fold_rows`, call rows.reject(reason)") from reject
        if returned is not None:
            raise TypeError(f"fold_rows returned {returned!r}; it returns nothing")
        if rows.unread():
            raise TypeError(f"fold_rows left {rows.unread()} of {number} rows unread")
        return sorted(rows.rejected.items())

    def _row_loop(self) -> Callable[[list[Any], int], list[tuple[int, str]]]:
        """The loop over rows, compiled for the fields of the event: each row becomes an event, without a constructor."""
        event = self.compiled.event
        slots = [f"_{name}" if name in event.timestamps else name for name in event.names]
        values = [f"v{at}" for at in range(len(slots))]
        assignments = "; ".join(f"e.{slot} = {value}" for slot, value in zip(slots, values))
        source = f"""
def loop(columns, number):
    row, rejected = -1, []
    for {", ".join(values)}, in zip(*columns):
        row += 1
        e = new(Event)
        {assignments}
        try:
            returned = fold(e)
        except Reject as reject:
            undo()
            rejected.append((row, clean(str(reject)) or "rejected without a reason"))
        else:
            if returned is not None:
                raise TypeError(f"fold returned {{returned!r}}; it returns nothing, and rejects by `raise Reject(…)`")
        touched.clear()
    return rejected
"""
        namespace: dict[str, Any] = {
            "new": object.__new__,
            "Event": event.type,
            "Reject": Reject,
            "clean": clean,
            "fold": self.pipeline.fold,
            "undo": self._undo,
            "touched": self._touched,
        }
        exec(compile(source, "<backfold rows>", "exec"), namespace)
        self.pipeline.at = self._lookup()  # type: ignore[method-assign]
        loop: Callable[[list[Any], int], list[tuple[int, str]]] = namespace["loop"]
        return loop

    def _lookup(self) -> Callable[..., Any]:
        """`Pipeline.at`, compiled for the columns of the key."""
        names = [output.name for output in self.compiled.keys.outputs]
        key = names[0] if len(names) == 1 else f"({', '.join(names)})"
        # No name of a column begins with two underscores and `backfold`.
        source = f"""
def at({", ".join(names)}):
    __backfold_key = {key}
    __backfold_state = __backfold_get(__backfold_key)
    if __backfold_state is None:
        __backfold_state = __backfold_table[__backfold_key]
        __backfold_touch((None, __backfold_key))
    else:
        __backfold_touch((__backfold_state, __backfold_mark(__backfold_state)))
    return __backfold_state
"""
        namespace: dict[str, Any] = {
            "__backfold_get": self.table.get,
            "__backfold_table": self.table,
            "__backfold_touch": self._touched.append,
            "__backfold_mark": self.states.mark,
        }
        exec(compile(source, "<backfold key>", "exec"), namespace)
        lookup: Callable[..., Any] = namespace["at"]
        return lookup

    def _undo(self) -> None:
        """Undoes the changes of the current record, newest first."""
        for state, mark in reversed(self._touched):
            if state is None:
                del self.table[mark]
            else:
                self.states.restore(state, mark)

    def drain(self, max_rows: int) -> Batch:
        """Takes up to `max_rows` states out of the accumulator, in the order in which their keys came. Fewer states mean
        that it is empty."""
        if self._draining is None:
            self.states.settle(list(self.table.values()))
            self._draining = list(self.table), list(self.table.values())
            self._drained = 0
        end = self._drained + max_rows
        keys, states = (each[self._drained : end] for each in self._draining)
        shown = self.compiled.keys.shown
        columns = self.compiled.keys.write(keys) + self.states.save(states, lambda row: shown(keys[row]))
        self._drained = end
        if end >= len(self._draining[0]):
            self._draining = None
            self._unsettled = 0
            self.table.clear()
        return Batch(len(keys), columns)

    def identity(self) -> Batch:
        """The identity: one row of the state columns."""
        return Batch(1, self.states.save([self.states.type()], lambda _: "no key"))

    def combine(self, left: Batch, right: Batch) -> Batch:
        """For each row, the state of `left` combined with that of `right`."""
        if left.rows != right.rows:
            raise Refused(f"{left.rows} states cannot be combined with {right.rows}")
        return Batch(left.rows, self.states.combine(left.columns, right.columns, left.rows))

    def present(self, states: Batch) -> Batch:
        """For each row, the view columns of the state."""
        views = self.compiled.views
        names = {view.name for view in views}
        shown = []
        for state in self.states.load(states.columns, states.rows):
            row = self.pipeline.show(state)
            if not isinstance(row, dict) or row.keys() != names:
                raise TypeError(f"show returned {row!r}; it returns a dictionary of {', '.join(sorted(names))}")
            shown.append(row)
        columns = []
        for view in views:
            try:
                columns.append(write(view, [row[view.name] for row in shown]))
            except (TypeError, OverflowError) as error:
                raise TypeError(f"show: {view.name}: {error}") from None
        return Batch(states.rows, columns)
