//! A store whose reads come in no order, for tests.

use std::hash::BuildHasher;

use arrow_array::{RecordBatch, UInt32Array};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use async_trait::async_trait;
use foldhash::quality::FixedState;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;

use crate::fold::RowsDigest;
use crate::source::Handoff;
use crate::store::{
    BuildInfo, Index, Loaded, Pointer, PublicReader, Reclaimed, RowCheck, Rows, StateStore,
    StoreError, StoredBuild, Supports, Swap, TableColumns,
};

/// Another store, of which it shuffles the rows that are read, the same way each time.
pub(crate) struct Shuffled<S> {
    pub(crate) store: S,
    /// The token that the store was opened with.
    pub(crate) cancel: CancellationToken,
}

/// Rows in a batch: no divisor of the sizes that stores use.
const BATCH_ROWS: usize = 997;

#[async_trait]
impl<S: StateStore> StateStore for Shuffled<S> {
    fn name(&self) -> &str {
        "shuffled"
    }

    fn supports(&self) -> Supports {
        Supports {
            sorted_reads: false,
            ..self.store.supports()
        }
    }

    fn row_check(&self, columns: &TableColumns) -> Option<Box<dyn RowCheck>> {
        self.store.row_check(columns)
    }

    async fn prepare(
        &self,
        table: &str,
        columns: &TableColumns,
        indexes: &[Index],
    ) -> Result<(), StoreError> {
        self.store.prepare(table, columns, indexes).await
    }

    async fn create(&self, build: &BuildInfo, columns: &TableColumns) -> Result<(), StoreError> {
        self.store.create(build, columns).await
    }

    async fn load(
        &self,
        build: &BuildInfo,
        columns: &TableColumns,
        handoff: &Handoff,
        rows: Receiver<Rows>,
    ) -> Result<Loaded, StoreError> {
        self.store.load(build, columns, handoff, rows).await
    }

    async fn read(
        &self,
        build: &BuildInfo,
        columns: &TableColumns,
        out: Sender<Rows>,
    ) -> Result<(), StoreError> {
        let (sender, mut receiver) = channel(1);
        let collect = async {
            let mut batches = Vec::new();
            while let Some(rows) = receiver.recv().await {
                if let Rows::Batch(batch) = rows {
                    batches.push(batch);
                }
            }
            batches
        };
        let (read, batches) = futures::join!(self.store.read(build, columns, sender), collect);
        read?;
        let sending = send_shuffled(columns, &batches, &out);
        let sent = self.cancel.run_until_cancelled(sending).await;
        sent.ok_or_else(|| StoreError::Cancelled {
            doing: format!("reading build {}", build.build),
        })
    }

    async fn index(&self, build: &BuildInfo, indexes: &[Index]) -> Result<(), StoreError> {
        self.store.index(build, indexes).await
    }

    async fn live(&self, table: &str) -> Result<Option<Pointer>, StoreError> {
        self.store.live(table).await
    }

    async fn history(&self, table: &str) -> Result<Vec<Pointer>, StoreError> {
        self.store.history(table).await
    }

    async fn public_reader(&self, table: &str) -> Result<Box<dyn PublicReader>, StoreError> {
        self.store.public_reader(table).await
    }

    async fn builds(&self, table: &str) -> Result<Vec<StoredBuild>, StoreError> {
        self.store.builds(table).await
    }

    async fn swap(&self, swap: &Swap) -> Result<Vec<Pointer>, StoreError> {
        self.store.swap(swap).await
    }

    async fn drop_build(&self, table: &str, build: &str) -> Result<(), StoreError> {
        self.store.drop_build(table, build).await
    }

    async fn reclaim(&self) -> Result<Reclaimed, StoreError> {
        self.store.reclaim().await
    }
}

/// Sends the rows in the order of a hash of their place, and their end. Stops where the receiver goes away.
async fn send_shuffled(columns: &TableColumns, batches: &[RecordBatch], out: &Sender<Rows>) {
    let schema = columns.schema();
    let all = concat_batches(&schema, batches).unwrap();
    let hasher = FixedState::default();
    let mut order: Vec<u32> = (0..all.num_rows() as u32).collect();
    order.sort_by_key(|row| hasher.hash_one(row));
    let shuffled = take_record_batch(&all, &UInt32Array::from(order)).unwrap();
    let mut digest = RowsDigest::new(&schema).unwrap();
    for from in (0..shuffled.num_rows()).step_by(BATCH_ROWS) {
        let rows = BATCH_ROWS.min(shuffled.num_rows() - from);
        let batch = shuffled.slice(from, rows);
        digest.update(&batch).unwrap();
        if out.send(Rows::Batch(batch)).await.is_err() {
            return;
        }
    }
    let end = Rows::End {
        rows: digest.rows(),
        digest: digest.hex().into(),
    };
    let _ = out.send(end).await;
}
