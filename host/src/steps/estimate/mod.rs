//! How many records a plan holds, and how long a run will take: estimated from a few of the plan's objects, or of its splits
//! of topics.
//!
//! | file | idea |
//! |---|---|
//! | `pick` | the objects or splits that stand for all of the plan |
//! | `measure` | their beginnings, decoded and folded |
//! | `names` | names that records have, for an input that none of them has |
//! | `outcome` | what became of the records: rejected, passed over, without an input |
//!
//! Memory and time are bounded. An object or split that cannot be sampled becomes a remark and fails nothing: the run
//! reports it better.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream;
use serde::Serialize;

use super::Context;
use super::thread::{on_thread, watched};
use crate::decode::{DecodeError, Schemas};
use crate::error::{Code, Coded, WithCauses};
use crate::fold::{FoldError, StateTable};
use crate::guest::{Component, GuestError, Window};
use crate::plan::{InputPlan, TablePlan};
use crate::scan::{MessageSchemas, Probe, Scan, ScanError};
use crate::source::ReplayDriver;

mod measure;
mod names;
mod outcome;
mod pick;

use measure::{Folding, Measured, Measuring};
use outcome::Outcomes;
pub use outcome::{SampleOutcome, SampleReason};
pub(crate) use pick::{Pick, Total, pick};

/// Reading takes no longer than this, and folding what was read as long again.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the component may take beyond that for the batch that it has begun.
const GRACE: Duration = Duration::from_secs(1);

/// The most that is read of an object or split, unless it is Parquet, or an object of a small plan.
const PIECE_BYTES: u64 = 2 << 20;

/// How many objects or splits are read at a time.
const CONCURRENCY: usize = 8;

/// How many records a run has to fold, and how long that will take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The records that are left to fold.
    pub records: u64,
    /// Whether they were counted, all of them.
    pub exact: bool,
    /// How long it takes to read and fold them, which leaves out the merge and the load; `None` where that was not
    /// measured.
    pub seconds: Option<f64>,
    /// The workers that share the work.
    pub workers: usize,
    /// How many objects, or splits of topics, the estimate is made from.
    pub sampled: u64,
    /// The rows that the records make; `None` where none was folded.
    pub rows: Option<RowsEstimate>,
    /// What became of the records that were decoded for the estimate.
    pub sample: SampleOutcome,
}

/// The rows that the records of an estimate make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RowsEstimate {
    /// Their number, at most: as if new keys came as often as in the sample, although known ones come more often the more
    /// there are.
    pub at_most: u64,
    /// The bytes of the keys and states of a row, on average.
    pub row_bytes: u64,
}

impl RowsEstimate {
    fn of(folding: Folding, records: u64) -> Option<Self> {
        if folding.rows == 0 {
            return None;
        }
        let rows_a_record = folding.rows as f64 / folding.records as f64;
        let rows = (records as f64 * rows_a_record).round() as u64;
        Some(RowsEstimate {
            at_most: rows.max(folding.rows),
            row_bytes: folding.bytes.div_ceil(folding.rows),
        })
    }
}

/// The measurements of the picked objects or splits.
#[derive(Default)]
struct Sample {
    measured: Vec<(Pick, Measured)>,
    /// The factor by which the work is longer than was measured.
    work_factor: f64,
    /// Bytes read in a second, by all reads together.
    bytes_per_second: f64,
    /// The table of the records that were folded.
    folding: Folding,
    /// What became of these records.
    outcomes: Outcomes,
    /// Why the first object or split that failed cannot be sampled.
    failure: Option<String>,
}

/// The data of an estimate.
pub(crate) struct Estimating<'a> {
    pub(crate) input: &'a InputPlan,
    pub(crate) table: &'a TablePlan,
    pub(crate) driver: &'a dyn ReplayDriver,
    /// The schemas of Avro messages.
    pub(crate) schemas: Option<&'a MessageSchemas>,
    /// The component of `table`.
    pub(crate) component: &'a Component,
    /// The limit for reading that the source has, in bytes per second.
    pub(crate) max_bytes_per_second: Option<u64>,
    pub(crate) context: &'a Context,
}

