//! Reading through the view of a table.

use async_trait::async_trait;

use super::SqliteStore;
use super::names::quote;
use crate::store::{PublicReader, StoreError};

/// A reader of the view of a table, which opens the database at each read.
struct Reader {
    store: SqliteStore,
    table: String,
}

/// A reader of the view.
pub(super) fn reader(store: SqliteStore, table: String) -> Box<dyn PublicReader> {
    Box::new(Reader { store, table })
}

#[async_trait]
impl PublicReader for Reader {
    async fn read(&mut self) -> Result<(), StoreError> {
        let sql = format!("SELECT * FROM {} LIMIT 1", quote(&self.table));
        let doing = format!("reading `{}` as its readers do", self.table);
        let read = move |database: &super::Database| {
            database.read("read as a reader", |session| {
                let mut select = session.prepare(&sql)?;
                select.query([])?.next()?;
                Ok(())
            })
        };
        self.store.blocking(doing, read).await
    }
}
