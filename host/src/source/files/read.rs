//! Reads one file as the plan froze it, or fails.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::pieces::Pieces;
use super::place::is_missing;
use crate::source::archive::describe;
use crate::source::feed::Feed;
use crate::source::{Chunk, Object, SourceError};

/// The object of a file: its ETag is made of its size and of when it was modified, to the nanosecond.
pub(super) fn object_of(key: String, file: &Metadata) -> io::Result<Object> {
    let modified_ns = nanoseconds(file.modified()?);
    let size_bytes = file.len();
    Ok(Object {
        key,
        size_bytes,
        etag: format!("{modified_ns}-{size_bytes}"),
        version: None,
        modified_us: i64::try_from(modified_ns.div_euclid(1000)).unwrap_or(i64::MAX),
        named: None,
    })
}

fn nanoseconds(at: SystemTime) -> i128 {
    let nanoseconds =
        |duration: std::time::Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
    match at.duration_since(UNIX_EPOCH) {
        Ok(after) => nanoseconds(after),
        Err(before) => -nanoseconds(before.duration()),
    }
}

/// Sends the file at `path`, which must be what the plan found as `planned`.
pub(super) fn deliver(
    path: &Path,
    planned: &Arc<Object>,
    pieces: &Pieces,
    feed: &Feed<Chunk>,
) -> Result<(), SourceError> {
    feed.check()?;
    let failed = |error| {
        if is_missing(&error) {
            return SourceError::Vanished {
                object: path.display().to_string(),
                planned: describe(planned),
            };
        }
        SourceError::io(path, error)
    };
    let changed = |found| SourceError::Changed {
        object: path.display().to_string(),
        planned: describe(planned),
        found,
    };
    let check = |file: Metadata| {
        if !file.is_file() {
            return Err(changed("something that is not a file".to_owned()));
        }
        let found = object_of(planned.key.clone(), &file).map_err(failed)?;
        if found.etag != planned.etag || found.size_bytes != planned.size_bytes {
            return Err(changed(describe(&found)));
        }
        Ok(())
    };

    // Before it is opened: opening a pipe would wait for its writer.
    check(std::fs::metadata(path).map_err(failed)?)?;
    let file = File::open(path).map_err(failed)?;
    feed.send_blocking(Chunk::Object(Arc::clone(planned)))?;
    let mut left = planned.size_bytes;
    while left > 0 {
        let piece = pieces.read(&file, left).map_err(failed)?;
        if piece.is_empty() {
            return Err(changed(format!(
                "its end after {} bytes",
                planned.size_bytes - left
            )));
        }
        left -= piece.len() as u64;
        feed.send_blocking(Chunk::Bytes(piece))?;
    }
    // A file that was written to meanwhile has another size or time now.
    check(file.metadata().map_err(failed)?)?;
    feed.send_blocking(Chunk::End)
}
