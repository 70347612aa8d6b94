//! Reads one file, and checks that it is the planned one.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::buffers::Buffers;
use super::place::is_missing;
use crate::source::archive::describe;
use crate::source::feed::Feed;
use crate::source::{Chunk, Object, SourceError};

/// The object for a file. Its ETag consists of the size and of the modification time in nanoseconds.
pub(super) fn object_of(key: String, file: &Metadata) -> io::Result<Object> {
    let modified_ns = nanoseconds(file.modified()?);
    let size_bytes = file.len();
    Ok(Object {
        key,
        size_bytes,
        etag: format!("{modified_ns}-{size_bytes}"),
        version: None,
        modified_us: i64::try_from(modified_ns.div_euclid(1000)).unwrap_or(i64::MAX),
        key_fields: None,
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

/// Sends the file at `path`, which must be the object `planned`.
pub(super) fn deliver(
    path: &Path,
    planned: &Arc<Object>,
    buffers: &Buffers,
    feed: &Feed<Chunk>,
) -> Result<(), SourceError> {
    feed.check()?;
    let planned_file = Planned {
        path,
        object: planned,
    };
    let file = planned_file.open()?;
    feed.send_blocking(Chunk::Object(Arc::clone(planned)))?;
    let mut left = planned.size_bytes;
    while left > 0 {
        let piece = buffers
            .read(&file, left)
            .map_err(|error| planned_file.failed(error))?;
        if piece.is_empty() {
            return Err(planned_file.ends_after(planned.size_bytes - left));
        }
        left -= piece.len() as u64;
        feed.send_blocking(Chunk::Bytes(piece))?;
    }
    planned_file.check_again(&file)?;
    feed.send_blocking(Chunk::End)
}

/// Reads the bytes `range` of the file at `path`, which must be the object `planned`.
pub(super) fn read_range(
    path: &Path,
    planned: &Object,
    range: Range<u64>,
) -> Result<Bytes, SourceError> {
    let planned_file = Planned {
        path,
        object: planned,
    };
    let failed = |error| planned_file.failed(error);
    let mut file = planned_file.open()?;
    file.seek(SeekFrom::Start(range.start)).map_err(failed)?;
    let length = range.end - range.start;
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    let read = (&file).take(length).read_to_end(&mut bytes);
    let read = read.map_err(failed)? as u64;
    if read < length {
        return Err(planned_file.ends_after(range.start + read));
    }
    planned_file.check_again(&file)?;
    Ok(bytes.into())
}

/// A file, and the object that was planned for it.
struct Planned<'a> {
    path: &'a Path,
    object: &'a Object,
}

impl Planned<'_> {
    fn open(&self) -> Result<File, SourceError> {
        // This check comes before the file is opened, since opening a pipe would block until it has a writer.
        let found = std::fs::metadata(self.path).map_err(|error| self.failed(error))?;
        self.check(&found)?;
        File::open(self.path).map_err(|error| self.failed(error))
    }

    /// The check after reading: a file that was written to meanwhile has another size or time.
    fn check_again(&self, file: &File) -> Result<(), SourceError> {
        self.check(&file.metadata().map_err(|error| self.failed(error))?)
    }

    fn check(&self, file: &Metadata) -> Result<(), SourceError> {
        if !file.is_file() {
            return Err(self.changed("something that is not a file".to_owned()));
        }
        let found = object_of(self.object.key.clone(), file).map_err(|error| self.failed(error))?;
        if found.etag != self.object.etag || found.size_bytes != self.object.size_bytes {
            return Err(self.changed(describe(&found)));
        }
        Ok(())
    }

    fn failed(&self, error: io::Error) -> SourceError {
        if is_missing(&error) {
            return vanished(&self.path.display().to_string(), self.object);
        }
        SourceError::io(self.path, error)
    }

    fn ends_after(&self, bytes: u64) -> SourceError {
        self.changed(format!("only {bytes} bytes"))
    }

    fn changed(&self, found: String) -> SourceError {
        SourceError::Changed {
            object: self.path.display().to_string(),
            planned: describe(self.object),
            found,
        }
    }
}

pub(super) fn vanished(path: &str, planned: &Object) -> SourceError {
    SourceError::Vanished {
        object: path.to_owned(),
        planned: describe(planned),
    }
}
