//! The guarantees of all layouts, and their forms in a job.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::source::range::{RangeConfig, show_us};

fn range(from: &str, to: &str) -> EventRange {
    let bound = |text: &str| text.parse().expect("a bound");
    let range = RangeConfig {
        from: bound(from),
        to: bound(to),
    };
    range
        .resolve(chrono::DateTime::UNIX_EPOCH)
        .expect("a range")
}

/// Parses a layout.
pub(super) fn layout(written: serde_json::Value) -> Layout {
    serde_json::from_value(written.clone()).unwrap_or_else(|error| panic!("{written}: {error}"))
}

/// The span of a key, as its length and its start.
pub(super) fn shown(layout: &Layout, key: &str) -> Option<String> {
    let span = layout.span(key)?;
    let (from_us, until_us) = span.from_us.zip(span.until_us).expect("bounded");
    let minutes = (until_us - from_us) / 60_000_000;
    let length = match minutes % 60 {
        0 => format!("{}h", minutes / 60),
        _ => format!("{minutes}min"),
    };
    Some(format!("{length} from {}", show_us(from_us)))
}

/// The fields of a key other than the time, as `topic/partition@offset` and columns.
pub(super) fn shown_named(layout: &Layout, key: &str) -> String {
    let Some(named) = layout.key_fields(key) else {
        return "nothing".to_owned();
    };
    let mut words = Vec::new();
    match (named.topic, named.partition, named.offset) {
        (None, None, None) => {}
        (Some(topic), None, None) => words.push(topic),
        (topic, partition, offset) => words.push(format!(
            "{}/{}@{}",
            topic.as_deref().unwrap_or("?"),
            partition.expect("a partition"),
            offset.expect("an offset")
        )),
    }
    let columns = named.columns.into_iter();
    words.extend(
        columns.map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("null"))),
    );
    words.join(" ")
}

/// Every layout, with and without settings.
fn layouts() -> Vec<Layout> {
    [
        json!("none"),
        json!("firehose"),
        json!({ "firehose": { "time_zone": "Europe/Paris" } }),
        json!("hive"),
        json!({ "hive": { "time_zone": "America/New_York", "time_columns": ["dt"] } }),
        json!("confluent"),
        json!({ "confluent": { "path": "YYYY/MM/dd", "delimiter": "-", "time_zone": "Asia/Tokyo" } }),
        json!({ "confluent": { "path": "'date'=YYYY-MM-dd/'hour'=HH" } }),
        json!("aiven"),
        json!({ "aiven": { "template": "{{timestamp:unit=yyyy}}-{{timestamp:unit=MM}}-{{timestamp:unit=dd}}/{{topic}}" } }),
        json!("msk"),
        json!({ "msk": { "template": "!{topic-name}/!{yyyy}/!{MM}/!{dd}/!{sequence-number}" } }),
        json!({ "template": "{yyyy}/{MM}/{dd}/{HH}/{*}" }),
        json!({ "template": "{topic}/{yyyy}/{MM}/{dd}/{**}" }),
        json!({ "template": "{**}/{yyyy}/{MM}/{dd}/{*}" }),
        json!({ "template": "{topic}/{**}/{yyyy}/{MM}/{HH}/{region}" }),
        json!({ "template": "{**}/dt={yyyy}-{MM}-{dd}/hour={HH}/{*}" }),
        json!({ "template": "{**}/{yyyy}/{MM}-{dd}" }),
        json!({ "template": "{MM}/{dd}/{yyyy}/{*}" }),
        json!({ "template": "{*}" }),
    ]
    .into_iter()
    .map(layout)
    .collect()
}

