//! A pipeline that misbehaves as its parameters say: `on_trap` when it meets a page that begins with `trap`, or with the
//! parameter of that name, `on_open` when it is opened, each one of `none`, `panic`, `loop`, `grow` and `print`. A record whose duration is negative is rejected
//! after it was folded.

use std::hint::black_box;
use std::str::FromStr;

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

#[derive(Clone, Copy)]
enum Misbehaviour {
    Nothing,
    Panic,
    Loop,
    Grow,
    Print,
}

impl FromStr for Misbehaviour {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "none" => Misbehaviour::Nothing,
            "panic" => Misbehaviour::Panic,
            "loop" => Misbehaviour::Loop,
            "grow" => Misbehaviour::Grow,
            "print" => Misbehaviour::Print,
            _ => return Err("expected none, panic, loop, grow or print"),
        })
    }
}

impl Misbehaviour {
    fn act(self) {
        match self {
            Misbehaviour::Nothing => {}
            Misbehaviour::Panic => panic!("stepped into the trap"),
            Misbehaviour::Loop => loop {
                black_box(());
            },
            Misbehaviour::Grow => {
                let mut hoard: Vec<Vec<u8>> = Vec::new();
                loop {
                    hoard.push(vec![1; 1 << 20]);
                    black_box(&hoard);
                }
            }
            Misbehaviour::Print => println!("stepped into the trap"),
        }
    }
}

struct Trapping {
    trap: String,
    on_trap: Misbehaviour,
}

impl Pipeline for Trapping {
    type Event<'a> = Visit<'a>;
    type Key<'a> = PageDay<'a>;
    type State = Stats;
    type View = NoView;

    fn open(params: &mut Params) -> Result<Self, ParamError> {
        params.or("on_open", Misbehaviour::Nothing)?.act();
        Ok(Trapping {
            trap: params.or("trap", "trap".to_owned())?,
            on_trap: params.or("on_trap", Misbehaviour::Panic)?,
        })
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
        if e.page.starts_with(&self.trap) {
            self.on_trap.act();
        }
        if e.duration_ms < 0 {
            return Err(Reject(format!(
                "the duration is negative: {}",
                e.duration_ms
            )));
        }
        Ok(())
    }

    fn present(&self, _: &Stats) -> NoView {
        NoView
    }
}

backfold_guest::export!(Trapping, name = "trapping", version = "0.1.0");

#[cfg(test)]
mod tests {
    use backfold_guest::testing::fold_json;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rejected_record_leaves_no_trace() {
        let visit = |page: &str, ms: i64| json!({"ts": "2026-01-03T15:00:00Z", "page_id": page, "duration_ms": ms});
        let folded = fold_json::<Trapping>(
            &[],
            &[visit("a", 5), visit("a", -1), visit("b", -2), visit("a", 7)],
        );
        let key = PageDay {
            page: "a",
            day: Date::from_ymd(2026, 1, 3).unwrap(),
        };
        let state = folded.state(&key).unwrap();
        assert_eq!(
            (folded.len(), state.views.value(), state.total_ms.value()),
            (1, 2, 12)
        );
        assert_eq!(
            folded.rejections()[1].reason,
            "the duration is negative: -2"
        );
    }
}
