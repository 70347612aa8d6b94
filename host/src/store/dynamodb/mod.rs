//! State tables in DynamoDB.
//!
//! - Each build has a table `<table>__<build>`, after the prefix of the job. A load that begins where an earlier one may have
//!   written gets another, `<table>__<build>.<attempt>`, so that a writer that was given up cannot reach it.
//! - There is no table of the public name: readers look up the pointer, which names the table of the live build. It is an
//!   item of the table `backfold_control`, as are the records of builds (`ledger`).
//! - A swap is one transaction: the pointers, their history, and the condition that the builds are loaded.
//! - A load writes in random order, as fast as the table takes it, and reads the table back before it is marked as loaded.
//!   What was written cannot be taken back without cost, so all rows are checked before (`items`).
//! - Readers may keep a pointer for `pointer_cache`: for so long after a swap the table of the former build is not dropped.
//! - All tables are made on demand. Reads are consistent, and in no order.
//!
//! | file | |
//! |---|---|
//! | `config`, `connect` | the section of a job, and the client of the SDK |
//! | `service`, `fault` | requests, their repetition, and errors |
//! | `names`, `keys`, `number` | names of tables and columns, keys, numbers |
//! | `items`, `cells` | rows as items, and back |
//! | `ledger`, `positions`, `transaction` | the control table |
//! | `tables`, `builds` | tables as the service has them; builds with their tables, for `store::rules` |
//! | `shadow`, `swap` | the tables of builds, and the pointers to them |
//! | `load`, `shuffle`, `write` | rows in |
//! | `read`, `scan`, `sum` | rows out, and their comparison with those that were written |
//! | `public` | a reader of the public name |
//! | `cost` | the cost of a load |

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use tokio::sync::mpsc::{Receiver, Sender};

use crate::source::Handoff;
use crate::store::{
    Access, BuildInfo, Cost, Index, Loaded, Pointer, PublicReader, Reclaimed, RowCheck, Rows,
    StateStore, StoreContext, StoreError, StoredBuild, Supports, Swap, TableColumns, check_indexes,
};

mod builds;
mod cells;
mod config;
mod connect;
mod cost;
mod fault;
mod items;
mod keys;
mod ledger;
mod load;
mod names;
mod number;
mod positions;
mod public;
mod read;
mod scan;
mod service;
mod shadow;
mod shuffle;
mod sum;
mod swap;
mod tables;
mod transaction;
mod write;

pub use config::{DynamoConfig, PRICE_PER_MILLION_WRITES};

use fault::Fault;
use service::{Patience, Service};

/// DynamoDB as a store. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct DynamoStore {
    service: Arc<Service>,
}

impl DynamoStore {
    /// Connects to the service. Unless the store is opened to build, the control table must be there.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where it is not, [`StoreError::NotConfigured`] where no region is set or the trusted
    /// certificates cannot be used, [`StoreError::Service`] and [`StoreError::NotAllowed`] where the service does not answer
    /// or refuses.
    pub async fn open(
        config: &DynamoConfig,
        access: Access,
        context: StoreContext,
    ) -> Result<Self, StoreError> {
        let connected = connect::connect(config).await?;
        let patience = Patience::default();
        let service = Service::new(connected, config, access, context, patience);
        DynamoStore::over(service).await
    }

    /// The same with a client of the caller, which has region, endpoint and credentials. Those of `config` are not looked at.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn with_client(
        client: &Client,
        config: &DynamoConfig,
        access: Access,
        context: StoreContext,
    ) -> Result<Self, StoreError> {
        let (connected, patience) = (connect::adopt(client), Patience::default());
        let service = Service::new(connected, config, access, context, patience);
        DynamoStore::over(service).await
    }

    async fn over(service: Arc<Service>) -> Result<Self, StoreError> {
        let control = names::control(service.prefix());
        let find = async {
            match service.access {
                Access::Build => Ok(()),
                Access::Change | Access::Read => match tables::find(&service, &control).await? {
                    Some(_) => Ok(()),
                    None => {
                        let database = format!("with the table `{control}`");
                        Err(StoreError::Missing { database }.into())
                    }
                },
            }
        };
        let doing = || "opening the store".to_owned();
        service.run(doing, find).await?;
        Ok(DynamoStore { service })
    }

    /// Checks what can be known of a table without looking at it.
    fn check(&self, build: &BuildInfo, columns: &TableColumns) -> Result<(), Fault> {
        self.service.check_writable()?;
        names::check_build(self.service.prefix(), build)?;
        Ok(names::check_columns(columns)?)
    }
}

#[async_trait]
impl StateStore for DynamoStore {
    fn name(&self) -> &str {
        "dynamodb"
    }

    fn supports(&self) -> Supports {
        Supports {
            sorted_reads: false,
            null_keys: false,
            empty_keys: false,
            all_floats: false,
            indexes: false,
            all_names: false,
        }
    }

