"""From the annotation of a state's field to its part."""

from __future__ import annotations

import typing
from typing import Any

from ..schema import KINDS, Kind, Output, declared, shown
from .base import Deferred, Monoid, MonoidPart, Part
from .exact_sum import ExactSum, ExactSumPart
from .first_last import First, Last
from .numbers import Max, MaxFloat, Min, MinFloat, Sum, SumPart

_ORDERED = (Kind.INT64, Kind.FLOAT64, Kind.TIMESTAMP, Kind.DATE)


def part(name: str, annotation: Any, default: Any, where: str, fast: bool) -> Part:
    """The part of a field with this annotation and default value.

    `fast` leaves out checks of each inserted value. Raises `TypeError` if the annotation is no monoid.
    """
    origin = typing.get_origin(annotation) or annotation
    arguments = typing.get_args(annotation)
    if origin is Sum:
        return _sum(name, arguments, where)
    if origin in (Min, Max):
        kind = _argument(origin, arguments, where, _ORDERED)
        if kind is Kind.FLOAT64:
            identity: Monoid = MinFloat() if origin is Min else MaxFloat()
        else:
            identity = origin()
        return MonoidPart(name, identity, [Output(name, kind, nullable=True)])
    if origin in (First, Last):
        kinds = tuple(kind for kind in Kind if kind is not Kind.JSON)
        kind = _argument(origin, arguments, where, kinds)
        at = Output(f"{name}_at", Kind.TIMESTAMP, nullable=True)
        return MonoidPart(name, origin(), [Output(name, kind, nullable=True), at])
    if not (isinstance(origin, type) and issubclass(origin, Monoid)):
        raise TypeError(
            f"{where}: {shown(annotation)} is no monoid, so it cannot be kept; a state is made of Sum, Min, Max, Any, All, "
            "First, Last, TopK, Set, Hll, other sketches, or a class that derives from Monoid"
        )
    if default is not None and type(default) is not origin:
        raise TypeError(f"{where}: the value of a {origin.__name__} is its identity, such as {origin.__name__}()")
    identity = origin() if default is None else default
    if hasattr(identity, "of"):
        identity.of(arguments[0] if arguments else str)
        if arguments and arguments[0] not in KINDS:
            raise TypeError(f"{where}: there is no {origin.__name__} of {shown(arguments[0])}")
    if not hasattr(identity, "columns"):
        raise TypeError(f"{where}: {origin.__name__} does not say its columns: columns = {{'': bytes}}")
    outputs = []
    for suffix, type_ in identity.columns.items():
        column = declared(type_, f"{where}: columns[{suffix!r}]")
        outputs.append(Output(f"{name}_{suffix}" if suffix else name, column.kind, column.nullable))
    return MonoidPart(name, _unchecked(identity) if fast else identity, outputs)


def _sum(name: str, arguments: tuple[Any, ...], where: str) -> Part:
    if arguments == (float,):
        return ExactSumPart(name, ExactSum(), [Output(name, Kind.BINARY)])
    if arguments == (int,):
        return SumPart(name, [Output(name, Kind.INT64)])
    raise TypeError(f"{where}: a sum is a Sum[int] or a Sum[float]")


def _argument(origin: Any, arguments: tuple[Any, ...], where: str, kinds: tuple[Kind, ...]) -> Kind:
    kind = KINDS.get(arguments[0]) if arguments else None
    if kind not in kinds:
        known = ", ".join(type_.__name__ for type_, each in KINDS.items() if each in kinds)
        raise TypeError(f"{where}: it is a {origin.__name__}[T], where T is one of {known}")
    return kind


def _unchecked(identity: Any) -> Any:
    """The same identity, of a class whose `insert` is the `append` of its list: no call of Python a value."""
    cls = type(identity)
    if not isinstance(identity, Deferred) or cls.insert is not Deferred.insert:
        return identity
    name, init = f"_Unchecked{cls.__name__}", cls.__init__

    def __init__(self: Any, *args: Any, **named: Any) -> None:
        init(self, *args, **named)
        self.insert = self.pending.append

    fast: Any = type(name, (cls,), {"__slots__": ("insert",), "__init__": __init__, "__doc__": cls.__doc__})
    unchecked: Any = fast.__new__(fast)
    fresh = identity.fresh()
    for owner in cls.__mro__:
        for slot in getattr(owner, "__slots__", ()):
            if hasattr(fresh, slot):
                setattr(unchecked, slot, getattr(fresh, slot))
    if hasattr(fresh, "__dict__"):
        unchecked.__dict__.update(fresh.__dict__)
    unchecked.insert = unchecked.pending.append
    return unchecked
