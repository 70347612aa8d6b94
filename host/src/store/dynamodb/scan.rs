//! Reading a table: all its segments at a time, each page as a batch.

use std::sync::Arc;

use arrow_array::RecordBatch;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;

use super::cells::Decoder;
use super::fault::Fault;
use super::service::Service;
use crate::store::TableColumns;

/// Batches that wait between the segments and their reader.
const BATCHES_AHEAD: usize = 2;

/// A table that is being read. Dropping it ends the reading.
pub(super) struct Scan {
    batches: Receiver<RecordBatch>,
    segments: JoinSet<Result<(), Fault>>,
}

impl Scan {
    /// Begins to read `table`, with consistent reads.
    pub(super) fn start(
        service: &Arc<Service>,
        table: &str,
        columns: &TableColumns,
    ) -> Result<Self, Fault> {
        let decoder = Arc::new(Decoder::new(table, columns)?);
        let (sender, batches) = channel(BATCHES_AHEAD);
        let mut segments = JoinSet::new();
        let count = i32::try_from(service.config.read_segments).unwrap_or(i32::MAX);
        for number in 0..count {
            let segment = Segment {
                service: service.clone(),
                table: table.to_owned(),
                number,
                count,
                decoder: decoder.clone(),
                out: sender.clone(),
            };
            segments.spawn(segment.read());
        }
        Ok(Scan { batches, segments })
    }

    /// The next rows; `None` once all segments are read.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>, Fault> {
        if let Some(batch) = self.batches.recv().await {
            return Ok(Some(batch));
        }
        while let Some(segment) = self.segments.join_next().await {
            match segment {
                Ok(done) => done?,
                Err(failed) => match failed.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // Only a runtime that is shutting down cancels a task.
                    Err(_) => return Err(Fault::Cancelled),
                },
            }
        }
        Ok(None)
    }
}

/// A part of a table.
struct Segment {
    service: Arc<Service>,
    table: String,
    number: i32,
    count: i32,
    decoder: Arc<Decoder>,
    out: Sender<RecordBatch>,
}

impl Segment {
    /// Sends all rows of the segment, unless nobody receives them.
    async fn read(self) -> Result<(), Fault> {
        let mut from = None;
        loop {
            let request = || {
                let scan = self.service.client.scan().table_name(&self.table);
                scan.segment(self.number)
                    .total_segments(self.count)
                    .set_exclusive_start_key(from.clone())
                    .consistent_read(true)
                    .send()
            };
            let answer = self.service.ask(request).await?;
            let items = answer.items();
            if !items.is_empty() {
                let batch = self.decoder.batch(items)?;
                let sent = self.out.send(batch);
                if self.service.unless_cancelled(sent).await?.is_err() {
                    return Ok(());
                }
            }
            from = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if from.is_none() {
                return Ok(());
            }
        }
    }
}
