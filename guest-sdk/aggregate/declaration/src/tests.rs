//! Declarations that make sense, and mistakes with the entry at fault.

use super::*;

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

fn source(event_time: &str, key: &[(&str, &str)], keep: &[(&str, &str)]) -> Source {
    Source {
        event_time: (!event_time.is_empty()).then(|| event_time.to_owned()),
        key: pairs(key),
        keep: pairs(keep),
        ..Source::default()
    }
}

/// The error of a declaration whose key is `page_id`.
fn said(keep: &[(&str, &str)]) -> String {
    let error = source("", &[("page", "page_id")], keep).check();
    error.unwrap_err().to_string()
}

fn kinds(declaration: &Declaration) -> Vec<String> {
    let inputs = declaration.inputs.iter();
    inputs
        .map(|input| {
            let missing = if input.nullable { "?" } else { "" };
            format!("{}{missing}: {}", input.name, input.kind)
        })
        .collect()
}

#[test]
fn types_follow_from_the_uses() {
    let clicks = Source {
        only: vec![("type".into(), vec!["page_view".into(), "scroll".into()])],
        reject: pairs(&[("duration_ms < 0", "the duration is negative")]),
        ..source(
            "ts",
            &[
                ("page", "page_id"),
                ("day", "day_of(ts)"),
                ("country", "geo.country?"),
            ],
            &[
                ("views", "count"),
                ("total_ms", "sum(duration_ms)"),
                ("longest_ms", "max(duration_ms)"),
                ("visitors", "distinct(user_id)"),
                ("p95", "quantile(duration_ms, 0.95)"),
                ("last_page", "last(page_id)"),
                ("revenue", "sum(price?: float64)"),
                ("bought", "count where type = purchase or refund"),
            ],
        )
    };
    let declaration = clicks.check().unwrap();
    assert_eq!(
        kinds(&declaration),
        [
            "ts: timestamp",
            "duration_ms: int64",
            "page_id: utf8",
            "geo_country?: utf8",
            "user_id: utf8",
            "price?: float64",
            "type: utf8",
        ]
    );
    let columns: Vec<_> = declaration
        .keep
        .iter()
        .flat_map(|kept| {
            let states = declaration.state_columns(kept).into_iter();
            states.chain(declaration.view_columns(kept))
        })
        .map(|column| format!("{} {}", column.name, column.kind))
        .collect();
    assert_eq!(
        columns,
        [
            "views int64",
            "total_ms int64",
            "longest_ms int64",
            "visitors binary",
            "visitors_estimate int64",
            "p95 binary",
            "p95_estimate float64",
            "last_page utf8",
            "last_page_at timestamp",
            "revenue binary",
            "revenue_value float64",
            "bought int64",
        ]
    );
    assert_eq!(
        declaration.reject[0].when.test,
        Test::Int64(Comparison::Less, vec![0])
    );
}

#[test]
fn a_type_that_is_written_once_counts_everywhere() {
    let declaration = source(
        "at: epoch-milliseconds",
        &[("user", "user: int64"), ("hour", "hour_of(at)")],
        &[
            ("pages", "distinct(user)"),
            ("latency", "quantile(seconds, 0.5, 0.999)"),
            ("seen", "min(at)"),
            ("late", "count where seconds >= 2"),
            ("state", "last(status, changed_at: epoch-seconds)"),
        ],
    )
    .check()
    .unwrap();
    assert_eq!(
        kinds(&declaration),
        [
            "at: timestamp",
            "user: int64",
            "seconds: int64",
            "status: utf8",
            "changed_at: timestamp"
        ]
    );
    assert_eq!(declaration.inputs[0].encoding, Encoding::EpochMilliseconds);
    let names: Vec<_> = declaration
        .view_columns(&declaration.keep[1])
        .into_iter()
        .map(|column| column.name)
        .collect();
    assert_eq!(names, ["latency_p50", "latency_p99_9"]);
}

#[test]
fn parts_of_a_record_have_their_types() {
    let declaration = source(
        "$record_time",
        &[
            ("user", "$record_key"),
            ("trace", "$record_header.trace: binary"),
        ],
        &[
            ("newest", "max($offset)"),
            ("partitions", "distinct($partition)"),
        ],
    )
    .check()
    .unwrap();
    assert_eq!(
        kinds(&declaration),
        [
            "record_time: timestamp",
            "record_key?: utf8",
            "record_header_trace?: binary",
            "offset: int64",
            "partition?: int64"
        ]
    );
    let error = source("$record_time: date", &[("a", "b")], &[("n", "count")]).check();
    assert_eq!(
        error.unwrap_err().to_string(),
        "event_time: `$record_time` is timestamp"
    );
}

