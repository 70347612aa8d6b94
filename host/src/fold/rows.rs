//! The last step of the fold: all runs, merged by ranges of keys in parallel, become the table's rows in order.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, SchemaRef};

use super::ahead::{Receiver, Sender, ahead};
use super::algebra::{self, Algebra};
use super::chain_reader::ChainReader;
use super::digest::RowsDigest;
use super::error::FoldError;
use super::key_range::KeyRange;
use super::merge::{Merged, Merger};
use super::merge_plan::MergePlan;
use super::passes::merge_down;
use super::table::StateTable;
use crate::guest::{GuestError, RowBytes};
use crate::keys::KeyCodec;
use crate::schema::Descriptor;

/// Rows of a table in memory that are presented together, and their bytes.
const BATCH_ROWS: usize = 8_192;
const BATCH_BYTES: usize = 8 << 20;

/// The result of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergedRows {
    /// The number of rows.
    pub rows: u64,
    /// The digest of the rows, as [`RowsDigest`] computes it.
    pub digest: String,
}

/// Opens an algebra for each merging thread.
pub type OpenAlgebra<'a> = dyn Fn() -> Result<Box<dyn Algebra + Send>, GuestError> + Sync + 'a;

/// Merges all runs and gives the table's rows to `sink`, batch by batch, sorted by key: the keys, the states,
/// the views. In them -0.0 is 0.0, since not every store keeps the difference.
///
/// The batches' boundaries depend on the options; the rows do not. What is in memory at a time is bounded as
/// [`FoldOptions::state_budget`](super::FoldOptions::state_budget) says. No file of its own is left in the folder.
///
/// # Errors
/// Where the component fails, a run cannot be read, `sink` fails, or [`MergePlan::cancel`] fires.
pub fn merge_rows(
    mut plan: MergePlan<'_>,
    open: &OpenAlgebra<'_>,
    mut sink: impl FnMut(RecordBatch) -> Result<(), FoldError>,
) -> Result<MergedRows, FoldError> {
    let all = KeyRange::default();
    let mut chains = plan.chains(&all)?;
    let shape = plan.shape(&chains);
    let mut algebras = (0..shape.threads)
        .map(|_| open().map_err(FoldError::cannot_open_to_merge))
        .collect::<Result<Vec<_>, _>>()?;
    let _passing = if chains.len() > shape.fan_in {
        let (algebra, chains) = (&mut *algebras[0], &mut chains);
        Some(on_worker_stack(plan.stack_bytes, || {
            merge_down(&plan, chains, &all, "merge", &shape, algebra)
        })?)
    } else {
        None
    };
    let chains = plan.open(&chains, &shape)?;
    let ranges = match algebras.len() {
        1 => vec![all],
        _ => ranges(&chains, shape.ahead_bytes),
    };
    let mut digest = RowsDigest::new(&plan.descriptor.table_schema())?;
    std::thread::scope(|scope| {
        let (mut receivers, mut threads) = (Vec::new(), Vec::new());
        for (number, mut algebra) in algebras.into_iter().enumerate() {
            let (send, receive) = ahead(shape.ahead_bytes);
            let mine = ranges.iter().skip(number).step_by(shape.threads);
            let states = plan.descriptor.state_schema();
            let merger = Merger::new(&chains, states, shape.gather_bytes);
            let plan = &plan;
            let thread = std::thread::Builder::new()
                .name(format!("merge-{number}"))
                .stack_size(plan.stack_bytes)
                .spawn_scoped(scope, move || {
                    if let Err(error) = merge_ranges(plan, merger, mine, &mut *algebra, &send) {
                        // Where the receiver is gone, another error is already on its way.
                        let _ = send.send(Err(error), 0);
                    }
                })
                .map_err(FoldError::io("starting", "a merging thread"))?;
            receivers.push(receive);
            threads.push(thread);
        }
        let drained = (0..ranges.len()).try_for_each(|range| {
            drain_range(&receivers[range % receivers.len()], |batch| {
                digest.update(&batch)?;
                sink(batch)
            })
        });
        drop(receivers);
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

/// An item of a merging thread: rows of a range, or `None` at the end of the range.
type Merging = Result<Option<RecordBatch>, FoldError>;

fn drain_range(
    receiver: &Receiver<Merging>,
    mut sink: impl FnMut(RecordBatch) -> Result<(), FoldError>,
) -> Result<(), FoldError> {
    loop {
        let next = receiver.receive().ok_or_else(|| FoldError::Panicked {
            message: "a merging thread ended early".into(),
        })?;
        match next? {
            Some(batch) => sink(batch)?,
            None => return Ok(()),
        }
    }
}

fn merge_ranges<'a>(
    plan: &MergePlan<'_>,
    mut merger: Merger,
    ranges: impl Iterator<Item = &'a KeyRange>,
    algebra: &mut dyn Algebra,
    out: &Sender<Merging>,
) -> Result<(), FoldError> {
    let codec = KeyCodec::of(&plan.descriptor.key_schema())?;
    let schema = plan.descriptor.table_schema();
    for range in ranges {
        merger.merge(range, algebra, |merged, algebra| {
            plan.check_interrupted()?;
            let rows = table_rows(&codec, &schema, merged, plan.descriptor, algebra)?;
            let bytes = RowBytes::of(rows.columns()).all();
            let sent = out.send(Ok(Some(rows)), bytes);
            sent.map_err(|_| FoldError::Interrupted)
        })?;
        let sent = out.send(Ok(None), 0);
        sent.map_err(|_| FoldError::Interrupted)?;
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
    table.drain_sorted(BATCH_ROWS, BATCH_BYTES, |keys, states| {
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

/// Cuts the keys into ranges that take about N bytes of the runs.
///
/// So a thread merges ahead of the others about as many bytes as it may keep. A range holds more than one batch of each run,
/// so that few are read twice at its ends.
fn ranges(chains: &[Arc<ChainReader>], range_bytes: usize) -> Vec<KeyRange> {
    let mut begins: Vec<(&[u8], usize)> = Vec::new();
    for chain in chains {
        let batches = chain.batches();
        let batch_bytes = chain.all_bytes() / batches.max(1);
        let separators = chain.index().separators(batches);
        begins.extend(separators.map(|(key, batches)| (key, batches * batch_bytes)));
    }
    begins.sort_unstable();
    let (mut cuts, mut bytes) = (Vec::new(), 0);
    for (key, of_batches) in begins {
        if bytes >= range_bytes && cuts.last().is_none_or(|last| *last < key) {
            cuts.push(key);
            bytes = 0;
        }
        bytes += of_batches;
    }
    let owned = |key: &&[u8]| Some(key.to_vec());
    let starts = std::iter::once(None).chain(cuts.iter().map(owned));
    let ends = cuts.iter().map(owned).chain(std::iter::once(None));
    let ranges = starts.zip(ends);
    ranges
        .map(|(from, until)| KeyRange { from, until })
        .collect()
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

/// The message of a panic.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into())
}
