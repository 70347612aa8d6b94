use std::collections::BTreeMap;

use super::*;
use crate::cutover::diff::{ColumnDiff, Counts, Drift, IndexDiff, Samples, SchemaDiff, Side};
use crate::cutover::fixture::lines;
use crate::schema::{Kind, Output};

fn columns() -> TableColumns {
    let column = |name: &str, kind| Output {
        name: name.to_owned(),
        kind,
        nullable: true,
    };
    TableColumns {
        keys: vec![column("page", Kind::Utf8)],
        values: vec![column("views", Kind::Int64), column("fresh", Kind::Int64)],
    }
}

fn figures(rows: u64, nulls: u64, sum: f64) -> ColumnFigures {
    let values = rows - nulls;
    ColumnFigures {
        rows,
        nulls,
        sum: Some(sum),
        mean: (values > 0).then(|| sum / values as f64),
    }
}

fn diff(counts: Counts, old: ColumnFigures, new: ColumnFigures) -> Diff {
    let side = |build: &str, rows| Side {
        build: build.to_owned(),
        shadow: format!("clicks__{build}"),
        rows,
    };
    Diff {
        table: "clicks".to_owned(),
        live_version: Some(1),
        old: Some(side("1", counts.only_old + counts.both)),
        lost: None,
        new: side("2", counts.only_new + counts.both),
        only: Vec::new(),
        tolerances: BTreeMap::new(),
        counts,
        schema: SchemaDiff::default(),
        indexes: IndexDiff::default(),
        columns: vec![ColumnDiff {
            name: "views".to_owned(),
            kind: Kind::Int64,
            differ: 0,
            largest: None,
            drift: Drift { old, new },
        }],
        samples: Samples::default(),
        keys: None,
    }
}

/// 100 live rows, of which 10 are gone, and 18 of the others have changed; 30 rows are new.
fn counts() -> Counts {
    Counts {
        only_old: 10,
        only_new: 30,
        both: 90,
        equal: 72,
    }
}

fn limited(sum: Option<f64>, mean: Option<f64>, nulls: Option<f64>) -> GateOptions {
    let limits = DriftLimits { sum, mean, nulls };
    GateOptions {
        drift: BTreeMap::from([("views".to_owned(), limits)]),
        ..GateOptions::default()
    }
}

/// Whether each figure of `views` is within a limit.
fn holds(old: ColumnFigures, new: ColumnFigures, options: &GateOptions) -> Vec<bool> {
    let counts = Counts {
        both: old.rows,
        ..Counts::default()
    };
    let diff = diff(counts, old, new);
    let checks = checks(Ok(&diff), &columns(), options);
    checks.iter().map(|check| check.passed).collect()
}

