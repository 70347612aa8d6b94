//! The gate: the checks that must hold before a build may go live.

use tokio::sync::mpsc::channel;

use super::sorted::{SortOptions, read_sorted};
use super::verdict::{Check, GateOptions, GateReport};
use super::{CutoverError, offsets, presence};
use crate::decode::{Counts, PresenceReport};
use crate::fold::FoldedOffsets;
use crate::store::{BuildInfo, Loaded, Rows, StateStore, StoreError, TableColumns};
use crate::units::ByteSize;

/// A build, and the facts that the gate judges it by.
pub struct GateInput<'a> {
    /// The store that has its table.
    pub store: &'a dyn StateStore,
    /// The build.
    pub build: &'a BuildInfo,
    /// The columns of its table.
    pub columns: &'a TableColumns,
    /// Rows and digest that the merge gave.
    pub merged: &'a Loaded,
    /// Splits of the plan.
    pub splits_planned: u64,
    /// Splits that runs cover, each once.
    pub splits_covered: u64,
    /// The offsets of topics that were folded, where the archive names them.
    pub offsets: &'a FoldedOffsets,
    /// Whether the job has a range in time.
    pub is_narrowed: bool,
    /// Records that were rejected.
    pub quarantined: u64,
    /// The most frequent reasons for that, each with its first record.
    pub reasons: &'a [String],
    /// Counts of the records that were read.
    pub counts: &'a Counts,
    /// In how many events each input was there. Without inputs and conditions, none is judged.
    pub presence: &'a PresenceReport,
    /// The faults that are tolerated.
    pub options: &'a GateOptions,
    /// How the table's rows are sorted, if the store does not read them sorted.
    pub sorting: &'a SortOptions,
}

impl GateReport {
    /// Goes on only if all checks hold.
    ///
    /// # Errors
    /// [`CutoverError::GateRefused`] otherwise.
    pub fn require(self) -> Result<Self, CutoverError> {
        self.refusal().map_or(Ok(self), Err)
    }

    /// Why the build may not go live, where it may not.
    pub fn refusal(&self) -> Option<CutoverError> {
        (!self.passed()).then(|| CutoverError::GateRefused {
            report: Box::new(self.clone()),
        })
    }
}

/// Checks a loaded build. Reads its table back from the store to do so. All checks are made, whatever fails.
///
/// # Errors
/// Where the store fails; a check that fails is no error (see [`GateReport::require`]).
pub async fn gate(input: GateInput<'_>) -> Result<GateReport, CutoverError> {
    let GateInput {
        store,
        build,
        merged,
        options,
        ..
    } = input;
    let stored = stored(&input).await?;
    let mut checks = vec![Check::new(
        "coverage",
        input.splits_covered == input.splits_planned,
        format!(
            "{} of {} splits were folded",
            input.splits_covered, input.splits_planned
        ),
    )];
    checks.extend(offsets::checks(input.offsets, input.is_narrowed, options));
    checks.push(quarantine(&input));
    checks.extend(swallowed(input.counts, options.max_swallowed));
    checks.extend(presence::checks(input.presence, input.counts, options));
    checks.extend([
        Check::new(
            "rows",
            stored.rows >= options.min_rows,
            format!(
                "the table has {} rows, at least {} are wanted",
                stored.rows, options.min_rows
            ),
        ),
        Check::new("content", stored == *merged, content_text(&stored, merged)),
    ]);
    if options.min_rows_ratio.is_some() || options.max_rows_ratio.is_some() {
        checks.push(growth(
            live_rows(store, &build.table).await?,
            stored.rows,
            options,
        ));
    }
    Ok(GateReport {
        table: build.table.clone(),
        build: build.build.clone(),
        checks,
    })
}

/// The check of records that were rejected.
fn quarantine(input: &GateInput<'_>) -> Check {
    let (rejected, most) = (input.quarantined, input.options.max_quarantined);
    let mut text = format!("{rejected} records were rejected, at most {most} may be");
    if rejected > most && !input.reasons.is_empty() {
        text = format!("{text}: {}", input.reasons.join("; "));
    }
    Check::new("quarantine", rejected <= most, text)
}

