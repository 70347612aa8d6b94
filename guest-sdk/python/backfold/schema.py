"""The descriptor of a component, as `pipeline.wit` has it, and the Python types of columns."""

from __future__ import annotations

import enum
import types
import typing
from dataclasses import dataclass, field
from typing import Annotated, Any, Union

from .values import Date, Json, Timestamp


class Kind(enum.Enum):
    """The type of a column's values."""

    BOOLEAN = "boolean"
    INT64 = "int64"
    FLOAT64 = "float64"
    TIMESTAMP = "timestamp"
    DATE = "date"
    UTF8 = "utf8"
    BINARY = "binary"
    JSON = "json"


class Encoding(enum.Enum):
    """The form of a value in text formats such as JSON."""

    STANDARD = "standard"
    EPOCH_SECONDS = "epoch-seconds"
    EPOCH_MILLISECONDS = "epoch-milliseconds"
    EPOCH_MICROSECONDS = "epoch-microseconds"
    EPOCH_NANOSECONDS = "epoch-nanoseconds"
    HEX = "hex"


KINDS: dict[Any, Kind] = {
    bool: Kind.BOOLEAN,
    int: Kind.INT64,
    float: Kind.FLOAT64,
    Timestamp: Kind.TIMESTAMP,
    Date: Kind.DATE,
    str: Kind.UTF8,
    bytes: Kind.BINARY,
    Json: Kind.JSON,
}
TYPES: dict[Kind, Any] = {kind: type_ for type_, kind in KINDS.items()}


@dataclass(frozen=True)
class Origin:
    """The place from which the host takes an input's value: `case` is a case of `origin` in `pipeline.wit`."""

    case: str
    name: str | None = None


@dataclass(frozen=True)
class Input:
    """A column that the pipeline reads."""

    name: str
    origin: Origin
    kind: Kind
    encoding: Encoding
    nullable: bool


@dataclass(frozen=True)
class Condition:
    """A condition on a record: the scalar at `path`, as a string or as its JSON text, is one of `any_of`."""

    path: str
    any_of: tuple[str, ...]


@dataclass(frozen=True)
class Output:
    """A column of keys, states or views."""

    name: str
    kind: Kind
    nullable: bool = False


@dataclass(frozen=True)
class Descriptor:
    """The columns that a component reads, and those of its keys, states and views."""

    name: str
    version: str
    inputs: tuple[Input, ...]
    only: tuple[Condition, ...]
    event_time: str | None
    keys: tuple[Output, ...]
    states: tuple[Output, ...]
    views: tuple[Output, ...]
    commutative: bool


@dataclass(frozen=True)
class Declared:
    """The type of a field, as its annotation declares it."""

    kind: Kind
    nullable: bool
    marks: tuple[Any, ...] = field(default=())


def declared(annotation: Any, where: str) -> Declared:
    """The column that an annotation declares: `int`, `str | None`, `Annotated[Timestamp, path("ts")]`.

    Raises `TypeError` if there is no column of that type; `where` names the field.
    """
    marks: tuple[Any, ...] = ()
    if typing.get_origin(annotation) is Annotated:
        annotation, *rest = typing.get_args(annotation)
        marks = tuple(rest)
    nullable = False
    if typing.get_origin(annotation) in (Union, types.UnionType):
        present = [each for each in typing.get_args(annotation) if each is not type(None)]
        nullable = len(present) < len(typing.get_args(annotation))
        annotation = present[0] if len(present) == 1 else annotation
    try:
        kind = KINDS[annotation]
    except (KeyError, TypeError):
        raise TypeError(
            f"{where}: there is no column of type {shown(annotation)}; "
            "it is int, float, bool, str, bytes, Timestamp, Date or Json, or one of these `| None`"
        ) from None
    return Declared(kind, nullable, marks)


def shown(annotation: Any) -> str:
    """A type as the user wrote it."""
    return getattr(annotation, "__name__", None) or repr(annotation)


def hints(owner: type, local: dict[str, Any] | None = None) -> dict[str, Any]:
    """The annotations of a class, evaluated, also where they are strings."""
    try:
        return typing.get_type_hints(owner, localns=local, include_extras=True)
    except NameError as error:
        raise TypeError(
            f"{owner.__qualname__}: the type {error.name} of an annotation is not known at the top of the module"
        ) from None


def described(columns: type, what: str) -> tuple[Output, ...]:
    """The output columns that a class declares, field by field."""
    outputs = []
    for name, annotation in hints(columns).items():
        column = declared(annotation, f"{what}.{name}")
        outputs.append(Output(name, column.kind, column.nullable))
    return tuple(outputs)
