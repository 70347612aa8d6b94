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

/// The state of a page on a day.
#[derive(Monoid)]
struct Stats {
    views: Sum<i64>,
    total_ms: Sum<i64>,
    longest_ms: Max<i64>,
    visitors: Hll,
}

/// The sketch's estimate, for readers of the table.
#[derive(View)]
struct Estimates {
    visitors_estimate: i64,
}

/// The pipeline.
struct Clicks;

impl Pipeline for Clicks {
    type Event<'a> = View<'a>;
    type Key<'a> = PageDay<'a>;
    type State = Stats;
    type View = Estimates;

    fn open(_: &mut Params) -> Result<Self, ParamError> {
        Ok(Clicks)
    }

    fn fold(&self, e: View<'_>, out: &mut Out<'_, Self>) -> Result<(), Reject> {
        if e.duration_ms < 0 {
            return Err(Reject("the duration is negative"));
        }
        out.at(
            PageDay {
                page: e.page,
                day: e.at.date(),
            },
            |s| {
                s.views += 1;
                s.total_ms += e.duration_ms;
                s.longest_ms.insert(e.duration_ms);
                s.visitors.insert(e.user_id);
            },
        );
        Ok(())
    }

    fn present(&self, state: &Stats) -> Estimates {
        Estimates {
            visitors_estimate: state.visitors.estimate().round() as i64,
        }
    }
}

backfold_guest::export!(Clicks);

#[cfg(test)]
mod tests {
    use backfold_guest::testing::{fold_json, laws};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn event(kind: &str, day: u32, page: &str, user: &str, duration_ms: i64) -> Value {
        json!({
            "type": kind, "ts": format!("2026-01-{day:02}T23:59:59.999Z"), "page_id": page, "user_id": user,
            "duration_ms": duration_ms, "geo": {"country": "DE"},
        })
    }

    #[test]
    fn views_of_a_page_on_a_day() {
        let rows = [
            event("page_view", 3, "p1", "u1", 40),
            event("scroll", 3, "p1", "u2", 60),
            event("purchase", 3, "p1", "u3", 5),
            event("page_view", 4, "p1", "u1", 7),
            event("page_view", 3, "p1", "u4", -1),
        ];
        let folded = fold_json::<Clicks>(&[], &rows);
        let key = PageDay {
            page: "p1",
            day: Date::from_ymd(2026, 1, 3).expect("a day of the calendar"),
        };
        let state = folded.state(&key).expect("the page was seen");
        assert_eq!(
            (
                state.views.value(),
                state.total_ms.value(),
                state.longest_ms.value()
            ),
            (2, 100, Some(60))
        );
        assert_eq!(
            folded.view(&key).map(|view| view.visitors_estimate),
            Some(2)
        );
        assert_eq!(
            (
                folded.len(),
                folded.passed_over(),
                folded.rejections().len()
            ),
            (2, 1, 1)
        );
    }

    #[test]
    fn the_laws_hold() {
        let row = (1..4_u32, "p[1-3]", "u[0-9]{1,2}", -5..5_000_i64).prop_map(
            |(day, page, user, duration_ms)| event("page_view", day, &page, &user, duration_ms),
        );
        laws::check::<Clicks>(&[], row);
    }
}
