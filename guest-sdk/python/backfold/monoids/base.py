"""What a part of a state is: an identity, an associative `combine`, and its columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from ..columns import Column, read_typed, write
from ..errors import Refused
from ..schema import Output

T = TypeVar("T")
M = TypeVar("M", bound="Monoid")
D = TypeVar("D", bound="Deferred[Any]")


class Monoid:
    """A part of a state, for which, compared by what `save` returns, for all a, b, c:
    `combine(identity, a) = a = combine(a, identity)` and
    `combine(combine(a, b), c) = combine(a, combine(b, c))`.

    A monoid of your own derives from this class. Its constructor without arguments makes the identity. One with
    arguments overrides `fresh`, and is declared with its identity: `best: TopK = TopK(10)`.
    """

    __slots__ = ()

    columns: ClassVar[dict[str, Any]]
    """The types of the state columns, by the suffix of their name: `{"": bytes}` is one column with the name of the
    field, `{"": int | None, "at": Timestamp | None}` has a second one, `NAME_at`."""

    commutative: ClassVar[bool] = True
    """Whether `combine(a, b)` is `combine(b, a)`. If not, the host combines states in the order of the source, which is
    slower."""

    def fresh(self: M) -> M:
        """A new identity with the parameters of this one."""
        return type(self)()

    def combine(self: M, right: M) -> None:
        """Makes this state that of its own events followed by those of `right`, which does not change."""
        raise NotImplementedError

    def save(self) -> Any:
        """The value of the state column, or a tuple of the values of the columns. Equal states give equal values."""
        raise NotImplementedError

    def load(self, *values: Any) -> None:
        """Makes this state the one whose columns are `values`, whatever it held before.

        Raises `ValueError` if the values are no such state.
        """
        raise NotImplementedError

    def mark(self) -> Any:
        """What brings the state back to what it is now. Called before each record that changes the state, unless the
        pipeline has `fold_rows`, so it has to be cheap. By default, all of the state."""
        return self.save()

    def restore(self, mark: Any) -> None:
        """Undoes all changes since `mark`."""
        if isinstance(mark, tuple):
            self.load(*mark)
        else:
            self.load(mark)

    @classmethod
    def save_all(cls, states: Sequence[Any]) -> list[Any]:
        """What `save` returns for each of many states. A class whose work is cheaper in bulk overrides it."""
        return [state.save() for state in states]

    @classmethod
    def combine_all(cls, identity: Any, left: list[list[Any]], right: list[list[Any]]) -> list[Any]:
        """What `save` returns for each row of `left` combined with that of `right`; both are lists of values, column by
        column."""
        combined = []
        for ours, theirs in zip(load_all(identity, left), load_all(identity, right)):
            ours.combine(theirs)
            combined.append(ours)
        return cls.save_all(combined)


class Deferred(Monoid, Generic[T]):
    """A monoid that takes values one by one and works on many of them at once: `insert` appends to a list, which
    `absorb` takes in when the state is read. So a record is undone by shortening the list.

    A class of your own implements `absorb`, `combine`, `save`, `load`. The list is empty when they are called.
    """

    __slots__ = ("pending",)

    def __init__(self) -> None:
        self.pending: list[T] = []

    def insert(self, item: T, /) -> None:
        """Inserts a value."""
        self.pending.append(self.checked(item))

    def checked(self, item: T) -> T:
        """The value as it is kept until `absorb`. Raises `TypeError` for one that is never inserted. Where a pipeline
        has `fold_rows` and a class does not override `insert`, values reach `absorb` without this check."""
        return item

    def absorb(self, items: list[T]) -> None:
        """Takes in these values, in the order of their insertion."""
        raise NotImplementedError

    def settle(self) -> None:
        """Takes in the values that are held back."""
        if self.pending:
            items = self.pending[:]
            self.pending.clear()
            self.absorb(items)

    def settled(self: D) -> D:
        """This state, or a copy of it, with no values held back: what methods that read it begin with."""
        if not self.pending:
            return self
        items = self.pending[:]
        twin = self.fresh()
        self.pending.clear()
        try:
            saved = self.save()
            twin.load(*(saved if isinstance(saved, tuple) else (saved,)))
        finally:
            self.pending.extend(items)
        twin.absorb(items)
        return twin

    def mark(self) -> Any:
        return len(self.pending)

    def restore(self, mark: Any) -> None:
        del self.pending[mark:]

    @classmethod
    def settle_all(cls, states: Iterable[Any]) -> None:
        """Settles many states."""
        for state in states:
            state.settle()


def load_all(identity: Any, columns: list[list[Any]]) -> list[Any]:
    """The states of the rows of some columns."""
    states = []
    for values in zip(*columns):
        state = identity.fresh()
        state.load(*values)
        states.append(state)
    return states


class Part:
    """A field of a state: what the SDK does with its values in bulk."""

    def __init__(self, name: str, outputs: list[Output], commutative: bool) -> None:
        self.name = name
        self.outputs = outputs
        self.commutative = commutative

    def initial(self) -> Any:
        """The value of the field in a new state."""
        raise NotImplementedError

    def settle(self, values: Iterable[Any]) -> None:
        """Takes in what the values hold back."""

    def save(self, values: Sequence[Any]) -> list[Column]:
        """The columns of these values."""
        raise NotImplementedError

    def combine(self, left: list[Column], right: list[Column], rows: int) -> list[Column]:
        """The columns of the values of `left`, each combined with that of `right`."""
        raise NotImplementedError

    def load(self, columns: list[Column], rows: int) -> list[Any]:
        """The values that are shown."""
        raise NotImplementedError

    def misfit(self, values: Sequence[Any]) -> tuple[int, Exception] | None:
        """The first value that the columns cannot hold, and why."""
        for at, value in enumerate(values):
            try:
                self.save([value])
            except Exception as error:
                return at, error
        return None


class MonoidPart(Part):
    """A field that holds a `Monoid`."""

    def __init__(self, name: str, identity: Monoid, outputs: list[Output]) -> None:
        super().__init__(name, outputs, identity.commutative)
        self.identity: Any = identity
        self.type: Any = type(identity)
        self.initial = identity.fresh  # type: ignore[method-assign]
        self.mark = f"{{s}}.{name}.mark()"
        self.restore = f"{{s}}.{name}.restore({{mark}})"
        if isinstance(identity, Deferred) and type(identity).mark is Deferred.mark:
            self.mark = f"len({{s}}.{name}.pending)"
            self.restore = f"del {{s}}.{name}.pending[{{mark}}:]"

    def settle(self, values: Iterable[Any]) -> None:
        if isinstance(self.identity, Deferred):
            self.type.settle_all(values)

    def save(self, values: Sequence[Any]) -> list[Column]:
        self.settle(values)
        return self._written(self.type.save_all(values))

    def _written(self, saved: list[Any]) -> list[Column]:
        if len(self.outputs) == 1:
            columns: list[Any] = [saved]
        else:
            columns = list(zip(*saved)) or [() for _ in self.outputs]
        return [write(output, column) for output, column in zip(self.outputs, columns)]

    def _read(self, columns: list[Column], rows: int) -> list[list[Any]]:
        return [read_typed(output.kind, column, rows) for output, column in zip(self.outputs, columns)]

    def combine(self, left: list[Column], right: list[Column], rows: int) -> list[Column]:
        try:
            saved = self.type.combine_all(self.identity, self._read(left, rows), self._read(right, rows))
        except ValueError as error:
            raise Refused(f"{self.name}: {error}") from error
        return self._written(saved)

    def load(self, columns: list[Column], rows: int) -> list[Any]:
        try:
            return load_all(self.identity, self._read(columns, rows))
        except ValueError as error:
            raise Refused(f"{self.name}: {error}") from error
