//! Of a build, what its journal is read with.

#[path = "../../../host/src/workdir/error.rs"]
mod error;
#[path = "../../../host/src/workdir/lines/mod.rs"]
mod lines;
#[path = "../../../host/src/workdir/schemas.rs"]
mod schemas;

pub use error::BuildError;
pub use schemas::KeptSchema;

/// Reads a file of lines that `input` describes.
///
/// # Panics
/// Where a line that counts is lost, damage is not noticed, or what is written again reads differently.
pub fn journal(input: &[u8]) {
    lines::fuzz::journal(input);
}
