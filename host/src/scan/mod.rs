//! From a split of the plan to its events: the one road, for a run and for everything that looks at a few events.
//!
//! A [`Scan`] reads splits through a driver. [`Scan::deliver`] sends the pieces of a split to a worker, which decodes
//! and folds them on a thread of its own; [`Scan::events`] decodes them on the spot.
//!
//! | file | idea |
//! |---|---|
//! | `deliver` | the pieces of a split, sent to a worker |
//! | `events` | the events of a split or of a piece, on the spot |
//! | `parquet` | Parquet objects, read by their footers and row groups |
//! | `probe` | the beginnings of objects and of ranges of offsets, for an estimate |
//! | `schemas` | the schemas of Avro messages, learned before a decoder sees the messages |
//! | `wanted` | what the descriptor of a component wants of each record |
//! | `error` | why a split cannot be scanned |

mod deliver;
mod error;
mod events;
mod parquet;
mod probe;
mod schemas;
#[cfg(test)]
mod tests;
mod wanted;

pub use error::{KeepError, ScanError, SchemasError};
pub use events::decode_piece;
pub use schemas::{KeepSchemas, MessageSchemas, schemas_of_topics};
pub use wanted::{wanted_parts, wanted_projection};

use parquet::{Part, RowGroups};
pub(crate) use probe::Probe;

use crate::decode::{DecodeError, DecodeOptions, Decoding, Projection};
use crate::source::ReplayDriver;

/// Reads splits of one source for one component, one split at a time.
pub struct Scan<'a> {
    driver: &'a dyn ReplayDriver,
    projection: Projection,
    options: &'a DecodeOptions,
    schemas: Option<&'a MessageSchemas>,
    row_groups: RowGroups,
}

impl<'a> Scan<'a> {
    /// Makes ready to read splits of `driver`, of whose records `projection` is wanted. `schemas` are those of Avro
    /// messages; without them messages are text.
    ///
    /// # Errors
    /// Where the format that `options` name cannot give what `projection` wants.
    pub fn new(
        driver: &'a dyn ReplayDriver,
        projection: Projection,
        options: &'a DecodeOptions,
        schemas: Option<&'a MessageSchemas>,
    ) -> Result<Self, DecodeError> {
        Ok(Scan {
            driver,
            row_groups: RowGroups::new(projection.clone(), options)?,
            projection,
            options,
            schemas,
        })
    }

    /// A decoding for the pieces that this scan delivers.
    ///
    /// # Errors
    /// As for [`Decoding::new`].
    pub fn decoding(&self) -> Result<Decoding, DecodeError> {
        let decoding = Decoding::new(self.projection.clone(), self.options)?;
        Ok(decoding.with_schemas(self.schemas.map(MessageSchemas::known)))
    }
}
