//! Tests of SQLite's own behaviour; the contract is tested by the conformance suite.

use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use rusqlite::{Connection, OptionalExtension};
use tempfile::TempDir;
use tokio::sync::mpsc::channel;

use super::*;
use crate::error::Coded;
use crate::fold::RowsDigest;
use crate::schema::{Kind, Output};
use crate::source::{Handoff, HandoffPosition};
use crate::store::conformance::{self, Harness};
use crate::store::shuffled::Shuffled;
use crate::store::{BackTo, TableSwap};

mod earlier;
mod opening;
mod space;
mod triggers;
mod waiting;

struct Folder {
    folder: TempDir,
}

impl Folder {
    fn new() -> Self {
        Folder {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn config(&self) -> SqliteConfig {
        SqliteConfig::new(self.folder.path().join("state.db"))
    }

    fn store(&self) -> SqliteStore {
        self.store_with(Access::Build, StoreContext::default())
    }

    fn store_with(&self, access: Access, context: StoreContext) -> SqliteStore {
        SqliteStore::open(&self.config(), access, context).unwrap()
    }

    fn other_program(&self) -> Connection {
        Connection::open(self.config().path).unwrap()
    }
}

#[async_trait]
impl Harness for Folder {
    async fn open_with(&self, access: Access, context: StoreContext) -> Arc<dyn StateStore> {
        Arc::new(self.store_with(access, context))
    }

    async fn make_foreign(&self, name: &str) {
        let name = names::quote(name);
        let sql = format!("CREATE TABLE {name} (total INTEGER); INSERT INTO {name} VALUES (42);");
        self.other_program().execute_batch(&sql).unwrap();
    }

    async fn drop_table(&self, name: &str) {
        let sql = format!("DROP TABLE {}", names::quote(name));
        self.other_program().execute_batch(&sql).unwrap();
    }

    async fn drop_total(&self, name: &str) {
        let sql = format!("ALTER TABLE {} DROP COLUMN total", names::quote(name));
        let other = self.other_program();
        // SQLite refuses it while a view reads the column.
        other
            .pragma_update(None, "legacy_alter_table", true)
            .unwrap();
        other.execute_batch(&sql).unwrap();
    }

    async fn totals(&self, name: &str) -> Option<Vec<i64>> {
        let connection = self.other_program();
        connection
            .busy_timeout(std::time::Duration::from_secs(10))
            .unwrap();
        let mut statement =
            match connection.prepare(&format!("SELECT total FROM {}", names::quote(name))) {
                Ok(statement) => statement,
                Err(error) if error.to_string().contains("no such table") => return None,
                Err(error) => panic!("{error}"),
            };
        Some(
            statement
                .query_map([], |row| row.get(0))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap(),
        )
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_the_contract() {
    conformance::run(async || Box::new(Folder::new()) as Box<dyn Harness>).await;
}

/// The same database as a store that has no order.
struct InNoOrder(Folder);

#[async_trait]
impl Harness for InNoOrder {
    async fn open_with(&self, access: Access, context: StoreContext) -> Arc<dyn StateStore> {
        let cancel = context.cancel.clone();
        let store = self.0.store_with(access, context);
        Arc::new(Shuffled { store, cancel })
    }

    async fn make_foreign(&self, name: &str) {
        self.0.make_foreign(name).await;
    }

    async fn drop_table(&self, name: &str) {
        self.0.drop_table(name).await;
    }

    async fn drop_total(&self, name: &str) {
        self.0.drop_total(name).await;
    }

    async fn totals(&self, name: &str) -> Option<Vec<i64>> {
        self.0.totals(name).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_in_no_order_keeps_the_contract() {
    conformance::run(async || Box::new(InNoOrder(Folder::new())) as Box<dyn Harness>).await;
}

fn build(n: u32) -> BuildInfo {
    BuildInfo {
        table: "Clicks".to_owned(),
        build: format!("01K{n}"),
        manifest_digest: String::new(),
    }
}

fn columns() -> TableColumns {
    let column = |name: &str, kind| Output {
        name: name.to_owned(),
        kind,
        nullable: false,
    };
    TableColumns {
        keys: vec![column("page", Kind::Utf8)],
        values: vec![column("total", Kind::Int64)],
    }
}

fn rows(pages: &[&str]) -> RecordBatch {
    let keys: ArrayRef = Arc::new(StringArray::from(pages.to_vec()));
    RecordBatch::try_new(
        columns().schema(),
        vec![keys, Arc::new(Int64Array::from(vec![1; pages.len()]))],
    )
    .unwrap()
}

fn end(batches: &[RecordBatch]) -> Rows {
    let mut digest = RowsDigest::new(&columns().schema()).unwrap();
    batches
        .iter()
        .for_each(|batch| digest.update(batch).unwrap());
    Rows::End {
        rows: digest.rows(),
        digest: digest.hex().into(),
    }
}

async fn loaded(store: &SqliteStore, build: &BuildInfo, pages: &[&str]) {
    store.prepare(&build.table, &columns(), &[]).await.unwrap();
    store.create(build, &columns()).await.unwrap();
    let (sender, receiver) = channel(2);
    sender.send(Rows::Batch(rows(pages))).await.unwrap();
    sender.send(end(&[rows(pages)])).await.unwrap();
    store
        .load(build, &columns(), &Handoff::default(), receiver)
        .await
        .unwrap();
}

async fn live(store: &SqliteStore, build: &BuildInfo, pages: &[&str]) {
    loaded(store, build, pages).await;
    swap(store, build).await.unwrap();
}

async fn swap(store: &SqliteStore, build: &BuildInfo) -> Result<Vec<Pointer>, StoreError> {
    let expected = store
        .live(&build.table)
        .await
        .unwrap()
        .map(|pointer| pointer.version);
    let (table, to) = (build.table.clone(), build.build.clone());
    let table = TableSwap {
        table,
        expected,
        to,
        back_to: BackTo::Shown,
    };
    store
        .swap(&Swap {
            tables: vec![table],
            by: String::new(),
        })
        .await
}

#[tokio::test]
async fn bookkeeping_of_another_shape_is_refused() {
    for name in ["backfold_builds", "BACKFOLD_POINTERS"] {
        let folder = Folder::new();
        folder.make_foreign(name).await;
        let error = folder
            .store()
            .prepare("t", &columns(), &[])
            .await
            .unwrap_err();
        assert!(
            matches!(&error, StoreError::Foreign { name: found } if found == name),
            "{error}"
        );
        assert_eq!(folder.totals(name).await, Some(vec![42]));
    }
}

#[tokio::test]
async fn capitals_do_not_tell_names_apart() {
    let folder = Folder::new();
    let store = folder.store();
    store.prepare("Clicks", &columns(), &[]).await.unwrap();
    store.create(&build(1), &columns()).await.unwrap();
    let error = store.prepare("clicks", &columns(), &[]).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Name { what: "table", .. }),
        "{error}"
    );

    let mut doubled = columns();
    doubled.values.push(Output {
        name: "PAGE".to_owned(),
        ..doubled.keys[0].clone()
    });
    let error = store.create(&build(2), &doubled).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Name { what: "column", .. }),
        "{error}"
    );

    folder.make_foreign("OTHER").await;
    let error = store.prepare("other", &columns(), &[]).await.unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

#[tokio::test]
async fn a_view_that_another_program_changed_is_foreign() {
    let folder = Folder::new();
    let store = folder.store();
    live(&store, &build(1), &["/a"]).await;
    let sql = "DROP VIEW \"Clicks\"; CREATE VIEW \"Clicks\" AS SELECT 42 AS total";
    folder.other_program().execute_batch(sql).unwrap();
    let error = store.prepare("Clicks", &columns(), &[]).await.unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");

    // Where it is only gone, the next swap brings it back.
    folder
        .other_program()
        .execute_batch("DROP VIEW \"Clicks\"")
        .unwrap();
    live(&store, &build(2), &["/a", "/b"]).await;
    assert_eq!(folder.totals("Clicks").await, Some(vec![1, 1]));
}

#[tokio::test]
async fn values_that_another_program_changed_are_found() {
    let folder = Folder::new();
    let store = folder.store();
    live(&store, &build(1), &["/a"]).await;
    folder
        .other_program()
        .execute_batch("UPDATE Clicks__01k1 SET page = CAST(x'ff' AS TEXT)")
        .unwrap();
    let (sender, _receiver) = channel(1);
    let error = store.read(&build(1), &columns(), sender).await.unwrap_err();
    insta::assert_snapshot!(error, @"the database is damaged: row 1 of `Clicks__01k1` has a value in column `page` that backfold did not write");
}

#[tokio::test]
async fn tables_are_typed_and_in_the_order_of_their_key() {
    let folder = Folder::new();
    live(&folder.store(), &build(1), &["/a"]).await;
    let sql = |name: &str| -> Option<String> {
        let query = "SELECT sql FROM sqlite_schema WHERE name = ?1";
        folder
            .other_program()
            .query_row(query, [name], |row| row.get(0))
            .optional()
            .unwrap()
    };
    insta::assert_snapshot!(sql("Clicks__01k1").unwrap(), @r#"CREATE TABLE "Clicks__01k1" ("page" TEXT NOT NULL, "total" INTEGER NOT NULL, PRIMARY KEY ("page")) STRICT, WITHOUT ROWID"#);
    insta::assert_snapshot!(sql("Clicks").unwrap(), @r#"CREATE VIEW "Clicks"("page", "total") AS SELECT "page", "total" FROM "Clicks__01k1""#);
}

#[tokio::test]
async fn a_reader_keeps_its_snapshot_through_swap_and_drop() {
    let folder = Folder::new();
    let store = folder.store();
    live(&store, &build(1), &["/a", "/b"]).await;
    let mut reader = folder.other_program();
    let snapshot = reader.transaction().unwrap();
    let mut count = snapshot.prepare("SELECT count(*) FROM Clicks").unwrap();
    assert_eq!(count.query_row([], |row| row.get::<_, i64>(0)).unwrap(), 2);

    live(&store, &build(2), &["/a", "/b", "/c"]).await;
    store.drop_build("Clicks", &build(1).build).await.unwrap();
    assert_eq!(count.query_row([], |row| row.get::<_, i64>(0)).unwrap(), 2);
    drop(count);
    snapshot.commit().unwrap();
    assert_eq!(folder.totals("Clicks").await, Some(vec![1; 3]));
}

/// A crash of the process leaves the files as they are while a load is under way.
#[tokio::test]
async fn a_crash_in_the_middle_of_a_load_costs_only_the_load() {
    let folder = Folder::new();
    let store = folder.store();
    live(&store, &build(1), &["/a"]).await;
    store.create(&build(2), &columns()).await.unwrap();
    let (sender, receiver) = channel(1);
    let loading = store.clone();
    let load = tokio::spawn(async move {
        loading
            .load(&build(2), &columns(), &Handoff::default(), receiver)
            .await
    });
    // Room for the third comes once the first was committed and the second taken.
    for page in ["/a", "/b", "/c"] {
        sender.send(Rows::Batch(rows(&[page]))).await.unwrap();
    }
    // The load is waiting for rows or writing the second: hold the lock, so that no write is copied by half.
    let crashed = Folder::new();
    let lock = folder.other_program();
    lock.busy_timeout(std::time::Duration::from_secs(10))
        .unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    for file in ["state.db", "state.db-wal"] {
        std::fs::copy(
            folder.folder.path().join(file),
            crashed.folder.path().join(file),
        )
        .unwrap();
    }
    lock.execute_batch("ROLLBACK").unwrap();
    drop(sender);
    assert!(matches!(
        load.await.unwrap(),
        Err(StoreError::Unfinished { .. })
    ));

    assert_eq!(crashed.totals("Clicks").await, Some(vec![1]));
    let left: i64 = crashed
        .other_program()
        .query_row("SELECT count(*) FROM Clicks__01k2", [], |row| row.get(0))
        .unwrap();
    assert!(
        (1..=3).contains(&left),
        "the load had committed {left} rows"
    );
    live(&crashed.store(), &build(2), &["/a", "/b", "/c"]).await;
    assert_eq!(crashed.totals("Clicks").await, Some(vec![1; 3]));
    assert_eq!(integrity(&crashed.config().path), "ok");
}

fn integrity(path: &Path) -> String {
    Connection::open(path)
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap()
}
