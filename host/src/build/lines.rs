//! Lines of JSON, appended and synced one by one.
//!
//! A line counts once it is whole; a line that a crash cut off at the end is taken away when the file is opened again.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::BuildError;

/// A file of lines that is being added to.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    file: Mutex<File>,
}

impl Lines {
    /// Opens a file, which is made where there is none, and reads what it says.
    pub(super) fn open<T: DeserializeOwned>(path: &Path) -> Result<(Lines, Vec<T>), BuildError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(BuildError::io("opening", path))?;
        let (lines, whole) = read(path, &file)?;
        file.set_len(whole)
            .map_err(BuildError::io("mending", path))?;
        file.seek(SeekFrom::Start(whole))
            .map_err(BuildError::io("mending", path))?;
        let path = path.to_owned();
        let file = Mutex::new(file);
        Ok((Lines { path, file }, lines))
    }

    /// Reads what a file says without changing it; nothing where there is none.
    pub(super) fn peek<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, BuildError> {
        match File::open(path) {
            Ok(file) => Ok(read(path, &file)?.0),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(vec![]),
            Err(error) => Err(BuildError::io("opening", path)(error)),
        }
    }

    /// Appends a line and makes it durable.
    pub(super) fn append<T: Serialize>(&self, line: &T) -> Result<(), BuildError> {
        self.write(line)
            .map_err(BuildError::io("writing", &self.path))
    }

    /// The same, for who tells failures otherwise.
    pub(super) fn write<T: Serialize>(&self, line: &T) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(line)?;
        line.push(b'\n');
        let mut file = self.lock();
        let end = file.stream_position()?;
        file.write_all(&line)
            .and_then(|()| file.sync_data())
            .inspect_err(|_| {
                // Half a line must not stand before the next one.
                let _ = file
                    .set_len(end)
                    .and_then(|()| file.seek(SeekFrom::Start(end)));
            })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn lock(&self) -> MutexGuard<'_, File> {
        self.file
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The whole lines of a file, and where they end.
fn read<T: DeserializeOwned>(path: &Path, file: &File) -> Result<(Vec<T>, u64), BuildError> {
    let mut reader = BufReader::new(file);
    let (mut lines, mut whole) = (Vec::new(), 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader
            .read_until(b'\n', &mut line)
            .map_err(BuildError::io("reading", path))?;
        if line.last() != Some(&b'\n') {
            return Ok((lines, whole));
        }
        let parsed = serde_json::from_slice(&line).map_err(|error| BuildError::Damaged {
            path: path.to_owned(),
            what: format!("line {}: {error}", lines.len() + 1),
        })?;
        lines.push(parsed);
        whole += read as u64;
    }
}
