//! Visits by page, day and hour, where the day and the hour may stand in the keys of objects.

use backfold_guest::prelude::*;

#[derive(Event)]
struct Visit<'a> {
    #[event(path = "ts", event_time)]
    _at: Timestamp,
    #[event(path = "page_id")]
    page: &'a str,
    dt: Date,
    hour: i64,
    duration_ms: i64,
    note: Option<&'a str>,
}

#[derive(Key)]
struct PageHour<'a> {
    page: &'a str,
    dt: Date,
    hour: i64,
}

#[derive(Monoid)]
struct Stats {
    visits: Sum<i64>,
    total_ms: Sum<i64>,
    note_bytes: Sum<i64>,
}

struct Visits;

impl Pipeline for Visits {
    type Event<'a> = Visit<'a>;
    type Key<'a> = PageHour<'a>;
    type State = Stats;
    type View = NoView;

    fn open(_: &mut Params) -> Result<Self, ParamError> {
        Ok(Visits)
    }

    fn fold(&self, e: Visit<'_>, out: &mut Out<'_, Self>) -> Result<(), Reject> {
        out.at(
            PageHour {
                page: e.page,
                dt: e.dt,
                hour: e.hour,
            },
            |s| {
                s.visits += 1;
                s.total_ms += e.duration_ms;
                s.note_bytes += e.note.unwrap_or_default().len() as i64;
            },
        );
        Ok(())
    }

    fn present(&self, _: &Stats) -> NoView {
        NoView
    }
}

backfold_guest::export!(Visits, name = "visits", version = "0.1.0");
