//! A chain of runs, read as if it were one run.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{BinaryArray, RecordBatch};

use super::chain::{Chain, Link};
use super::error::FoldError;
use super::index::{ChainIndex, RunIndex};
use super::reader::RunReader;

/// A chain whose batches are read at any place by any number of threads. Its batches are numbered through all runs.
pub(super) struct ChainReader {
    folder: PathBuf,
    links: Vec<Link>,
    /// The number of the first batch of each run.
    first_batches: Vec<usize>,
    batches: usize,
    all_bytes: usize,
    index: RunIndex,
    /// The runs that are open, with their places in the chain: those read last are the last. A chain may have more runs than a
    /// process may have open files.
    open: Mutex<Vec<(usize, Arc<RunReader>)>>,
    most_open: usize,
}

impl ChainReader {
    /// Opens a chain, of which `most_open` runs, one at least, are open at a time.
    pub(super) fn open(folder: &Path, chain: &Chain, most_open: usize) -> Result<Self, FoldError> {
        let links = chain.links().to_vec();
        let (mut index, mut first_batches) = (ChainIndex::default(), Vec::new());
        let mut open = Vec::new();
        for (place, link) in links.iter().enumerate() {
            let mut run = RunReader::open(folder, &link.run)?;
            first_batches.push(index.batches());
            index.add(&run.take_index(), link.batches, link.bounds.as_ref());
            if links.len() == 1 {
                open.push((place, Arc::new(run)));
            }
        }
        Ok(ChainReader {
            folder: folder.to_owned(),
            links,
            first_batches,
            batches: index.batches(),
            all_bytes: chain.all_bytes(),
            index: index.finish(),
            open: Mutex::new(open),
            most_open: most_open.max(1),
        })
    }

    /// The number of batches.
    pub(super) fn batches(&self) -> usize {
        self.batches
    }

    /// The index of the batches.
    pub(super) fn index(&self) -> &RunIndex {
        &self.index
    }

    /// A range of batches that contains the last one that begins with `key` or before. It is one that the run's own index
    /// gives: of a slice, no others may be read.
    pub(super) fn find(&self, key: &[u8]) -> Result<Range<usize>, FoldError> {
        if self.links.len() == 1 {
            return Ok(self.index.find(key, self.batches));
        }
        let begins = |link: &Link| {
            link.bounds
                .as_ref()
                .is_none_or(|bounds| *bounds.first <= *key)
        };
        let place = self.links.partition_point(begins).saturating_sub(1);
        let (link, first) = (&self.links[place], self.first_batches[place]);
        let run = RunReader::open(&self.folder, &link.run)?;
        let found = run.index().find(key, link.batches);
        Ok(first + found.start..first + found.end)
    }

    /// The memory of all batches, in bytes.
    pub(super) fn all_bytes(&self) -> usize {
        self.all_bytes
    }

    /// The keys and the states of batch `number`; `None` after the last.
    pub(super) fn batch(
        &self,
        number: usize,
    ) -> Result<Option<(BinaryArray, RecordBatch)>, FoldError> {
        if number >= self.batches {
            return Ok(None);
        }
        let after = self.first_batches.partition_point(|first| *first <= number);
        let Some(place) = after.checked_sub(1) else {
            return Ok(None);
        };
        self.run(place)?.batch(number - self.first_batches[place])
    }

    /// The run at a place, opened if it is not open.
    fn run(&self, place: usize) -> Result<Arc<RunReader>, FoldError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let found = open.iter().position(|(other, _)| *other == place);
        let run = match found {
            Some(at) => open.remove(at).1,
            None => {
                let mut run = RunReader::open(&self.folder, &self.links[place].run)?;
                run.take_index();
                Arc::new(run)
            }
        };
        open.push((place, run.clone()));
        // The one that was not read for longest is closed.
        let excess = open.len().saturating_sub(self.most_open);
        open.drain(..excess);
        Ok(run)
    }
}
