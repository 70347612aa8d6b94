//! Runs, read at any place by any number of threads through one handle each.

use std::fs::File;
use std::io::ErrorKind;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{BinaryArray, RecordBatch};
use arrow_buffer::MutableBuffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, read_footer_length};
use arrow_ipc::{Block, root_as_footer};

use super::checksum::{Checksums, Differs, footer_digest};
use super::error::FoldError;
use super::index::{KeyBounds, RunIndex};
use super::run::{BOUNDS, CHECKSUMS, INDEX, RunFile};
use crate::fault_point::before;

/// An open run.
pub(super) struct RunReader {
    path: PathBuf,
    file: File,
    decoder: FileDecoder,
    blocks: Vec<Block>,
    index: RunIndex,
    bounds: Option<KeyBounds>,
    checksums: Checksums,
}

/// The end of an Arrow file: the length of its footer, and a magic word.
pub(super) const TRAILER_BYTES: usize = 10;

impl RunReader {
    /// Opens a run, and checks its footer if the run has a digest of it.
    ///
    /// # Errors
    /// [`FoldError::DamagedRun`] where it is missing or not what was written.
    pub(super) fn open(folder: &Path, run: &RunFile) -> Result<Self, FoldError> {
        let path = folder.join(&run.name);
        let file = open(&path)?;
        let reading = |error| FoldError::io("reading", &path)(error);
        let size = file.metadata().map_err(reading)?.len();
        if size != run.size_bytes {
            let what = format!("it has {size} bytes instead of {}", run.size_bytes);
            return Err(damaged(&path, what));
        }
        let read = |from_end: usize, bytes: usize| {
            let at = size.checked_sub(from_end as u64);
            let at = at.ok_or_else(|| damaged(&path, "it is too short"))?;
            let mut read = vec![0; bytes];
            file.read_exact_at(&mut read, at).map_err(reading)?;
            Ok::<_, FoldError>(read)
        };
        let mut trailer = [0; TRAILER_BYTES];
        trailer.copy_from_slice(&read(TRAILER_BYTES, TRAILER_BYTES)?);
        let footer_bytes = read_footer_length(trailer).map_err(|error| damaged(&path, error))?;
        let footer = read(TRAILER_BYTES.saturating_add(footer_bytes), footer_bytes)?;
        let footer = root_as_footer(&footer).map_err(|error| damaged(&path, error))?;
        let schema = footer
            .schema()
            .ok_or_else(|| damaged(&path, "its footer names no columns"))?;
        let schema = try_fb_to_schema(schema).map_err(|error| damaged(&path, error))?;
        let blocks: Vec<Block> = footer
            .recordBatches()
            .into_iter()
            .flatten()
            .copied()
            .collect();
        if blocks.iter().any(|block| extent(block, size).is_none()) {
            return Err(damaged(&path, "a batch lies outside of it"));
        }
        if let Some(expected) = &run.footer_digest {
            check_footer(&file, &path, &blocks, expected)?;
        }
        let metadata = |key| {
            let mut entries = footer.custom_metadata().into_iter().flatten();
            entries.find_map(|entry| entry.value().filter(|_| entry.key() == Some(key)))
        };
        let checksums = match metadata(CHECKSUMS) {
            Some(text) => Checksums::from_text(text, blocks.len())
                .ok_or_else(|| damaged(&path, "its checksums are none"))?,
            None => Checksums::default(),
        };
        let bounds = match metadata(BOUNDS) {
            Some(json) => {
                let bounds = KeyBounds::from_json(json);
                Some(bounds.ok_or_else(|| damaged(&path, "its bounds are none"))?)
            }
            None => None,
        };
        let index = match metadata(INDEX) {
            Some(json) => RunIndex::from_json(json, blocks.len())
                .ok_or_else(|| damaged(&path, "its index is none"))?,
            None => RunIndex::unknown(),
        };
        let decoder = FileDecoder::new(Arc::new(schema), footer.version());
        Ok(RunReader {
            decoder,
            blocks,
            index,
            bounds,
            checksums,
            path,
            file,
        })
    }

    /// The bytes of the file that hold these batches.
    pub(super) fn extent_of(&self, batches: Range<usize>) -> Range<u64> {
        let blocks = self.blocks.get(batches).unwrap_or_default();
        let begins = blocks.iter().map(|block| block.offset() as u64);
        let ends = blocks
            .iter()
            .map(|block| block.offset() as u64 + bytes(block) as u64);
        begins.min().unwrap_or(0)..ends.max().unwrap_or(0)
    }

    /// The number of batches.
    pub(super) fn batches(&self) -> usize {
        self.blocks.len()
    }

    /// Where the batches are in the file.
    #[cfg(test)]
    pub(super) fn extents(&self) -> Vec<std::ops::Range<u64>> {
        let begin = |block: &Block| block.offset() as u64;
        let extent = |block| begin(block)..begin(block) + bytes(block) as u64;
        self.blocks.iter().map(extent).collect()
    }

    /// The index of the batches.
    pub(super) fn index(&self) -> &RunIndex {
        &self.index
    }

    /// Takes the index out, which is not needed to read batches.
    pub(super) fn take_index(&mut self) -> RunIndex {
        std::mem::take(&mut self.index)
    }

    /// The first and the last key, where the footer names them.
    pub(super) fn bounds(&self) -> Option<&KeyBounds> {
        self.bounds.as_ref()
    }