#[test]
fn shares_of_keys_are_limited_inclusively() {
    let options = |removed, changed, added| GateOptions {
        max_removed_ratio: Some(removed),
        max_changed_ratio: Some(changed),
        max_added_ratio: Some(added),
        ..GateOptions::default()
    };
    let figures = figures(100, 0, 1.0);
    let diff = diff(counts(), figures, figures);
    let of = |options| lines(&checks(Ok(&diff), &columns(), &options));
    insta::assert_snapshot!(of(options(0.1, 0.2, 0.25)), @r"
    true removed | 0.1 (10 of 100) | at most 0.1 | 10 of 100 live keys are gone, a share of 0.1, and `gate.max_removed_ratio` is 0.1
    true changed | 0.2 (18 of 90) | at most 0.2 | 18 of 90 keys in both tables have another row, a share of 0.2, and `gate.max_changed_ratio` is 0.2
    true added | 0.25 (30 of 120) | at most 0.25 | 30 of 120 keys of the new table are not in the live one, a share of 0.25, and `gate.max_added_ratio` is 0.25
    ");
    let refused = of(options(0.099, 0.199, 0.249));
    assert_eq!(refused.matches("false").count(), 3, "{refused}");
    assert_eq!(of(GateOptions::default()), "");
}

#[test]
fn no_keys_are_no_share() {
    let options = GateOptions {
        max_removed_ratio: Some(0.0),
        max_changed_ratio: Some(0.0),
        max_added_ratio: Some(0.0),
        ..GateOptions::default()
    };
    let of = |counts| {
        let none = ColumnFigures::default();
        let checks = checks(Ok(&diff(counts, none, none)), &columns(), &options);
        checks.iter().map(|check| check.passed).collect::<Vec<_>>()
    };
    let counts = |only_old, only_new| Counts {
        only_old,
        only_new,
        ..Counts::default()
    };
    assert_eq!(of(counts(0, 5)), [true; 3], "the live table is empty");
    assert_eq!(of(counts(5, 0)), [false, true, true], "the new one is");
    assert_eq!(of(counts(5, 5)), [false, true, false]);
}

#[test]
fn the_drift_of_a_column_is_limited() {
    let options = limited(Some(0.5), Some(0.2), Some(0.1));
    let diff = diff(counts(), figures(100, 10, -900.0), figures(120, 30, -450.0));
    insta::assert_snapshot!(lines(&checks(Ok(&diff), &columns(), &options)), @r"
    true drift.views.sum | 50 %: -900 -> -450 | within 50 % of the live sum | the sum of the column went from -900 to -450, and `gate.drift.views.sum` is 0.5
    false drift.views.mean | 50 %: -10 -> -5 | within 20 % of the live mean | the mean of the column went from -10 to -5, and `gate.drift.views.mean` is 0.2
    false drift.views.nulls | 0.1 -> 0.25 | a share of nulls within 0.1 | the share of nulls of the column went from 0.1 to 0.25, and `gate.drift.views.nulls` is 0.1
    ");
}

#[test]
fn what_was_zero_or_nothing_has_changed_without_bounds() {
    let strict = limited(Some(1e9), Some(1e9), Some(0.0));
    let zero = figures(4, 0, 0.0);
    assert_eq!(holds(zero, zero, &strict), [true, true, true]);
    assert_eq!(
        holds(zero, figures(4, 0, 1.0), &strict),
        [false, false, true]
    );
    assert_eq!(holds(figures(4, 0, 1.0), zero, &strict), [true, true, true]);
    // Only nulls have a sum of 0 and no mean.
    let nulls = figures(4, 4, 0.0);
    assert_eq!(holds(nulls, nulls, &strict), [true, true, true]);
    assert_eq!(holds(nulls, zero, &strict), [true, false, false]);
    assert_eq!(
        holds(figures(4, 0, 8.0), nulls, &strict),
        [true, false, false]
    );
    let infinite = ColumnFigures {
        sum: None,
        mean: None,
        ..zero
    };
    assert_eq!(holds(infinite, infinite, &strict), [false, false, true]);
}

#[test]
fn where_nothing_can_be_compared_the_checks_hold_and_say_why() {
    let mut options = limited(Some(0.0), None, None);
    options.max_removed_ratio = Some(0.0);
    let first = checks(Err("nothing is live to compare with"), &columns(), &options);
    insta::assert_snapshot!(lines(&first), @r"
    true removed | nothing is live to compare with | at most 0 | nothing is live to compare with
    true drift.views.sum | nothing is live to compare with | within 0 % of the live sum | nothing is live to compare with
    ");
    // A column that the live table lacks, and one that the new table lacks.
    let limits = DriftLimits {
        nulls: Some(0.0),
        ..DriftLimits::default()
    };
    let drift = ["fresh", "gone", "page"].map(|column| (column.to_owned(), limits));
    let options = GateOptions {
        drift: drift.into(),
        ..GateOptions::default()
    };
    let none = figures(100, 0, 0.0);
    let diff = diff(counts(), none, none);
    insta::assert_snapshot!(lines(&checks(Ok(&diff), &columns(), &options)), @r"
    true drift.fresh.nulls | the live table has no such column to compare with | a share of nulls within 0 | the live table has no such column to compare with
    false drift.gone.nulls | no such column | a share of nulls within 0 | `gate.drift` names `gone`, which is no column of the table but its keys
    false drift.page.nulls | no such column | a share of nulls within 0 | `gate.drift` names `page`, which is no column of the table but its keys
    ");
}
