//! The gate: the checks that must hold before a build may go live.

use tokio::sync::mpsc::channel;

use super::diff::{Comparison, DiffOptions, compare_with_live};
use super::live::Live;
use super::options::GateOptions;
use super::sorted::{SortOptions, read_sorted};
use super::verdict::{Check, GateReport};
use super::{CutoverError, asserted, limits, offsets, presence};
use crate::decode::{Counts, PresenceReport};
use crate::fold::FoldedOffsets;
use crate::store::{Loaded, Rows, StateStore, StoreError, StoredBuild};
use crate::units::{ByteSize, count, counted};

/// A build, and the facts that the gate judges it by.
pub struct GateInput<'a> {
    /// The store that has its table.
    pub store: &'a dyn StateStore,
    /// The build.
    pub build: &'a StoredBuild,
    /// Its comparison with the live table, if there is one already. Otherwise the gate compares them if a limit needs it,
    /// and reads the table of the build alone if none does.
    pub compared: Option<&'a Comparison>,
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
    let GateInput { store, options, .. } = input;
    let (info, columns) = (&input.build.info, &input.build.columns);
    let live = match needs_live(options) {
        true => Live::of(store, &info.table).await?,
        false => Live::default(),
    };
    let compared_now = match input.compared {
        None if options.compares() && live.build.is_some() => {
            let options = DiffOptions {
                samples: 0,
                sorting: input.sorting.clone(),
                ..DiffOptions::default()
            };
            Some(compare_with_live(store, input.build, &options).await?)
        }
        _ => None,
    };
    let compared = input.compared.or(compared_now.as_ref());
    let stored = match compared {
        Some(compared) => compared.stored.clone(),
        None => stored(&input).await?,
    };
    let mut checks = vec![coverage(&input)];
    checks.extend(offsets::checks(input.offsets, input.is_narrowed, options));
    checks.push(quarantine(&input));
    checks.extend(swallowed(input.counts, options.max_swallowed));
    checks.extend(presence::checks(input.presence, input.counts, options));
    checks.extend([rows(&stored, options), content(&stored, input.merged)]);
    if limits_growth(options) {
        let live = live.build.as_ref().and_then(|live| live.loaded.as_ref());
        checks.push(growth(live.map(|live| live.rows), stored.rows, options));
    }
    let nothing = live.nothing().unwrap_or_default();
    let diff = compared.map(|compared| &compared.diff);
    let diff = diff.filter(|diff| diff.old.is_some());
    checks.extend(limits::checks(diff.ok_or(&nothing), columns, options));
    checks.extend(asserted::checks(store, info, &live, options).await?);
    Ok(GateReport {
        table: info.table.clone(),
        build: info.build.clone(),
        checks,
    })
}

fn limits_growth(options: &GateOptions) -> bool {
    options.min_rows_ratio.is_some() || options.max_rows_ratio.is_some()
}

fn needs_live(options: &GateOptions) -> bool {
    options.compares() || limits_growth(options) || !options.checks.is_empty()
}

/// The check that all splits of the plan are in the table.
fn coverage(input: &GateInput<'_>) -> Check {
    let (covered, planned) = (input.splits_covered, input.splits_planned);
    Check {
        name: "coverage".to_owned(),
        passed: covered == planned,
        text: format!("the table has {covered} of {}", counted(planned, "split")),
        found: counted(covered, "split"),
        wanted: counted(planned, "split"),
    }
}

/// The check of records that were rejected.
fn quarantine(input: &GateInput<'_>) -> Check {
    let (rejected, most) = (input.quarantined, input.options.max_quarantined);
    let were = if rejected == 1 { "was" } else { "were" };
    let mut text = format!(
        "{} {were} rejected, at most {} may be",
        counted(rejected, "record"),
        count(most)
    );
    if rejected > most && !input.reasons.is_empty() {
        text = format!("{text}: {}", input.reasons.join("; "));
    }
    Check {
        name: "quarantine".to_owned(),
        passed: rejected <= most,
        text,
        found: counted(rejected, "record"),
        wanted: format!("at most {}", count(most)),
    }
}