/// The check of bytes that rejections swallowed, where any did.
fn swallowed(counts: &Counts, most: ByteSize) -> Option<Check> {
    let (bytes, places) = (counts.swallowed_bytes, counts.swallowed_places);
    (bytes > 0).then(|| {
        let text = format!(
            "bytes in which other records may be lost, since they follow a rejected one that has no clear end: {bytes}, in \
             places: {places}; `gate.max_swallowed` tolerates {}, and the lines of the quarantine with \
             `swallowed_bytes` name each place",
            most.0
        );
        Check::new("swallowed", bytes <= most.0, text)
    })
}

fn content_text(stored: &Loaded, merged: &Loaded) -> String {
    if stored == merged {
        return format!(
            "the table reads back as it was merged, digest {}",
            short(&stored.digest)
        );
    }
    format!(
        "the table reads back with {} rows, digest {}, but {} rows, digest {}, were merged",
        stored.rows,
        short(&stored.digest),
        merged.rows,
        short(&merged.digest)
    )
}

fn growth(live: Option<u64>, rows: u64, options: &GateOptions) -> Check {
    let Some(live) = live.filter(|live| *live > 0) else {
        return Check::new(
            "growth",
            true,
            "there are no live rows to compare with".to_owned(),
        );
    };
    let ratio = rows as f64 / live as f64;
    let (min, max) = (
        options.min_rows_ratio.unwrap_or(0.0),
        options.max_rows_ratio.unwrap_or(f64::INFINITY),
    );
    let wanted = match (options.min_rows_ratio, options.max_rows_ratio) {
        (Some(min), Some(max)) => format!("{min} to {max} times are"),
        (None, Some(max)) => format!("at most {max} times are"),
        (min, None) => format!("at least {} times are", min.unwrap_or(0.0)),
    };
    // Both bounds are inclusive, and a bound that is no number lets nothing through.
    let passed = min <= ratio && ratio <= max;
    Check::new(
        "growth",
        passed,
        format!("the table has {ratio:.3} times the {live} live rows, {wanted} wanted"),
    )
}

/// Number and digest of the rows that a build's table has, as read back from the store.
async fn stored(input: &GateInput<'_>) -> Result<Loaded, CutoverError> {
    let (build, columns) = (input.build, input.columns);
    let (sender, mut receiver) = channel(2);
    let end = async {
        let mut end = None;
        while let Some(rows) = receiver.recv().await {
            if let Rows::End { rows, digest } = rows {
                end = Some(Loaded {
                    rows,
                    digest: digest.to_string(),
                });
            }
        }
        end
    };
    let (read, end) = futures::join!(
        read_sorted(input.store, build, columns, input.sorting, sender),
        end
    );
    read?;
    end.ok_or_else(|| {
        StoreError::Unfinished {
            build: build.build.clone(),
        }
        .into()
    })
}

async fn live_rows(store: &dyn StateStore, table: &str) -> Result<Option<u64>, CutoverError> {
    let Some(pointer) = store.live(table).await? else {
        return Ok(None);
    };
    let builds = store.builds(table).await?;
    let live = builds
        .into_iter()
        .find(|build| build.info.build == pointer.build);
    Ok(live.and_then(|live| live.loaded).map(|loaded| loaded.rows))
}

/// The beginning of a digest, for messages.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
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
            build: &build.info,
            columns: &build.columns,
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

    fn failed(report: &GateReport) -> Vec<&'static str> {
        report
            .checks
            .iter()
            .filter(|check| !check.passed)
            .map(|check| check.name)
            .collect()
    }

    #[tokio::test]
    async fn a_sound_build_passes() {
        let fixture = Fixture::new().await;
        fixture.load(1, &[("/a", 1), ("/b", 2)]).await;
        let report = report(&fixture, 1, GateOptions::default(), |_| {}).await;
        insta::assert_snapshot!(report, @r"
        pass  coverage    4 of 4 splits were folded
        pass  quarantine  0 records were rejected, at most 0 may be
        pass  rows        the table has 2 rows, at least 1 are wanted
        pass  content     the table reads back as it was merged, digest 6b090b521513
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
}
