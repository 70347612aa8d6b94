//! Runs, read at any place by any number of threads through one handle each.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{BinaryArray, RecordBatch};
use arrow_buffer::MutableBuffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, read_footer_length};
use arrow_ipc::{Block, root_as_footer};

use super::error::FoldError;
use super::index::RunIndex;
use super::run::{INDEX, RunFile};
use crate::fault_point::before;

/// An open run.
pub(super) struct RunReader {
    path: PathBuf,
    file: File,
    decoder: FileDecoder,
    blocks: Vec<Block>,
    index: RunIndex,
}

/// The end of an Arrow file: the length of its footer, and a magic word.
const TRAILER_BYTES: usize = 10;

impl RunReader {
    pub(super) fn open(folder: &Path, run: &RunFile) -> Result<Self, FoldError> {
        let path = folder.join(&run.name);
        let file = before("read a run")
            .and_then(|()| File::open(&path))
            .map_err(FoldError::io("opening", &path))?;
        let reading = |error| FoldError::io("reading", &path)(error);
        let size = file.metadata().map_err(reading)?.len();
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
        let entries = footer.custom_metadata().into_iter().flatten();
        let index = entries
            .filter(|entry| entry.key() == Some(INDEX))
            .find_map(|entry| entry.value());
        let index = match index {
            Some(json) => RunIndex::from_json(json, blocks.len())
                .ok_or_else(|| damaged(&path, "its index is none"))?,
            None => RunIndex::unknown(),
        };
        let decoder = FileDecoder::new(Arc::new(schema), footer.version());
        Ok(RunReader {
            decoder,
            blocks,
            index,
            path,
            file,
        })
    }

    /// The number of batches.
    pub(super) fn batches(&self) -> usize {
        self.blocks.len()
    }

    /// The index of the batches.
    pub(super) fn index(&self) -> &RunIndex {
        &self.index
    }

    /// The memory of the largest batch, in bytes.
    pub(super) fn largest_bytes(&self) -> usize {
        self.blocks.iter().map(bytes).max().unwrap_or(0)
    }

    /// The memory of all batches, in bytes.
    pub(super) fn all_bytes(&self) -> usize {
        self.blocks.iter().map(bytes).sum()
    }

    /// The keys and the states of batch `number`.
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
