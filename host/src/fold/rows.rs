//! The last step of the fold: all runs, merged by ranges of keys in parallel, as the table's rows in order.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, SchemaRef};
use tokio_util::sync::CancellationToken;

use super::algebra::{self, Algebra};
use super::cursor::KeyRange;
use super::digest::RowsDigest;
use super::error::FoldError;
use super::merge::{Merged, Merger, merge_down};
use super::run::RunFile;
use super::table::StateTable;
use crate::guest::GuestError;
use crate::keys::KeyCodec;
use crate::schema::Descriptor;

/// What is merged, and how.
pub struct MergePlan<'a> {
    /// The folder that holds the runs.
    pub folder: &'a Path,
    /// All runs, in the order of the source.
    pub runs: Vec<RunFile>,
    /// What the states are.
    pub descriptor: &'a Descriptor,
    /// How many runs are merged at a time.
    pub fan_in: usize,
    /// Threads that merge.
    pub workers: usize,
    /// The stack of each: what the component may use, and what the host needs.
    pub stack_bytes: usize,
    /// Asks it to stop.
    pub cancel: CancellationToken,
}

/// Rows of a table in memory that are presented together.
const BATCH_ROWS: usize = 8_192;

/// What a merge came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergedRows {
    /// How many rows.
    pub rows: u64,
    /// Their digest, as [`RowsDigest`] computes it.
    pub digest: String,
}

/// An algebra for each merging thread.
pub type OpenAlgebra<'a> = dyn Fn() -> Result<Box<dyn Algebra + Send>, GuestError> + Sync + 'a;

/// Merges all runs and gives the table's rows to `sink`, batch by batch, sorted by key: the keys, the states,
/// the views. In them -0.0 is 0.0, since not every store keeps the difference.
///
/// The batches' boundaries depend on the number of workers; the rows do not.
pub fn merge_rows(
    mut plan: MergePlan<'_>,
    open: &OpenAlgebra<'_>,
    mut sink: impl FnMut(RecordBatch) -> Result<(), FoldError>,
) -> Result<MergedRows, FoldError> {
    let opening = |source| FoldError::Merge {
        doing: "when it was opened to merge",
        key: None,
        source,
    };
    let mut algebras = (0..plan.workers.max(1))
        .map(|_| open().map_err(opening))
        .collect::<Result<Vec<_>, _>>()?;
    let states = plan.descriptor.state_schema();
    let fan_in = plan.fan_in.max(2);
    if plan.runs.len() > fan_in {
        let runs = std::mem::take(&mut plan.runs);
        plan.runs = {
            let (folder, algebra) = (plan.folder, &mut *algebras[0]);
            on_worker_stack(plan.stack_bytes, || {
                merge_down(folder, runs, fan_in, &states, algebra)
            })?
        };
    }
    let (ranges, batches_per_range) = ranges(&plan, &states, algebras.len())?;
    let mut digest = RowsDigest::new(&plan.descriptor.table_schema())?;
    std::thread::scope(|scope| {
        let (mut lanes, mut threads) = (Vec::new(), Vec::new());
        for (lane, mut algebra) in algebras.into_iter().enumerate() {
            let (send, receive) = sync_channel(batches_per_range);
            let mine: Vec<KeyRange> = ranges
                .iter()
                .skip(lane)
                .step_by(plan.workers.max(1))
                .cloned()
                .collect();
            let plan = &plan;
            let thread = std::thread::Builder::new()
                .name(format!("merge-{lane}"))
                .stack_size(plan.stack_bytes)
                .spawn_scoped(scope, move || {
                    if let Err(error) = merge_lane(plan, &mine, &mut *algebra, &send) {
                        // Where nobody listens any more, somebody else's error is already on its way.
                        let _ = send.send(Err(error));
                    }
                })
                .map_err(FoldError::io("starting", "a merging thread"))?;
            lanes.push(receive);
            threads.push(thread);
        }
        let drained = (0..ranges.len()).try_for_each(|range| {
            drain_range(&lanes[range % lanes.len()], |batch| {
                digest.update(&batch)?;
                sink(batch)
            })
        });
        drop(lanes);
        for thread in threads {
            thread.join().map_err(|panic| FoldError::Panicked {
                message: panic_message(&*panic),
            })?;
        }
        drained?;
        Ok(MergedRows {
            rows: digest.rows(),
            digest: digest.hex(),
        })
    })
}

/// `None` ends a range.
type Lane = Result<Option<RecordBatch>, FoldError>;

fn drain_range(
    lane: &Receiver<Lane>,
    mut sink: impl FnMut(RecordBatch) -> Result<(), FoldError>,
) -> Result<(), FoldError> {
    loop {
        let next = lane.recv().map_err(|_| FoldError::Panicked {
            message: "a merging thread ended early".into(),
        })?;
        match next? {
            Some(batch) => sink(batch)?,
            None => return Ok(()),
        }
    }
}

