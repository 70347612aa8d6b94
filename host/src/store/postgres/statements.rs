//! Statements of a session. Each ends when the call is cancelled.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::connect::Session;
use super::fault::Fault;
use crate::fault_point::{after, before};

/// The parameters of a statement.
pub(super) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

impl Session {
    /// Runs statements that have no parameters and give no rows.
    pub(super) async fn run(&self, sql: &str) -> Result<(), Fault> {
        before("run statements")?;
        self.wait_for(self.batch_execute(sql)).await?;
        Ok(after("run statements")?)
    }

    /// Runs one statement, and gives the number of rows that it touched.
    pub(super) async fn change(&self, sql: &str, parameters: Parameters<'_>) -> Result<u64, Fault> {
        before("change rows")?;
        let changed = self.wait_for(self.execute(sql, parameters)).await?;
        after("change rows")?;
        Ok(changed)
    }

    /// The rows of a query.
    pub(super) async fn rows(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Fault> {
        before("ask for rows")?;
        self.wait_for(self.query(sql, parameters)).await
    }

    /// The row of a query that has at most one.
    pub(super) async fn maybe_row(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Option<Row>, Fault> {
        before("ask for a row or none")?;
        self.wait_for(self.query_opt(sql, parameters)).await
    }

    /// The row of a query that has one.
    pub(super) async fn row(&self, sql: &str, parameters: Parameters<'_>) -> Result<Row, Fault> {
        before("ask for a row")?;
        self.wait_for(self.query_one(sql, parameters)).await
    }
}
