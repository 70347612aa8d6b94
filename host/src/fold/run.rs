//! Runs: the states of some splits, sorted by key, in a file.
//!
//! A run is an Arrow IPC file of the encoded key (`key`, Binary) and the state columns. Its footer holds where batches
//! begin (`index`), so that a merge finds its way into the middle of a run, the first and the last key (`bounds`), and a
//! checksum of each batch (`checksums`).

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BinaryArray, RecordBatch};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use super::checksum::Summing;
use super::error::FoldError;
use super::index::IndexBuilder;
use super::table::StateTable;
use crate::durable;
use crate::fault_point::around;
use crate::guest::{RowBytes, cuts};

/// A run on disk, as the journal names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFile {
    /// The name of the file within the folder of runs.
    pub name: String,
    /// The number of keys in the file.
    pub rows: u64,
    /// The size of the file in bytes.
    pub size_bytes: u64,
    /// BLAKE3 of the file, in hexadecimal.
    pub digest: String,
    /// BLAKE3 of all bytes of the file that are in no batch, in hexadecimal: the footer, which holds a checksum of each batch,
    /// and what comes before the first. Runs of earlier releases have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer_digest: Option<String>,
}

/// The names of the index, the bounds and the checksums in the custom metadata of the footer.
pub(super) const INDEX: &str = "index";
pub(super) const BOUNDS: &str = "bounds";
pub(super) const CHECKSUMS: &str = "checksums";

/// The most rows of a batch.
const BATCH_ROWS: usize = 4096;

/// The schema of a run for states of this schema.
pub(super) fn run_schema(states: &Schema) -> SchemaRef {
    let key = Arc::new(Field::new("key", DataType::Binary, false));
    Arc::new(Schema::new(
        std::iter::once(key)
            .chain(states.fields().iter().cloned())
            .collect::<Vec<_>>(),
    ))
}

/// Empties `table` into the file `name` in `folder`, in batches of at most `batch_bytes` bytes. The file is durable under its
/// name once this returns; before, there is at most a file that ends in `.part`.
pub(crate) fn write_run(
    folder: &Path,
    name: &str,
    table: &mut StateTable,
    states: &Schema,
    batch_bytes: usize,
) -> Result<RunFile, FoldError> {
    let mut writer = RunWriter::create(folder, name, states, batch_bytes)?;
    table.drain_sorted(BATCH_ROWS, batch_bytes, |keys, states| {
        writer.write_batch(keys, &states)
    })?;
    writer.finish()
}

/// Writes a run, batch by batch.
pub(super) struct RunWriter {
    folder: PathBuf,
    part: Part,
    name: String,
    schema: SchemaRef,
    writer: FileWriter<Summing<BufWriter<Digesting>>>,
    batch_bytes: usize,
    index: IndexBuilder,
    rows: u64,
}

/// A file that is removed when the value is dropped.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // After a rename there is nothing to remove; the next run of the build removes what is left here.
        let _ = around("remove the part of a run", || std::fs::remove_file(&self.0));
    }
}

impl RunWriter {
    pub(super) fn create(
        folder: &Path,
        name: &str,
        states: &Schema,
        batch_bytes: usize,
    ) -> Result<Self, FoldError> {
        let part = folder.join(format!("{name}.part"));
        let schema = run_schema(states);
        let file = around("create a run", || File::create(&part))
            .map_err(FoldError::io("creating", &part))?;
        let file = Digesting {
            file,
            hasher: blake3::Hasher::new(),
            len: 0,
        };
        let part = Part(part);
        let file = Summing::new(BufWriter::with_capacity(256 << 10, file));
        let writer =
            FileWriter::try_new(file, &schema).map_err(|error| write_error(&part.0, error))?;
        Ok(RunWriter {
            folder: folder.to_owned(),
            part,
            name: name.to_owned(),
            schema,
            writer,
            batch_bytes,
            index: IndexBuilder::new(),
            rows: 0,
        })
    }

