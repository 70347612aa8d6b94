//! The rows of a build in the order of their keys, in whatever order the store reads them.
//!
//! Where [`Supports::sorted_reads`](crate::store::Supports) is false, rows are collected up to the memory of [`SortOptions::fold`], written as
//! sorted runs into a folder of their own, and merged from there: the way that states take in the fold.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_schema::{DataType, SchemaRef};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;

use super::CutoverError;
use crate::fold::{
    Algebra, FoldError, FoldOptions, MergePlan, RunFile, StateTable, merge_rows, write_run,
};
use crate::guest::{GuestError, Partials};
use crate::keys::{HashedKeys, KeyCodec};
use crate::schema::Descriptor;
use crate::scratch::ScratchFolder;
use crate::store::cell::key_text;
use crate::store::order::KeyOrder;
use crate::store::{BuildInfo, Rows, StateStore, StoreError, TableColumns};

/// Where and with how much memory rows are sorted, if the store does not read them sorted by key.
#[derive(Clone, Debug)]
pub struct SortOptions {
    /// A folder on a disk with room for the rows of both builds of a diff. Each sort makes a folder `sort-<ULID>` in it
    /// and removes it at its end; one that a crash leaves is removed by `gc`.
    pub folder: PathBuf,
    /// `state_budget` bounds the memory of all sorts that run at a time; `workers` and `merge_fan_in` say how the sorted
    /// runs are merged.
    pub fold: FoldOptions,
}

impl Default for SortOptions {
    /// In the system's folder of temporary files, with the defaults of `[fold]`.
    fn default() -> Self {
        SortOptions {
            folder: std::env::temp_dir(),
            fold: FoldOptions::default(),
        }
    }
}

impl SortOptions {
    /// The same with half of the memory: for two sorts at a time.
    pub(super) fn halved(&self) -> Self {
        let mut half = self.clone();
        half.fold.state_budget.0 /= 2;
        half
    }
}

/// Batches of rows that wait between two steps.
const BATCHES_AHEAD: usize = 2;

/// The stack of a merging thread: no component runs on it.
const STACK_BYTES: usize = 2 << 20;

/// Streams the rows of a build as [`StateStore::read`] does, and always sorted by key: [`Rows::End`] has the digest of
/// the rows in that order. Ends where the receiver of `out` goes away.
///
/// # Errors
/// Where the store fails, the folder of `options` cannot be written, or a key comes twice ([`StoreError::Damaged`]).
pub(super) async fn read_sorted(
    store: &dyn StateStore,
    build: &BuildInfo,
    columns: &TableColumns,
    options: &SortOptions,
    out: Sender<Rows>,
) -> Result<(), CutoverError> {
    if store.supports().sorted_reads {
        return Ok(store.read(build, columns, out).await?);
    }
    let (sender, receiver) = channel(BATCHES_AHEAD);
    // The thread of the sort ends soon after this future is dropped.
    let cancel = CancellationToken::new();
    let _cancel_when_dropped = cancel.clone().drop_guard();
    let sort = Sort::new(build, columns, options.fold.clone(), cancel);
    let folder = options.folder.clone();
    let sorting = tokio::task::spawn_blocking(move || sort.run(&folder, receiver, &out));
    let (read, sorted) = futures::join!(store.read(build, columns, sender), sorting);
    // A store that failed is why the rows stopped early, so its error comes first.
    read?;
    match sorted {
        Ok(sorted) => sorted,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that is shutting down cancels a blocking task.
            Err(_) => Err(FoldError::Interrupted.into()),
        },
    }
}

/// A sort of the rows of one build, on a thread that may block.
struct Sort {
    build: BuildInfo,
    /// The table as a component would describe it whose states are the values of the table.
    rows: Descriptor,
    options: FoldOptions,
    cancel: CancellationToken,
}

impl Sort {
    fn new(
        build: &BuildInfo,
        columns: &TableColumns,
        options: FoldOptions,
        cancel: CancellationToken,
    ) -> Self {
        let rows = Descriptor {
            name: build.table.clone(),
            version: String::new(),
            inputs: Vec::new(),
            only: Vec::new(),
            event_time: None,
            keys: columns.keys.clone(),
            states: columns.values.clone(),
            views: Vec::new(),
            commutative: true,
        };
        Sort {
            build: build.clone(),
            rows,
            options,
            cancel,
        }
    }

    fn run(
        &self,
        folder: &Path,
        rows: Receiver<Rows>,
        out: &Sender<Rows>,
    ) -> Result<(), CutoverError> {
        let scratch = ScratchFolder::create(folder).map_err(FoldError::io("creating", folder))?;
        let runs = self.write_runs(scratch.path(), rows)?;
        self.merge(scratch.path(), runs, out)
    }