/// The check of bytes that rejections swallowed, where any did.
fn swallowed(counts: &Counts, most: ByteSize) -> Option<Check> {
    let (bytes, places) = (counts.swallowed_bytes, counts.swallowed_places);
    (bytes > 0).then(|| Check {
        name: "swallowed".to_owned(),
        passed: bytes <= most.0,
        text: format!(
            "bytes in which other records may be lost, since they follow a rejected one that has no clear end: {bytes}, in \
             places: {places}; `gate.max_swallowed` tolerates {}, and the lines of the quarantine with \
             `swallowed_bytes` name each place",
            most.0
        ),
        found: counted(bytes, "byte"),
        wanted: format!("at most {}", count(most.0)),
    })
}

/// The check that the table has enough rows.
fn rows(stored: &Loaded, options: &GateOptions) -> Check {
    let found = counted(stored.rows, "row");
    let wanted = format!("at least {}", count(options.min_rows));
    let are = if options.min_rows == 1 { "is" } else { "are" };
    Check {
        name: "rows".to_owned(),
        passed: stored.rows >= options.min_rows,
        text: format!("the table has {found}, {wanted} {are} wanted"),
        found,
        wanted,
    }
}

/// The check that the table is the one that was merged.
fn content(stored: &Loaded, merged: &Loaded) -> Check {
    let said = |loaded: &Loaded| {
        let rows = counted(loaded.rows, "row");
        format!("{rows}, digest {}", short(&loaded.digest))
    };
    let (found, wanted) = (said(stored), said(merged));
    let text = match stored == merged {
        true => format!(
            "the table reads back as it was merged, digest {}",
            short(&stored.digest)
        ),
        false => format!("the table reads back with {found}, but {wanted}, were merged"),
    };
    Check {
        name: "content".to_owned(),
        passed: stored == merged,
        text,
        found,
        wanted,
    }
}

/// The check of the number of rows in proportion to the live table.
fn growth(live: Option<u64>, rows: u64, options: &GateOptions) -> Check {
    let (min, max) = (options.min_rows_ratio, options.max_rows_ratio);
    let wanted = match (min, max) {
        (Some(min), Some(max)) => format!("{min} to {max} times"),
        (None, Some(max)) => format!("at most {max} times"),
        (min, None) => format!("at least {} times", min.unwrap_or(0.0)),
    };
    let (passed, text, found) = match live.filter(|live| *live > 0) {
        None => {
            let text = "there are no live rows to compare with".to_owned();
            (true, text, "no live rows".to_owned())
        }
        Some(live) => {
            let ratio = rows as f64 / live as f64;
            let text = format!(
                "the table has {ratio:.3} times the {}, {wanted} are wanted",
                counted(live, "live row")
            );
            // Both bounds are inclusive, and a bound that is no number lets nothing through.
            let passed = min.unwrap_or(0.0) <= ratio && ratio <= max.unwrap_or(f64::INFINITY);
            (passed, text, format!("{ratio:.3} times"))
        }
    };
    Check {
        name: "growth".to_owned(),
        passed,
        text,
        found,
        wanted: format!("{wanted} the live rows"),
    }
}

/// Number and digest of the rows that a build's table has, as read back from the store.
async fn stored(input: &GateInput<'_>) -> Result<Loaded, CutoverError> {
    let build = input.build;
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
    let read = read_sorted(
        input.store,
        &build.info,
        &build.columns,
        input.sorting,
        sender,
    );
    let (read, end) = futures::join!(read, end);
    read?;
    end.ok_or_else(|| {
        StoreError::Unfinished {
            build: build.info.build.clone(),
        }
        .into()
    })
}

/// The beginning of a digest, for messages.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

#[cfg(test)]
mod tests;
