"""Tests that need no component: `python3 -m pytest`."""

import random
from typing import Any

from pipeline import Clicks

from backfold import Date
from backfold.testing import fold_json, laws


def view(kind: str, day: int, page: str, user: str, duration_ms: int) -> dict[str, Any]:
    ts = f"2026-01-{day:02}T23:59:59.999Z"
    return {"type": kind, "ts": ts, "page_id": page, "user_id": user, "duration_ms": duration_ms}


def test_views_of_a_page_on_a_day() -> None:
    folded = fold_json(
        Clicks,
        [
            view("page_view", 3, "p1", "u1", 40),
            view("scroll", 3, "p1", "u2", 60),
            view("purchase", 3, "p1", "u3", 5),
            view("page_view", 4, "p1", "u1", 7),
            view("page_view", 3, "p1", "u4", -1),
        ],
    )
    state = folded.state(page="p1", day=Date.of(2026, 1, 3))
    assert (state.views, state.total_ms, state.longest_ms.value) == (2, 100, 60)
    assert folded.view(page="p1", day=Date.of(2026, 1, 3)) == {"visitors_estimate": 2}
    assert [each.reason for each in folded.rejections] == ["the duration is negative"]
    assert (len(folded), folded.passed_over) == (2, 1)


def test_states_do_not_depend_on_where_history_is_cut() -> None:
    def row(r: random.Random) -> dict[str, Any]:
        return view(
            "page_view", r.randrange(1, 4), r.choice(["p1", "p2"]), f"u{r.randrange(99)}", r.randrange(-5, 5_000)
        )

    laws(Clicks, row)
