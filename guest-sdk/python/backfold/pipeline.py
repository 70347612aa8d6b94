"""The class that a pipeline derives from."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator
from typing import Any, ClassVar, Generic, TypeVar

from .errors import clean
from .event import Schema
from .keys import Keys, Table
from .params import declared_params
from .schema import described
from .state import States

E = TypeVar("E")


class Pipeline:
    """From events to states:

        class Clicks(Pipeline, name="clicks", version="0.1.0"):
            class Key: ...
            class State: ...
            def fold(self, e: View) -> None: ...

    `name` and the semantic `version` go into the manifest of every build. The inner classes declare columns by annotated
    fields: `Key` (the key of a state), `State` (its parts, each a monoid), and if wanted `Shown`, a `TypedDict` of the
    columns that `show` derives, and `Params`, the job's parameters with their defaults. The annotation of the argument of
    `fold`, or `Rows[…]` of that of `fold_rows`, names the event.

    An instance holds the parameters and nothing that changes: only states keep anything from one event to the next.
    """

    params: Any
    """The job's parameters: an instance of `Params`."""
    states: Table
    """The states by key, for `fold_rows`: `self.states[page, day]`, or `self.states[page]` for a key of one column. A key
    that is new gets the identity."""
    compiled: ClassVar[Compiled]

    def __init_subclass__(cls, *, name: str | None = None, version: str | None = None, **named: Any) -> None:
        super().__init_subclass__(**named)
        if name is None and version is None:
            return
        if name is None or version is None:
            raise TypeError(f'class {cls.__name__}(Pipeline, name="…", version="0.1.0"): name and version go together')
        cls.compiled = Compiled(cls, name, version)

    def open(self) -> None:
        """Called once, when `params` are set. Raise `ValueError` to refuse them: the job is then refused."""

    def at(self, *key: Any, **fields: Any) -> Any:
        """The state of a key, which starts as the identity, to be changed by the current record: in `fold` alone. A record
        may change any number of states, and one of them more than once."""
        raise NotImplementedError("`at` is for `fold`")

    def fold(self, e: Any) -> None:
        """Folds one event into the states that it concerns. Raise `Reject` to reject the record: it leaves no trace, not
        even in states that `fold` has changed."""
        raise NotImplementedError

    def fold_rows(self, rows: Any) -> None:
        """Folds a batch of events: the fast form. It takes the place of `fold`. `rows` gives tuples of the event's fields
        in their order, where timestamps are numbers of microseconds. `rows.reject(reason)` rejects the current row,
        before it changes any state."""
        raise NotImplementedError

    def show(self, s: Any) -> Any:
        """Derives the columns of `Shown` from a state, as a dictionary. Called only if there is a class `Shown`."""
        raise NotImplementedError


class Rows(Generic[E]):
    """A batch of events, for `fold_rows`. Iteration gives tuples of the event's fields, in the order of their
    declaration."""

    def __init__(self, schema: Schema, columns: list[list[Any]], rows: int) -> None:
        self._schema, self._columns, self._rows = schema, columns, rows
        self._position: Any = None
        self.rejected: dict[int, str] = {}
        """The reasons of the rejected rows."""

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[Any]:
        # The iterator of the first column tells the current row, so that no row is counted.
        first, *others = self._columns
        self._position = iter(first)
        return zip(self._position, *others)

    def unread(self) -> int:
        """The number of rows that a loop has left."""
        return 0 if self._position is None else int(self._position.__length_hint__())

    def column(self, name: str) -> list[Any]:
        """All values of a field. With columns, name the row that `reject` rejects."""
        return self._columns[self._schema.names.index(name)]

    def reject(self, reason: str, row: int | None = None) -> None:
        """Rejects the current row, or the row with that index: it goes to the quarantine with this reason. Call it before
        the row changes any state, and go on with the next one.

        Raises `ValueError` if there is no such row, or it is rejected already.
        """
        if row is None:
            if self._position is None:
                raise ValueError("no row is current; name the row: rows.reject(reason, row)")
            row = self._rows - self._position.__length_hint__() - 1
        if not 0 <= row < self._rows:
            raise ValueError(f"there is no row {row} to reject")
        if row in self.rejected:
            raise ValueError(f"row {row} is rejected already; to reject rows out of their order, name them")
        self.rejected[row] = clean(str(reason)) or "rejected without a reason"


class Compiled:
    """What a pipeline's class declares, checked once, when the class is made."""

    def __init__(self, cls: type[Pipeline], name: str, version: str) -> None:
        self.name, self.version = name, version
        self.fast = cls.fold_rows is not Pipeline.fold_rows
        if self.fast == (cls.fold is not Pipeline.fold):
            raise TypeError(f"{cls.__name__} has either a method `fold`, for a row, or `fold_rows`, for a batch")
        self.event = _event_of(cls, self.fast)
        self.keys = Keys(_inner(cls, "Key"))
        self.states = States(_inner(cls, "State"), self.fast)
        self.checked = States(_inner(cls, "State"), fast=False) if self.fast else self.states
        """The states as unit tests keep them: each inserted value is checked where it is inserted."""
        shown = getattr(cls, "Shown", None)
        self.views = described(shown, f"{cls.__name__}.Shown") if shown is not None else ()
        if bool(self.views) != (cls.show is not Pipeline.show):
            raise TypeError(f"{cls.__name__}: a class `Shown` with the columns and a method `show` go together")
        declared_params(getattr(cls, "Params", None))
        outputs = (*self.keys.outputs, *self.states.outputs, *self.views)
        names = [output.name for output in outputs]
        doubled = [each for each in names if names.count(each) > 1]
        if doubled:
            raise TypeError(f"{cls.__name__}: two columns of the table are named {doubled[0]}")


def _inner(cls: type, name: str) -> type:
    inner = getattr(cls, name, None)
    if not isinstance(inner, type):
        raise TypeError(f"{cls.__name__} has no class `{name}`")
    return inner


def _event_of(cls: type[Pipeline], fast: bool) -> Schema:
    method = cls.fold_rows if fast else cls.fold
    wanted = "rows: Rows[E]" if fast else "e: E"
    where = f"{cls.__name__}.{method.__name__}"
    arguments = list(inspect.signature(method).parameters)
    try:
        annotation = typing.get_type_hints(method).get(arguments[1]) if len(arguments) == 2 else None
    except NameError as error:
        annotation = _local(error.name)
    if fast:
        annotation = next(iter(typing.get_args(annotation)), None)
    schema = getattr(annotation, "__backfold_event__", None)
    if not isinstance(schema, Schema):
        raise TypeError(f"{where}: its argument is `{wanted}`, where E is a class with the decorator @event")
    return schema


def _local(name: str | None) -> Any:
    """The class of that name in the function that makes the pipeline's class."""
    frame = inspect.currentframe()
    while frame is not None:
        if name in frame.f_locals and hasattr(frame.f_locals[name], "__backfold_event__"):
            return frame.f_locals[name]
        frame = frame.f_back
    return None
