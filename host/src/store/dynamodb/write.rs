//! Writing items: several requests at a time, as fast as the table takes them.

use std::sync::Arc;

use aws_sdk_dynamodb::types::{ConsumedCapacity, PutRequest, ReturnConsumedCapacity, WriteRequest};
use tokio::task::{JoinError, JoinSet};

use super::fault::Fault;
use super::items::Encoded;
use super::service::{Attempts, Service};
use super::tables::built;
use crate::fault_point;

/// Requests that wait for their turn or for their answer.
const REQUESTS_AHEAD: usize = 96;

/// The writer of a load. Dropping it ends its requests.
pub(super) struct Writer {
    service: Arc<Service>,
    table: String,
    requests: JoinSet<Result<(), Fault>>,
}

impl Writer {
    /// A writer into `table`.
    pub(super) fn new(service: &Arc<Service>, table: &str) -> Self {
        Writer {
            service: service.clone(),
            table: table.to_owned(),
            requests: JoinSet::new(),
        }
    }

    /// Takes the items of a request, and waits for a place for it.
    ///
    /// # Errors
    /// Where an earlier request failed.
    pub(super) async fn put(&mut self, items: Vec<Encoded>) -> Result<(), Fault> {
        while let Some(done) = self.requests.try_join_next() {
            settled(done)?;
        }
        while self.requests.len() >= REQUESTS_AHEAD {
            self.join_next().await?;
        }
        let (service, table) = (self.service.clone(), self.table.clone());
        self.requests
            .spawn(async move { write(&service, &table, items).await });
        Ok(())
    }

    /// Waits until all items are written.
    pub(super) async fn finish(mut self) -> Result<(), Fault> {
        while !self.requests.is_empty() {
            self.join_next().await?;
        }
        Ok(())
    }

    async fn join_next(&mut self) -> Result<(), Fault> {
        match self.requests.join_next().await {
            Some(done) => settled(done),
            None => Ok(()),
        }
    }
}

fn settled(done: Result<Result<(), Fault>, JoinError>) -> Result<(), Fault> {
    match done {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that is shutting down cancels a task.
            Err(_) => Err(Fault::Cancelled),
        },
    }
}

/// Writes the items of one request, until none is left unprocessed.
async fn write(service: &Service, table: &str, items: Vec<Encoded>) -> Result<(), Fault> {
    let units: f64 = items.iter().map(Encoded::units).sum();
    let units_an_item = units / items.len() as f64;
    let put = |item: Encoded| {
        let put = PutRequest::builder().set_item(Some(item.item)).build();
        put.map(|put| WriteRequest::builder().put_request(put).build())
    };
    let requests: Result<Vec<_>, _> = items.into_iter().map(put).collect();
    let mut requests = requests.map_err(built)?;
    let mut attempts = Attempts::new(service.patience);
    loop {
        let estimated = units_an_item * requests.len() as f64;
        if let Some(rate) = &service.units {
            service.unless_cancelled(rate.take(estimated)).await?;
        }
        let permit = service.unless_cancelled(service.pace.permit()).await?;
        fault_point::before("insert rows")?;
        let request = service.client.batch_write_item();
        let answer = request
            .request_items(table, requests.clone())
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send();
        let answer = service.unless_cancelled(answer).await?;
        fault_point::after("insert rows")?;
        let fault = match service.judge(answer) {
            Ok(answer) => {
                settle(service, answer.consumed_capacity(), estimated);
                let unprocessed = answer.unprocessed_items.unwrap_or_default();
                let left: Vec<_> = unprocessed.into_values().flatten().collect();
                if left.is_empty() {
                    permit.succeeded();
                    return Ok(());
                }
                if left.len() < requests.len() {
                    attempts.renew();
                }
                requests = left;
                Fault::Throttled(format!("{} items were not processed", requests.len()))
            }
            Err(fault) => fault,
        };
        drop(permit);
        if matches!(fault, Fault::Throttled(_)) {
            service.pace.slow_down();
            let progress = &service.context.progress;
            progress.waits_for(format!("the throughput of the table {table}"));
        }
        let pause = attempts.failed(fault)?;
        service.unless_cancelled(tokio::time::sleep(pause)).await?;
    }
}

/// Takes the units that a request really consumed from the rate.
fn settle(service: &Service, consumed: &[ConsumedCapacity], estimated: f64) {
    let consumed: f64 = consumed.iter().filter_map(|one| one.capacity_units()).sum();
    if let Some(rate) = &service.units
        && consumed > 0.0
    {
        rate.settle(consumed - estimated);
    }
}