impl Estimating<'_> {
    /// The estimate for the `total` that `picks` were made from, and a remark about the sample for a person.
    ///
    /// # Errors
    /// [`FoldError::Interrupted`] once the context is cancelled; a decoder's error if the component's inputs do not fit the
    /// format.
    pub(crate) async fn estimate(
        &self,
        picks: Vec<Pick>,
        total: Total,
    ) -> Result<(Option<Estimate>, Option<String>), EstimateError> {
        if picks.is_empty() {
            return Ok((None, None));
        }
        let sample = tokio::select! {
            biased;
            () = self.context.cancel.cancelled() => return Err(FoldError::Interrupted.into()),
            sample = self.sample(picks, total) => sample?,
        };
        let workers = self.context.options.worker_count();
        let mut estimate = estimate(&sample, total, workers);
        if let Some(estimate) = &mut estimate {
            estimate.sample = sample.outcomes.finish(&self.table.descriptor);
        }
        Ok((estimate, sample.failure))
    }

    /// Reads, decodes and folds the picked objects or splits, as far as that can be done.
    async fn sample(&self, picks: Vec<Pick>, total: Total) -> Result<Sample, EstimateError> {
        let mut sample = Sample::default();
        let projection = self.table.projection(self.input.range);
        let scan = Scan::new(self.driver, projection, &self.input.decode, self.schemas)?;
        // The size of messages is not known, even in a small plan.
        let most_bytes = match total.is_small() && total.offsets == 0 {
            true => u64::MAX,
            false => PIECE_BYTES,
        };
        let reads = picks.into_iter().map(|pick| async {
            let probe = scan.probe(pick.split.clone(), most_bytes).await;
            (pick, probe)
        });
        let mut reads = stream::iter(reads).buffered(CONCURRENCY);
        let (began, mut probes, mut bytes) = (Instant::now(), Vec::new(), 0);
        let late = tokio::time::sleep(PATIENCE);
        tokio::pin!(late);
        loop {
            let read = tokio::select! {
                biased;
                read = reads.next() => read,
                () = &mut late => {
                    sample.fail(format!("no more than {bytes} bytes were read within {PATIENCE:?}"));
                    break;
                }
            };
            match read {
                None => break,
                Some((_, Ok(None))) => {}
                Some((pick, Ok(Some(probe)))) => {
                    bytes += probe.bytes();
                    probes.push((pick, probe));
                }
                Some((pick, Err(failure))) => sample.fail_at(&pick, &failure.into()),
            }
        }
        let began = probes
            .iter()
            .filter_map(|(_, probe)| probe.began())
            .min()
            .unwrap_or(began);
        sample.bytes_per_second = bytes as f64 / began.elapsed().as_secs_f64().max(1e-6);
        // The sample is too small to reach the limit, which holds for the run all the same.
        if let Some(most) = self.max_bytes_per_second {
            sample.bytes_per_second = sample.bytes_per_second.min(most as f64);
        }
        sample.measure(self, probes).await;
        Ok(sample)
    }

    /// Opens the component, and all that measures with it. The caller is on a thread that has the stack for it.
    fn measuring(
        component: &Component,
        table: &TablePlan,
        input: &InputPlan,
        schemas: Option<Schemas>,
        window_batches: usize,
    ) -> Result<Measuring, EstimateError> {
        Ok(Measuring::new(
            Window::new(component.open(&table.component_params())?, window_batches),
            StateTable::new(&table.descriptor)?,
            table.projection(input.range),
            input.decode.clone(),
            schemas,
            Instant::now() + PATIENCE,
        ))
    }
}

/// A part of the plan cannot be sampled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EstimateError {
    /// It cannot be read or decoded.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// It cannot be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The component fails.
    #[error(transparent)]
    Guest(#[from] GuestError),
    /// It cannot be folded, or the estimate was cancelled.
    #[error(transparent)]
    Fold(#[from] FoldError),
}

impl Coded for EstimateError {
    fn code(&self) -> &'static Code {
        match self {
            EstimateError::Scan(error) => error.code(),
            EstimateError::Decode(error) => error.code(),
            EstimateError::Guest(error) => error.code(),
            EstimateError::Fold(error) => error.code(),
        }
    }
}

