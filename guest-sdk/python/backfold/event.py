"""Events: the columns that a pipeline reads from a record, declared field by field."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .columns import Batch, dates, read
from .errors import Refused
from .schema import Condition, Declared, Encoding, Input, Kind, Origin, declared, hints
from .values import MICROSECONDS_PER_DAY, Timestamp

T = TypeVar("T")
if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: Any) -> Any:  # in `typing` since Python 3.11
        return lambda decorated: decorated


@dataclass(frozen=True)
class _Mark:
    """What `Annotated` says about a field: its origin, its encoding."""

    origin: Origin
    encoding: Encoding | None = None


@dataclass(frozen=True)
class _Derived:
    """A field that is computed from another one; `seconds` is None for the day."""

    of: str
    seconds: int | None = None


def path(path: str, *, encoding: str = "standard") -> Any:
    """The value at a path of the record: names joined by dots, `\\.` for a dot within a name. Without it, the path is
    the field's name.

    `encoding` is how a value is written in text formats: a `Timestamp` as `epoch-seconds`, `epoch-milliseconds`,
    `epoch-microseconds` or `epoch-nanoseconds`, `bytes` as `hex`. Otherwise a timestamp is RFC 3339, bytes are base64.
    """
    try:
        return _Mark(Origin("path", path), Encoding(encoding))
    except ValueError:
        known = ", ".join(each.value for each in Encoding)
        raise TypeError(f"path({path!r}): there is no encoding {encoding!r}; there are {known}") from None


def record_header(name: str) -> Any:
    """The Kafka record's header of that name: `str | None` or `bytes | None`."""
    return _Mark(Origin("record-header", name))


def day_of(name: str) -> Any:
    """The UTC day of a `Timestamp` of the same event, computed for a whole batch at once: a `Date`."""
    return _Derived(name)


def start_of(name: str, *, hours: int = 0, minutes: int = 0, seconds: int = 0) -> Any:
    """The start of the period of a `Timestamp` of the same event, computed for a whole batch at once: a `Timestamp`.
    Periods begin at 1970-01-01T00:00:00Z: `start_of("at", hours=1)`.
    """
    length = hours * 3600 + minutes * 60 + seconds
    if length <= 0:
        raise TypeError(f"start_of({name!r}): a period has hours, minutes or seconds")
    return _Derived(name, length)


payload = _Mark(Origin("payload"))
"""The record's bytes as the source delivered them: `bytes`, or `bytes | None` where a record may have no value."""
record_key = _Mark(Origin("record-key"))
"""The Kafka record's key: `str | None` or `bytes | None`."""
record_time = _Mark(Origin("record-time"))
"""The Kafka record's timestamp; for an archived record the time its object was written: `Timestamp`."""
source_name = _Mark(Origin("source-name"))
"""The topic, or the object's key: `str`."""
partition = _Mark(Origin("partition"))
"""The Kafka partition: `int | None`."""
offset = _Mark(Origin("offset"))
"""The Kafka offset; for an archive the record's ordinal within its object: `int`."""

_ORIGINS: dict[str, tuple[tuple[Kind, ...], bool, str]] = {
    "payload": ((Kind.BINARY,), False, "bytes"),
    "record-key": ((Kind.BINARY, Kind.UTF8), True, "bytes | None or str | None"),
    "record-header": ((Kind.BINARY, Kind.UTF8), True, "bytes | None or str | None"),
    "record-time": ((Kind.TIMESTAMP,), False, "Timestamp"),
    "source-name": ((Kind.UTF8,), False, "str"),
    "partition": ((Kind.INT64,), True, "int | None"),
    "offset": ((Kind.INT64,), False, "int"),
}


