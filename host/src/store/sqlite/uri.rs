//! The URI of a database's file.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// The characters of a path that a URI has as they are, with all letters and digits.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The URI of a file that no program writes: SQLite reads it without a lock.
pub(super) fn immutable_uri(path: &Path) -> String {
    let path = percent_encode(path.as_os_str().as_bytes(), PATH);
    format!("file://{path}?immutable=1")
}
