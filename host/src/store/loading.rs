//! The checks of a load, once for all stores.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType};
use tokio::sync::mpsc::Receiver;
use tokio::sync::mpsc::error::TryRecvError;
use tokio_util::sync::CancellationToken;

use crate::fold::RowsDigest;
use crate::schema::Output;
use crate::store::cell::key_text;
use crate::store::order::KeyOrder;
use crate::store::{BuildInfo, Loaded, Rows, StoreError, TableColumns};

/// The rows of a load as they come in: batch by batch, checked, until their end, which must agree with them.
///
/// A batch that it gives has the columns of the table, and keys that are greater than all before.
pub(crate) struct LoadRows<'a> {
    build: &'a BuildInfo,
    columns: &'a TableColumns,
    types: Vec<DataType>,
    rows: Receiver<Rows>,
    cancel: CancellationToken,
    order: KeyOrder,
    digest: RowsDigest,
    loaded: Option<Loaded>,
}

impl<'a> LoadRows<'a> {
    /// The rows that `rows` brings for a table of `columns`, until `cancel` fires.
    ///
    /// # Errors
    /// Where the columns have a type that is none of the contract's.
    pub(crate) fn new(
        build: &'a BuildInfo,
        columns: &'a TableColumns,
        rows: Receiver<Rows>,
        cancel: CancellationToken,
    ) -> Result<Self, StoreError> {
        let types: Vec<_> = columns.iter().map(|one| one.kind.data_type()).collect();
        let keys = types.iter().take(columns.keys.len()).cloned();
        let failed = |source| failed(build, source);
        Ok(LoadRows {
            order: KeyOrder::new(keys).map_err(failed)?,
            digest: RowsDigest::new(&columns.schema()).map_err(failed)?,
            build,
            columns,
            types,
            rows,
            cancel,
            loaded: None,
        })
    }

    /// Waits for the next batch; `None` once the end has come and agreed.
    ///
    /// # Errors
    /// [`StoreError::Cancelled`]; [`StoreError::Unfinished`] where the channel closed before the end;
    /// [`StoreError::Shape`], [`StoreError::Unsorted`] and [`StoreError::Disagrees`] where the rows are not those of the
    /// contract of [`StateStore::load`](crate::store::StateStore::load).
    pub(crate) async fn next(&mut self) -> Result<Option<RecordBatch>, StoreError> {
        if self.loaded.is_some() {
            return Ok(None);
        }
        match self.cancel.run_until_cancelled(self.rows.recv()).await {
            None => Err(StoreError::Cancelled {
                doing: doing(self.build),
            }),
            Some(None) => Err(StoreError::Unfinished {
                build: self.build.build.clone(),
            }),
            Some(Some(rows)) => self.take(rows),
        }
    }

    /// The next batch, if it is there already; `None` where it is not, and after the end. For stores that must not wait
    /// while they hold a lock.
    ///
    /// # Errors
    /// As [`next`](Self::next), which has those of a cancellation and of a channel that closed.
    pub(crate) fn next_ready(&mut self) -> Result<Option<RecordBatch>, StoreError> {
        if self.loaded.is_some() {
            return Ok(None);
        }
        match self.rows.try_recv() {
            Ok(rows) => self.take(rows),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => Ok(None),
        }
    }

    /// Number and digest of all rows, once [`next`](Self::next) has given `None`.
    ///
    /// # Errors
    /// [`StoreError::Unfinished`] before.
    pub(crate) fn finish(self) -> Result<Loaded, StoreError> {
        self.loaded.ok_or_else(|| StoreError::Unfinished {
            build: self.build.build.clone(),
        })
    }

    /// The refusal of a value of `column` that the store cannot keep exactly.
    pub(crate) fn unstorable(
        &self,
        column: &Output,
        batch: &RecordBatch,
        row: usize,
        why: &'static str,
    ) -> StoreError {
        StoreError::Unstorable {
            column: column.name.clone(),
            key: key_text(batch, self.columns.keys.len(), row),
            why,
        }
    }

    fn take(&mut self, rows: Rows) -> Result<Option<RecordBatch>, StoreError> {
        match rows {
            Rows::Batch(batch) => {
                self.check_types(&batch)?;
                self.check_order(&batch)?;
                let digested = self.digest.update(&batch);
                digested.map_err(|source| failed(self.build, source))?;
                Ok(Some(batch))
            }
            Rows::End { rows, digest } => {
                self.loaded = Some(self.check_end(rows, &digest)?);
                Ok(None)
            }
        }
    }

    fn check_types(&self, batch: &RecordBatch) -> Result<(), StoreError> {
        let found = batch.columns().iter().map(|column| column.data_type());
        if found.clone().eq(&self.types) {
            return Ok(());
        }
        let found: Vec<_> = found.collect();
        Err(StoreError::Shape {
            build: self.build.build.clone(),
            why: format!("{found:?} instead of {:?}", self.types),
        })
    }

    fn check_order(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        let checked = self.order.check(batch);
        match checked.map_err(|source| failed(self.build, source))? {
            None => Ok(()),
            Some(row) => Err(StoreError::Unsorted {
                build: self.build.build.clone(),
                key: key_text(batch, self.columns.keys.len(), row),
            }),
        }
    }

    fn check_end(&self, rows: u64, digest: &Arc<str>) -> Result<Loaded, StoreError> {
        let found = Loaded {
            rows: self.digest.rows(),
            digest: self.digest.hex(),
        };
        let expected = Loaded {
            rows,
            digest: digest.to_string(),
        };
        if found == expected {
            return Ok(found);
        }
        Err(StoreError::Disagrees {
            build: self.build.build.clone(),
            expected: expected.into(),
            found: found.into(),
        })
    }
}

fn doing(build: &BuildInfo) -> String {
    format!("loading build {}", build.build)
}

fn failed(build: &BuildInfo, source: ArrowError) -> StoreError {
    StoreError::Failed {
        doing: doing(build),
        source: Box::new(source),
    }
}