impl Sample {
    fn fail(&mut self, why: String) {
        let remark = || format!("The sample of the plan is not whole: {why}.");
        self.failure.get_or_insert_with(remark);
    }

    fn fail_at(&mut self, pick: &Pick, error: &EstimateError) {
        let (why, key) = (WithCauses(error).to_string(), pick.name());
        self.fail(match why.contains(key.as_str()) {
            true => why,
            false => format!("`{key}`: {why}"),
        });
    }

    /// Decodes and folds probes on a thread of their own, which is left alone where the component does not come back.
    async fn measure(&mut self, data: &Estimating<'_>, probes: Vec<(Pick, Probe)>) {
        let (component, table, input) = (data.component, data.table, data.input);
        let window_batches = data.context.options.window_batches;
        let schemas = data.schemas.map(MessageSchemas::known);
        let (called, table, input) = (component.clone(), table.clone(), input.clone());
        let work = move || {
            let measuring = Estimating::measuring(&called, &table, &input, schemas, window_batches);
            Ok(measuring.map(|measuring| measure_all(measuring, probes)))
        };
        let stack_bytes = data.table.limits.thread_stack_bytes();
        let measured = async {
            let measured = on_thread("estimate".into(), stack_bytes, work)?;
            watched(component, measured).await??
        };
        match tokio::time::timeout(PATIENCE + GRACE, measured).await {
            Ok(Ok(measured)) => {
                self.measured = measured.measured;
                self.work_factor = measured.work_factor;
                self.folding = measured.folding;
                self.outcomes = measured.outcomes;
                self.failure = self.failure.take().or(measured.failure);
            }
            Ok(Err(error)) => self.fail(WithCauses(&error).to_string()),
            Err(_) => self.fail(format!("the component takes longer than {PATIENCE:?}")),
        }
    }
}

/// Measures probes until time is up.
fn measure_all(mut measuring: Measuring, probes: Vec<(Pick, Probe)>) -> Sample {
    let mut sample = Sample {
        work_factor: 1.0,
        ..Sample::default()
    };
    for (pick, probe) in probes {
        match measuring.measure(probe) {
            Ok(Some(measured)) => sample.measured.push((pick, measured)),
            Ok(None) => {}
            Err(error) => sample.fail_at(&pick, &error),
        }
    }
    match measuring.settle() {
        Ok(factor) => {
            sample.work_factor = factor;
            sample.folding = measuring.rows();
        }
        Err(error) => sample.fail(WithCauses(&error).to_string()),
    }
    sample.outcomes = measuring.take_outcomes();
    sample
}

