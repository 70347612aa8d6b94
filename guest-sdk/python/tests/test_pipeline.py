"""A pipeline that uses everything, folded without a component."""

import random
from typing import Annotated, TypedDict

import pytest

from backfold import (
    All,
    Any,
    CountMin,
    Date,
    DdSketch,
    Deferred,
    First,
    Hll,
    Json,
    Last,
    Max,
    Min,
    Pipeline,
    Reject,
    Rows,
    Set,
    Sum,
    Theta,
    Timestamp,
    TopK,
    day_of,
    event,
    offset,
    partition,
    path,
    payload,
    record_header,
    record_key,
    record_time,
    source_name,
    start_of,
)
from backfold.errors import Refused
from backfold.monoids import declare
from backfold.schema import Condition, Encoding, Kind
from backfold.testing import fold_json, laws

NOON_MS = 1_767_441_600_000
DAY = Date.of(2026, 1, 3)


@event(only={"type": ["order", "refund"], "meta.test": [False]}, time="at")
class Order:
    at: Annotated[Timestamp, path("ts", encoding="epoch-milliseconds")]
    day: Annotated[Date, day_of("at")]
    hour: Annotated[Timestamp, start_of("at", hours=1)]
    customer: Annotated[str, path("customer.id")]
    country: Annotated[str | None, path("customer.country")]
    item: str
    cents: int
    weight: float | None
    gift: bool
    token: Annotated[bytes | None, path("token", encoding="hex")]
    due: Date | None
    tags: Json | None
    payload: Annotated[bytes, payload]
    record_key: Annotated[str | None, record_key]
    trace: Annotated[bytes | None, record_header("trace")]
    written: Annotated[Timestamp, record_time]
    source: Annotated[str, source_name]
    partition: Annotated[int | None, partition]
    offset: Annotated[int, offset]


class Orders(Pipeline, name="orders", version="1.2.3"):
    class Params:
        least_cents: int = 0
        strict: bool = False

    class Key:
        country: str | None
        day: Date
        gift: bool

    class State:
        orders: Sum[int]
        cents: Sum[int]
        smallest: Min[int]
        heaviest: Max[float]
        any_gift: Any
        all_tagged: All
        first_item: First[str]
        last_cents: Last[int]
        best: TopK = TopK(3)
        customers: Set[str] = Set(4)
        distinct: Hll[str]
        distinct_items: Theta[str]
        items: CountMin[str] = CountMin(16, 2)
        spread: DdSketch
        weight: Sum[float]

    class Shown(TypedDict):
        mean_cents: float | None
        best_item: str | None

    def fold(self, e: Order) -> None:
        assert (e.record_key, e.trace, e.partition, e.written, e.source) == (None, None, None, 0, "test")
        assert e.offset >= 0 and e.payload.startswith(b"{") and e.day == e.at.date()
        assert e.hour == e.at.truncated(3600) and isinstance(e.at, Timestamp) and isinstance(e.day, Date)
        # Once by country and once for all countries.
        for country in (e.country, None):
            s = self.at(country=country, day=e.day, gift=e.gift)
            s.orders += 1
            s.cents += e.cents
            s.smallest.insert(e.cents)
            if e.weight is not None:
                s.heaviest.insert(e.weight)
                s.weight += e.weight
            s.any_gift.insert(e.gift)
            s.all_tagged.insert(e.tags is not None and e.tags.value() != [])
            s.first_item.insert(e.at, e.item)
            s.last_cents.insert(e.at, e.cents)
            s.best.insert(e.cents, e.item)
            s.customers.insert(e.customer)
            s.distinct.insert(e.customer)
            s.distinct_items.insert(e.item)
            s.items.insert(e.item)
            s.spread.insert(e.cents)
        if e.cents < self.params.least_cents:
            raise Reject(f"{e.cents} cents are too few")
        if e.token == b"":
            raise Reject("the token is empty")

    def show(self, s: State) -> Shown:
        items = s.best.items()
        return {
            "mean_cents": s.cents / s.orders if s.orders else None,
            "best_item": items[0][0] if items else None,
        }


