"""Mistakes of a user: each has an error that says what, where, and what to do."""

from typing import Annotated

import pytest

import backfold
from backfold import Date, Pipeline, day_of, event, partition, path
from backfold.errors import describe
from backfold.testing import LawError, fold_json, laws


@event
class Visit:
    page: str
    ms: int


def pipeline(body: str) -> type[Pipeline]:
    """The pipeline with these lines in its class."""
    lines = ["class P(Pipeline, name='p', version='0.1.0'):", *(f"    {line}" for line in body.strip().split("\n"))]
    if "class Key" not in body:
        lines += ["    class Key:", "        page: str"]
    if "class State" not in body:
        lines += ["    class State:", "        n: Sum[int]", "        users: Hll[str]", "        top: TopK"]
    if "def fold" not in body:
        lines += ["    def fold(self, e: Visit) -> None:", "        self.at(e.page).n += 1"]
    names = {**vars(backfold), **globals()}
    exec("\n".join(lines), names)
    made: type[Pipeline] = names["P"]
    return made


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("class Key:\n    page: float", r"P.Key.page: a key is of int, str"),
        ("class Key:\n    pass", r"P.Key: a key has at least one field"),
        ("class State:\n    n: int", r"P.State.n: int is no monoid, so it cannot be kept"),
        ("class State:\n    n: Sum[str]", r"P.State.n: a sum is a Sum\[int\] or a Sum\[float\]"),
        ("class State:\n    n: Max[str]", r"P.State.n: it is a Max\[T\], where T is one of int, float"),
        ("class State:\n    page: Sum[int]", r"two columns of the table are named page"),
        ("class State:\n    n: Hll[str] = 12", r"P.State.n: the value of a Hll is its identity, such as Hll\(\)"),
        ("class Shown:\n    n2: int", r"a class `Shown` with the columns and a method `show` go together"),
        ("class Params:\n    since: Timestamp", r"Params.since: a parameter is a str, int, float or bool"),
        (
            "def fold(self, e) -> None: ...",
            r"P.fold: its argument is `e: E`, where E is a class with the decorator @event",
        ),
        ("def fold_rows(self, rows: Rows) -> None: ...", r"P.fold_rows: its argument is `rows: Rows\[E\]`"),
        ("def fold(self, e: Visit): ...\ndef fold_rows(self, rows: Rows[Visit]): ...", r"either a method `fold`"),
    ],
)
def test_declarations_of_a_pipeline(body: str, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        pipeline(body)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"at": list}, r"E.at: there is no column of type list"),
        ({"at": Annotated[int, path("a", encoding="hex")]}, r"E.at: the encoding hex is for bytes"),
        (
            {"at": Annotated[int, path("a", encoding="epoch-seconds")]},
            r"E.at: the encoding epoch-seconds is for a Timestamp",
        ),
        ({"at": Annotated[int, partition]}, r"E.at: partition is int \| None"),
        ({"at": Annotated[int | None, partition, path("x")]}, r"E.at: a field has one origin"),
        ({"at": int, "day": Annotated[Date, day_of("at")]}, r"E.day: at is no Timestamp of this event"),
        ({}, r"E: an event has at least one field"),
    ],
)
def test_declarations_of_an_event(fields: dict[str, object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        event(type("E", (), {"__annotations__": fields}))


def test_options_of_an_event() -> None:
    with pytest.raises(TypeError, match="a condition is a list of at least one value"):
        event(only={"type": "click"})(type("E", (), {"__annotations__": {"page": str}}))
    with pytest.raises(TypeError, match=r"@event\(time='page'\): page is no Timestamp of E"):
        event(time="page")(type("E", (), {"__annotations__": {"page": str}}))
    with pytest.raises(TypeError, match="there is no encoding 'epoch-days'; there are standard"):
        path("ts", encoding="epoch-days")


ROWS = [{"page": "a", "ms": 1}, {"page": "b", "ms": 2}]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("def fold(self, e: Visit):\n    return 7", r"fold returned 7; it returns nothing"),
        ("def fold(self, e: Visit):\n    self.at(e.ms)", r"the key column page is str, and 1 was given"),
        ("def fold(self, e: Visit):\n    self.at(e.page).users.insert(None)", r"an Hll\[str\] takes no None"),
        ("def fold(self, e: Visit):\n    self.at(e.page).top.insert('a', 1)", r"a TopK takes an integer and a text"),
        ("def fold_rows(self, rows: Rows[Visit]):\n    return 7", r"fold_rows returned 7; it returns nothing"),
        (
            "def fold_rows(self, rows: Rows[Visit]):\n    for page, ms in rows:\n        break",
            r"fold_rows left 1 of 2 rows unread",
        ),
        (
            "def fold_rows(self, rows: Rows[Visit]):\n    raise Reject('no')",
            r"in `fold_rows`, call rows.reject\(reason\)",
        ),
        ("def fold_rows(self, rows: Rows[Visit]):\n    self.states['a', 1]", r"\('a', 1\) was given"),
        ("def fold_rows(self, rows: Rows[Visit]):\n    self.states['a'].users.insert(5)", r"an Hll\[str\] takes no 5"),
        (
            "def fold_rows(self, rows: Rows[Visit]):\n    list(rows)\n    rows.reject('a')\n    rows.reject('b')",
            r"rejected already",
        ),
    ],
)
def test_a_fold(body: str, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        fold_json(pipeline(body), ROWS)


def test_a_sum_that_was_made_a_fraction() -> None:
    made = pipeline("def fold(self, e: Visit):\n    self.at(e.page).n += 0.5")
    with pytest.raises(Exception, match=r"the state of page = 'a': n: a Sum\[int\] was made 0.5"):
        fold_json(made, ROWS)


def test_a_trace_of_rejected_rows_breaks_a_law() -> None:
    made = pipeline(
        "def fold_rows(self, rows: Rows[Visit]):\n    for page, ms in rows:\n        self.states[page].n += 1\n"
        "        if ms == 3:\n            rows.reject('three')"
    )
    with pytest.raises(
        LawError, match=r"states with and without the rejected rows(?s:.*)\n  \{'page': 'a', 'ms': 3\}$"
    ):
        laws(made, lambda r: {"page": "a", "ms": r.randrange(5)})


def test_show() -> None:
    made = pipeline("class Shown:\n    mean: float\ndef show(self, s):\n    return {'man': 1.0}")
    with pytest.raises(TypeError, match="show returned {'man': 1.0}; it returns a dictionary of mean"):
        _ = fold_json(made, ROWS).views
    made = pipeline("class Shown:\n    mean: int\ndef show(self, s):\n    return {'mean': 1.5}")
    with pytest.raises(TypeError, match="show: mean: 1.5 is no int64"):
        _ = fold_json(made, ROWS).views


def helper(page: str) -> None:
    {}[page]


def test_an_exception_is_told_with_the_users_frames() -> None:
    def fold() -> None:
        try:
            helper("a\nb")
        except KeyError as error:
            raise RuntimeError("the page\nis \ud800") from error

    try:
        fold()
    except RuntimeError as error:
        lines = describe(error).split("\n")
    assert lines[0] == "RuntimeError: the page is \\ud800"
    assert lines[1].startswith("  at test_mistakes.py:") and lines[1].endswith(" in fold")
    assert "caused by KeyError: 'a\\nb'" in lines
    assert [line.rpartition(" ")[2] for line in lines[-2:]] in (["fold", "helper"], ["helper", "fold"])


@pytest.mark.parametrize("ms", [1, 2])
def test_none_is_no_value_wherever_it_comes(ms: int) -> None:
    state = "class State:\n    n: Sum[int]\n    most: Max[int]\n    last: Last[int]\n"
    for insert in ("most.insert(value)", "last.insert(e.ms, value)"):
        fold = f"def fold(self, e: Visit):\n    value = None if e.ms == {ms} else e.ms\n    self.at('a').{insert}"
        with pytest.raises(TypeError, match="None"):
            fold_json(pipeline(state + fold), ROWS)
