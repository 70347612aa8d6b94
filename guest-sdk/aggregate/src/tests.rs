//! The component against the same pipeline written with the SDK's rows, and its keys against the values they came from.

use backfold_guest::prelude::*;
use backfold_guest::{
    Batch, ColumnBuilder, Component, Descriptor, Instance, Output, Value, show_row,
};
use proptest::prelude::*;

use crate::Aggregate;

/// A record; `None` where it lacks the value.
#[derive(Clone, Debug)]
struct Record {
    ts: i64,
    page: String,
    country: Option<String>,
    ms: i64,
    price: Option<f64>,
    ok: bool,
    user: Option<i64>,
}

/// Appends the value of an input.
fn write(record: &Record, input: &str, column: &mut ColumnBuilder) {
    match input {
        "ts" => Timestamp::from_microseconds(record.ts).write(column),
        "page" => record.page.as_str().write(column),
        "country" => record.country.as_deref().write(column),
        "ms" => record.ms.write(column),
        "price" => record.price.write(column),
        "ok" => record.ok.write(column),
        "user" => record.user.write(column),
        other => panic!("no input {other}"),
    }
}

fn batch(descriptor: &Descriptor, records: &[Record]) -> Batch {
    let columns = descriptor.inputs.iter().map(|input| {
        let mut column = ColumnBuilder::new(input.kind, records.len());
        records
            .iter()
            .for_each(|record| write(record, input.name, &mut column));
        column.finish()
    });
    Batch {
        rows: records.len(),
        columns: columns.collect(),
    }
}

#[derive(backfold_guest::Event)]
struct Visit<'a> {
    #[event(event_time)]
    ts: Timestamp,
    page: &'a str,
    country: Option<&'a str>,
    ms: i64,
    price: Option<f64>,
    ok: bool,
    user: Option<i64>,
}

#[derive(Key)]
struct PageWeek<'a> {
    page: &'a str,
    week: Date,
    country: Option<&'a str>,
}

#[derive(Monoid)]
struct Stats {
    events: Sum<i64>,
    paid: Sum<i64>,
    total_ms: Sum<i64>,
    revenue: Sum<f64>,
    least: Min<i64>,
    dearest: Max<f64>,
    newest: Max<Timestamp>,
    any_ok: Any,
    all_ok: All,
    first_ms: First<i64>,
    last_country: Last<String>,
    users: Hll,
    countries: Hll,
    latency: DdSketch,
    price_median: DdSketch,
    slow_revenue: Sum<f64>,
}

#[derive(View)]
struct Shown {
    revenue_value: f64,
    users_estimate: i64,
    countries_estimate: i64,
    latency_p50: Option<f64>,
    latency_p99_9: Option<f64>,
    price_median_estimate: Option<f64>,
    slow_revenue_value: f64,
}

struct Typed;

impl Pipeline for Typed {
    type Event<'a> = Visit<'a>;
    type Key<'a> = PageWeek<'a>;
    type State = Stats;
    type View = Shown;

    fn open(_: &mut Params) -> Result<Self, ParamError> {
        Ok(Typed)
    }

    fn fold(&self, e: Visit<'_>, out: &mut Out<'_, Self>) -> Result<(), Reject> {
        if e.ms < 0 {
            return Err(Reject("the duration is negative"));
        }
        let days = e.ts.date().days;
        let week = Date::from_days(days - (days + 3).rem_euclid(7));
        let key = PageWeek {
            page: e.page,
            week,
            country: e.country,
        };
        out.at(key, |s| {
            s.events += 1;
            s.paid += i64::from(e.price.is_some());
            s.total_ms += e.ms;
            s.least.insert(e.ms);
            s.newest.insert(e.ts);
            s.any_ok.insert(e.ok);
            s.all_ok.insert(e.ok);
            s.first_ms.insert(e.ts, &e.ms);
            s.latency.insert(e.ms as f64);
            if let Some(price) = e.price {
                s.revenue += price;
                s.dearest.insert(price);
                s.price_median.insert(price);
                if e.ms >= 1_000 {
                    s.slow_revenue += price;
                }
            }
            if let Some(country) = e.country {
                s.last_country.insert(e.ts, country);
                s.countries.insert(country);
            }
            if let Some(user) = e.user {
                s.users.insert(user);
            }
        });
        Ok(())
    }

    fn present(&self, s: &Stats) -> Shown {
        Shown {
            revenue_value: s.revenue.value(),
            users_estimate: s.users.estimate().round() as i64,
            countries_estimate: s.countries.estimate().round() as i64,
            latency_p50: s.latency.quantile(0.5),
            latency_p99_9: s.latency.quantile(0.999),
            price_median_estimate: s.price_median.quantile(0.5),
            slow_revenue_value: s.slow_revenue.value(),
        }
    }
}

