"""Sessions per user and day: times of activity with less than 30 minutes between one event and the next."""

import struct
from typing import Annotated, TypedDict

from backfold import Date, Deferred, Pipeline, Rows, Sum, Timestamp, day_of, event, path

GAP = 30 * 60 * 1_000_000  # microseconds without an event that end a session

Span = tuple[int, int, int]
"""The first and the last event of a session, in microseconds, and the number of its events."""


class Sessions(Deferred[int]):
    """The sessions of some instants, as disjoint spans in ascending order.

    The spans are the instants, joined where the gap is short: so they depend on the set of instants, and on no order of
    merging. Spans of one day start at least 30 minutes apart, so there are at most 48 of them: the state is bounded.

    The state column holds for each span its first instant, its last instant (8 bytes each, little-endian) and the number of
    its events (4 bytes).
    """

    __slots__ = ("spans",)
    columns = {"": bytes}
    form = struct.Struct("<qqI")

    def __init__(self) -> None:
        super().__init__()
        self.spans: list[Span] = []

    def absorb(self, items: list[int]) -> None:
        self._join([(at, at, 1) for at in items])

    def combine(self, right: "Sessions") -> None:
        self._join(right.spans)

    def _join(self, others: list[Span]) -> None:
        joined: list[Span] = []
        for span in sorted(self.spans + others):
            if joined and span[0] - joined[-1][1] < GAP:
                first, last, events = joined[-1]
                joined[-1] = (first, max(last, span[1]), events + span[2])
            else:
                joined.append(span)
        self.spans = joined

    def save(self) -> bytes:
        return b"".join(self.form.pack(*span) for span in self.spans)

    def load(self, saved: bytes) -> None:
        self.pending.clear()
        if len(saved) % self.form.size:
            raise ValueError("the spans of sessions are cut short")
        self.spans = list(self.form.iter_unpack(saved))


@event(time="at")
class Activity:
    at: Annotated[Timestamp, path("ts")]
    day: Annotated[Date, day_of("at")]
    user_id: str


class UserSessions(Pipeline, name="sessions", version="0.1.0"):
    class Key:
        user_id: str
        day: Date

    class State:
        events: Sum[int]
        spans: Sessions

    class Shown(TypedDict):
        sessions: int
        bounces: int
        active_seconds: int
        longest_seconds: int

    def fold_rows(self, rows: Rows[Activity]) -> None:
        states = self.states
        for at, day, user_id in rows:
            if not user_id:
                rows.reject("the user is empty")
                continue
            s = states[user_id, day]
            s.events += 1
            s.spans.insert(at)

    def show(self, s: State) -> Shown:
        spans = s.spans.spans
        lengths = [(last - first) // 1_000_000 for first, last, _ in spans]
        return {
            "sessions": len(spans),
            "bounces": sum(events == 1 for _, _, events in spans),
            "active_seconds": sum(lengths),
            "longest_seconds": max(lengths, default=0),
        }
