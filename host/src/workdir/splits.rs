//! `splits.jsonl`: the frozen input, a split a line, written and read without ever holding all of it.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, IntoInnerError, Write};
use std::path::{Path, PathBuf};

use super::error::BuildError;
use crate::fault_point::{around, before};
use crate::source::Split;

/// Writes the splits of a plan.
pub struct SplitWriter {
    path: PathBuf,
    writer: BufWriter<File>,
    hasher: blake3::Hasher,
}

impl SplitWriter {
    /// Creates the file.
    pub fn create(path: &Path) -> Result<Self, BuildError> {
        let file = around("create the splits", || File::create(path))
            .map_err(BuildError::io("creating", path))?;
        Ok(SplitWriter {
            path: path.to_owned(),
            writer: BufWriter::new(file),
            hasher: blake3::Hasher::new(),
        })
    }

    /// Appends a split.
    pub fn write(&mut self, split: &Split) -> Result<(), BuildError> {
        let mut line = serde_json::to_vec(split)
            .map_err(|error| BuildError::io("writing", &self.path)(std::io::Error::from(error)))?;
        line.push(b'\n');
        self.hasher.update(&line);
        self.writer
            .write_all(&line)
            .map_err(BuildError::io("writing", &self.path))
    }

    /// Makes the file durable, and returns its BLAKE3 in hexadecimal.
    pub fn finish(self) -> Result<String, BuildError> {
        let path = self.path;
        let writer = self.writer;
        let flush = || writer.into_inner().map_err(IntoInnerError::into_error);
        let file = around("write the splits", flush).map_err(BuildError::io("writing", &path))?;
        around("sync the splits", || file.sync_all()).map_err(BuildError::io("syncing", &path))?;
        Ok(self.hasher.finalize().to_hex().to_string())
    }
}

/// Reads the splits of a plan, in order, without those that are done.
pub struct SplitReader {
    path: PathBuf,
    lines: std::io::Lines<BufReader<File>>,
    done: Covered,
    next: u64,
}

impl SplitReader {
    /// The splits of the file at `path` that are not in `done`. Checks the file against its digest first.
    pub fn open(path: &Path, digest: &str, done: Covered) -> Result<Self, BuildError> {
        let mut hasher = blake3::Hasher::new();
        let mut file = before("read the splits")
            .and_then(|()| File::open(path))
            .map_err(BuildError::io("opening", path))?;
        hasher
            .update_reader(&mut file)
            .map_err(BuildError::io("reading", path))?;
        if hasher.finalize().to_hex().as_str() != digest {
            let what = "it is not the plan that the manifest was made with".into();
            return Err(BuildError::Damaged {
                path: path.to_owned(),
                what,
            });
        }
        let file = File::open(path).map_err(BuildError::io("opening", path))?;
        Ok(SplitReader {
            path: path.to_owned(),
            lines: BufReader::new(file).lines(),
            done,
            next: 0,
        })
    }
}

impl Iterator for SplitReader {
    type Item = Result<Split, BuildError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = match self.lines.next()? {
                Ok(line) => line,
                Err(error) => return Some(Err(BuildError::io("reading", &self.path)(error))),
            };
            let number = self.next;
            self.next += 1;
            if self.done.contains(number) {
                continue;
            }
            return Some(
                serde_json::from_str(&line).map_err(|error| BuildError::Damaged {
                    path: self.path.clone(),
                    what: format!("line {}: {error}", number + 1),
                }),
            );
        }
    }
}

/// A set of split numbers: a bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    words: Vec<u64>,
}

impl Covered {
    /// Adds a split; says whether it was not in the set.
    pub fn insert(&mut self, split: u64) -> bool {
        let (word, bit) = ((split / 64) as usize, 1 << (split % 64));
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        new
    }

    /// Whether a split is in the set.
    pub fn contains(&self, split: u64) -> bool {
        self.words
            .get((split / 64) as usize)
            .is_some_and(|word| word & (1 << (split % 64)) != 0)
    }

    /// The number of splits in the set.
    pub fn len(&self) -> u64 {
        self.words
            .iter()
            .map(|word| u64::from(word.count_ones()))
            .sum()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
