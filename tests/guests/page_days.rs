//! Count and sum of `duration_ms` by page and day, of every record: the lean pipeline of the benchmarks.

use backfold_guest::prelude::*;

#[derive(Event)]
struct Visit<'a> {
    #[event(path = "ts", event_time)]
    at: Timestamp,
    #[event(path = "page_id")]
    page: &'a str,
    duration_ms: i64,
}

#[derive(Key)]
struct PageDay<'a> {
    page: &'a str,
    day: Date,
}

#[derive(Monoid)]
struct Stats {
    views: Sum<i64>,
    total_ms: Sum<i64>,
}

struct PageDays;

impl Pipeline for PageDays {
    type Event<'a> = Visit<'a>;
    type Key<'a> = PageDay<'a>;
    type State = Stats;
    type View = NoView;

    fn open(_: &mut Params) -> Result<Self, ParamError> {
        Ok(PageDays)
    }

    fn fold(&self, e: Visit<'_>, out: &mut Out<'_, Self>) -> Result<(), Reject> {
        out.at(
            PageDay {
                page: e.page,
                day: e.at.date(),
            },
            |s| {
                s.views += 1;
                s.total_ms += e.duration_ms;
            },
        );
        Ok(())
    }

    fn present(&self, _: &Stats) -> NoView {
        NoView
    }
}

backfold_guest::export!(PageDays, name = "page_days", version = "0.1.0");
