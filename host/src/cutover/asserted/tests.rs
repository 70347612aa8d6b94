use std::time::Duration;

use super::*;
use crate::cutover::fixture::{Fixture, lines};
use crate::store::SqlTemplate;

fn options(checks: &[&str]) -> GateOptions {
    let checks = checks.iter().map(|sql| Assertion {
        name: None,
        sql: SqlTemplate::try_from((*sql).to_owned()).unwrap(),
        min: None,
        max: None,
    });
    GateOptions {
        checks: checks.collect(),
        ..GateOptions::default()
    }
}

async fn asked(fixture: &Fixture, n: u32, options: &GateOptions) -> Vec<Check> {
    let build = fixture.stored(n).await.info;
    let live = Live::of(&fixture.store, &build.table).await.unwrap();
    checks(&fixture.store, &build, &live, options)
        .await
        .unwrap()
}

#[tokio::test]
async fn true_and_one_hold_and_all_else_refuses_with_what_came_back() {
    let fixture = Fixture::new().await;
    fixture.load(1, &[("/a", 1), ("/b", -2)]).await;
    let options = options(&[
        "select count(*) = 2 from {shadow}",
        "select 1.0 -- the last line",
        "select count(*) = 0 from {shadow} where total < 0",
        "select null",
        "select count(*)\n  from {shadow}",
        "select page from {shadow} limit 1",
        "select total from {shadow}",
        "select total from {shadow} where 0",
        "select page, total from {shadow}",
        "select missing from {shadow}",
        "select 1; select 1",
        "select x'00ff'",
        "select $1",
    ]);
    insta::assert_snapshot!(lines(&asked(&fixture, 1, &options).await), @r#"
    true assertion.1 | 1 | true | the database said 1
    true assertion.2 | 1 | true | the database said 1
    false assertion.3 | 0 | true | `select count(*) = 0 from {shadow} where total < 0`: it gave 0, and true is wanted
    false assertion.4 | null | true | `select null`: it gave null, and true is wanted
    false assertion.5 | 2 | true | `select count(*) from {shadow}`: it gave 2, and true is wanted
    false assertion.6 | the text "/a" | true | `select page from {shadow} limit 1`: it gave the text "/a", and true or false, 1 or 0 is wanted
    false assertion.7 | no usable answer | true | `select total from {shadow}`: it gave several rows, and one is wanted
    false assertion.8 | no usable answer | true | `select total from {shadow} where 0`: it gave no row, and one is wanted
    false assertion.9 | no usable answer | true | `select page, total from {shadow}`: it gives 2 columns, and one is wanted
    false assertion.10 | no usable answer | true | `select missing from {shadow}`: the database refused it: no such column: missing in select missing from "clicks__01k1" at offset 7
    false assertion.11 | no usable answer | true | `select 1; select 1`: the database refused it: Multiple statements provided
    false assertion.12 | a blob of 2 bytes | true | `select x'00ff'`: it gave a blob of 2 bytes, and true or false, 1 or 0 is wanted
    false assertion.13 | no usable answer | true | `select $1`: the database refused it: Wrong number of parameters passed to query. Got 0, needed 1
    "#);
}

#[tokio::test]
async fn a_number_may_have_bounds_and_a_check_a_name() {
    let fixture = Fixture::new().await;
    fixture.load(1, &[("/a", 1), ("/b", 2)]).await;
    let of = async |min, max| {
        let mut options = options(&["select sum(total) from {shadow}"]);
        let named = Assertion {
            name: Some("all views".to_owned()),
            min,
            max,
            ..options.checks[0].clone()
        };
        options.checks = vec![named];
        lines(&asked(&fixture, 1, &options).await)
    };
    let found = [
        of(Some(3.0), Some(3.0)).await,
        of(Some(3.5), None).await,
        of(None, Some(2.5)).await,
    ];
    insta::assert_snapshot!(found.concat(), @r"
    true assertion.all views | 3 | 3 to 3 | the database said 3
    false assertion.all views | 3 | at least 3.5 | all views (`select sum(total) from {shadow}`): it gave 3, and at least 3.5 is wanted
    false assertion.all views | 3 | at most 2.5 | all views (`select sum(total) from {shadow}`): it gave 3, and at most 2.5 is wanted
    ");
    let mut options = options(&["select 'three'", "select null"]);
    for check in &mut options.checks {
        check.max = Some(3.0);
    }
    insta::assert_snapshot!(lines(&asked(&fixture, 1, &options).await), @r#"
    false assertion.1 | the text "three" | at most 3 | `select 'three'`: it gave the text "three", and a number is wanted
    false assertion.2 | null | at most 3 | `select null`: it gave null, and at most 3 is wanted
    "#);
}

#[tokio::test]
async fn the_live_table_can_be_compared_with_where_there_is_one() {
    let fixture = Fixture::new().await;
    fixture.load(1, &[("/a", 1)]).await;
    let options =
        options(&["select (select sum(total) from {shadow}) >= (select sum(total) from {live})"]);
    insta::assert_snapshot!(lines(&asked(&fixture, 1, &options).await), @"true assertion.1 | not asked | true | not asked: nothing is live to compare with");
    fixture.live(1).await;
    fixture.load(2, &[("/a", 2)]).await;
    fixture.load(3, &[("/a", 0)]).await;
    assert!(asked(&fixture, 2, &options).await[0].passed);
    assert!(!asked(&fixture, 3, &options).await[0].passed);
    fixture.execute("DROP TABLE clicks__01k1");
    let lost = asked(&fixture, 3, &options).await;
    insta::assert_snapshot!(lines(&lost), @"true assertion.1 | not asked | true | not asked: the live table is gone, so there is nothing to compare with");
}

#[tokio::test]
async fn nothing_is_written_whatever_is_asked() {
    let fixture = Fixture::new().await;
    fixture.load(1, &[("/a", 1)]).await;
    let options = options(&[
        "delete from {shadow}",
        "delete from {shadow} returning total",
        "pragma query_only = off",
        "attach 'other.db' as other",
        "create temp table t as select 1",
        "commit",
        "select load_extension('x')",
    ]);
    let checks = asked(&fixture, 1, &options).await;
    insta::assert_snapshot!(lines(&checks), @r"
    false assertion.1 | no usable answer | true | `delete from {shadow}`: the database refused it: not authorized (SQLite's code 23)
    false assertion.2 | no usable answer | true | `delete from {shadow} returning total`: the database refused it: not authorized (SQLite's code 23)
    false assertion.3 | no usable answer | true | `pragma query_only = off`: the database refused it: not authorized (SQLite's code 23)
    false assertion.4 | no usable answer | true | `attach 'other.db' as other`: the database refused it: not authorized (SQLite's code 23)
    false assertion.5 | no usable answer | true | `create temp table t as select 1`: the database refused it: not authorized (SQLite's code 23)
    false assertion.6 | no usable answer | true | `commit`: the database refused it: not authorized (SQLite's code 23)
    false assertion.7 | no usable answer | true | `select load_extension('x')`: the database refused it: not authorized (SQLite's code 1)
    ");
    let rows = fixture.stored(1).await.loaded.unwrap().rows;
    let counted = self::options(&["select count(*) from {shadow}"]);
    assert_eq!(rows, 1);
    assert_eq!(asked(&fixture, 1, &counted).await[0].found, "1");
}

#[tokio::test]
async fn a_question_without_end_is_late() {
    let fixture = Fixture::new().await;
    fixture.load(1, &[("/a", 1)]).await;
    let endless =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n";
    let options = GateOptions {
        check_timeout: Duration::from_millis(50),
        ..options(&[endless])
    };
    insta::assert_snapshot!(lines(&asked(&fixture, 1, &options).await), @"false assertion.1 | no usable answer | true | `with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n`: it had no answer after 50ms, the limit of `gate.check_timeout`");
}
