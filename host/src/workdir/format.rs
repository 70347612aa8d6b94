//! The format of a work folder and of the manifests in it.
//!
//! | format | differs in |
//! |---|---|
//! | 2 | a manifest and an entry of the journal hold one table, without a list; a manifest has no `format` |
//! | 3 | both hold a list of tables, and the manifest what the source is made from |
//!
//! This release writes format 3 and reads both, also next to each other in one work folder. It marks a work folder of
//! format 2 as one of format 3 before it writes there, since a release that knows format 2 alone must not take the new
//! builds for damaged ones.

use std::path::Path;

use super::error::BuildError;

/// The format that this release writes.
pub(super) const FORMAT: u32 = 3;

/// The oldest format that this release reads.
pub(super) const OLDEST: u32 = 2;

/// Fails unless this release reads the format that was found in the file at `path`.
pub(super) fn check_format(path: &Path, found: u32) -> Result<(), BuildError> {
    if (OLDEST..=FORMAT).contains(&found) {
        return Ok(());
    }
    Err(BuildError::OtherFormat {
        path: path.to_owned(),
        found,
        expected: FORMAT,
    })
}
