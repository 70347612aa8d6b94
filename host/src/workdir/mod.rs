//! Builds on disk: what each is made from, which parts of it are done, and how it goes on after a crash.
//!
//! | file | idea |
//! |---|---|
//! | `work` | the work folder: the builds of a table |
//! | `folder` | the folder of one build |
//! | `format`, `format_2` | the format of all files, and how those of the format before are read |
//! | `manifest` | what a build is made from |
//! | `splits`, `schemas` | the frozen input, and the schemas of its messages |
//! | `entry`, `journal` | which parts of a build are done |
//! | `lines` | lines of JSON with checksums, which a crash does not damage |
//! | `lock` | one command at a time |
//! | `leftovers` | what killed commands left |
//! | `quarantine`, `quarantine_driver` | the rejected records of a build, read back, and as a source for another build |
//! | `error` | what can be wrong with a work folder |
//!
//! `host/docs/formats.md` has the files field by field.

use std::path::Path;

use serde::de::DeserializeOwned;

mod entry;
mod error;
mod folder;
mod format;
mod format_2;
mod journal;
mod leftovers;
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
pub use leftovers::Leftover;
pub use lock::{Lock, Patience};
pub use manifest::Manifest;
pub use quarantine::QuarantineReader;
pub use quarantine_driver::QuarantineDriver;
pub use schemas::{KeptSchema, SchemaFile};
pub use splits::{Covered, SplitReader, SplitWriter};
pub(crate) use work::component_cache;
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