    /// The memory of the largest batch, in bytes.
    pub(super) fn largest_bytes(&self) -> usize {
        self.blocks.iter().map(bytes).max().unwrap_or(0)
    }

    /// The memory of all batches, in bytes.
    pub(super) fn all_bytes(&self) -> usize {
        self.blocks.iter().map(bytes).sum()
    }

    /// The keys and the states of batch `number`, whose checksum is checked if the run has one.
    pub(super) fn batch(
        &self,
        number: usize,
    ) -> Result<Option<(BinaryArray, RecordBatch)>, FoldError> {
        let Some(block) = self.blocks.get(number) else {
            return Ok(None);
        };
        let mut read = MutableBuffer::from_len_zeroed(bytes(block));
        self.file
            .read_exact_at(read.as_slice_mut(), block.offset() as u64)
            .map_err(FoldError::io("reading", &self.path))?;
        if let Err(Differs { found, expected }) = self.checksums.check(number, read.as_slice()) {
            let (batches, at) = (self.blocks.len(), block.offset());
            let what = format!(
                "batch {number} of {batches}, at byte {at}, has the checksum {found:08x} instead of {expected:08x}"
            );
            return Err(damaged(&self.path, what));
        }
        let batch = self.decoder.read_record_batch(block, &read.into());
        let mut batch = batch
            .map_err(|error| damaged(&self.path, error))?
            .filter(|batch| batch.num_columns() > 0)
            .ok_or_else(|| damaged(&self.path, "a batch is missing"))?;
        let keys = batch.remove_column(0);
        let keys = keys.as_binary_opt::<i32>().cloned();
        let keys = keys.ok_or_else(|| damaged(&self.path, "a batch has no keys"))?;
        Ok(Some((keys, batch)))
    }
}

/// The length of the footer before this end of a file, in bytes; else what is wrong with it.
pub(super) fn footer_length(trailer: [u8; TRAILER_BYTES]) -> Result<usize, String> {
    read_footer_length(trailer).map_err(|error| error.to_string())
}

/// Where the batches of a file with this footer begin and end; else what is wrong with it.
pub(super) fn batches_of(footer: &[u8], size: u64) -> Result<Range<u64>, String> {
    let footer = root_as_footer(footer).map_err(|error| error.to_string())?;
    let blocks: Vec<&Block> = footer.recordBatches().into_iter().flatten().collect();
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
        return Ok(0..0);
    };
    let begin = u64::try_from(first.offset()).ok();
    let batches = begin.zip(extent(last, size)).map(|(begin, end)| begin..end);
    batches.ok_or_else(|| "a batch lies outside of it".into())
}

/// Checks that the file that the journal names is there: that it is complete, if the run has a digest of its footer, else
/// that each byte of it is what was written.
///
/// # Errors
/// [`FoldError::DamagedRun`] where it is missing or something else.
pub(crate) fn verify_run(folder: &Path, run: &RunFile) -> Result<(), FoldError> {
    before("verify a run").map_err(FoldError::io("reading", folder.join(&run.name)))?;
    match &run.footer_digest {
        Some(_) => RunReader::open(folder, run).map(drop),
        None => verify_bytes(folder, run),
    }
}

/// Checks that each byte of a file is what was written, as after it was copied.
///
/// # Errors
/// As [`verify_run`].
pub(crate) fn verify_bytes(folder: &Path, run: &RunFile) -> Result<(), FoldError> {
    let path = folder.join(&run.name);
    let mut hasher = blake3::Hasher::new();
    hasher
        .update_reader(open(&path)?)
        .map_err(FoldError::io("reading", &path))?;
    let digest = hasher.finalize().to_hex();
    match digest.as_str() == run.digest {
        true => Ok(()),
        false => Err(damaged(&path, format!("its digest is {digest}"))),
    }
}

/// Checks all bytes of a run that are in none of its blocks.
fn check_footer(
    file: &File,
    path: &Path,
    blocks: &[Block],
    expected: &str,
) -> Result<(), FoldError> {
    let begin = blocks.first().map_or(0, |block| block.offset() as u64);
    let end = |block: &Block| block.offset() as u64 + bytes(block) as u64;
    let found = footer_digest(file, begin, blocks.last().map_or(0, end));
    match found.map_err(FoldError::io("reading", path))? {
        found if found == expected => Ok(()),
        found => Err(damaged(path, format!("its footer has the digest {found}"))),
    }
}

fn open(path: &Path) -> Result<File, FoldError> {
    let file = before("read a run").and_then(|()| File::open(path));
    file.map_err(|error| match error.kind() {
        ErrorKind::NotFound => damaged(path, "it is gone"),
        _ => FoldError::io("opening", path)(error),
    })
}

/// The bytes of a block that was checked.
fn bytes(block: &Block) -> usize {
    block.metaDataLength() as usize + block.bodyLength() as usize
}

/// Where a block ends, if it lies within a file of this size.
fn extent(block: &Block, size: u64) -> Option<u64> {
    let begin = u64::try_from(block.offset()).ok()?;
    let metadata = u64::try_from(block.metaDataLength()).ok()?;
    let body = u64::try_from(block.bodyLength()).ok()?;
    let end = begin.checked_add(metadata)?.checked_add(body)?;
    (end <= size).then_some(end)
}

fn damaged(path: &Path, what: impl ToString) -> FoldError {
    FoldError::DamagedRun {
        path: path.to_owned(),
        what: what.to_string(),
    }
}