/// From a sample to all that is left.
fn estimate(sample: &Sample, total: Total, workers: usize) -> Option<Estimate> {
    let measured = &sample.measured;
    // A number for each byte or offset of the sample, as if all bytes or offsets had it.
    let of_all = |per_piece: &dyn Fn(&Measured) -> Option<f64>| {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (pick, measured) in measured {
            if let Some(number) = per_piece(measured) {
                sum += number / pick.size() as f64 * pick.weight as f64;
                weights += pick.weight as f64;
            }
        }
        (weights > 0.0).then(|| sum / weights * total.size() as f64)
    };
    let records = of_all(&|one| Some(one.records))?;
    let exact = total.is_small()
        && measured.iter().all(|(_, one)| one.is_exact)
        && measured.iter().map(|(pick, _)| pick.weight).sum::<u64>() == total.size();
    let records = if exact {
        measured.iter().map(|(_, one)| one.records).sum()
    } else {
        records
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let at_a_time = workers.min(cores).min(total.splits.max(1) as usize);
    let working = of_all(&|one| one.work_seconds)
        .map(|seconds| seconds * sample.work_factor / at_a_time as f64);
    let reading = of_all(&|one| Some(one.wanted_bytes as f64))
        .map_or(0.0, |bytes| bytes / sample.bytes_per_second.max(1.0));
    let records = records.round() as u64;
    Some(Estimate {
        records,
        rows: RowsEstimate::of(sample.folding, records),
        exact,
        // One goes on while the other does.
        seconds: working.map(|seconds| seconds.max(reading)),
        workers,
        sampled: measured.len() as u64,
        sample: SampleOutcome::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Object, Split, SplitInput};

    fn measured(size_bytes: u64, weight: u64, records: f64, seconds: f64) -> (Pick, Measured) {
        let object = Object {
            key: "a".to_owned(),
            size_bytes,
            etag: String::new(),
            version: None,
            modified_us: 0,
            key_fields: None,
        };
        let measured = Measured {
            records,
            is_exact: true,
            work_seconds: Some(seconds),
            wanted_bytes: size_bytes,
        };
        let split = Split {
            number: 0,
            size_bytes,
            input: SplitInput::Objects(vec![object]),
        };
        (Pick { split, weight }, measured)
    }

    fn sample(measured: Vec<(Pick, Measured)>) -> Sample {
        Sample {
            measured,
            work_factor: 1.0,
            bytes_per_second: 1e12,
            folding: Folding::default(),
            outcomes: Outcomes::default(),
            failure: None,
        }
    }

    fn total(objects: u64, bytes: u64) -> Total {
        Total {
            splits: 1,
            objects,
            bytes,
            offsets: 0,
        }
    }

    #[test]
    fn what_was_counted_is_exact() {
        let all = sample(vec![
            measured(100, 100, 3.0, 0.5),
            measured(50, 50, 7.0, 0.25),
        ]);
        let estimated = estimate(&all, total(2, 150), 2).unwrap();
        assert_eq!((estimated.records, estimated.exact), (10, true));
        // One worker at a time, since there is one split.
        assert!((estimated.seconds.unwrap() - 0.75).abs() < 1e-9);
        let cut = estimate(&all, total(3, 200), 2).unwrap();
        assert_eq!((cut.records, cut.exact, cut.sampled), (13, false, 2));
    }

    #[test]
    fn rows_are_at_most_as_many_as_new_keys_would_make() {
        let folding = |records, rows, bytes| Folding {
            records,
            rows,
            bytes,
        };
        let rows = RowsEstimate::of(folding(1000, 200, 5000), 10_000).unwrap();
        assert_eq!((rows.at_most, rows.row_bytes), (2000, 25));
        // All was folded, and the records were counted.
        let rows = RowsEstimate::of(folding(1000, 200, 5000), 1000).unwrap();
        assert_eq!(rows.at_most, 200);
        assert_eq!(RowsEstimate::of(Folding::default(), 1000), None);
    }

    #[test]
    fn an_object_counts_for_what_it_stands_for() {
        // Three of four parts are like the first, with a record for each 1000 bytes.
        let mib = 1 << 20;
        let both = sample(vec![
            measured(1000 * mib, 3, 1e6, 100.0),
            measured(mib, 1, 2e3, 0.4),
        ]);
        let estimated = estimate(&both, total(900, 4000 * mib), 1).unwrap();
        assert_eq!(
            (estimated.records, estimated.exact),
            (3_000_000 + 2_000_000, false)
        );
        assert!((estimated.seconds.unwrap() - 700.0).abs() < 1e-6);
    }

    #[test]
    fn a_slow_source_is_what_a_run_waits_for() {
        let slow = Sample {
            bytes_per_second: 10.0,
            work_factor: 2.0,
            ..sample(vec![measured(100, 100, 1.0, 1.0)])
        };
        assert_eq!(
            estimate(&slow, total(1, 100), 1).unwrap().seconds,
            Some(10.0)
        );
        let fast = Sample {
            bytes_per_second: 1e9,
            ..slow
        };
        assert_eq!(
            estimate(&fast, total(1, 100), 1).unwrap().seconds,
            Some(2.0)
        );
    }

    #[test]
    fn without_measurements_there_is_no_estimate() {
        assert_eq!(estimate(&sample(vec![]), total(1, 100), 1), None);
        let mut one = measured(100, 100, 8.0, 1.0);
        one.1.work_seconds = None;
        let estimated = estimate(&sample(vec![one]), total(1, 100), 1).unwrap();
        assert_eq!((estimated.records, estimated.seconds), (8, None));
    }
}
