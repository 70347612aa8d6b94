"""The states of all monoids have the bytes of the Rust SDK's."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from backfold import (
    All,
    CountMin,
    Date,
    DdSketch,
    First,
    Hll,
    Last,
    Max,
    Min,
    Set,
    Sum,
    Theta,
    Timestamp,
    TopK,
)  # fmt: skip
from backfold import Any as AnyTrue
from backfold.columns import Column, read
from backfold.monoids.declare import part
from backfold.schema import Kind

GOLDEN = Path(__file__).resolve().parents[2] / "golden"

CASES: dict[str, tuple[Any, Any, Any]] = {
    "all": (All, None, lambda text: text == "true"),
    "any": (AnyTrue, None, lambda text: text == "true"),
    "count_min_16_3": (CountMin[str], CountMin(16, 3), str),
    "dd_sketch": (DdSketch, None, float),
    "first_int64": (First[int], None, int),
    "hll": (Hll[str], None, str),
    "hll_4_int64": (Hll[int], Hll(4), int),
    "last_utf8": (Last[str], None, str),
    "max_date": (Max[Date], None, lambda text: Date(int(text))),
    "max_float64": (Max[float], None, float),
    "max_int64": (Max[int], None, int),
    "min_float64": (Min[float], None, float),
    "min_int64": (Min[int], None, int),
    "min_timestamp": (Min[Timestamp], None, lambda text: Timestamp(int(text))),
    "set_int64_3": (Set[int], Set(3), int),
    "set_utf8_3": (Set[str], Set(3), str),
    "sum_float64": (Sum[float], None, float),
    "sum_int64": (Sum[int], None, int),
    "theta_5": (Theta[str], Theta(5), str),
    "top_3": (TopK, TopK(3), str),
}


def test_each_golden_file_has_a_monoid() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == CASES.keys()


def values(inserts: Any) -> list[Any]:
    if isinstance(inserts, dict):
        numbers = range(int(inserts["from"]), int(inserts["to"]))
        return [inserts["text"].replace("{}", str(each)) if "text" in inserts else str(each) for each in numbers]
    return list(inserts)


def inserted(part: Any, inserts: Any, convert: Any) -> Any:
    state = part.initial()
    for value in values(inserts):
        if isinstance(value, list):
            state.insert(int(value[0]), convert(value[1]))
        elif hasattr(state, "insert") and not part.name == "sum":
            state.insert(convert(value))
        else:
            state += convert(value)
    return state


def hexadecimal(part: Any, columns: list[Column]) -> list[str | None]:
    cells = []
    for output, column in zip(part.outputs, columns):
        if column.validity == b"\0":
            cells.append(None)
        elif output.kind is Kind.BOOLEAN:
            cells.append("01" if read(output.kind, column, 1) == [True] else "00")
        else:
            cells.append(column.values.hex())
    return cells


def shown(state: Any) -> Any:
    """What a reader gets, in the form of the golden files."""
    if isinstance(state, (DdSketch,)):
        return [state.quantile(q) for q in (0, 0.5, 0.95, 1)]
    if isinstance(state, CountMin):
        return state.estimate("a")
    if isinstance(state, (Hll, Theta)):
        return state.estimate()
    if isinstance(state, Set):
        return {"had_more": state.had_more(), "values": state.values()}
    if isinstance(state, TopK):
        return [[score, item] for item, score in state.items()]
    return getattr(state, "value", state)


def same(shown: Any, golden: Any) -> bool:
    if isinstance(golden, dict):
        return shown.keys() == golden.keys() and all(same(shown[name], golden[name]) for name in golden)
    if isinstance(golden, list):
        return len(shown) == len(golden) and all(map(same, shown, golden))
    if isinstance(shown, float) and isinstance(golden, str):
        return shown == float(golden) and math.copysign(1, shown) == math.copysign(1, float(golden))
    return golden == (
        shown if shown is None or isinstance(shown, bool) else str(int(shown) if isinstance(shown, int) else shown)
    )


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_states(name: str, fast: bool) -> None:
    annotation, identity, convert = CASES[name]
    golden = json.loads((GOLDEN / f"{name}.json").read_text())
    held = part("x", annotation, identity, "State.x", fast)
    assert [{"kind": each.kind.value, "name": each.name, "nullable": each.nullable} for each in held.outputs] == golden[
        "columns"
    ]
    saved = {}
    for state in golden["states"]:
        built = inserted(held, state["inserts"], convert)
        assert same(shown(built), state["value"]), state["name"]
        columns = held.save([built])
        assert hexadecimal(held, columns) == state["columns"], state["name"]
        (loaded,) = held.load(columns, 1)
        assert same(shown(loaded), state["value"]), state["name"]
        saved[state["name"]] = columns
    for merge in golden["merges"]:
        combined = held.combine(saved[merge["left"]], saved[merge["right"]], 1)
        assert hexadecimal(held, combined) == merge["columns"], (merge["left"], merge["right"])
