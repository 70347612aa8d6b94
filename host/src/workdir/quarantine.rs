//! The rejected records of a build, read back.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::error::BuildError;
use crate::fault_point::before;
use crate::fold::Quarantined;

/// Goes through rejected records, split by split, in the order in which they were rejected; each with its number,
/// from 1.
pub struct QuarantineReader {
    /// The files that are left.
    files: VecDeque<PathBuf>,
    open: Option<(PathBuf, BufReader<File>)>,
    number: u64,
}

impl QuarantineReader {
    /// The records of a build: those in the file `joined` once all splits are folded, before that those in `folder`, of
    /// the splits begun so far.
    pub(super) fn open(joined: PathBuf, folder: &Path) -> Result<Self, BuildError> {
        let files = if joined.exists() {
            VecDeque::from([joined])
        } else {
            let entries = fs::read_dir(folder).map_err(BuildError::io("reading", folder))?;
            let mut files = entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<Vec<_>, _>>()
                .map_err(BuildError::io("reading", folder))?;
            files.sort();
            files.into()
        };
        Ok(QuarantineReader {
            files,
            open: None,
            number: 0,
        })
    }

    fn read(&mut self) -> Result<Option<(u64, Quarantined)>, BuildError> {
        loop {
            let (path, reader) = match &mut self.open {
                Some(open) => open,
                none => {
                    let Some(path) = self.files.pop_front() else {
                        return Ok(None);
                    };
                    let file = before("read the quarantine")
                        .and_then(|()| File::open(&path))
                        .map_err(BuildError::io("opening", &path))?;
                    none.insert((path, BufReader::new(file)))
                }
            };
            let mut line = Vec::new();
            reader
                .read_until(b'\n', &mut line)
                .map_err(BuildError::io("reading", &*path))?;
            // A line without an end is one that is being written.
            if line.pop() != Some(b'\n') {
                self.open = None;
                continue;
            }
            let record = serde_json::from_slice(&line).map_err(|error| BuildError::Damaged {
                path: path.clone(),
                what: error.to_string(),
            })?;
            self.number += 1;
            return Ok(Some((self.number, record)));
        }
    }
}

impl Iterator for QuarantineReader {
    type Item = Result<(u64, Quarantined), BuildError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}
