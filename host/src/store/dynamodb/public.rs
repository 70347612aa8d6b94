//! Reading through the pointer of a table.

use std::sync::Arc;

use async_trait::async_trait;

use super::fault::Fault;
use super::ledger;
use super::service::Service;
use crate::store::{PublicReader, StoreError};

/// A reader that looks up the pointer at each read, and keeps none.
struct Reader {
    service: Arc<Service>,
    table: String,
}

/// A reader of the table that the pointer names.
pub(super) fn reader(service: Arc<Service>, table: String) -> Box<dyn PublicReader> {
    Box::new(Reader { service, table })
}

#[async_trait]
impl PublicReader for Reader {
    async fn read(&mut self) -> Result<(), StoreError> {
        let (service, table) = (&self.service, &self.table);
        let read = async {
            let shown = ledger::shown(service, table).await?;
            let shown =
                shown.ok_or_else(|| Fault::Refused("the table has no pointer".to_owned()))?;
            let request = || {
                let scan = service.client.scan().table_name(&shown).limit(1);
                scan.consistent_read(true).send()
            };
            service.ask(request).await.map(drop)
        };
        let doing = || format!("reading `{table}` as its readers do");
        service.run(doing, read).await
    }
}
