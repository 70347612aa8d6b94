//! `[pipeline]`: the declaration of the component `aggregate`.

use std::path::Path;

use super::{GOOD, parse, refused};

const DECLARED: &str = r#"
[pipeline]
event_time = "ts"
where = { type = ["page_view", "scroll"], geo.country = "DE", status = 200 }
reject = { "duration_ms < 0" = "the duration is negative" }
key = { page = "page_id", day = { day_of = "ts" }, country = "geo.country?" }

[pipeline.keep]
views = "count"
total_ms = "sum(duration_ms)"
about = "last(page_id)"
"#;

fn job(pipeline: &str) -> String {
    let job = GOOD.replace("component = \"clicks.wasm\"", "component = \"aggregate\"");
    assert_ne!(job, GOOD);
    format!("{job}{pipeline}")
}

#[test]
fn it_becomes_the_parameters_of_the_component_in_the_order_of_the_file() {
    let declared = parse(&job(DECLARED)).unwrap();
    assert_eq!(declared.component, Path::new("aggregate"));
    let checked = declared.declaration().unwrap().unwrap();
    assert_eq!((checked.keys.len(), checked.keep.len()), (3, 3));
    assert_eq!(parse(GOOD).unwrap().declaration(), Ok(None));
    let params: Vec<_> = declared.component_params();
    let params: Vec<_> = params
        .iter()
        .map(|(name, text)| format!("{name}: {text}"))
        .collect();
    insta::assert_snapshot!(params.join("\n"), @r#"
    event_time: ts
    keep: views = count
    total_ms = sum(duration_ms)
    about = last(page_id)
    key: page = page_id
    day = day_of(ts)
    country = geo.country?
    reject: "duration_ms < 0" = "the duration is negative"
    where: "type" = "page_view" or "scroll"
    "geo.country" = "DE"
    "status" = "200"
    "#);
}

#[test]
fn what_makes_no_sense_is_refused_at_its_line() {
    let refused = |from: &str, to: &str| {
        let changed = DECLARED.replace(from, to);
        assert_ne!(changed, DECLARED, "{from}");
        refused(&job(&changed))
    };
    let said = [
        refused("sum(duration_ms)", "sum(duration_ms"),
        refused("\"count\"", "\"averge(duration_ms)\""),
        refused("\"count\"", "7"),
        refused("day_of = \"ts\"", "day = \"ts\""),
        refused("page = \"page_id\"", "page = \"page_id: float64\""),
        refused("duration_ms < 0", "duration_ms < zero"),
        refused("event_time = \"ts\"", "event_time = \"ts?\""),
        refused("status = 200", "status = []"),
        refused("status = 200", "status = 2026-01-01"),
        refused("total_ms =", "day ="),
        refused("where =", "were ="),
        refused("event_time = \"ts\"\n", ""),
        refused("key =", "# key ="),
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
    BF0006: jobs/backfold.toml:19: `pipeline.keep.total_ms`: `,` or `)` is missing at the end
    BF0006: jobs/backfold.toml:18: `pipeline.keep.views`: `averge` is no function of `keep`; these are: count, sum, min, max, any, all, first, last, distinct, quantile
    BF0006: jobs/backfold.toml:18: `pipeline.keep.views`: expected text, such as "sum(duration_ms)"
    BF0006: jobs/backfold.toml:15: `pipeline.key.day`: `day` is no function of a key; these are: minute_of, hour_of, day_of, week_of, month_of, year_of
    BF0006: jobs/backfold.toml:15: `pipeline.key.page`: a key is of type utf8, int64, boolean, timestamp, date or binary, but `page_id` is float64 in key.page
    BF0006: jobs/backfold.toml:14: `pipeline.reject."duration_ms < zero"`: `<`, `<=`, `>` and `>=` compare with a number
    BF0006: jobs/backfold.toml:12: `pipeline.event_time`: the event time may not be missing: it stands with a `?`, here or in another place
    BF0006: jobs/backfold.toml:13: `pipeline.where.status`: it needs at least one value
    BF0006: jobs/backfold.toml:13: `pipeline.where.status`: expected text, a number or a boolean, or a list of these
    BF0006: jobs/backfold.toml:19: `pipeline.keep.day`: its column `day` has the name of one of key.day; capitals do not count
    BF0004: jobs/backfold.toml:13: unknown key `were` in [pipeline]: did you mean `where`?
    BF0006: jobs/backfold.toml:19: `pipeline.keep.about`: `last` needs a time: declare `event_time`, or name the field of the time as in `last(page_id, updated_at)`
    BF0006: jobs/backfold.toml:11: `pipeline`: the declaration has no `key`, such as key = { day = "day_of(ts)" }
    "#);
}

#[test]
fn it_belongs_to_the_component_aggregate() {
    insta::assert_snapshot!(refused(&format!("{GOOD}{DECLARED}")), @r#"BF0006: jobs/backfold.toml:11: `component`: `[pipeline]` declares what the component `aggregate` does, but this job has another component; set `component = "aggregate"`, or remove `[pipeline]`"#);
    insta::assert_snapshot!(refused(&job("")), @"BF0005: jobs/backfold.toml:3: `pipeline` is missing");
    let with_params = format!("{DECLARED}[params]\nkeep = \"n = count\"\n");
    insta::assert_snapshot!(refused(&job(&with_params)), @"BF0006: jobs/backfold.toml:21: `component`: the component `aggregate` is declared in `[pipeline]`, not by `[params]`");
    // A file of that name is another component.
    let file = GOOD.replace("clicks.wasm", "./aggregate");
    assert_eq!(
        parse(&file).unwrap().component,
        Path::new("jobs/./aggregate")
    );
}
