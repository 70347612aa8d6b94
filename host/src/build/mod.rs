//! A build on disk: what it is made from, what of it is done, and how it goes on after a crash.

mod error;
mod journal;
mod leftovers;
mod lines;
mod manifest;
mod quarantine;
mod schemas;
mod splits;
mod work;

pub use error::BuildError;
pub(crate) use error::codes;
pub use journal::{Entry, Journal, Standing};
pub use leftovers::LeftoversDriver;
pub use manifest::{BasedOn, ComponentIdentity, Manifest};
pub use quarantine::QuarantineReader;
pub use schemas::{KeptSchema, SchemaFile};
pub use splits::{Covered, SplitReader, SplitWriter};
pub use work::{BuildFolder, Lock, WorkFolder, now, write_json};
