//! A build on disk: what it is made from, what of it is done, and how it goes on after a crash.

use std::path::Path;

use serde::de::DeserializeOwned;

mod entry;
mod error;
mod folder;
mod format;
mod format_2;
mod journal;
mod lines;
mod lock;
mod manifest;
mod quarantine;
mod quarantine_driver;
mod schemas;
mod splits;
mod work;

pub use entry::{Checked, Entry, Seen, Swapped};
pub use error::BuildError;
pub(crate) use error::codes;
pub use folder::{BuildFolder, write_json};
pub use journal::{Journal, Standing};
pub use lock::{Lock, Patience};
pub use manifest::Manifest;
pub use quarantine::QuarantineReader;
pub use quarantine_driver::QuarantineDriver;
pub use schemas::{KeptSchema, SchemaFile};
pub use splits::{Covered, SplitReader, SplitWriter};
pub use work::{DamagedBuild, WorkFolder};

/// The present moment, RFC 3339 in UTC.
pub fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn parse<T: DeserializeOwned>(path: &Path, json: &[u8]) -> Result<T, BuildError> {
    serde_json::from_slice(json).map_err(|error| BuildError::Damaged {
        path: path.to_owned(),
        what: error.to_string(),
    })
}
