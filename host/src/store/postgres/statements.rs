//! Statements of a session. Each ends when the call is cancelled.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::connect::Session;
use super::fault::Fault;

/// The parameters of a statement.
pub(super) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

impl Session {
    /// Runs statements that have no parameters and give no rows.
    pub(super) async fn run(&self, sql: &str) -> Result<(), Fault> {
        self.wait_for(self.batch_execute(sql)).await
    }

    /// Runs one statement, and gives the number of rows that it touched.
    pub(super) async fn change(&self, sql: &str, parameters: Parameters<'_>) -> Result<u64, Fault> {
        self.wait_for(self.execute(sql, parameters)).await
    }

    /// The rows of a query.
    pub(super) async fn rows(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Fault> {
        self.wait_for(self.query(sql, parameters)).await
    }

    /// The row of a query that has at most one.
    pub(super) async fn maybe_row(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Option<Row>, Fault> {
        self.wait_for(self.query_opt(sql, parameters)).await
    }

    /// The row of a query that has one.
    pub(super) async fn row(&self, sql: &str, parameters: Parameters<'_>) -> Result<Row, Fault> {
        self.wait_for(self.query_one(sql, parameters)).await
    }
}
