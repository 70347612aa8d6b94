//! The store in PostgreSQL, on real servers.
//!
//! | file | tests |
//! |---|---|
//! | `mod` | the contract of a store; what the other files share |
//! | `loading` | loads that are interrupted, abandoned, overtaken; what older snapshots see |
//! | `swapping` | locks, sessions in the way, commits without an answer |
//! | `views` | what others made on the public view |
//! | `values` | values of all kinds, keys that are too long |
//! | `databases` | bookkeeping, roles, indexes |

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use async_trait::async_trait;
use backfold::fold::RowsDigest;
use backfold::schema::{Kind, Output};
use backfold::source::Handoff;
use backfold::store::conformance::{self, Harness};
use backfold::store::postgres::{PostgresConfig, PostgresStore};
use backfold::store::{
    Access, BackTo, BuildInfo, Loaded, Pointer, Rows, StateStore, StoreContext, StoreError, Swap,
    TableColumns, TableSwap,
};
use backfold_tests::postgres::database::quoted;
use backfold_tests::postgres::{Database, PASSWORD, Release, Role, Session, shared};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tokio::sync::mpsc::{Receiver, channel};
use tokio_postgres::Client;

mod databases;
mod loading;
mod swapping;
mod values;
mod views;

/// A name that shows whether names are quoted.
const SCHEMA: &str = "state \"tables\"";
/// The public name that most tests use.
const TABLE: &str = "clicks";

/// A database with a schema that its owner builds in.
struct Bench {
    database: Database,
    other_program: OnceCell<Client>,
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Bench::on(Release::Packaged)
    }

    fn on(release: Release) -> Self {
        let database = shared(release).database("store").unwrap();
        let bench = Bench {
            database,
            other_program: OnceCell::new(),
            folder: tempfile::tempdir().unwrap(),
        };
        bench.run(&format!("CREATE SCHEMA {}", quoted(SCHEMA)));
        let password = PASSWORD.replace('\\', "\\\\").replace(':', "\\:");
        fs::write(bench.passfile(), format!("*:*:*:*:{password}\n")).unwrap();
        fs::set_permissions(bench.passfile(), Permissions::from_mode(0o600)).unwrap();
        bench
    }

    fn passfile(&self) -> std::path::PathBuf {
        self.folder.path().join("passwords")
    }

    /// Runs statements as the owner, as another program would.
    fn run(&self, statements: &str) {
        self.session().run(statements).unwrap();
    }

    fn session(&self) -> Session {
        self.database.session().unwrap()
    }

    /// The only column of all rows of a query.
    fn column(&self, query: &str) -> Vec<String> {
        column(&self.session(), query)
    }

    fn config(&self) -> PostgresConfig {
        self.config_of(self.database.owner())
    }

    fn config_of(&self, role: &Role) -> PostgresConfig {
        PostgresConfig {
            url: Some(self.database.url(role)),
            passfile: Some(self.passfile()),
            schema: SCHEMA.to_owned(),
            // Servers of many tests share two cores.
            connect_timeout: Some(std::time::Duration::from_secs(60)),
            ..PostgresConfig::default()
        }
    }

    async fn store(&self) -> PostgresStore {
        opened(&self.config()).await
    }
}

async fn opened(config: &PostgresConfig) -> PostgresStore {
    PostgresStore::open(config, Access::Build, StoreContext::default())
        .await
        .unwrap()
}

fn column(session: &Session, query: &str) -> Vec<String> {
    let rows = session.rows(query).unwrap();
    let value = |row: Vec<Option<String>>| row[0].clone().unwrap_or_else(|| "null".to_owned());
    rows.into_iter().map(value).collect()
}

/// A name within the schema.
fn named(name: &str) -> String {
    format!("{}.{}", quoted(SCHEMA), quoted(name))
}

#[async_trait]
impl Harness for Bench {
    async fn open_with(&self, access: Access, context: StoreContext) -> Arc<dyn StateStore> {
        let store = PostgresStore::open(&self.config(), access, context).await;
        Arc::new(store.unwrap())
    }

    async fn make_foreign(&self, name: &str) {
        let name = named(name);
        self.run(&format!(
            "CREATE TABLE {name} (total bigint); INSERT INTO {name} VALUES (42)"
        ));
    }