#[test]
fn a_layout_is_serialized_as_it_was_written() {
    for layout in layouts() {
        let written = serde_json::to_value(&layout).expect("serialized");
        let read: Layout = serde_json::from_value(written.clone()).expect("its own words");
        assert_eq!(read, layout, "{written}");
    }
    assert_eq!(json!(Layout::None), json!("none"));
    assert_eq!(json!(Layout::firehose()), json!("firehose"));
    let template = json!({ "template": "{topic}/{**}" });
    assert_eq!(json!(layout(template.clone())), template);
    let zoned = json!({ "firehose": { "time_zone": "Asia/Tokyo" } });
    let read: Layout = serde_json::from_value(zoned.clone()).expect("valid");
    assert_eq!(json!(read), zoned);
    // The same settings are written the same way, however they were given.
    for same in [
        json!({ "firehose": {} }),
        json!({ "firehose": { "time_zone": "UTC" } }),
    ] {
        let read: Layout = serde_json::from_value(same).expect("valid");
        assert_eq!(json!(read), json!("firehose"));
    }
}

#[test]
fn what_is_no_layout_says_why() {
    #[derive(Debug, Deserialize)]
    struct Job {
        #[serde(rename = "layout")]
        _layout: Layout,
    }
    let errors: Vec<String> = [
        "layout = 'firehsoe'",
        "layout = 7",
        "layout = { firehsoe = {} }",
        "layout = { firehose = { zone = 'UTC' } }",
        "layout = { firehose = { time_zone = 'Europe/Pari' } }",
        "layout = {}",
        "layout = { none = {} }",
        "layout = { template = 'a/{yyyy}/{M' }",
        "layout = { template = 7 }",
        "layout = { firehose = {}, hive = {} }",
    ]
    .iter()
    .map(|text| {
        let error = toml::from_str::<Job>(text).expect_err(text);
        error.message().to_owned()
    })
    .collect();
    insta::assert_snapshot!(errors.join("\n"), @r#"
    unknown variant `firehsoe`, expected one of `none`, `firehose`, `hive`, `confluent`, `aiven`, `msk`
    invalid type: integer `7`, expected the name of a layout, or a table such as { template = "{yyyy}/{MM}/{dd}/{*}" }
    unknown variant `firehsoe`, expected one of `firehose`, `hive`, `confluent`, `aiven`, `msk`, `template`
    unknown field `zone`, expected `time_zone`
    failed to parse timezone: 'Europe/Pari'
    a table has the name of a layout as its key: `firehose`, `hive`, `confluent`, `aiven`, `msk` or `template`
    unknown variant `none`, expected one of `firehose`, `hive`, `confluent`, `aiven`, `msk`, `template`
    `a/{yyyy}/{M` at character 10: `{` is not closed by `}`
    invalid type: integer `7`, expected a string
    an archive has one layout, but `hive` is a second one
    "#);
}

#[test]
fn both_bounds_are_widened_by_the_lateness() {
    let mut narrowing = Narrowing::new(
        &Layout::firehose(),
        "",
        Duration::from_secs(2 * 3600),
        range("2026-01-03T06:00Z", "2026-01-03T08:30Z"),
    );
    assert_eq!(
        wanted_hours(&mut narrowing),
        ["04", "05", "06", "07", "08", "09", "10"].map(|hour| format!("2026/01/03/{hour}"))
    );
    assert!(narrowing.wants("clicks/backfill.gz"));
    assert_eq!(narrowing.below("clicks/2026/01/"), Below::Something);
    assert_eq!(narrowing.below("clicks/2026/01/03/"), Below::Something);
    assert_eq!(narrowing.below("clicks/2026/01/03/06/"), Below::Everything);
    assert_eq!(narrowing.below("clicks/2026/01/03/11/"), Below::Nothing);
    assert_eq!(narrowing.below("clicks/2026/01/04/"), Below::Nothing);
    insta::assert_snapshot!(narrowing.notes().join("\n"), @r"
    Skipped because the time in the key is more than 2h outside the range: 113 objects, and all objects in 2 folders. Raise `lateness` if the time of an event may be further from the time in the key of its object.
    Objects that are read although they may be outside the range, because their keys have no time: 1.
    ");
}

#[test]
fn an_open_bound_narrows_nothing_on_its_side() {
    let narrowing =
        |from, to| Narrowing::new(&Layout::firehose(), "", Duration::ZERO, range(from, to));
    assert_eq!(
        wanted_hours(&mut narrowing("earliest", "2026-01-02")).len(),
        24
    );
    assert_eq!(
        wanted_hours(&mut narrowing("2026-01-05", "latest")).len(),
        24
    );
    let mut all = narrowing("earliest", "latest");
    assert_eq!(wanted_hours(&mut all).len(), 5 * 24);
    assert_eq!(all.below("clicks/1999/01/01/"), Below::Everything);
    assert!(all.notes().is_empty());
}

fn wanted_hours(narrowing: &mut Narrowing) -> Vec<String> {
    (1..=5)
        .flat_map(|day| (0..24).map(move |hour| format!("2026/01/{day:02}/{hour:02}")))
        .filter(|hour| narrowing.wants(&format!("clicks/{hour}/clicks-1.gz")))
        .collect()
}

#[test]
fn a_date_in_the_prefix_is_not_that_of_the_key() {
    let day = range("2026-01-03", "2026-01-04");
    for (prefix, wanted) in [
        ("copied/2019/12/31/", true),
        ("copied/", false),
        ("", false),
    ] {
        let mut narrowing = Narrowing::new(&Layout::firehose(), prefix, Duration::ZERO, day);
        let key = "copied/2019/12/31/2026/01/03/05/clicks-1.gz";
        assert_eq!(narrowing.wants(key), wanted, "{prefix}");
        let below = narrowing.below("copied/2019/12/31/");
        assert_eq!(below != Below::Nothing, wanted, "{prefix}");
        assert_ne!(narrowing.below("copied/"), Below::Nothing, "{prefix}");
    }
}

/// Names of folders that together form dates, or only look like dates.
fn names() -> impl Strategy<Value = String> {
    let two = || 0u32..33;
    prop_oneof![
        4 => (2025u32..2027).prop_map(|year| year.to_string()),
        8 => two().prop_map(|two| format!("{two:02}")),
        2 => prop::sample::select(vec!["clicks", "clicks2026", "region=eu", "topics", "x", ""]).prop_map(str::to_owned),
        2 => (2025u32..2027).prop_map(|year| format!("year={year}")),
        4 => (prop::sample::select(vec!["month", "day", "hour", "dt"]), two()).prop_map(|(name, two)| format!("{name}={two:02}")),
        4 => (prop::sample::select(vec!["dt=", "", "date="]), 1u32..13, 1u32..32).prop_map(|(name, month, day)| format!("{name}2026-{month:02}-{day:02}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// The selection of folders agrees with the selection of keys: no selected key is below a folder with the result
    /// `Nothing`, and all keys below a folder with the result `Everything` are selected.
    #[test]
    fn a_pruned_walk_finds_the_keys_that_are_wanted(
        layout in prop::sample::select(layouts()),
        names in prop::collection::vec(names(), 1..8),
        from in prop::option::of(0i64..800),
        days in prop::option::of(1i64..100),
    ) {
        const DAY_US: i64 = 86_400_000_000;
        let begin_us = (20_089 + from.unwrap_or(0)) * DAY_US;
        let range = EventRange {
            from_us: from.map(|_| begin_us),
            until_us: days.map(|days| begin_us + days * DAY_US),
        };
        let mut narrowing = Narrowing::new(&layout, "", Duration::from_secs(3600), range);
        let key = names.join("/");
        let is_wanted = narrowing.wants(&key);
        for (at, _) in key.match_indices('/') {
            let folder = &key[..=at];
            match narrowing.below(folder) {
                Below::Nothing => prop_assert!(!is_wanted, "{folder} of {key}"),
                Below::Everything => prop_assert!(is_wanted, "{folder} of {key}"),
                Below::Something => {}
            }
        }
    }
}
