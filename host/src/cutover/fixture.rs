//! A database with small builds, for the tests of this module.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use tempfile::TempDir;
use tokio::sync::mpsc::channel;

use super::Check;
use crate::fold::RowsDigest;
use crate::schema::{Kind, Output};
use crate::source::{Handoff, HandoffPosition};
use crate::store::sqlite::{SqliteConfig, SqliteStore};
use crate::store::{
    Access, BackTo, BuildInfo, Rows, StateStore, StoreContext, StoredBuild, TableColumns, TableSwap,
};

pub(super) const TABLE: &str = "clicks";

/// Checks as text, a line each, with all that they say.
pub(super) fn lines(checks: &[Check]) -> String {
    let lines = checks.iter().map(|check| {
        let Check {
            name,
            passed,
            text,
            found,
            wanted,
        } = check;
        format!("{passed} {name} | {found} | {wanted} | {text}\n")
    });
    lines.collect()
}

pub(super) struct Fixture {
    pub(super) store: SqliteStore,
    _folder: TempDir,
}

pub(super) fn handoff(n: u32) -> Handoff {
    let position = HandoffPosition::Offset {
        source: "kafka".to_owned(),
        topic: "clicks".to_owned(),
        partition: 0,
        next: n.into(),
        until_us: None,
    };
    Handoff {
        positions: vec![position],
    }
}

pub(super) fn column(name: &str, kind: Kind, nullable: bool) -> Output {
    Output {
        name: name.to_owned(),
        kind,
        nullable,
    }
}

/// A key `page` and a value `total`.
pub(super) fn columns() -> TableColumns {
    TableColumns {
        keys: vec![column("page", Kind::Utf8, false)],
        values: vec![column("total", Kind::Int64, false)],
    }
}

fn info(n: u32) -> BuildInfo {
    BuildInfo {
        table: TABLE.to_owned(),
        build: format!("01K{n}"),
        manifest_digest: format!("m{n}"),
    }
}

impl Fixture {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = SqliteConfig::new(folder.path().join("state.db"));
        let store = SqliteStore::open(&config, Access::Build, StoreContext::default()).unwrap();
        store.prepare(TABLE, &columns(), &[]).await.unwrap();
        Fixture {
            store,
            _folder: folder,
        }
    }

    /// Runs SQL as another program.
    pub(super) fn execute(&self, sql: &str) {
        rusqlite::Connection::open(self.store.path())
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    }

    pub(super) async fn create(&self, n: u32) {
        self.store.create(&info(n), &columns()).await.unwrap();
    }

    /// Loads the n-th build with pages and totals.
    pub(super) async fn load(&self, n: u32, rows: &[(&str, i64)]) -> StoredBuild {
        let pages: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.0)));
        let totals: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.1)));
        self.load_batch(n, columns(), vec![pages, totals]).await
    }

    /// Loads the n-th build with any columns.
    pub(super) async fn load_batch(
        &self,
        n: u32,
        columns: TableColumns,
        arrays: Vec<ArrayRef>,
    ) -> StoredBuild {
        let batch = RecordBatch::try_new(columns.schema(), arrays).unwrap();
        let mut digest = RowsDigest::new(&batch.schema()).unwrap();
        digest.update(&batch).unwrap();
        self.store.create(&info(n), &columns).await.unwrap();
        let (sender, receiver) = channel(2);
        sender.send(Rows::Batch(batch)).await.unwrap();
        sender
            .send(Rows::End {
                rows: digest.rows(),
                digest: digest.hex().into(),
            })
            .await
            .unwrap();
        let handoff = handoff(n);
        self.store
            .load(&info(n), &columns, &handoff, receiver)
            .await
            .unwrap();
        self.stored(n).await
    }

    pub(super) async fn stored(&self, n: u32) -> StoredBuild {
        let builds = self.store.builds(TABLE).await.unwrap();
        builds
            .into_iter()
            .find(|build| build.info == info(n))
            .unwrap()
    }

    /// Swaps to the n-th build.
    pub(super) async fn live(&self, n: u32) {
        self.live_by(n, "test").await;
    }

    /// Swaps to the n-th build; the pointer names `by` as its author.
    pub(super) async fn live_by(&self, n: u32, by: &str) {
        let live = self.store.live(TABLE).await.unwrap();
        let expected = live.map(|pointer| pointer.version);
        let swap = TableSwap {
            table: TABLE.to_owned(),
            expected,
            to: info(n).build,
            back_to: BackTo::Shown,
        };
        super::swap(&self.store, vec![swap], by).await.unwrap();
    }
}