    async fn drop_table(&self, name: &str) {
        self.run(&format!("DROP TABLE {} CASCADE", named(name)));
    }

    async fn drop_total(&self, name: &str) {
        self.run(&format!("ALTER TABLE {} DROP COLUMN total", named(name)));
    }

    async fn totals(&self, name: &str) -> Option<Vec<i64>> {
        let owner = self.database.owner();
        let connect = async || self.database.connect(owner).await.unwrap();
        let client = self.other_program.get_or_init(connect).await;
        let query = format!("SELECT total FROM {}", named(name));
        match client.query(&query, &[]).await {
            Ok(rows) => Some(rows.iter().map(|row| row.get(0)).collect()),
            Err(error) if error.code().unwrap().code() == "42P01" => None,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_the_contract() {
    conformance::run(async || Box::new(Bench::new()) as Box<dyn Harness>).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_the_contract_on_a_newer_server() {
    conformance::run(async || Box::new(Bench::on(Release::Newer)) as Box<dyn Harness>).await;
}

fn build(n: u32) -> BuildInfo {
    BuildInfo {
        table: TABLE.to_owned(),
        build: format!("01K0BUILD{n:017}"),
        manifest_digest: String::new(),
    }
}

fn output(name: &str, kind: Kind, nullable: bool) -> Output {
    Output {
        name: name.to_owned(),
        kind,
        nullable,
    }
}

/// A key `page` and a value `total`.
fn columns() -> TableColumns {
    TableColumns {
        keys: vec![output("page", Kind::Utf8, false)],
        values: vec![output("total", Kind::Int64, true)],
    }
}

/// Rows of [`columns`], from page `/000000` on.
fn numbered(rows: usize, total: i64) -> RecordBatch {
    let pages = StringArray::from_iter_values((0..rows).map(|n| format!("/{n:06}")));
    let totals = Int64Array::from(vec![total; rows]);
    let arrays: Vec<ArrayRef> = vec![Arc::new(pages), Arc::new(totals)];
    RecordBatch::try_new(columns().schema(), arrays).unwrap()
}

/// A channel that holds these rows and their end.
async fn sent(columns: &TableColumns, batches: &[RecordBatch]) -> Receiver<Rows> {
    let (sender, receiver) = channel(batches.len() + 1);
    for batch in batches {
        sender.send(Rows::Batch(batch.clone())).await.unwrap();
    }
    sender.send(end(columns, batches)).await.unwrap();
    receiver
}

fn end(columns: &TableColumns, batches: &[RecordBatch]) -> Rows {
    let mut digest = RowsDigest::new(&columns.schema()).unwrap();
    for batch in batches {
        digest.update(batch).unwrap();
    }
    Rows::End {
        rows: digest.rows(),
        digest: digest.hex().into(),
    }
}

/// Prepares, creates and loads a build.
async fn stored(
    store: &PostgresStore,
    build: &BuildInfo,
    columns: &TableColumns,
    batches: &[RecordBatch],
) -> Result<Loaded, StoreError> {
    store.prepare(&build.table, columns, &[]).await?;
    store.create(build, columns).await?;
    let rows = sent(columns, batches).await;
    store.load(build, columns, &Handoff::default(), rows).await
}

/// A build of [`columns`] with `rows` rows.
async fn loaded(store: &PostgresStore, build: &BuildInfo, rows: usize) {
    let batches = [numbered(rows, rows as i64)];
    stored(store, build, &columns(), &batches).await.unwrap();
}

async fn swap_to(store: &PostgresStore, build: &BuildInfo) -> Result<Pointer, StoreError> {
    let live = store.live(&build.table).await?;
    let swap = Swap {
        tables: vec![TableSwap {
            table: build.table.clone(),
            expected: live.map(|live| live.version),
            to: build.build.clone(),
            back_to: BackTo::Shown,
        }],
        by: "a test".to_owned(),
    };
    Ok(store.swap(&swap).await?.remove(0))
}

/// Loads a build of [`columns`] with `rows` rows, and swaps to it.
async fn live(store: &PostgresStore, build: &BuildInfo, rows: usize) -> Pointer {
    loaded(store, build, rows).await;
    swap_to(store, build).await.unwrap()
}