fn merge_lane(
    plan: &MergePlan<'_>,
    ranges: &[KeyRange],
    algebra: &mut dyn Algebra,
    out: &SyncSender<Lane>,
) -> Result<(), FoldError> {
    let codec = KeyCodec::of(&plan.descriptor.key_schema())?;
    let schema = plan.descriptor.table_schema();
    let mut merger = Merger::open(plan.folder, &plan.runs, plan.descriptor.state_schema())?;
    for range in ranges {
        merger.merge(range, algebra, |merged, algebra| {
            if plan.cancel.is_cancelled() {
                return Err(FoldError::Interrupted);
            }
            let rows = table_rows(&codec, &schema, merged, plan.descriptor, algebra)?;
            out.send(Ok(Some(rows))).map_err(|_| FoldError::Interrupted)
        })?;
        out.send(Ok(None)).map_err(|_| FoldError::Interrupted)?;
    }
    Ok(())
}

/// Gives the rows of a table in memory to `sink`, as [`merge_rows`] would if it were the only run, and empties it.
pub(crate) fn sorted_rows(
    table: &mut StateTable,
    descriptor: &Descriptor,
    algebra: &mut dyn Algebra,
    mut sink: impl FnMut(RecordBatch) -> Result<(), FoldError>,
) -> Result<(), FoldError> {
    let codec = KeyCodec::of(&descriptor.key_schema())?;
    let schema = descriptor.table_schema();
    table.drain_sorted(BATCH_ROWS, |keys, states| {
        let merged = Merged { keys, states };
        sink(table_rows(&codec, &schema, merged, descriptor, algebra)?)
    })
}

/// Keys decoded, states, views.
fn table_rows(
    codec: &KeyCodec,
    schema: &SchemaRef,
    merged: Merged,
    descriptor: &Descriptor,
    algebra: &mut dyn Algebra,
) -> Result<RecordBatch, FoldError> {
    let mut columns = codec.decode(merged.keys.iter().flatten())?;
    columns.extend(merged.states.columns().iter().cloned());
    if !descriptor.views.is_empty() {
        let key = |row| merged.keys.value(row).to_vec();
        let doing = "while states were presented";
        let views = algebra::present(algebra, &merged.states, &key, doing)?;
        columns.extend(views.columns().iter().cloned());
    }
    Ok(RecordBatch::try_new(
        schema.clone(),
        columns.into_iter().map(without_negative_zero).collect(),
    )?)
}

fn without_negative_zero(column: ArrayRef) -> ArrayRef {
    if column.data_type() != &DataType::Float64 {
        return column;
    }
    Arc::new(
        column
            .as_primitive::<Float64Type>()
            .unary::<_, Float64Type>(|value| if value == 0.0 { 0.0 } else { value }),
    )
}

/// Cuts the keys into ranges for several workers, and says how many batches of rows one range can give.
///
/// A range holds many batches of each run, so that few are read twice at its ends.
fn ranges(
    plan: &MergePlan<'_>,
    states: &SchemaRef,
    workers: usize,
) -> Result<(Vec<KeyRange>, usize), FoldError> {
    const BATCHES_AHEAD: usize = 4;
    if workers < 2 {
        return Ok((vec![KeyRange::default()], BATCHES_AHEAD));
    }
    let run_batches_per_range = (2 * plan.runs.len()).max(8);
    let merger = Merger::open(plan.folder, &plan.runs, states.clone())?;
    let mut first_keys: Vec<&Vec<u8>> = merger.first_keys().collect();
    first_keys.sort_unstable();
    let mut cuts: Vec<Vec<u8>> = first_keys
        .into_iter()
        .step_by(run_batches_per_range)
        .skip(1)
        .cloned()
        .collect();
    cuts.dedup();
    let starts = std::iter::once(None).chain(cuts.iter().cloned().map(Some));
    let ends = cuts.iter().cloned().map(Some).chain(std::iter::once(None));
    let ranges = starts
        .zip(ends)
        .map(|(from, until)| KeyRange { from, until })
        .collect();
    Ok((ranges, run_batches_per_range + BATCHES_AHEAD))
}

/// Runs `work` where a component may use all the stack that its limits allow.
fn on_worker_stack<T: Send>(
    stack_bytes: usize,
    work: impl FnOnce() -> Result<T, FoldError> + Send,
) -> Result<T, FoldError> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("merge-down".into())
            .stack_size(stack_bytes)
            .spawn_scoped(scope, work)
            .map_err(FoldError::io("starting", "a merging thread"))?
            .join()
            .unwrap_or_else(|panic| {
                Err(FoldError::Panicked {
                    message: panic_message(&*panic),
                })
            })
    })
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into())
}