def order(cents: int, item: str, **changed: object) -> dict[str, object]:
    row = {
        "type": "order",
        "ts": NOON_MS,
        "customer": {"id": "c1", "country": "DE"},
        "item": item,
        "cents": cents,
        "gift": False,
        "tags": ["x"],
        "meta": {"test": False},
    }
    return {**row, **changed}


def test_the_descriptor_says_what_the_classes_say() -> None:
    descriptor = fold_json(Orders, []).descriptor
    assert (descriptor.name, descriptor.version, descriptor.event_time) == ("orders", "1.2.3", "at")
    assert descriptor.only == (Condition("type", ("order", "refund")), Condition("meta.test", ("false",)))
    inputs = {each.name: each for each in descriptor.inputs}
    assert "day" not in inputs and "hour" not in inputs
    assert inputs["at"].encoding is Encoding.EPOCH_MILLISECONDS and inputs["token"].encoding is Encoding.HEX
    assert (inputs["country"].nullable, inputs["country"].kind) == (True, Kind.UTF8)
    assert (inputs["trace"].origin.case, inputs["trace"].origin.name) == ("record-header", "trace")
    assert [(each.name, each.kind.value, each.nullable) for each in descriptor.states[:8]] == [
        ("orders", "int64", False),
        ("cents", "int64", False),
        ("smallest", "int64", True),
        ("heaviest", "float64", True),
        ("any_gift", "boolean", False),
        ("all_tagged", "boolean", False),
        ("first_item", "utf8", True),
        ("first_item_at", "timestamp", True),
    ]
    assert [each.name for each in descriptor.views] == ["mean_cents", "best_item"]
    assert descriptor.commutative


def test_states_and_views() -> None:
    folded = fold_json(
        Orders, [order(200, "ink"), order(300, "pén", weight=2.5, gift=False), order(1, "x", type="other")]
    )
    assert (len(folded), folded.passed_over) == (2, 1)
    state = folded.state(country="DE", day=DAY, gift=False)
    assert (state.orders, state.cents, state.smallest.value, state.heaviest.value) == (2, 500, 200, 2.5)
    assert (state.any_gift.value, state.all_tagged.value, state.weight) == (False, True, 2.5)
    assert (state.first_item.value, state.first_item.at, state.last_cents.value) == ("ink", NOON_MS * 1000, 300)
    assert (state.best.items(), state.customers.values()) == ([("pén", 300), ("ink", 200)], ["c1"])
    assert (round(state.distinct.estimate()), state.distinct_items.estimate()) == (1, 2)
    assert (state.items.estimate("ink"), state.spread.quantile(0)) == (1, 200)
    assert folded.view(None, DAY, False) == {"mean_cents": 250, "best_item": "pén"}
    assert folded.state("AT", DAY, False) is None


def test_a_rejected_record_leaves_no_trace() -> None:
    foreign = order(7, "tin", customer={"id": "c2", "country": "AT"}, weight=0.5)
    rows = [order(200, "ink"), order(900, "gold", token=""), foreign]
    alone, folded = fold_json(Orders, rows[:1]), fold_json(Orders, rows, {"least_cents": "100"})
    assert folded.saved == alone.saved
    assert [(each.row, each.reason) for each in folded.rejections] == [
        (1, "the token is empty"),
        (2, "7 cents are too few"),
    ]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_rejects_the_record(number: float) -> None:
    @event
    class Weight:
        grams: int

    class Weights(Pipeline, name="weights", version="0.1.0"):
        class Key:
            grams: int

        class State:
            total: Sum[float]
            spread: DdSketch

        def fold(self, e: Weight) -> None:
            s = self.at(1)
            s.total += 0.5
            if e.grams == 1:
                s.spread.insert(number)
            if e.grams == 2:
                s.total += number

    folded = fold_json(Weights, [{"grams": 0}, {"grams": 1}, {"grams": 2}])
    assert [each.reason for each in folded.rejections] == ["the number is not finite"] * 2
    assert folded.state(1).total == 0.5


WRONG: list[dict[str, object]] = [{"cents": 1.5}, {"item": None}, {"cents": 1 << 63}]


