//! A part of a run that lies elsewhere: its footer, and the batches that may hold keys of a range.
//!
//! The bytes are written to where they are in the run, in a file of the run's size. What lies between them is a hole, which
//! takes no room and is never read.

use std::fs::{File, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::error::FoldError;
use super::key_range::KeyRange;
use super::reader::{RunReader, TRAILER_BYTES, batches_of, footer_length};
use super::run::RunFile;
use crate::fault_point::around;

/// The bytes at the end of a run that are read first: mostly all of its footer.
const TAIL_BYTES: u64 = 64 << 10;

/// A file for a part of a run.
pub(crate) struct RunSlice<'a> {
    folder: &'a Path,
    run: &'a RunFile,
    path: PathBuf,
    file: File,
}

impl<'a> RunSlice<'a> {
    /// Creates the file in `folder`, under the name of the run.
    pub(crate) fn create(folder: &'a Path, run: &'a RunFile) -> Result<Self, FoldError> {
        let path = folder.join(&run.name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        let file = around("create a slice", || options.open(&path));
        let file = file.map_err(FoldError::io("creating", &path))?;
        let sized = around("size a slice", || file.set_len(run.size_bytes));
        sized.map_err(FoldError::io("creating", &path))?;
        Ok(RunSlice {
            folder,
            run,
            path,
            file,
        })
    }

    /// The bytes at the end of the run, which hold at least the length of its footer.
    pub(crate) fn tail(&self) -> Range<u64> {
        let size = self.run.size_bytes;
        size.saturating_sub(TAIL_BYTES)..size
    }

    /// The bytes of the footer that lie before the tail, which is written; empty where there are none.
    ///
    /// # Errors
    /// [`FoldError::DamagedRun`] where the tail is not that of a run.
    pub(crate) fn rest_of_footer(&self) -> Result<Range<u64>, FoldError> {
        let (footer, tail) = (self.footer()?, self.tail().start);
        Ok(footer.start.min(tail)..tail)
    }

    /// The bytes before the tail that are in no batch: at the beginning of the run, and after its last batch. The footer must be
    /// written.
    ///
    /// # Errors
    /// [`FoldError::DamagedRun`] where the footer is not that of a run.
    pub(crate) fn outside(&self) -> Result<[Range<u64>; 2], FoldError> {
        let (footer, tail) = (self.footer()?, self.tail().start);
        let footer = self.read(footer.start, (footer.end - footer.start) as usize)?;
        let batches =
            batches_of(&footer, self.run.size_bytes).map_err(|what| self.damaged(what))?;
        Ok([0..batches.start.min(tail), batches.end.min(tail)..tail])
    }

    /// Where the footer is. The tail must be written.
    fn footer(&self) -> Result<Range<u64>, FoldError> {
        let end = self.run.size_bytes.checked_sub(TRAILER_BYTES as u64);
        let end = end.ok_or_else(|| self.damaged("it is too short".into()))?;
        let mut trailer = [0; TRAILER_BYTES];
        trailer.copy_from_slice(&self.read(end, TRAILER_BYTES)?);
        let length = footer_length(trailer).map_err(|what| self.damaged(what))? as u64;
        let begin = end.checked_sub(length);
        let begin = begin.ok_or_else(|| self.damaged("it is too short".into()))?;
        Ok(begin..end)
    }

    fn read(&self, at: u64, length: usize) -> Result<Vec<u8>, FoldError> {
        let mut bytes = vec![0; length];
        let read = self.file.read_exact_at(&mut bytes, at);
        read.map_err(FoldError::io("reading", &self.path))?;
        Ok(bytes)
    }

    fn damaged(&self, what: String) -> FoldError {
        FoldError::DamagedRun {
            path: self.path.clone(),
            what,
        }
    }

    /// The bytes of the batches that may hold keys of `range`. The footer must be written.
    pub(crate) fn batches(&self, range: &KeyRange) -> Result<Range<u64>, FoldError> {
        let reader = RunReader::open(self.folder, self.run)?;
        let (index, all) = (reader.index(), reader.batches());
        let first = range
            .from
            .as_deref()
            .map_or(0, |key| index.find(key, all).start);
        // A cursor that comes to the end of the range has the batch after it at hand.
        let end = range.until.as_deref();
        let end = end.map_or(all, |key| (index.find(key, all).end + 1).min(all));
        Ok(reader.extent_of(first..end))
    }

    /// Keys at which batches of the run begin, rising, at most `most` of them, each with the bytes from there to the next. The
    /// footer must be written.
    pub(crate) fn weights(&self, most: usize) -> Result<Vec<(Vec<u8>, u64)>, FoldError> {
        let reader = RunReader::open(self.folder, self.run)?;
        let batches = reader.batches();
        let batch_bytes = reader.all_bytes() as u64 / batches.max(1) as u64;
        let separators: Vec<_> = reader.index().separators(batches).collect();
        let together = separators.len().div_ceil(most).max(1);
        let weights = separators.chunks(together).map(|chunk| {
            let batches: usize = chunk.iter().map(|(_, batches)| batches).sum();
            (chunk[0].0.to_vec(), batches as u64 * batch_bytes)
        });
        Ok(weights.collect())
    }

    /// Writes bytes of the run to their place.
    pub(crate) fn write(&self, at: u64, bytes: &[u8]) -> Result<(), FoldError> {
        around("write a slice", || self.file.write_all_at(bytes, at))
            .map_err(FoldError::io("writing", &self.path))
    }
}

/// Cuts keys into at most `ranges` ranges of about equal weight. `weights` are those of all runs, in any order.
pub(crate) fn cut_ranges(mut weights: Vec<(Vec<u8>, u64)>, ranges: u64) -> Vec<Vec<u8>> {
    weights.sort_unstable();
    let total: u128 = weights.iter().map(|(_, weight)| u128::from(*weight)).sum();
    let (mut cuts, mut seen) = (Vec::new(), 0u128);
    for (key, weight) in weights {
        let share = total * (cuts.len() as u128 + 1);
        let is_full = seen * u128::from(ranges) >= share && seen > 0;
        let rises = !key.is_empty() && cuts.last().is_none_or(|last| *last < key);
        if is_full && rises && (cuts.len() as u64) < ranges.saturating_sub(1) {
            cuts.push(key);
        }
        seen += u128::from(weight);
    }
    cuts
}

/// The range number `place` of those between `cuts`.
pub(crate) fn range_between(cuts: &[Vec<u8>], place: usize) -> KeyRange {
    KeyRange {
        from: place
            .checked_sub(1)
            .and_then(|before| cuts.get(before).cloned()),
        until: cuts.get(place).cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_about_the_same_weight() {
        let key = |number: u32| number.to_be_bytes().to_vec();
        let weights: Vec<_> = (0..1_000).map(|number| (key(number), 10)).collect();
        let cuts = cut_ranges(weights.clone(), 4);
        assert_eq!(cuts, [key(250), key(500), key(750)]);
        assert_eq!(cut_ranges(weights, 1), Vec::<Vec<u8>>::new());
        // One key with nearly all of the weight.
        let cuts = cut_ranges(vec![(key(1), 1), (key(2), 1_000), (key(3), 1)], 3);
        assert_eq!(cuts, [key(3)]);
        let ranges: Vec<_> = (0..=cuts.len())
            .map(|place| range_between(&cuts, place))
            .collect();
        assert_eq!(ranges[0].until, ranges[1].from);
        assert_eq!((&ranges[0].from, &ranges[1].until), (&None, &None));
        assert!(cut_ranges(Vec::new(), 3).is_empty());
    }
}
