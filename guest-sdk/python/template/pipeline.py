"""Page views per page and day, from an archive of clicks."""

from typing import Annotated, TypedDict

from backfold import Date, Hll, Max, Pipeline, Reject, Sum, Timestamp, event, path


@event(only={"type": ["page_view", "scroll"]}, time="at")
class View:
    """A page view or a scroll; clicks and purchases are passed over."""

    at: Annotated[Timestamp, path("ts")]
    page: Annotated[str, path("page_id")]
    user_id: str
    duration_ms: int


class Clicks(Pipeline, name="{{name}}", version="0.1.0"):
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

    def fold(self, e: View) -> None:
        if e.duration_ms < 0:
            raise Reject("the duration is negative")
        s = self.at(page=e.page, day=e.at.date())
        s.views += 1
        s.total_ms += e.duration_ms
        s.longest_ms.insert(e.duration_ms)
        s.visitors.insert(e.user_id)

    def show(self, s: State) -> Shown:
        return {"visitors_estimate": round(s.visitors.estimate())}
