use super::*;
use crate::cutover::fixture::Fixture;
use crate::error::Coded;

async fn report(
    fixture: &Fixture,
    n: u32,
    options: GateOptions,
    change: impl FnOnce(&mut GateInput<'_>),
) -> GateReport {
    let build = fixture.stored(n).await;
    let merged = build.loaded.clone().unwrap();
    let mut input = GateInput {
        store: &fixture.store,
        build: &build,
        compared: None,
        merged: &merged,
        splits_planned: 4,
        splits_covered: 4,
        offsets: &FoldedOffsets::default(),
        is_narrowed: false,
        quarantined: 0,
        reasons: &[],
        counts: &Counts::default(),
        presence: &PresenceReport::default(),
        options: &options,
        sorting: &SortOptions::default(),
    };
    change(&mut input);
    gate(input).await.unwrap()
}

fn failed(report: &GateReport) -> Vec<&str> {
    report
        .checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| check.name.as_str())
        .collect()
}

#[tokio::test]
async fn a_sound_build_passes() {
    let fixture = Fixture::new().await;
    fixture.load(1, &[("/a", 1), ("/b", 2)]).await;
    let report = report(&fixture, 1, GateOptions::default(), |_| {}).await;
    insta::assert_snapshot!(report, @r"
    pass  coverage    4 splits                     wanted: 4 splits
    pass  quarantine  0 records                    wanted: at most 0
    pass  rows        2 rows                       wanted: at least 1
    pass  content     2 rows, digest 6b090b521513  wanted: 2 rows, digest 6b090b521513
    ");
    report.require().unwrap();
}

#[tokio::test]
async fn each_check_can_refuse() {
    let fixture = Fixture::new().await;
    fixture.load(1, &[("/a", 1)]).await;
    fixture.load(2, &[]).await;
    let options = GateOptions {
        max_quarantined: 7,
        ..GateOptions::default()
    };
    let of = |n, change: fn(&mut GateInput<'_>)| report(&fixture, n, options.clone(), change);
    assert_eq!(
        failed(&of(1, |input| input.splits_covered = 3).await),
        ["coverage"]
    );
    assert_eq!(
        failed(&of(1, |input| input.splits_covered = 5).await),
        ["coverage"]
    );
    assert!(of(1, |input| input.quarantined = 7).await.passed());
    assert_eq!(failed(&of(2, |_| {}).await), ["rows"]);

    let refused = of(1, |input| input.quarantined = 8)
        .await
        .require()
        .unwrap_err();
    assert_eq!(
        (refused.code().number, refused.code().class.exit_code()),
        (701, 3)
    );
    insta::assert_snapshot!(refused, @"the gate refuses build 01K1: 8 records were rejected, at most 7 may be");
}

#[tokio::test]
async fn reasons_for_rejections_are_stated_where_they_refuse() {
    let fixture = Fixture::new().await;
    fixture.load(1, &[("/a", 1)]).await;
    let reasons: &'static [String] = Box::leak(Box::new([
        "5 × not UTF-8 (the first is a.csv record 2)".to_owned(),
        "3 × n: missing or null (the first is b.csv record 0)".to_owned(),
    ]));
    let of = async |max_quarantined| {
        let options = GateOptions {
            max_quarantined,
            ..GateOptions::default()
        };
        let report = report(&fixture, 1, options, |input| {
            input.quarantined = 8;
            input.reasons = reasons;
        });
        report.await
    };
    insta::assert_snapshot!(of(7).await.refusals()[0], @"8 records were rejected, at most 7 may be: 5 × not UTF-8 (the first is a.csv record 2); 3 × n: missing or null (the first is b.csv record 0)");
    let tolerated = of(8).await;
    assert!(tolerated.passed());
    assert!(!tolerated.to_string().contains("UTF-8"));
}

#[tokio::test]
async fn swallowed_bytes_are_tolerated_by_no_number_of_rejections() {
    let fixture = Fixture::new().await;
    fixture.load(1, &[("/a", 1)]).await;
    let counts: &'static Counts = Box::leak(Box::new(Counts {
        swallowed_bytes: 2048,
        swallowed_places: 3,
        ..Counts::default()
    }));
    let of = async |max_swallowed| {
        let options = GateOptions {
            max_quarantined: u64::MAX,
            max_swallowed,
            ..GateOptions::default()
        };
        report(&fixture, 1, options, |input| input.counts = counts).await
    };
    let refused = of(ByteSize(2047)).await;
    assert_eq!(failed(&refused), ["swallowed"]);
    insta::assert_snapshot!(refused.refusals()[0], @"bytes in which other records may be lost, since they follow a rejected one that has no clear end: 2048, in places: 3; `gate.max_swallowed` tolerates 2047, and the lines of the quarantine with `swallowed_bytes` name each place");
    assert!(of(ByteSize(2048)).await.passed());
}

#[tokio::test]
async fn rows_that_another_program_changed_are_found() {
    let fixture = Fixture::new().await;
    fixture.load(1, &[("/a", 1)]).await;
    fixture.execute("UPDATE clicks__01k1 SET total = 2");
    let report = report(&fixture, 1, GateOptions::default(), |_| {}).await;
    assert_eq!(failed(&report), ["content"]);
}

#[tokio::test]
async fn growth_is_measured_against_the_live_table() {
    let fixture = Fixture::new().await;
    fixture
        .load(1, &[("/a", 1), ("/b", 1), ("/c", 1), ("/d", 1)])
        .await;
    fixture.load(2, &[("/a", 1), ("/b", 1)]).await;
    let limits = |min, max| GateOptions {
        min_rows_ratio: min,
        max_rows_ratio: max,
        ..GateOptions::default()
    };
    assert!(
        report(&fixture, 2, limits(Some(0.9), None), |_| {})
            .await
            .passed(),
        "nothing is live yet"
    );
    fixture.live(1).await;
    assert!(
        report(&fixture, 2, limits(Some(0.5), Some(0.5)), |_| {})
            .await
            .passed()
    );
    assert_eq!(
        failed(&report(&fixture, 2, limits(Some(0.51), None), |_| {}).await),
        ["growth"]
    );
    assert_eq!(
        failed(&report(&fixture, 2, limits(None, Some(0.49)), |_| {}).await),
        ["growth"]
    );
    assert_eq!(
        failed(&report(&fixture, 2, limits(Some(f64::NAN), None), |_| {}).await),
        ["growth"]
    );
}
