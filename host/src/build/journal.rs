//! `journal.jsonl`: what of a build is done, appended and synced line by line.
//!
//! A line counts once it is whole; a line that a crash cut off at the end is taken away when the journal is
//! opened again. A checkpoint counts only while all of its runs are on disk as it names them.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use serde::{Deserialize, Serialize};

use super::error::BuildError;
use super::splits::Covered;
use crate::fold::{Checkpoint, CheckpointSink, FoldError, FoldedOffsets, RunFile, StageTimes};
use crate::store::Loaded;

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// Some splits are folded.
    Checkpoint(Checkpoint),
    /// The shadow table is complete.
    Loaded(Loaded),
    /// The table shows this build, or did.
    Swapped {
        /// The pointer's version.
        version: u64,
    },
}

/// The journal of a build that is being worked on.
pub struct Journal {
    path: PathBuf,
    file: Mutex<File>,
}

impl Journal {
    /// Opens the journal of a build, and reads what it says.
    pub fn open(path: &Path) -> Result<(Journal, Vec<Entry>), BuildError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(BuildError::io("opening", path))?;
        let (entries, whole) = read_entries(path, &file)?;
        file.set_len(whole)
            .map_err(BuildError::io("mending", path))?;
        file.seek(SeekFrom::Start(whole))
            .map_err(BuildError::io("mending", path))?;
        Ok((
            Journal {
                path: path.to_owned(),
                file: Mutex::new(file),
            },
            entries,
        ))
    }

    /// Reads what a journal says without changing it; nothing where there is none.
    pub fn peek(path: &Path) -> Result<Vec<Entry>, BuildError> {
        match File::open(path) {
            Ok(file) => Ok(read_entries(path, &file)?.0),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(vec![]),
            Err(error) => Err(BuildError::io("opening", path)(error)),
        }
    }

    /// Appends a line and makes it durable.
    pub fn append(&self, entry: &Entry) -> Result<(), BuildError> {
        self.write(entry)
            .map_err(BuildError::io("writing", &self.path))
    }

    fn write(&self, entry: &Entry) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
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

    fn lock(&self) -> MutexGuard<'_, File> {
        self.file
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl CheckpointSink for Journal {
    fn commit(&self, checkpoint: Checkpoint) -> Result<(), FoldError> {
        self.write(&Entry::Checkpoint(checkpoint))
            .map_err(FoldError::io("writing", &self.path))
    }
}

/// The whole lines of a journal, and where they end.
fn read_entries(path: &Path, file: &File) -> Result<(Vec<Entry>, u64), BuildError> {
    let mut reader = BufReader::new(file);
    let (mut entries, mut whole) = (Vec::new(), 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader
            .read_until(b'\n', &mut line)
            .map_err(BuildError::io("reading", path))?;
        if line.last() != Some(&b'\n') {
            return Ok((entries, whole));
        }
        let entry = serde_json::from_slice(&line).map_err(|error| BuildError::Damaged {
            path: path.to_owned(),
            what: format!("line {}: {error}", entries.len() + 1),
        })?;
        entries.push(entry);
        whole += read as u64;
    }
}

/// What the lines of a journal come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// All checkpoints.
    pub checkpoints: Vec<Checkpoint>,
    /// The splits that they cover.
    pub covered: Covered,
    /// What was loaded, where all splits were.
    pub loaded: Option<Loaded>,
    /// The pointer's version, where it was swapped.
    pub swapped: Option<u64>,
}

impl Standing {
    /// Sums up the lines.
    ///
    /// # Errors
    /// Where a split is covered twice, which no run of backfold writes.
    pub fn of(path: &Path, entries: Vec<Entry>) -> Result<Self, BuildError> {
        let mut standing = Standing::default();
        for entry in entries {
            match entry {
                Entry::Checkpoint(checkpoint) => standing.add(path, checkpoint)?,
                Entry::Loaded(loaded) => standing.loaded = Some(loaded),
                Entry::Swapped { version } => standing.swapped = Some(version),
            }
        }
        Ok(standing)
    }

    fn add(&mut self, path: &Path, checkpoint: Checkpoint) -> Result<(), BuildError> {
        for folded in &checkpoint.splits {
            if !self.covered.insert(folded.split) {
                let what = format!("split {} is folded twice", folded.split);
                return Err(BuildError::Damaged {
                    path: path.to_owned(),
                    what,
                });
            }
        }
        self.checkpoints.push(checkpoint);
        Ok(())
    }

    /// All runs, in the order of the source: by the first split that they hold, then by their parts.
    pub fn runs(&self) -> Vec<RunFile> {
        let mut runs: Vec<RunFile> = self
            .checkpoints
            .iter()
            .flat_map(|one| one.runs.iter().cloned())
            .collect();
        runs.sort_by(|a, b| a.name.cmp(&b.name));
        runs
    }

    /// The splits with rejected records, in rising order.
    pub fn splits_with_rejections(&self) -> Vec<u64> {
        let folded = self
            .checkpoints
            .iter()
            .flat_map(|checkpoint| &checkpoint.splits);
        let mut splits: Vec<u64> = folded
            .filter(|folded| folded.counts.rejected + folded.rejected_by_component > 0)
            .map(|folded| folded.split)
            .collect();
        splits.sort_unstable();
        splits
    }

    /// Which offsets of topics were read.
    pub fn offsets(&self) -> FoldedOffsets {
        let mut offsets = FoldedOffsets::default();
        let checkpoints = self.checkpoints.iter();
        checkpoints.for_each(|checkpoint| offsets.add(&checkpoint.offsets));
        offsets
    }

    /// Where the workers' time went.
    pub fn times(&self) -> StageTimes {
        let mut times = StageTimes::default();
        self.checkpoints
            .iter()
            .for_each(|checkpoint| times += checkpoint.times);
        times
    }
}
