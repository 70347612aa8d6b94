"""Tests that need no component: `python3 -m pytest`."""

import random
from typing import Any

from sessions import Sessions, UserSessions

from backfold import Date
from backfold.testing import fold_json, laws, monoid_laws

DAY = Date.of(2026, 1, 3)


def seen(clock: str, user: str = "u1") -> dict[str, Any]:
    return {"ts": f"2026-01-03T{clock}Z", "user_id": user}


def test_half_an_hour_without_an_event_ends_a_session() -> None:
    folded = fold_json(
        UserSessions, [seen("10:00:00"), seen("10:29:59.999999"), seen("10:59:59.999999"), seen("09:00:00")]
    )
    assert folded.view(user_id="u1", day=DAY) == {
        "sessions": 3,
        "bounces": 2,
        "active_seconds": 1799,
        "longest_seconds": 1799,
    }


def test_an_event_between_two_sessions_joins_them() -> None:
    apart = [seen("10:00:00"), seen("10:40:00")]
    assert fold_json(UserSessions, apart).view("u1", DAY)["sessions"] == 2
    joined = fold_json(UserSessions, [*apart, seen("10:20:00")]).view("u1", DAY)
    assert (joined["sessions"], joined["longest_seconds"]) == (1, 2400)


def test_a_session_is_of_one_user_and_one_day() -> None:
    rows = [
        seen("23:59:00"),
        {"ts": "2026-01-04T00:01:00Z", "user_id": "u1"},
        seen("23:59:30", "ü2"),
        seen("12:00:00", ""),
    ]
    folded = fold_json(UserSessions, rows)
    assert {key: view["sessions"] for key, view in folded.views.items()} == {
        ("u1", DAY): 1,
        ("u1", DAY + 1): 1,
        ("ü2", DAY): 1,
    }
    assert [(each.row, each.reason) for each in folded.rejections] == [(3, "the user is empty")]


def test_a_day_has_at_most_48_sessions() -> None:
    rows = [seen(f"{minute // 60:02}:{minute % 60:02}:00") for minute in range(0, 1440, 30)]
    folded = fold_json(UserSessions, rows)
    assert folded.view("u1", DAY)["sessions"] == 48
    assert len(folded.state("u1", DAY).spans.save()) == 48 * 20


def test_sessions_are_a_monoid() -> None:
    source = random.Random(7)
    for _ in range(100):
        states = []
        for _ in range(3):
            state = Sessions()
            for _ in range(source.randrange(20)):
                state.insert(source.randrange(86_400_000_000))
            states.append(state)
        monoid_laws(*states)


def test_states_do_not_depend_on_where_history_is_cut() -> None:
    def row(r: random.Random) -> dict[str, Any]:
        return seen(f"{r.randrange(24):02}:{r.randrange(60):02}:00", r.choice(["u1", "u2", ""]))

    laws(UserSessions, row)