    /// Appends rows whose keys are greater than all keys before.
    pub(super) fn write(
        &mut self,
        keys: &BinaryArray,
        states: &RecordBatch,
    ) -> Result<(), FoldError> {
        let of_states = RowBytes::of(states.columns());
        let bytes = |row| of_states.row(row) + keys.value(row).len();
        for batch in cuts(keys.len(), BATCH_ROWS, self.batch_bytes, bytes) {
            let (from, rows) = (batch.start, batch.len());
            self.write_batch(keys.slice(from, rows), &states.slice(from, rows))?;
        }
        Ok(())
    }

    /// Appends rows in one batch.
    fn write_batch(&mut self, keys: BinaryArray, states: &RecordBatch) -> Result<(), FoldError> {
        let Some(last) = keys.len().checked_sub(1) else {
            return Ok(());
        };
        self.index.add(keys.value(0), keys.value(last));
        let keys: ArrayRef = Arc::new(keys);
        let columns = std::iter::once(keys)
            .chain(states.columns().iter().cloned())
            .collect();
        let batch = RecordBatch::try_new(self.schema.clone(), columns)?;
        self.rows += batch.num_rows() as u64;
        self.writer.get_mut().begin_batch();
        self.writer
            .write(&batch)
            .map_err(|error| write_error(&self.part.0, error))?;
        self.writer.get_mut().end_batch();
        Ok(())
    }

    /// The number of rows so far.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Makes the file durable under its name.
    pub(super) fn finish(mut self) -> Result<RunFile, FoldError> {
        if let Some(bounds) = self.index.bounds() {
            self.writer.write_metadata(BOUNDS, bounds.to_json());
        }
        self.writer
            .write_metadata(INDEX, self.index.finish().to_json());
        let checksums = self.writer.get_ref().checksums().to_text();
        self.writer.write_metadata(CHECKSUMS, checksums);
        self.writer
            .finish()
            .map_err(|error| write_error(&self.part.0, error))?;
        let summing = self
            .writer
            .into_inner()
            .map_err(|error| write_error(&self.part.0, error))?;
        let (buffer, footer_digest) = summing.finish();
        let digesting = buffer
            .into_inner()
            .map_err(|error| FoldError::io("writing", &self.part.0)(error.into_error()))?;
        around("sync a run", || digesting.file.sync_all())
            .map_err(FoldError::io("syncing", &self.part.0))?;
        let path = self.folder.join(&self.name);
        durable::rename(&self.part.0, &path).map_err(FoldError::io("renaming", &self.part.0))?;
        Ok(RunFile {
            name: self.name,
            rows: self.rows,
            size_bytes: digesting.len,
            digest: digesting.hasher.finalize().to_hex().to_string(),
            footer_digest: Some(footer_digest),
        })
    }
}

/// Arrow wraps the errors of the file system; a full disk should be reported as one.
fn write_error(path: &Path, error: arrow_schema::ArrowError) -> FoldError {
    match error {
        arrow_schema::ArrowError::IoError(_, source) => FoldError::io("writing", path)(source),
        other => FoldError::Arrow(other),
    }
}

struct Digesting {
    file: File,
    hasher: blake3::Hasher,
    len: u64,
}

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = around("write a run", || self.file.write(bytes))?;
        self.hasher.update(&bytes[..written]);
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Links a run into the folder `into` as `name`, in the place of a file of that name, or copies it where there are no
/// links.
pub(super) fn link_run(
    folder: &Path,
    run: &RunFile,
    into: &Path,
    name: &str,
) -> Result<RunFile, FoldError> {
    let (from, to) = (folder.join(&run.name), into.join(name));
    let named = RunFile {
        name: name.to_owned(),
        ..run.clone()
    };
    let real = |path: &Path| path.canonicalize().map_err(FoldError::io("opening", path));
    if run.name == name && real(folder)? == real(into)? {
        return Ok(named);
    }
    let removed = around("remove the place of a linked run", || {
        std::fs::remove_file(&to)
    });
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(FoldError::io("replacing", &to)(error));
        }
        _ => {}
    }
    durable::link(&from, &to)
        .and_then(|()| durable::sync_folder(into))
        .map_err(FoldError::io("linking", &to))?;
    Ok(named)
}
