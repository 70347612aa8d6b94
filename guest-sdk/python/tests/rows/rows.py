"""Page views by page and day, over batches: the pipeline of the template in the fast form, to compare their rates."""

from typing import Annotated, TypedDict

from backfold import Date, Hll, Max, Pipeline, Rows, Sum, Timestamp, day_of, event, path


@event(only={"type": ["page_view", "scroll"]}, time="at")
class View:
    """A page view or a scroll."""

    at: Annotated[Timestamp, path("ts")]
    day: Annotated[Date, day_of("at")]
    page: Annotated[str, path("page_id")]
    user_id: str
    duration_ms: int


class Clicks(Pipeline, name="rows", version="0.1.0"):
    """Views and visitors of a page on a day, in UTC."""

    class Key:
        page: str
        day: Date

    class State:
        views: Sum[int]
        total_ms: Sum[int]
        longest_ms: Max[int]
        visitors: Hll[str]

    class Shown(TypedDict):
        visitors_estimate: int

    def fold_rows(self, rows: Rows[View]) -> None:
        states = self.states
        for _, day, page, user_id, ms in rows:
            if ms < 0:
                rows.reject("the duration is negative")
                continue
            s = states[page, day]
            s.views += 1
            s.total_ms += ms
            s.longest_ms.insert(ms)
            s.visitors.insert(user_id)

    def show(self, s: State) -> Shown:
        return {"visitors_estimate": round(s.visitors.estimate())}