    /// Writes all rows as sorted runs, each as large as the memory allows.
    fn write_runs(
        &self,
        folder: &Path,
        mut rows: Receiver<Rows>,
    ) -> Result<Vec<RunFile>, CutoverError> {
        let states = self.rows.state_schema();
        let codec = KeyCodec::of(&self.rows.key_schema()).map_err(FoldError::from)?;
        let mut table = StateTable::new(&self.rows)?;
        let (mut runs, mut received) = (Vec::new(), 0);
        let budget_bytes = self.options.state_budget.bytes();
        let mut write = |table: &mut StateTable| {
            let name = format!("run-{:010}.arrow", runs.len());
            let batch_bytes = self.options.run_batch_bytes();
            runs.push(write_run(folder, &name, table, &states, batch_bytes)?);
            Ok::<_, FoldError>(())
        };
        let announced = loop {
            match rows.blocking_recv() {
                Some(Rows::Batch(batch)) => {
                    received += batch.num_rows() as u64;
                    self.add(&batch, &codec, &mut table)?;
                }
                Some(Rows::End { rows, .. }) => break Some(rows),
                None => break None,
            }
            if table.memory_bytes() >= budget_bytes {
                write(&mut table)?;
            }
        };
        if announced != Some(received) {
            return Err(StoreError::Unfinished {
                build: self.build.build.clone(),
            }
            .into());
        }
        if table.rows() > 0 {
            write(&mut table)?;
        }
        Ok(runs)
    }

    /// Takes a batch into memory.
    fn add(
        &self,
        batch: &RecordBatch,
        codec: &KeyCodec,
        table: &mut StateTable,
    ) -> Result<(), CutoverError> {
        self.check_zeros(batch)?;
        let partials = Partials {
            keys: Arc::new(HashedKeys::of(batch, codec).map_err(FoldError::from)?),
            rows: batch.clone(),
        };
        match table.absorb(&partials, &mut self.unique_keys()) {
            Err(FoldError::Merge { key: Some(key), .. }) => Err(self.twice(&key)),
            absorbed => Ok(absorbed?),
        }
    }

    /// Refuses -0.0, which the merge would turn into 0.0: no load lets it into a table.
    fn check_zeros(&self, batch: &RecordBatch) -> Result<(), StoreError> {
        let is_negative_zero = |value: f64| value == 0.0 && value.is_sign_negative();
        for (column, values) in self.rows.table_columns().zip(batch.columns()) {
            if values.data_type() == &DataType::Float64
                && values
                    .as_primitive::<Float64Type>()
                    .iter()
                    .flatten()
                    .any(is_negative_zero)
            {
                let (table, column) = (self.build.shadow_name(), &column.name);
                return Err(StoreError::Damaged {
                    what: format!(
                        "`{table}` has -0.0 in column `{column}`, which backfold did not write"
                    ),
                    source: None,
                });
            }
        }
        Ok(())
    }

    /// Merges the runs and sends the rows with their end.
    fn merge(
        &self,
        folder: &Path,
        runs: Vec<RunFile>,
        out: &Sender<Rows>,
    ) -> Result<(), CutoverError> {
        let plan = MergePlan {
            folder,
            runs,
            descriptor: &self.rows,
            options: &self.options,
            stack_bytes: STACK_BYTES,
            cancel: self.cancel.clone(),
        };
        let keys = self.rows.keys.iter().map(|key| key.kind.data_type());
        let mut order = KeyOrder::new(keys).map_err(FoldError::from)?;
        let mut twice = None;
        let send = |rows| out.blocking_send(rows).map_err(|_| FoldError::Interrupted);
        let open = || Ok(Box::new(self.unique_keys()) as Box<dyn Algebra + Send>);
        let merged = merge_rows(plan, &open, |batch| match order.check(&batch)? {
            None => send(Rows::Batch(batch)),
            Some(row) => {
                twice = Some(key_text(&batch, self.rows.keys.len(), row));
                Err(FoldError::Interrupted)
            }
        });
        let sent = merged.and_then(|merged| {
            send(Rows::End {
                rows: merged.rows,
                digest: merged.digest.into(),
            })
        });
        match (sent, twice) {
            (_, Some(key)) => Err(self.twice(&key)),
            (Err(FoldError::Merge { key: Some(key), .. }), _) => Err(self.twice(&key)),
            // The receiver wants no more rows.
            (Err(FoldError::Interrupted), _) if out.is_closed() => Ok(()),
            (sent, _) => Ok(sent?),
        }
    }

    fn unique_keys(&self) -> UniqueKeys {
        UniqueKeys {
            keys: self.rows.key_schema(),
        }
    }

    /// The failure for a key that two rows have.
    fn twice(&self, key: &str) -> CutoverError {
        StoreError::Damaged {
            what: format!("`{}` has the key {key} twice", self.build.shadow_name()),
            source: None,
        }
        .into()
    }
}

/// The algebra of rows, of which no two have the same key: it combines none.
struct UniqueKeys {
    keys: SchemaRef,
}

impl Algebra for UniqueKeys {
    fn combine(&mut self, _: &RecordBatch, _: &RecordBatch) -> Result<RecordBatch, GuestError> {
        Err(GuestError::KeyTwice { row: 0 })
    }

    fn present(&mut self, states: &RecordBatch) -> Result<RecordBatch, GuestError> {
        Ok(states.slice(0, 0))
    }

    fn renew(&mut self) -> Result<(), GuestError> {
        Ok(())
    }

    fn name_key(&self, key: &[u8]) -> String {
        let columns = KeyCodec::of(&self.keys).and_then(|codec| codec.decode([key]));
        let row = columns.and_then(|columns| RecordBatch::try_new(self.keys.clone(), columns));
        match row {
            Ok(row) => key_text(&row, row.num_columns(), 0),
            Err(error) => error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
