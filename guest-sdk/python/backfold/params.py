"""The job's parameters, typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .errors import Refused
from .schema import hints, shown

_TYPES = {str: "a text", int: "an integer", float: "a number", bool: "true or false"}
_BOOLEANS = {"true": True, "false": False}


def declared_params(params: type | None) -> dict[str, Any]:
    """The parameters that a pipeline's class `Params` declares, by name, with their types.

    Raises `TypeError` if a type is not one of a parameter.
    """
    if params is None:
        return {}
    declared = hints(params)
    for name, type_ in declared.items():
        if type_ not in _TYPES:
            raise TypeError(f"Params.{name}: a parameter is a str, int, float or bool, not {shown(type_)}")
    return declared


def parse(params: type | None, given: Iterable[tuple[str, str]]) -> Any:
    """An object with an attribute for each parameter that `params` declares.

    Raises `Refused` if a parameter is missing, invalid, unknown or given twice.
    """
    declared = declared_params(params)
    values: dict[str, Any] = {}
    for name, text in given:
        if name in values:
            raise Refused(f"the parameter {name} is given twice")
        if name not in declared:
            known = f"the pipeline takes {', '.join(declared)}" if declared else "the pipeline takes none"
            raise Refused(f"the parameter {name} is not known; {known}")
        values[name] = _parsed(name, declared[name], text)
    parsed = params() if params is not None else None
    for name in declared:
        if name in values:
            setattr(parsed, name, values[name])
        elif not hasattr(parsed, name):
            raise Refused(f"the parameter {name} is missing")
    return parsed


def _parsed(name: str, type_: type, text: str) -> Any:
    try:
        return _BOOLEANS[text] if type_ is bool else type_(text)
    except (KeyError, ValueError):
        raise Refused(f"the parameter {name} = {text!r} is of no use: it is not {_TYPES[type_]}") from None
