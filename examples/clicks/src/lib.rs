//! Page views per page and day, from an archive of clicks.

use backfold_guest::prelude::*;

/// A page view or a scroll; clicks and purchases are passed over.
#[derive(Event)]
#[event(only(type = ["page_view", "scroll"]))]
struct View<'a> {
    #[event(path = "ts", event_time)]
    at: Timestamp,
    #[event(path = "page_id")]
    page: &'a str,
    user_id: &'a str,
    duration_ms: i64,
}

/// A page on a day, in UTC.
#[derive(Key)]
struct PageDay<'a> {
    page: &'a str,
    day: Date,
}

/// What is known of a page on a day.
#[derive(Monoid)]
struct Stats {
    views: Sum<i64>,
    total_ms: Sum<i64>,
    longest_ms: Max<i64>,
}

/// The pipeline.
struct Clicks;

impl Pipeline for Clicks {
    type Event<'a> = View<'a>;
    type Key<'a> = PageDay<'a>;
    type State = Stats;
    type View = NoView;

    fn open(_: &mut Params) -> Result<Self, ParamError> {
        Ok(Clicks)
    }

    fn fold(&self, e: View<'_>, out: &mut Out<'_, Self>) -> Result<(), Reject> {
        if e.duration_ms < 0 {
            return Err(Reject("the duration is negative"));
        }
        out.at(PageDay { page: e.page, day: e.at.date() }, |s| {
            s.views += 1;
            s.total_ms += e.duration_ms;
            s.longest_ms.insert(e.duration_ms);
        });
        Ok(())
    }

    fn present(&self, _: &Stats) -> NoView {
        NoView
    }
}

backfold_guest::export!(Clicks);
