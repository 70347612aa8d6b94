"""The laws that a rebuild rests on, tested with random rows."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..columns import Batch
from ..instance import Instance
from ..monoids import Monoid
from ..monoids.base import load_all
from ..pipeline import Pipeline
from .folded import Folded, Rejected, fold_cut

Row = Mapping[str, Any]


class LawError(AssertionError):
    """A law that does not hold, with the fewest rows that were found for which it does not."""


def laws(
    pipeline: type[Pipeline],
    row: Callable[[random.Random], Row],
    params: Mapping[str, str] | None = None,
    *,
    cases: int = 60,
    seed: int = 0,
) -> None:
    """Checks that the states do not depend on how rows are cut into batches, drains and parts, that a rejected row leaves
    no trace, that identity and associativity hold, and commutativity where the pipeline claims it.

    `row` makes a row from a source of randomness: `lambda r: {"page": r.choice("ab"), "ms": r.randrange(100)}`. Keep
    numbers small: sums that overflow do not obey the laws. Raises `LawError` if a law does not hold.
    """
    for case in range(cases):
        source = random.Random(f"{seed} {case}")
        rows = [row(source) for _ in range(source.randrange(48))]
        cut = source.randrange(1 << 30)
        broken = _broken(pipeline, rows, params, cut)
        if broken is None:
            continue
        # Without each row in turn, as long as the law stays broken.
        at = 0
        while at < len(rows):
            fewer = rows[:at] + rows[at + 1 :]
            still = _broken(pipeline, fewer, params, cut)
            if still is None:
                at += 1
            else:
                rows, broken = fewer, still
        listed = "\n".join(f"  {each!r}" for each in rows)
        raise LawError(f"{broken}\nrows:\n{listed}")


def _broken(pipeline: type[Pipeline], rows: Sequence[Row], params: Mapping[str, str] | None, cut: int) -> str | None:
    """The law that does not hold for these rows."""
    source = random.Random(cut)
    batch_rows, drain_rows = source.randrange(1, 9), source.randrange(1, 5)
    first, second = sorted((source.randint(0, len(rows)), source.randint(0, len(rows))))

    def fold(some: Sequence[Row]) -> Folded:
        return fold_cut(pipeline, some, params, batch_rows, drain_rows)

    whole = fold_cut(pipeline, rows, params, max(len(rows), 1), 1 << 30)
    batches = fold(rows)
    for what, ours, theirs in (
        ("states", whole.saved, batches.saved),
        ("rejections", whole.rejections, batches.rejections),
    ):
        if ours != theirs:
            return _differ(f"{what}, folded at once and in batches of {batch_rows}", ours, theirs)
    rejected = {each.row for each in whole.rejections}
    if rejected:
        kept = fold_cut(
            pipeline, [each for at, each in enumerate(rows) if at not in rejected], params, len(rows), 1 << 30
        )
        if kept.saved != whole.saved:
            return _differ("states with and without the rejected rows", whole.saved, kept.saved)
    bounds = [(0, first), (first, second), (second, len(rows))]
    parts = [fold(rows[start:end]) for start, end in bounds]
    shifted = [
        Rejected(each.row + start, each.reason) for (start, _), part in zip(bounds, parts) for each in part.rejections
    ]
    if shifted != whole.rejections:
        return _differ("rejections, folded at once and in parts", whole.rejections, shifted)
    keys = {key for part in parts for key in part.saved}
    if keys != whole.saved.keys():
        return _differ("keys, folded at once and in parts", set(whole.saved), keys)
    instance = Instance(pipeline, (params or {}).items(), checked=True)
    identity = instance.identity()
    for key in keys:
        states = [part.saved.get(key, identity) for part in parts]
        broken = _algebra(instance, states, identity, whole.saved[key])
        if broken is not None:
            return f"the state of {key!r}: {broken}"
    if instance.descriptor().commutative:
        backwards = fold(rows[::-1])
        if backwards.saved != whole.saved:
            return _differ("states, folded forwards and backwards", whole.saved, backwards.saved)
    return None


def _algebra(instance: Instance, states: list[Batch], identity: Batch, whole: Batch) -> str | None:
    combine = instance.combine
    a, b, c = states
    for state in states:
        for what, combined in (("left", combine(identity, state)), ("right", combine(state, identity))):
            if combined != state:
                return _differ(f"the state, and combined with the identity on its {what}", state, combined)
    left, right = combine(combine(a, b), c), combine(a, combine(b, c))
    if left != right:
        return _differ("combine(combine(a, b), c) and combine(a, combine(b, c))", left, right)
    if left != whole:
        return _differ("folded at once, and in parts and combined", whole, left)
    if instance.descriptor().commutative and combine(a, b) != combine(b, a):
        return _differ("combine(a, b) and combine(b, a)", combine(a, b), combine(b, a))
    if instance.descriptor().views:
        instance.present(whole)
    return None


def monoid_laws(a: Monoid, b: Monoid, c: Monoid) -> None:
    """Checks that identity and associativity hold for three states of a monoid of your own, and commutativity where it is
    claimed, and that each is read back as it was saved. Raises `LawError` if a law does not hold."""

    def copy(state: Monoid) -> Any:
        saved = _saved(state)
        return load_all(state, [[each] for each in saved])[0]

    def combined(left: Monoid, right: Monoid) -> Any:
        result = copy(left)
        result.combine(copy(right))
        return result

    def expect(what: str, left: Monoid, right: Monoid) -> None:
        if _saved(left) != _saved(right):
            raise LawError(_differ(what, _saved(left), _saved(right)))

    for state in (a, b, c):
        expect("the state as it was, and saved and loaded", state, copy(state))
        expect("the state, and combined with the identity on its left", state, combined(state.fresh(), state))
        expect("the state, and combined with the identity on its right", state, combined(state, state.fresh()))
    expect(
        "combine(combine(a, b), c) and combine(a, combine(b, c))",
        combined(combined(a, b), c),
        combined(a, combined(b, c)),
    )
    if a.commutative:
        expect("combine(a, b) and combine(b, a)", combined(a, b), combined(b, a))


def _saved(state: Any) -> tuple[Any, ...]:
    (saved,) = type(state).save_all([state.settled() if hasattr(state, "settled") else state])
    return saved if isinstance(saved, tuple) else (saved,)


def _differ(what: str, left: Any, right: Any) -> str:
    return f"{what}: they differ\n  {left!r}\n  {right!r}"