#[test]
fn functions_and_arguments_are_checked() {
    assert_eq!(
        said(&[("n", "averge(ms)")]),
        "keep.n: `averge` is no function of `keep`; these are: count, sum, min, max, any, all, first, last, distinct, \
         quantile"
    );
    assert!(
        said(&[("n", "avg(ms)")])
            .ends_with("keep a sum and a count, and divide where the table is read")
    );
    assert_eq!(said(&[("n", "sum")]), "keep.n: `sum` takes one field");
    assert_eq!(
        said(&[("n", "quantile(ms)")]),
        "keep.n: `quantile` takes a field and one quantile or more, such as 0.95"
    );
    assert_eq!(
        said(&[("n", "quantile(ms, 95)")]),
        "keep.n: `quantile` takes quantiles from 0 to 1, such as 0.95; `95` is none"
    );
    assert_eq!(
        said(&[("n", "last(page_id)")]),
        "keep.n: `last` needs a time: declare `event_time`, or name the field of the time as in `last(page_id, updated_at)`"
    );
    let key = |text: &str| {
        source("", &[("a", text)], &[("n", "count")])
            .check()
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        key("day(ts)"),
        "key.a: `day` is no function of a key; these are: minute_of, hour_of, day_of, week_of, month_of, year_of"
    );
    assert_eq!(key("day_of(a, b)"), "key.a: `day_of` takes one field");
    assert_eq!(
        key("price: float64"),
        "key.a: a key is of type utf8, int64, boolean, timestamp, date or binary, but `price` is float64 in key.a"
    );
}

#[test]
fn types_that_do_not_agree_are_refused() {
    assert_eq!(
        said(&[("n", "sum(x: int64)"), ("m", "max(x: date)")]),
        "keep.m: `x` is date here, and int64 in keep.n; a field has one type in a declaration"
    );
    assert_eq!(
        said(&[("n", "sum(x)"), ("m", "distinct(x: utf8)")]),
        "keep.n: `sum` takes int64 or float64, but `x` is utf8 in keep.m"
    );
    assert_eq!(
        said(&[("n", "sum(x)"), ("m", "any(x)")]),
        "keep.m: `any` and `all` take boolean, but `x` is int64 or float64 by its use in keep.n"
    );
    assert_eq!(
        said(&[
            ("n", "count where page_id > 5"),
            ("m", "count where page_id = a")
        ]),
        "keep.m: this comparison takes utf8, but `page_id` is int64 by its use in key.page, keep.n"
    );
    assert_eq!(
        said(&[("n", "count where type < scroll")]),
        "keep.n: `<`, `<=`, `>` and `>=` compare with a number"
    );
    let error = source("ts?", &[("a", "b")], &[("n", "count")]).check();
    assert_eq!(
        error.unwrap_err().to_string(),
        "event_time: the event time may not be missing: it stands with a `?`, here or in another place"
    );
}

#[test]
fn names_are_checked() {
    assert_eq!(
        said(&[("PAGE", "count")]),
        "keep.PAGE: its column `PAGE` has the name of one of key.page; capitals do not count"
    );
    assert_eq!(
        said(&[("n", "distinct(u)"), ("n_estimate", "count")]),
        "keep.n_estimate: its column `n_estimate` has the name of one of keep.n; capitals do not count"
    );
    assert!(said(&[("a b", "count")]).starts_with("keep.\"a b\": `a b` is no name of a column:"));
    assert_eq!(
        source("", &[], &[("n", "count")])
            .check()
            .unwrap_err()
            .to_string(),
        "the declaration has no `key`, such as key = { day = \"day_of(ts)\" }"
    );
    assert_eq!(
        said(&[]),
        "the declaration has no `keep`, such as keep = { events = \"count\" }"
    );
    let keys: Vec<_> = (0..17).map(|n| (format!("k{n}"), "a".to_owned())).collect();
    let many = Source {
        key: keys,
        keep: pairs(&[("n", "count")]),
        ..Source::default()
    };
    assert_eq!(
        many.check().unwrap_err().to_string(),
        "key.k16: a key has at most 16 columns"
    );
}

#[test]
fn conditions_are_tests_in_the_type_of_the_field() {
    let test = |text: &str| {
        let keep = [
            ("n", text),
            ("m", "sum(ms)"),
            ("k", "any(ok)"),
            ("s", "sum(price: float64)"),
        ];
        let declaration = source("", &[("page", "page_id")], &keep).check();
        declaration.map(|declaration| declaration.keep[0].when.clone().unwrap().test)
    };
    assert_eq!(
        test("count where ms = 1 or 2"),
        Ok(Test::Int64(Comparison::Equal, vec![1, 2]))
    );
    assert_eq!(
        test("count where price > 5"),
        Ok(Test::Float64(Comparison::Greater, vec![5.0]))
    );
    assert_eq!(test("count where ok != true"), Ok(Test::Boolean(false)));
    assert_eq!(
        test("count where page_id != \"7\""),
        Ok(Test::Text {
            any_of: vec!["7".into()],
            negated: true
        })
    );
    // A bare number says that the field is one.
    assert_eq!(
        test("count where page_id != 7"),
        Ok(Test::Int64(Comparison::NotEqual, vec![7]))
    );
    assert_eq!(
        test("count where ms < 1.5"),
        Ok(Test::Float64(Comparison::Less, vec![1.5]))
    );
    assert!(test("count where ok = true or false").is_err());
    assert!(test("count where ms < 1 or 2").is_err());
}
