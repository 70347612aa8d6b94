//! Reading through the view of a table.

use async_trait::async_trait;

use super::connect::{Database, Session};
use super::fault::Fault;
use super::names::qualified;
use crate::store::{PublicReader, StoreError};

/// A reader of the view of a table, whose connection stays open, as those of most programs do.
struct Reader {
    database: Database,
    session: Session,
    table: String,
}

/// Connects a reader.
pub(super) async fn open(database: &Database, table: &str) -> Result<Box<dyn PublicReader>, Fault> {
    Ok(Box::new(Reader {
        session: database.session().await?,
        database: database.clone(),
        table: table.to_owned(),
    }))
}

#[async_trait]
impl PublicReader for Reader {
    async fn read(&mut self) -> Result<(), StoreError> {
        let view = qualified(&self.database.schema, &self.table);
        let sql = format!("SELECT * FROM {view} LIMIT 1");
        let read = async {
            self.session.check_cancelled()?;
            self.session.wait_for(self.session.simple_query(&sql)).await
        };
        let doing = || format!("reading `{}` as its readers do", self.table);
        let read: Result<_, Fault> = read.await;
        read.map(drop)
            .map_err(|fault| self.database.explain(fault, doing()))
    }
}