def test_a_record_that_does_not_decode_is_rejected() -> None:
    folded = fold_json(Orders, [{**order(1, "a"), **wrong} for wrong in WRONG])
    assert [each.reason for each in folded.rejections] == [
        "cents: 1.5 is no int64",
        "item: null is no utf8",
        "cents: 9223372036854775808 is no int64",
    ]


def test_parameters() -> None:
    for params, message in (
        ({"most_cents": "7"}, "the parameter most_cents is not known; the pipeline takes least_cents, strict"),
        ({"least_cents": "many"}, "the parameter least_cents = 'many' is of no use: it is not an integer"),
        ({"strict": "yes"}, "the parameter strict = 'yes' is of no use: it is not true or false"),
    ):
        with pytest.raises(Refused, match=message):
            fold_json(Orders, [], params)


def test_the_laws_hold() -> None:
    def row(r: random.Random) -> dict[str, object]:
        return order(
            r.randrange(-50, 50),
            r.choice("abcdé"),
            ts=NOON_MS + r.randrange(4),
            customer={"id": r.choice("abcdefgh"), "country": r.choice(["DE", None])},
            weight=r.choice([None, r.uniform(-9, 9)]),
            gift=r.random() < 0.5,
            tags=r.choice([None, ["x"]]),
        )

    laws(Orders, row, {"least_cents": "-40"}, cases=40)


@event
class Exact:
    key: str
    number: int


class Exactly(Pipeline, name="exactly", version="0.1.0"):
    class Key:
        key: str

    class State:
        total: Sum[int]
        greatest: Max[int]
        seen: Hll[int]

    def fold_rows(self, rows: Rows[Exact]) -> None:
        states = self.states
        for key, number in rows:
            if number == 0:
                rows.reject("zero")
                continue
            s = states[key]
            s.total += number
            s.greatest.insert(number)
            s.seen.insert(number)


def test_integers_beyond_doubles_are_exact_in_the_fast_form() -> None:
    big = (1 << 53) + 1
    folded = fold_json(Exactly, [{"key": "é😀", "number": n} for n in (big, 0, big, -big, 7)])
    assert [(each.row, each.reason) for each in folded.rejections] == [(1, "zero")]
    state = folded.state("é😀")
    assert (state.total, state.greatest.value, round(state.seen.estimate())) == (big + 7, big, 3)


def test_a_sum_beyond_64_bits_is_refused_where_it_is_kept() -> None:
    most = (1 << 63) - 1
    assert fold_json(Exactly, [{"key": "a", "number": n} for n in (most, 5, -9)]).state("a").total == most - 4
    with pytest.raises(
        Refused, match=r"the state of key = 'a': total: the sum 9223372036854775812 does not fit into 64 bits"
    ):
        fold_json(Exactly, [{"key": "a", "number": n} for n in (most, 5)])


def test_the_laws_hold_in_the_fast_form() -> None:
    laws(Exactly, lambda r: {"key": r.choice("abc"), "number": r.randrange(-9, 9)})


class Distinct(Deferred[int]):
    """Distinct numbers: a monoid of the user's, without slots, with a parameter."""

    columns = {"": int}

    def __init__(self, modulus: int = 10) -> None:
        super().__init__()
        self.modulus = modulus
        self.seen = 0

    def fresh(self) -> "Distinct":
        return type(self)(self.modulus)

    def absorb(self, items: list[int]) -> None:
        for item in items:
            self.seen |= 1 << item % self.modulus

    def combine(self, right: "Distinct") -> None:
        self.seen |= right.seen

    def save(self) -> int:
        return self.seen

    def load(self, seen: int) -> None:
        self.seen = seen

    def count(self) -> int:
        return bin(self.settled().seen).count("1")


@pytest.mark.parametrize("fast", [False, True])
def test_a_monoid_of_the_users_own(fast: bool) -> None:
    held = declare.part("x", Distinct, Distinct(7), "State.x", fast)
    state = held.initial()
    for number in (3, 10, 5):
        state.insert(number)
    assert (state.count(), state.pending, state.modulus) == (2, [3, 10, 5], 7)
    (loaded,) = held.load(held.save([state]), 1)
    assert (loaded.count(), loaded.modulus, state.pending) == (2, 7, [])
