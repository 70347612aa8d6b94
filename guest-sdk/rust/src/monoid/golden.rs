//! The files of `guest-sdk/golden`: values that are inserted into each monoid, and the state columns that they give.
//! The SDKs of other languages hold their own monoids to them.

use std::path::Path;
use std::{env, fs};

use serde_json::{Value, json};

use super::{
    All, Any, CountMin, DdSketch, First, Hll, Last, Max, Min, Monoid, Set, Sum, Theta, TopK,
};
use crate::column::Column;
use crate::schema::{Kind, Output};
use crate::types::{Date, Timestamp};
use crate::value::{BatchBuilder, RowReader};

/// A state by its name, and the values of each insertion.
type Inserted = (&'static str, Value);

/// The content of one file.
struct Golden<M> {
    name: &'static str,
    /// The monoid with its parameters, as the Rust SDK writes it.
    monoid: &'static str,
    insert: fn(&mut M, &Value),
    read: fn(&M) -> Value,
    states: Vec<Inserted>,
}

impl<M: Monoid> Golden<M> {
    /// Compares the file with the states, or writes it where `BACKFOLD_GOLDEN` is `write`.
    fn check(self) {
        let states: Vec<(&str, M, Value)> = self
            .states
            .into_iter()
            .map(|(name, inserts)| {
                let mut state = M::identity();
                for insert in each(&inserts) {
                    state.mark();
                    (self.insert)(&mut state, &insert);
                }
                state.mark();
                (name, state, inserts)
            })
            .collect();
        let shown: Vec<Value> = states
            .iter()
            .map(|(name, state, inserts)| {
                json!({"name": name, "inserts": inserts, "columns": saved(state), "value": (self.read)(state)})
            })
            .collect();
        let mut merges = Vec::new();
        for (n, (left, left_state, _)) in states.iter().enumerate() {
            for (right, right_state, _) in &states[n..] {
                let mut merged = copy(left_state);
                merged.combine(right_state).expect("the states are small");
                merges.push(json!({"left": left, "right": right, "columns": saved(&merged)}));
            }
        }
        let columns: Vec<Value> = M::columns("x").iter().map(described).collect();
        let file =
            json!({"monoid": self.monoid, "columns": columns, "states": shown, "merges": merges});
        let text = serde_json::to_string_pretty(&file).expect("JSON") + "\n";
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../golden/{}.json", self.name));
        if env::var_os("BACKFOLD_GOLDEN").is_some_and(|what| what == "write") {
            fs::write(&path, text).expect("the folder is there");
        } else {
            let found = fs::read_to_string(&path).expect("the file is there");
            assert!(
                found == text,
                "{} is not what the monoid gives: BACKFOLD_GOLDEN=write writes it",
                path.display()
            );
        }
    }
}

/// Insertions are a list of values, or a text with `{}` for each number of a range.
fn each(inserts: &Value) -> Vec<Value> {
    if let Value::Array(values) = inserts {
        return values.clone();
    }
    let bound = |name: &str| inserts[name].as_i64().expect("a number");
    let numbers = bound("from")..bound("to");
    match inserts["text"].as_str() {
        Some(text) => numbers
            .map(|n| json!(text.replace("{}", &n.to_string())))
            .collect(),
        None => numbers.map(|n| json!(n.to_string())).collect(),
    }
}

fn described(output: &Output) -> Value {
    let kind = match output.kind {
        Kind::Boolean => "boolean",
        Kind::Int64 => "int64",
        Kind::Float64 => "float64",
        Kind::Timestamp => "timestamp",
        Kind::Date => "date",
        Kind::Utf8 => "utf8",
        Kind::Binary => "binary",
        Kind::Json => "json",
    };
    json!({"name": output.name, "kind": kind, "nullable": output.nullable})
}

fn batch<M: Monoid>(state: &M) -> Vec<Column> {
    state.fits().expect("the states are small");
    let mut builder = BatchBuilder::new(&M::columns("x"), 1);
    state.save(&mut builder.row());
    builder.finish(1).columns
}

fn copy<M: Monoid>(state: &M) -> M {
    M::load(&mut RowReader::new(&batch(state), 0)).expect("a saved state is read back")
}

/// The bytes of each column's only value, in hexadecimal; null where it is null.
fn saved<M: Monoid>(state: &M) -> Vec<Value> {
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let columns = batch(state);
    let shown = columns.iter().map(|column| match column.is_valid(0) {
        true => json!(hex(&column.values)),
        false => Value::Null,
    });
    shown.collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn int(value: &Value) -> i64 {
    text(value).parse().expect("an integer")
}

fn float(value: &Value) -> f64 {
    text(value).parse().expect("a number")
}

fn shown<T: ToString>(value: Option<T>) -> Value {
    value.map_or(Value::Null, |value| json!(value.to_string()))
}

const INTS: [&str; 3] = ["-9007199254740993", "7", "9007199254740993"];
const FLOATS: [&str; 6] = ["1e16", "1", "-1e16", "0.1", "-0", "5e-324"];

/// Lists of values, each the state of that name.
fn states(lists: &[(&'static str, &[&str])]) -> Vec<Inserted> {
    lists
        .iter()
        .map(|(name, values)| (*name, json!(values)))
        .collect()
}

fn range(name: &'static str, text: &str, from: i64, to: i64) -> Inserted {
    (name, json!({"text": text, "from": from, "to": to}))
}

fn numbers(name: &'static str, from: i64, to: i64) -> Inserted {
    (name, json!({"from": from, "to": to}))
}

#[test]
fn sums() {
    Golden::<Sum<i64>> {
        name: "sum_int64",
        monoid: "Sum<i64>",
        insert: |sum, value| *sum += int(value),
        read: |sum| json!(sum.value().to_string()),
        states: states(&[
            ("none", &[]),
            ("some", &INTS),
            (
                "cancelled",
                &["9223372036854775807", "1", "-9223372036854775000"],
            ),
        ]),
    }
    .check();
    Golden::<Sum<f64>> {
        name: "sum_float64",
        monoid: "Sum<f64>",
        insert: |sum, value| *sum += float(value),
        read: |sum| json!(sum.value().to_string()),
        states: states(&[
            ("none", &[]),
            ("some", &FLOATS),
            ("tenths", &["0.1", "0.2", "0.3", "1e300", "-1e300"]),
            ("large", &["1.7976931348623157e308", "1e-308", "-2.5"]),
        ]),
    }
    .check();
}

macro_rules! extremes {
    ($($name:literal, $monoid:literal, $type:ty, $parse:expr, $show:expr, $values:expr;)*) => {$(
        Golden::<$type> {
            name: $name,
            monoid: $monoid,
            insert: |extreme, value| extreme.insert($parse(value)),
            read: |extreme| extreme.value().map_or(Value::Null, |value| json!($show(value).to_string())),
            states: states(&[("none", &[]), ("some", $values), ("one", &$values[1..2])]),
        }
        .check();
    )*};
}

#[test]
fn least_and_greatest() {
    extremes! {
        "min_int64", "Min<i64>", Min<i64>, int, i64::from, &INTS;
        "max_int64", "Max<i64>", Max<i64>, int, i64::from, &INTS;
        "min_float64", "Min<f64>", Min<f64>, float, f64::from, &["-0", "0", "2.5", "inf"];
        "max_float64", "Max<f64>", Max<f64>, float, f64::from, &["-0", "0", "-2.5", "-inf"];
        "min_timestamp", "Min<Timestamp>", Min<Timestamp>, |v| Timestamp::from_microseconds(int(v)),
            |t: Timestamp| t.microseconds, &INTS;
        "max_date", "Max<Date>", Max<Date>, |v| Date::from_days(int(v) as i32), |d: Date| d.days,
            &["-1", "20456", "7"];
    }
}

#[test]
fn logic() {
    let lists = || {
        states(&[
            ("none", &[]),
            ("false", &["false"]),
            ("true", &["true"]),
            ("both", &["true", "false"]),
        ])
    };
    Golden::<Any> {
        name: "any",
        monoid: "Any",
        insert: |any, value| any.insert(text(value) == "true"),
        read: |any| json!(any.value()),
        states: lists(),
    }
    .check();
    Golden::<All> {
        name: "all",
        monoid: "All",
        insert: |all, value| all.insert(text(value) == "true"),
        read: |all| json!(all.value()),
        states: lists(),
    }
    .check();
}

/// Each insertion is a time in microseconds and a value.
fn timed() -> Vec<Inserted> {
    vec![
        ("none", json!([])),
        ("one", json!([["5", "7"]])),
        (
            "later",
            json!([["5", "7"], ["9007199254740993", "-3"], ["-6", "12"]]),
        ),
        ("ties", json!([["5", "10"], ["5", "9"], ["5", "70"]])),
    ]
}

#[test]
fn first_and_last() {
    Golden::<First<i64>> {
        name: "first_int64",
        monoid: "First<i64>",
        insert: |first, v| first.insert(Timestamp::from_microseconds(int(&v[0])), &int(&v[1])),
        read: |first| shown(first.value()),
        states: timed(),
    }
    .check();
    Golden::<Last<String>> {
        name: "last_utf8",
        monoid: "Last<String>",
        insert: |last, v| last.insert(Timestamp::from_microseconds(int(&v[0])), text(&v[1])),
        read: |last| shown(last.value()),
        states: timed(),
    }
    .check();
}

#[test]
fn top_items() {
    Golden::<TopK<3>> {
        name: "top_3",
        monoid: "TopK<3>",
        insert: |top, v| top.insert(int(&v[0]), text(&v[1])),
        read: |top| {
            let items = top.items();
            items
                .into_iter()
                .map(|(item, score)| json!([score.to_string(), item]))
                .collect()
        },
        states: vec![
            ("none", json!([])),
            ("few", json!([["3", "a"], ["9007199254740993", "é"]])),
            (
                "many",
                json!([
                    ["3", "a"],
                    ["5", "b"],
                    ["9", "a"],
                    ["5", "c"],
                    ["5", "B"],
                    ["1", "b"]
                ]),
            ),
            (
                "ties",
                json!([
                    ["5", "\u{ffee}"],
                    ["5", "\u{1f600}"],
                    ["5", "z"],
                    ["5", ""],
                    ["-5", "y"]
                ]),
            ),
        ],
    }
    .check();
}

#[test]
fn sets() {
    Golden::<Set<String, 3>> {
        name: "set_utf8_3",
        monoid: "Set<String, 3>",
        insert: |set, value| set.insert(text(value)),
        read: |set| json!({"values": set.values(), "had_more": set.had_more()}),
        states: states(&[
            ("none", &[]),
            ("few", &["b", "a", "b"]),
            ("many", &["\u{1f600}", "\u{ffee}", "z", "", "é"]),
        ]),
    }
    .check();
    Golden::<Set<i64, 3>> {
        name: "set_int64_3",
        monoid: "Set<i64, 3>",
        insert: |set, value| set.insert(&int(value)),
        read: |set| {
            let values: Vec<String> = set.values().iter().map(i64::to_string).collect();
            json!({"values": values, "had_more": set.had_more()})
        },
        states: states(&[
            ("none", &[]),
            ("few", &["2", "-1"]),
            ("many", &["9007199254740993", "5", "4", "-3", "4"]),
        ]),
    }
    .check();
}

/// Texts whose hashes fill a sketch to different degrees.
fn texts(sizes: &[(&'static str, i64, i64)]) -> Vec<Inserted> {
    let mut all = states(&[
        ("none", &[]),
        (
            "few",
            &["a", "é", "a", "", "a text of more than sixteen bytes"],
        ),
    ]);
    all.extend(
        sizes
            .iter()
            .map(|(name, from, to)| range(name, "user-{}", *from, *to)),
    );
    all
}

#[test]
fn distinct() {
    let sizes = [
        ("some", 0, 20),
        ("hundreds", 10, 400),
        ("thousands", 0, 20_000),
    ];
    Golden::<Hll> {
        name: "hll",
        monoid: "Hll<12>",
        insert: |hll, value| hll.insert(text(value)),
        read: |hll| json!(hll.estimate().to_string()),
        states: texts(&sizes),
    }
    .check();
    Golden::<Hll<4>> {
        name: "hll_4_int64",
        monoid: "Hll<4>",
        insert: |hll, value| hll.insert(int(value)),
        read: |hll| json!(hll.estimate().to_string()),
        states: vec![
            ("none", json!([])),
            numbers("some", -3, 4),
            numbers("many", 0, 300),
        ],
    }
    .check();
    Golden::<Theta<5>> {
        name: "theta_5",
        monoid: "Theta<5>",
        insert: |theta, value| theta.insert(text(value)),
        read: |theta| json!(theta.estimate().to_string()),
        states: texts(&[("some", 0, 20), ("hundreds", 10, 400)]),
    }
    .check();
}

#[test]
fn counts_and_quantiles() {
    Golden::<CountMin<16, 3>> {
        name: "count_min_16_3",
        monoid: "CountMin<16, 3>",
        insert: |counts, value| counts.insert(text(value)),
        read: |counts| json!(counts.estimate("a").to_string()),
        states: texts(&[("some", 0, 20)]),
    }
    .check();
    Golden::<DdSketch> {
        name: "dd_sketch",
        monoid: "DdSketch<10>",
        insert: |sketch, value| sketch.insert(float(value)),
        read: |sketch| {
            let quantile = |q| shown(sketch.quantile(q));
            json!([quantile(0.0), quantile(0.5), quantile(0.95), quantile(1.0)])
        },
        states: vec![
            ("none", json!([])),
            (
                "some",
                json!(["0", "-0", "1", "-2.5", "1e300", "5e-324", "0.001", "0.001"]),
            ),
            numbers("numbers", 1, 2000),
            numbers("around zero", -50, 50),
        ],
    }
    .check();
}
