//! Tables in DynamoDB, on dynoxide.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use backfold::fold::RowsDigest;
use backfold::schema::{Kind, Output};
use backfold::source::Handoff;
use backfold::store::conformance::{self, Harness};
use backfold::store::dynamodb::{DynamoConfig, DynamoStore};
use backfold::store::{
    Access, BackTo, BuildInfo, Loaded, Rows, StateStore, StoreContext, StoreError, Swap,
    TableColumns, TableSwap,
};
use backfold_tests::dynamodb::DynamoDb;
use tokio::sync::mpsc::{Receiver, channel};

mod building;
mod commands;
mod readers;
mod values;

type Item = HashMap<String, AttributeValue>;

fn column(name: &str, kind: Kind) -> Output {
    Output {
        name: name.to_owned(),
        kind,
        nullable: false,
    }
}

/// The n-th build of a table.
fn build_of(table: &str, n: u32) -> BuildInfo {
    BuildInfo {
        table: table.to_owned(),
        build: format!("01K0BUILD{n:017}"),
        manifest_digest: format!("m{n}"),
    }
}

/// A channel with these rows and their end.
async fn sent(columns: &TableColumns, batches: &[RecordBatch]) -> Receiver<Rows> {
    let (sender, receiver) = channel(batches.len() + 1);
    let mut digest = RowsDigest::new(&columns.schema()).unwrap();
    for batch in batches {
        digest.update(batch).unwrap();
        sender.send(Rows::Batch(batch.clone())).await.unwrap();
    }
    let end = Rows::End {
        rows: digest.rows(),
        digest: digest.hex().into(),
    };
    sender.send(end).await.unwrap();
    receiver
}

/// Makes and loads a build.
async fn stored(
    store: &DynamoStore,
    build: &BuildInfo,
    columns: &TableColumns,
    batch: &RecordBatch,
) -> Result<Loaded, StoreError> {
    store.prepare(&build.table, columns, &[]).await?;
    store.create(build, columns).await?;
    let rows = sent(columns, std::slice::from_ref(batch)).await;
    let handoff = Handoff::default();
    store.load(build, columns, &handoff, rows).await
}

fn swap_to(builds: &[&BuildInfo], expected: Option<u64>) -> Swap {
    let table = |build: &&BuildInfo| TableSwap {
        table: build.table.clone(),
        expected,
        to: build.build.clone(),
        back_to: BackTo::Shown,
    };
    Swap {
        tables: builds.iter().map(table).collect(),
        by: "tests".to_owned(),
    }
}

/// A server of its own.
struct Local {
    server: DynamoDb,
    client: Client,
    config: DynamoConfig,
}

impl Local {
    fn start() -> Self {
        Local::over(DynamoDb::start().unwrap())
    }

    fn over(server: DynamoDb) -> Self {
        Local {
            client: server.client(),
            server,
            config: DynamoConfig {
                // The tests drop what they have just replaced.
                pointer_cache: Duration::ZERO,
                read_segments: 4,
                ..DynamoConfig::default()
            },
        }
    }

    async fn store_with(&self, access: Access, context: StoreContext) -> DynamoStore {
        DynamoStore::with_client(&self.client, &self.config, access, context)
            .await
            .unwrap()
    }

    async fn store(&self) -> DynamoStore {
        self.store_with(Access::Build, StoreContext::default())
            .await
    }

    /// The table that a pointer shows, with its version.
    async fn shown(&self, table: &str) -> Option<(String, String)> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let get = self.client.get_item().table_name("backfold_control");
        let get = get
            .key("table_name", text(table))
            .key("item", text("pointer"))
            .consistent_read(true)
            .send()
            .await;
        let item = match get {
            Ok(found) => found.item?,
            Err(error) => {
                let error = error.into_service_error();
                assert!(error.is_resource_not_found_exception(), "{error:?}");
                return None;
            }
        };
        let physical = item["physical"].as_s().unwrap().clone();
        Some((physical, item["version"].as_n().unwrap().clone()))
    }

    /// All items of a table; `None` where there is none.
    async fn items(&self, table: &str) -> Option<Vec<Item>> {
        let (mut items, mut from) = (Vec::new(), None);
        loop {
            let scan = self.client.scan().table_name(table).consistent_read(true);
            let page = match scan.set_exclusive_start_key(from).send().await {
                Ok(page) => page,
                Err(error) => {
                    let error = error.into_service_error();
                    assert!(error.is_resource_not_found_exception(), "{error:?}");
                    return None;
                }
            };
            items.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() {
                return Some(items);
            }
        }
    }

    /// The names of all tables.
    async fn tables(&self) -> Vec<String> {
        let mut tables: Vec<String> = Vec::new();
        loop {
            let list = self.client.list_tables();
            let list = list.set_exclusive_start_table_name(tables.last().cloned());
            let page = list.send().await.unwrap();
            tables.extend(page.table_names.unwrap_or_default());
            if page.last_evaluated_table_name.is_none() {
                return tables;
            }
        }
    }

    /// Makes a table as another program would, with a number as its key.
    async fn make(&self, name: &str) {
        let key = KeySchemaElement::builder()
            .attribute_name("id")
            .key_type(KeyType::Hash);
        let of_type = AttributeDefinition::builder()
            .attribute_name("id")
            .attribute_type(ScalarAttributeType::N);
        let create = self.client.create_table().table_name(name);
        create
            .key_schema(key.build().unwrap())
            .attribute_definitions(of_type.build().unwrap())
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await
            .unwrap();
    }
}

#[async_trait]
impl Harness for Local {
    async fn open_with(&self, access: Access, context: StoreContext) -> Arc<dyn StateStore> {
        Arc::new(self.store_with(access, context).await)
    }

    async fn make_foreign(&self, name: &str) {
        self.make(name).await;
        let number = |number: &str| AttributeValue::N(number.to_owned());
        let put = self.client.put_item().table_name(name);
        let put = put.item("id", number("1")).item("total", number("42"));
        put.send().await.unwrap();
    }

    async fn drop_table(&self, name: &str) {
        let attempts = format!("{name}.");
        let tables = self.tables().await.into_iter();
        let mut dropped = 0;
        for table in tables.filter(|table| table == name || table.starts_with(&attempts)) {
            let delete = self.client.delete_table().table_name(table);
            delete.send().await.unwrap();
            dropped += 1;
        }
        assert_eq!(
            dropped, 1,
            "`{name}` has tables of several attempts, or none"
        );
    }

    async fn drop_total(&self, name: &str) {
        self.drop_table(name).await;
        self.make(name).await;
    }

    async fn totals(&self, name: &str) -> Option<Vec<i64>> {
        let mut pointer = self.shown(name).await;
        loop {
            let table = pointer.as_ref().map_or(name, |(physical, _)| physical);
            if let Some(items) = self.items(table).await {
                let total = |item: &Item| item["total"].as_n().unwrap().parse().unwrap();
                return Some(items.iter().map(total).collect());
            }
            // The table of an old pointer may be dropped while it is read; that of the pointer that holds may not.
            let now = self.shown(name).await;
            if now == pointer {
                return None;
            }
            pointer = now;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_the_contract() {
    conformance::run(async || Box::new(Local::start()) as Box<dyn Harness>).await;
}