class Schema:
    """The columns of an event class, and how a batch becomes rows."""

    def __init__(self, owner: type, only: Mapping[str, Sequence[Any]], time: str | None) -> None:
        self.owner = owner
        self.type: type[Any] = owner
        self.names: list[str] = []
        self.inputs: list[Input] = []
        self.derived: dict[str, _Derived] = {}
        self.timestamps: set[str] = set()
        for name, annotation in hints(owner, _visible(owner)).items():
            self._add(name, declared(annotation, f"{owner.__name__}.{name}"))
        if not self.inputs:
            raise TypeError(f"{owner.__name__}: an event has at least one field")
        for name, derived in self.derived.items():
            if not any(each.name == derived.of and each.kind is Kind.TIMESTAMP for each in self.inputs):
                raise TypeError(f"{owner.__name__}.{name}: {derived.of} is no Timestamp of this event")
        self.only = tuple(self._condition(each, values) for each, values in only.items())
        if time is not None and not any(each.name == time and each.kind is Kind.TIMESTAMP for each in self.inputs):
            raise TypeError(f"@event(time={time!r}): {time} is no Timestamp of {owner.__name__}")
        self.time = time

    def _add(self, name: str, column: Declared) -> None:
        where = f"{self.owner.__name__}.{name}"
        marks = [mark for mark in column.marks if isinstance(mark, (_Mark, _Derived))]
        if len(marks) > 1:
            raise TypeError(f"{where}: a field has one origin")
        mark = marks[0] if marks else _Mark(Origin("path", name))
        self.names.append(name)
        if column.kind is Kind.TIMESTAMP:
            self.timestamps.add(name)
        if isinstance(mark, _Derived):
            kind = Kind.DATE if mark.seconds is None else Kind.TIMESTAMP
            if column.kind is not kind:
                raise TypeError(f"{where}: it is a {'Date' if mark.seconds is None else 'Timestamp'}")
            self.derived[name] = mark
            return
        kinds, nullable, expected = _ORIGINS.get(mark.origin.case, ((column.kind,), False, ""))
        if column.kind not in kinds or (nullable and not column.nullable):
            raise TypeError(f"{where}: {mark.origin.case} is {expected}")
        encoding = mark.encoding or Encoding.STANDARD
        if encoding is Encoding.HEX and column.kind is not Kind.BINARY:
            raise TypeError(f"{where}: the encoding hex is for bytes")
        if encoding.value.startswith("epoch") and column.kind is not Kind.TIMESTAMP:
            raise TypeError(f"{where}: the encoding {encoding.value} is for a Timestamp")
        self.inputs.append(Input(name, mark.origin, column.kind, encoding, column.nullable))

    def _condition(self, path: str, values: Sequence[Any]) -> Condition:
        if isinstance(values, str) or not values:
            raise TypeError(f"@event(only={{{path!r}: …}}): a condition is a list of at least one value")
        texts = tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in values)
        return Condition(path, texts)

    def columns(self, events: Batch) -> list[list[Any]]:
        """The values of each field, in the order of the declaration."""
        if len(events.columns) != len(self.inputs):
            raise Refused(f"{len(events.columns)} columns were given for {len(self.inputs)} inputs")
        values: dict[str, Any] = {}
        for declaration, column in zip(self.inputs, events.columns):
            values[declaration.name] = read(declaration.kind, column, events.rows)
        for name, derived in self.derived.items():
            values[name] = _derive(derived, values[derived.of])
        return [values[name] for name in self.names]


def _derive(derived: _Derived, instants: list[Any]) -> list[Any]:
    """The periods of instants. Most batches of an archive are of one period."""
    length = MICROSECONDS_PER_DAY if derived.seconds is None else derived.seconds * 1_000_000
    if None not in instants and instants:
        first = min(instants) // length
        if max(instants) // length == first:
            period = dates[first] if derived.seconds is None else first * length
            return [period] * len(instants)
    if derived.seconds is None:
        return [None if at is None else dates[at // length] for at in instants]
    return [None if at is None else at - at % length for at in instants]


def _visible(owner: type) -> dict[str, Any]:
    """The names that annotations of a class within a function may use."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    return dict(frame.f_locals) if frame.f_globals.get("__name__") == owner.__module__ else {}


@overload
def event(owner: type[T], /) -> type[T]: ...
@overload
def event(
    *, only: Mapping[str, Sequence[Any]] | None = None, time: str | None = None
) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(kw_only_default=True)
def event(
    owner: type[Any] | None = None, /, *, only: Mapping[str, Sequence[Any]] | None = None, time: str | None = None
) -> Any:
    """Makes a class with annotated fields the event of a pipeline: a field is `int`, `float`, `bool`, `str`, `bytes`,
    `Timestamp`, `Date` or `Json`, or one of these `| None` if a record may lack the value.

    `only` maps a path to the values of which it has to have one; records that do not meet every condition are passed
    over. `time` names the field that holds the time at which the event happened.

    Raises `TypeError` if a field cannot be read.
    """

    def decorate(owner: type[Any]) -> type[Any]:
        schema = Schema(owner, only or {}, time)
        return _compiled(owner, schema)

    return decorate if owner is None else decorate(owner)


def _compiled(owner: type[Any], schema: Schema) -> type[Any]:
    """The class with a slot for each field. A `Timestamp` is made from its number when it is read."""
    slots = tuple(f"_{name}" if name in schema.timestamps else name for name in schema.names)
    members = {
        name: value for name, value in vars(owner).items() if name not in {"__dict__", "__weakref__", *schema.names}
    }
    members["__slots__"] = slots
    members["__backfold_event__"] = schema
    for name in schema.timestamps:
        members[name] = _instant(f"_{name}")

    def __init__(self: Any, **values: Any) -> None:
        unknown = values.keys() - set(schema.names)
        if unknown:
            raise TypeError(f"{owner.__name__} has no field {min(unknown)}")
        for name, slot in zip(schema.names, slots):
            setattr(self, slot, values.get(name))

    def __repr__(self: Any) -> str:
        fields = ", ".join(f"{name}={getattr(self, name, None)!r}" for name in schema.names)
        return f"{owner.__name__}({fields})"

    members["__init__"], members["__repr__"] = __init__, __repr__
    schema.type = type(owner.__name__, owner.__bases__, members)
    return schema.type


def _instant(slot: str) -> property:
    source = f"lambda self: None if self.{slot} is None else Timestamp(self.{slot})"
    return property(eval(source, {"Timestamp": Timestamp}))
