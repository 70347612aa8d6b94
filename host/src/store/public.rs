//! Reading a table through its public name.

use async_trait::async_trait;

use super::StoreError;

/// A reader that knows a table by its public name alone, as programs other than backfold do. It measures what a swap costs
/// them.
#[async_trait]
pub trait PublicReader: Send {
    /// Reads one row of the table, of whichever build the public name shows, in the way that the store advises: through the
    /// view, or through the pointer. An empty table is read as well.
    ///
    /// # Errors
    /// [`StoreError::Cancelled`] once the token of the store has fired; otherwise as the database says.
    async fn read(&mut self) -> Result<(), StoreError>;
}