    fn row_check(&self, columns: &TableColumns) -> Option<Box<dyn RowCheck>> {
        Some(Box::new(items::ItemCheck::new(columns)))
    }

    fn cost(&self, columns: &TableColumns, rows: u64, row_bytes: u64) -> Option<Cost> {
        Some(cost::of(&self.service.config, columns, rows, row_bytes))
    }

    async fn prepare(
        &self,
        table: &str,
        columns: &TableColumns,
        indexes: &[Index],
    ) -> Result<(), StoreError> {
        let service = &self.service;
        let doing = || format!("preparing `{table}`");
        let call = async {
            service.check_writable()?;
            names::check_table(service.prefix(), table)?;
            names::check_columns(columns)?;
            check_indexes(columns, indexes)?;
            check_no_indexes(indexes)?;
            ledger::ensure(service).await?;
            builds::check_public(service, table).await
        };
        service.run(doing, call).await
    }

    async fn create(&self, build: &BuildInfo, columns: &TableColumns) -> Result<(), StoreError> {
        let service = &self.service;
        let doing = || format!("creating the table of build {}", build.build);
        let call = async {
            self.check(build, columns)?;
            ledger::ensure(service).await?;
            shadow::create(service, build, columns).await
        };
        service.run(doing, call).await
    }

    async fn load(
        &self,
        build: &BuildInfo,
        columns: &TableColumns,
        handoff: &Handoff,
        rows: Receiver<Rows>,
    ) -> Result<Loaded, StoreError> {
        let service = &self.service;
        let doing = || format!("loading build {}", build.build);
        let call = async {
            service.check_writable()?;
            load::load(service, build, columns, handoff, rows).await
        };
        service.run(doing, call).await
    }

    async fn read(
        &self,
        build: &BuildInfo,
        columns: &TableColumns,
        out: Sender<Rows>,
    ) -> Result<(), StoreError> {
        let doing = || format!("reading build {}", build.build);
        let call = read::read(&self.service, build, columns, &out);
        self.service.run(doing, call).await
    }

    async fn index(&self, build: &BuildInfo, indexes: &[Index]) -> Result<(), StoreError> {
        if indexes.is_empty() {
            return Ok(());
        }
        let doing = || format!("building the indexes of build {}", build.build);
        let call = async {
            let looked =
                builds::Looked::at_record(&self.service, &build.table, &build.build).await?;
            let seen = looked.seen(&build.table, &build.build);
            check_indexes(&seen.loaded()?.record.columns, indexes)?;
            Ok(check_no_indexes(indexes)?)
        };
        self.service.run(doing, call).await
    }

    async fn live(&self, table: &str) -> Result<Option<Pointer>, StoreError> {
        let doing = || format!("looking up what `{table}` shows");
        let call = ledger::live(&self.service, table);
        self.service.run(doing, call).await
    }

    async fn history(&self, table: &str) -> Result<Vec<Pointer>, StoreError> {
        let doing = || format!("reading the history of `{table}`");
        let call = ledger::history(&self.service, table);
        self.service.run(doing, call).await
    }

    async fn public_reader(&self, table: &str) -> Result<Box<dyn PublicReader>, StoreError> {
        Ok(public::reader(self.service.clone(), table.to_owned()))
    }

    async fn builds(&self, table: &str) -> Result<Vec<StoredBuild>, StoreError> {
        let doing = || format!("listing the builds of `{table}`");
        let call = builds::all(&self.service, table);
        self.service.run(doing, call).await
    }

    async fn swap(&self, swap: &Swap) -> Result<Vec<Pointer>, StoreError> {
        let call = async {
            self.service.check_writable()?;
            swap::swap(&self.service, swap).await
        };
        self.service.run(|| swap.doing(), call).await
    }

    async fn drop_build(&self, table: &str, build: &str) -> Result<(), StoreError> {
        let doing = || format!("dropping build {build} of `{table}`");
        let call = async {
            self.service.check_writable()?;
            shadow::drop_build(&self.service, table, build).await
        };
        self.service.run(doing, call).await
    }

    /// The service takes the space of dropped tables back by itself.
    async fn reclaim(&self) -> Result<Reclaimed, StoreError> {
        let doing = || "giving free space back".to_owned();
        let call = async { Ok(Reclaimed::default()) };
        self.service.run(doing, call).await
    }
}

/// Refuses indexes: one of DynamoDB's is a table of its own, whose writes cost as much again.
fn check_no_indexes(indexes: &[Index]) -> Result<(), StoreError> {
    match indexes.first().and_then(|index| index.columns().first()) {
        None => Ok(()),
        Some(column) => Err(StoreError::Column {
            column: column.name.clone(),
            why: "tables in DynamoDB have no indexes but that of their key".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests;
