"""The component's exports: the classes `Pipeline` and `Monoid` of the world, over the one pipeline of a module.

Only the builder imports this module, in an entry module that it writes: `wit_world` exists only there.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from componentize_py_types import Err  # type: ignore[import-not-found]
from wit_world import exports  # type: ignore[import-not-found]
from wit_world.exports.pipeline import Rejection  # type: ignore[import-not-found]
from wit_world.imports import columns, schema  # type: ignore[import-not-found]

from .columns import Batch
from .errors import Refused, describe
from .instance import Instance
from .pipeline import Pipeline
from .schema import Descriptor, Input, Kind, Output

_KINDS = {kind: getattr(columns.Kind, kind.name) for kind in Kind}


def export(module: ModuleType) -> tuple[type[Any], type[Any]]:
    """The classes `Pipeline` and `Monoid` of the component, for the pipeline that `module` defines.

    Raises `TypeError` if there is no such pipeline, or more than one.
    """
    found = [
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, Pipeline)
        and "compiled" in vars(each)
        and each.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(each.__name__ for each in found) or "none"
        raise TypeError(
            f"a component has one pipeline, a class such as `class Clicks(Pipeline, name=…, version=…)`; "
            f"{module.__name__} has {names}"
        )
    cls = found[0]
    opened: list[Instance] = []

    def instance() -> Instance:
        if not opened:
            raise Refused("`open` was not called")
        return opened[0]

    class ExportedPipeline(exports.Pipeline):  # type: ignore[misc]
        def open(self, params: list[tuple[str, str]]) -> schema.Descriptor:
            return _caught(lambda: _open(params))

        def fold(self, events: Batch) -> list[Rejection]:
            folded: list[Rejection] = _caught(
                lambda: [Rejection(row, reason) for row, reason in instance().fold(events)]
            )
            return folded

        def drain(self, max_rows: int) -> columns.Batch:
            return _caught(lambda: _batch(instance().drain(max_rows)))

    class ExportedMonoid(exports.Monoid):  # type: ignore[misc]
        def identity(self) -> columns.Batch:
            return _batch(instance().identity())

        def combine(self, left: Batch, right: Batch) -> columns.Batch:
            return _caught(lambda: _batch(instance().combine(left, right)))

        def present(self, states: Batch) -> columns.Batch:
            return _caught(lambda: _batch(instance().present(states)))

    def _open(params: list[tuple[str, str]]) -> schema.Descriptor:
        opened[:] = [Instance(cls, params)]
        return _descriptor(opened[0].descriptor())

    return ExportedPipeline, ExportedMonoid


def _caught(call: Callable[[], Any]) -> Any:
    """The result of a call, or its exception as the error of the component: a trap would say neither what nor where."""
    try:
        return call()
    except BaseException as error:
        message = describe(error)
    raise Err(message)


def _batch(batch: Batch) -> columns.Batch:
    return columns.Batch(
        batch.rows, [columns.Column(each.values, each.offsets, each.validity) for each in batch.columns]
    )


def _descriptor(described: Descriptor) -> schema.Descriptor:
    return schema.Descriptor(
        name=described.name,
        version=described.version,
        inputs=[_input(each) for each in described.inputs],
        only=[schema.Condition(each.path, list(each.any_of)) for each in described.only],
        event_time=described.event_time,
        keys=[_output(each) for each in described.keys],
        states=[_output(each) for each in described.states],
        views=[_output(each) for each in described.views],
        commutative=described.commutative,
    )


def _output(output: Output) -> schema.Output:
    return schema.Output(output.name, _KINDS[output.kind], output.nullable)


def _input(described: Input) -> schema.Input:
    origin = described.origin
    case = getattr(schema, "Origin_" + "".join(word.capitalize() for word in origin.case.split("-")))
    return schema.Input(
        described.name,
        case() if origin.name is None else case(origin.name),
        _KINDS[described.kind],
        getattr(schema.Encoding, described.encoding.name),
        described.nullable,
    )