const DECLARED: [(&str, &str); 4] = [
    ("reject", "\"ms < 0\" = \"the duration is negative\""),
    ("event_time", "ts"),
    ("key", "page = page\nweek = week_of(ts)\ncountry = country?"),
    (
        "keep",
        "events = count\npaid = count(price?)\ntotal_ms = sum(ms)\nrevenue = sum(price: float64)\nleast = min(ms)\n\
         dearest = max(price)\nnewest = max(ts)\nany_ok = any(ok)\nall_ok = all(ok)\nfirst_ms = first(ms)\n\
         last_country = last(country)\nusers = distinct(user?: int64)\ncountries = distinct(country)\n\
         latency = quantile(ms, 0.5, 0.999)\nprice_median = quantile(price, 0.5)\n\
         slow_revenue = sum(price) where ms >= 1000",
    ),
];

fn open(params: &[(&str, &str)]) -> (Aggregate, Descriptor) {
    let params = params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Aggregate::open("aggregate", "1.0.0", params).unwrap()
}

/// The rows of a drain, by key, with its batches cut at this many rows.
fn drained(
    mut drain: impl FnMut(usize) -> Result<Batch, String>,
    outputs: &[Output],
    rows: usize,
) -> Vec<String> {
    let mut shown = Vec::new();
    loop {
        let batch = drain(rows).unwrap();
        shown.extend((0..batch.rows).map(|row| show_row(outputs, &batch.columns, row)));
        if batch.rows < rows {
            shown.sort();
            return shown;
        }
    }
}

fn record() -> impl Strategy<Value = Record> {
    let price = prop_oneof![
        8 => (-1e3..1e3_f64).prop_map(Some),
        4 => Just(None),
        1 => Just(Some(f64::INFINITY)),
    ];
    (
        -50_000_000_000_000..1_800_000_000_000_000_i64,
        "[a-c]{0,2}",
        prop::option::of("[A-C]"),
        -200..9_000_i64,
        price,
        any::<bool>(),
        prop::option::of(0..40_i64),
    )
        .prop_map(|(ts, page, country, ms, price, ok, user)| Record {
            // Few weeks.
            ts: ts % 3_000_000_000_000,
            page,
            country,
            ms,
            price,
            ok,
            user,
        })
}

