//! Sums at the edge of their range, and numbers that no sum takes in.

#![cfg(feature = "testing")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use backfold_guest::prelude::*;
use backfold_guest::testing::fold_json;
use serde_json::{Value, json};

/// It borrows nothing, and neither does the key.
#[derive(Event)]
struct Entry {
    day: Date,
    account: i64,
    cents: i64,
    rate: Option<f64>,
}

#[derive(Key)]
struct AccountDay {
    account: i64,
    day: Date,
}

#[derive(Monoid)]
struct Balance {
    entries: Sum<i64>,
    cents: Sum<i64>,
    inverse_rates: Sum<f64>,
}

struct Ledger;

impl Pipeline for Ledger {
    type Event<'a> = Entry;
    type Key<'a> = AccountDay;
    type State = Balance;
    type View = NoView;

    fn open(_: &mut Params) -> Result<Self, ParamError> {
        Ok(Ledger)
    }

    fn fold(&self, e: Entry, out: &mut Out<'_, Self>) -> Result<(), Reject> {
        let key = AccountDay {
            account: e.account,
            day: e.day,
        };
        out.at(key, |s| {
            s.entries += 1;
            s.cents += e.cents;
            if let Some(rate) = e.rate {
                s.inverse_rates += 1.0 / rate;
            }
        });
        Ok(())
    }

    fn present(&self, _: &Balance) -> NoView {
        NoView
    }
}

const KEY: AccountDay = AccountDay {
    account: 7,
    day: Date::from_ymd(2026, 1, 3).unwrap(),
};

fn entry(cents: i64) -> Value {
    json!({"day": "2026-01-03", "account": 7, "cents": cents})
}

#[test]
fn a_sum_may_leave_its_range_for_a_while() {
    let folded = fold_json::<Ledger>(&[], &[entry(i64::MAX), entry(9), entry(-9)]);
    let state = folded.state(&KEY).unwrap();
    assert_eq!((state.entries.value(), state.cents.value()), (3, i64::MAX));
    assert_eq!(folded.rejections(), []);
}

/// Which record is one too many depends on where history is cut, so none is rejected.
#[test]
#[should_panic(
    expected = "the state of account = 7, day = 2026-01-03: cents: the sum 9223372036854775808 does not fit into 64 bits"
)]
fn a_sum_out_of_range_is_never_drained() {
    fold_json::<Ledger>(&[], &[entry(i64::MAX), entry(1)]);
}

/// The number is not finite whatever came before it, so it is the record that is at fault.
#[test]
fn a_number_that_no_sum_takes_in_rejects_the_record_whole() {
    let with = |rate: f64| {
        let mut entry = entry(5);
        entry["rate"] = json!(rate);
        entry
    };
    let folded = fold_json::<Ledger>(&[], &[with(2.0), with(0.0), with(4.0)]);
    let state = folded.state(&KEY).unwrap();
    assert_eq!(
        (
            state.entries.value(),
            state.cents.value(),
            state.inverse_rates.value()
        ),
        (2, 10, 0.75)
    );
    let rejected = &folded.rejections()[0];
    assert_eq!(
        (rejected.row, rejected.reason.as_str()),
        (1, "inverse_rates: the number is not finite")
    );
}
