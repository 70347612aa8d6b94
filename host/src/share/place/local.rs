//! Work on files of this machine or a mounted folder, which may take long.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::PlaceError;

/// Does `work` on a thread on which it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PlaceError> + Send + 'static,
) -> Result<T, PlaceError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shut down.
            Err(_) => Err(PlaceError::Cancelled),
        },
    }
}

/// The error for a file that cannot be read, written, listed or removed.
pub(super) fn failed(what: &'static str, path: &Path, source: io::Error) -> PlaceError {
    let file = path.display().to_string();
    match what == "read" && source.kind() == ErrorKind::NotFound {
        true => PlaceError::Missing { file },
        false => PlaceError::Io { what, file, source },
    }
}