proptest! {
    #[test]
    fn it_keeps_what_the_pipeline_in_rust_keeps(
        records in prop::collection::vec(record(), 0..120),
        cut in 1..120_usize,
        rows in 1..40_usize,
    ) {
        let (mut declared, descriptor) = open(&DECLARED);
        let (mut typed, of_typed) = Instance::<Typed>::open("typed", "1.0.0", vec![]).unwrap();
        prop_assert_eq!(&descriptor.keys, &of_typed.keys);
        prop_assert_eq!(&descriptor.states, &of_typed.states);
        prop_assert_eq!(&descriptor.views, &of_typed.views);
        for part in records.chunks(cut) {
            let rejected = declared.fold(&batch(&descriptor, part)).unwrap();
            let by_typed = typed.fold(&batch(&of_typed, part)).unwrap();
            // The reason of a number that is not finite is the field's that comes first.
            let numbers = |rejected: &[(u32, String)]| rejected.iter().map(|(row, _)| *row).collect::<Vec<_>>();
            prop_assert_eq!(numbers(&rejected), numbers(&by_typed));
        }
        let outputs: Vec<Output> = descriptor.keys.iter().chain(&descriptor.states).cloned().collect();
        let one = drained(|rows| declared.drain(rows), &outputs, rows);
        let other = drained(|rows| typed.drain(rows), &outputs, rows);
        prop_assert_eq!(&one, &other);
        // After a drain there is nothing left of it.
        if let Some(part) = records.chunks(cut).next() {
            declared.fold(&batch(&descriptor, part)).unwrap();
            typed.fold(&batch(&of_typed, part)).unwrap();
        }
        let (one, other) = (declared.drain(1_000).unwrap(), typed.drain(1_000).unwrap());
        prop_assert_eq!(one.rows, other.rows);

        // The states of one combine and are shown as those of the other.
        let states = Batch { rows: one.rows, columns: one.columns[descriptor.keys.len()..].to_vec() };
        let swapped = declared.combine(&states, &states).unwrap();
        prop_assert_eq!(&swapped, &Instance::<Typed>::combine(&states, &states).unwrap());
        prop_assert_eq!(declared.identity(), Instance::<Typed>::identity());
        prop_assert_eq!(declared.present(&swapped).unwrap(), typed.present(&swapped).unwrap());
    }

    #[test]
    fn keys_of_every_kind_come_back(
        rows in prop::collection::vec(
            (
                prop::option::of(any::<bool>()),
                prop::option::of(-3..3_i32),
                prop::option::of(-3..3_i64),
                prop::option::of(prop::collection::vec(any::<u8>(), 0..3)),
                any::<i64>(),
                -4_000_000..4_000_000_i32,
            ),
            0..80,
        ),
        first in 0..7_usize,
    ) {
        let columns = [
            "a = a?: boolean", "b = b?: date", "c = c?: int64", "d = d?: binary", "hour = hour_of(at)", "day = day_of(at)",
            "f = f: date",
        ];
        let mut order = columns.to_vec();
        order.rotate_left(first);
        let key = order.join("\n");
        let (mut opened, descriptor) = open(&[("key", &key), ("keep", "n = count")]);
        let mut builders: Vec<_> = descriptor
            .inputs
            .iter()
            .map(|input| ColumnBuilder::new(input.kind, rows.len()))
            .collect();
        let mut expected = std::collections::BTreeMap::<String, i64>::new();
        for (a, b, c, d, at, f) in &rows {
            let at = Timestamp::from_microseconds(*at);
            let (b, f) = (b.map(Date::from_days), Date::from_days(*f));
            for (input, column) in descriptor.inputs.iter().zip(&mut builders) {
                match input.name {
                    "a" => a.write(column),
                    "b" => b.write(column),
                    "c" => c.write(column),
                    "d" => d.as_deref().write(column),
                    "at" => at.write(column),
                    _ => f.write(column),
                }
            }
            let mut key: Vec<_> = descriptor
                .keys
                .iter()
                .map(|output| ColumnBuilder::new(output.kind, 1))
                .collect();
            for (output, column) in descriptor.keys.iter().zip(&mut key) {
                match output.name.as_str() {
                    "a" => a.write(column),
                    "b" => b.write(column),
                    "c" => c.write(column),
                    "d" => d.as_deref().write(column),
                    "hour" => at.truncated(3600).write(column),
                    "day" => at.date().write(column),
                    _ => f.write(column),
                }
            }
            let key: Vec<_> = key.into_iter().map(ColumnBuilder::finish).collect();
            *expected.entry(show_row(&descriptor.keys, &key, 0)).or_default() += 1;
        }
        let batch = Batch {
            rows: rows.len(),
            columns: builders.into_iter().map(ColumnBuilder::finish).collect(),
        };
        opened.fold(&batch).unwrap();
        let outputs: Vec<Output> = descriptor.keys.iter().chain(&descriptor.states).cloned().collect();
        let shown: Vec<_> = expected.iter().map(|(key, n)| format!("{key}, n = {n}")).collect();
        let mut shown = shown;
        shown.sort();
        prop_assert_eq!(drained(|rows| opened.drain(rows), &outputs, 7), shown);
    }
}

fn one(ms: i64, price: Option<f64>) -> Record {
    Record {
        ts: 0,
        page: "p".into(),
        country: None,
        ms,
        price,
        ok: true,
        user: None,
    }
}

#[test]
fn a_rejected_record_leaves_no_trace() {
    let (mut opened, descriptor) = open(&DECLARED);
    let records = [
        one(-1, None),
        one(5, Some(f64::NAN)),
        one(-7, Some(f64::NAN)),
    ];
    let rejected = opened.fold(&batch(&descriptor, &records)).unwrap();
    let reason = |row: u32, reason: &str| (row, reason.to_owned());
    assert_eq!(
        rejected,
        [
            reason(0, "the duration is negative"),
            reason(1, "revenue: the number is not finite"),
            reason(2, "the duration is negative"),
        ]
    );
    assert_eq!(opened.drain(10).unwrap().rows, 0);
}

#[test]
fn a_sum_that_does_not_fit_names_its_key() {
    let (mut opened, descriptor) = open(&DECLARED);
    let records = [one(i64::MAX, None), one(1, None)];
    opened.fold(&batch(&descriptor, &records)).unwrap();
    assert_eq!(
        opened.drain(10).unwrap_err(),
        "the state of page = \"p\", week = 1969-12-29, country = null: total_ms: the sum 9223372036854775808 does not fit \
         into 64 bits"
    );
}

#[test]
fn parameters_are_refused_with_the_entry_at_fault() {
    let refused = |params: &[(&str, &str)]| {
        let params = params
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Aggregate::open("aggregate", "1.0.0", params).err().unwrap()
    };
    assert!(refused(&[("key", "a = b"), ("keep", "n = sum")]).starts_with("keep.n: "));
    assert_eq!(
        refused(&[("kee", "n = count")]),
        "the parameter kee is not known; the pipeline takes where, reject, key, keep, event_time"
    );
}
