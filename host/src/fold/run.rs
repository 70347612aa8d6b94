//! Runs: the states of some splits, sorted by key, in a file.
//!
//! A run is an Arrow IPC file of the encoded key (`key`, Binary) and the state columns. Its footer holds the
//! first key of each batch (`first_keys`), so that a merge finds its way into the middle of a run.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray, RecordBatch};
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::error::FoldError;
use super::table::StateTable;

/// A run on disk, as the journal names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFile {
    /// Its name within the folder of runs.
    pub name: String,
    /// How many keys it holds.
    pub rows: u64,
    /// How long the file is.
    pub size_bytes: u64,
    /// BLAKE3 of the file, in hexadecimal.
    pub digest: String,
}

const FIRST_KEYS: &str = "first_keys";
const BATCH_ROWS: usize = 4096;
const BATCH_BYTES: usize = 512 << 10;

/// The schema of a run for states of this schema.
pub(super) fn run_schema(states: &Schema) -> SchemaRef {
    let key = Arc::new(Field::new("key", DataType::Binary, false));
    Arc::new(Schema::new(
        std::iter::once(key)
            .chain(states.fields().iter().cloned())
            .collect::<Vec<_>>(),
    ))
}

/// Empties `table` into the file `name` in `folder`. The file is durable under its name once this returns;
/// before, there is at most a file that ends in `.part`.
pub(super) fn write_run(
    folder: &Path,
    name: &str,
    table: &mut StateTable,
    states: &Schema,
) -> Result<RunFile, FoldError> {
    let row_bytes = table.memory_bytes() / table.rows().max(1);
    let batch_rows = (BATCH_BYTES / row_bytes.max(1)).clamp(16, BATCH_ROWS);
    let mut writer = RunWriter::create(folder, name, states)?;
    table.drain_sorted(batch_rows, |keys, states| writer.write(keys, &states))?;
    writer.finish()
}

/// Writes a run, batch by batch.
pub(super) struct RunWriter {
    folder: PathBuf,
    part: PathBuf,
    name: String,
    schema: SchemaRef,
    writer: FileWriter<BufWriter<Digesting>>,
    first_keys: Vec<String>,
    rows: u64,
}

impl RunWriter {
    pub(super) fn create(folder: &Path, name: &str, states: &Schema) -> Result<Self, FoldError> {
        let part = folder.join(format!("{name}.part"));
        let schema = run_schema(states);
        let file = File::create(&part).map_err(FoldError::io("creating", &part))?;
        let file = Digesting {
            file,
            hasher: blake3::Hasher::new(),
            len: 0,
        };
        let writer = FileWriter::try_new(BufWriter::with_capacity(256 << 10, file), &schema)
            .map_err(|error| write_error(&part, error))?;
        Ok(RunWriter {
            folder: folder.to_owned(),
            part,
            name: name.to_owned(),
            schema,
            writer,
            first_keys: vec![],
            rows: 0,
        })
    }

    /// Appends rows whose keys are greater than all keys before.
    pub(super) fn write(
        &mut self,
        keys: BinaryArray,
        states: &RecordBatch,
    ) -> Result<(), FoldError> {
        if !keys.is_empty() {
            self.first_keys.push(BASE64.encode(keys.value(0)));
        }
        let keys: ArrayRef = Arc::new(keys);
        let columns = std::iter::once(keys)
            .chain(states.columns().iter().cloned())
            .collect();
        let batch = RecordBatch::try_new(self.schema.clone(), columns)?;
        self.rows += batch.num_rows() as u64;
        self.writer
            .write(&batch)
            .map_err(|error| write_error(&self.part, error))
    }

    /// Makes the file durable under its name.
    pub(super) fn finish(mut self) -> Result<RunFile, FoldError> {
        let first_keys = serde_json::Value::from(std::mem::take(&mut self.first_keys)).to_string();
        self.writer.write_metadata(FIRST_KEYS, first_keys);
        self.writer
            .finish()
            .map_err(|error| write_error(&self.part, error))?;
        let buffer = self
            .writer
            .into_inner()
            .map_err(|error| write_error(&self.part, error))?;
        let digesting = buffer
            .into_inner()
            .map_err(|error| FoldError::io("writing", &self.part)(error.into_error()))?;
        digesting
            .file
            .sync_all()
            .map_err(FoldError::io("syncing", &self.part))?;
        let path = self.folder.join(&self.name);
        std::fs::rename(&self.part, &path).map_err(FoldError::io("renaming", &self.part))?;
        sync_folder(&self.folder)?;
        Ok(RunFile {
            name: self.name,
            rows: self.rows,
            size_bytes: digesting.len,
            digest: digesting.hasher.finalize().to_hex().to_string(),
        })
    }
}

/// Makes the names in a folder durable.
fn sync_folder(folder: &Path) -> Result<(), FoldError> {
    File::open(folder)
        .and_then(|handle| handle.sync_all())
        .map_err(FoldError::io("syncing", folder))
}

/// Arrow wraps the file system's errors; a full disk should be told as one.
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
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Whether the file that the journal names is there, whole.
pub(crate) fn verify_run(folder: &Path, run: &RunFile) -> Result<(), FoldError> {
    let path = folder.join(&run.name);
    let damaged = |what: String| FoldError::DamagedRun {
        path: path.clone(),
        what,
    };
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(damaged("it is gone".into()));
        }
        Err(error) => return Err(FoldError::io("opening", &path)(error)),
    };
    let mut hasher = blake3::Hasher::new();
    hasher
        .update_reader(&mut file)
        .map_err(FoldError::io("reading", &path))?;
    let digest = hasher.finalize().to_hex();
    if digest.as_str() == run.digest {
        Ok(())
    } else {
        Err(damaged(format!("its digest is {digest}")))
    }
}

/// Reads a run from any place in it.
pub(super) struct RunReader {
    path: PathBuf,
    reader: FileReader<File>,
    first_keys: Vec<Vec<u8>>,
}

impl RunReader {
    pub(super) fn open(folder: &Path, run: &RunFile) -> Result<Self, FoldError> {
        let path = folder.join(&run.name);
        let file = File::open(&path).map_err(FoldError::io("opening", &path))?;
        let reader = FileReader::try_new(file, None).map_err(|error| damaged(&path, error))?;
        let first_keys = reader
            .custom_metadata()
            .get(FIRST_KEYS)
            .and_then(|json| serde_json::from_str::<Vec<String>>(json).ok())
            .and_then(|keys| {
                keys.iter()
                    .map(|key| BASE64.decode(key).ok())
                    .collect::<Option<Vec<_>>>()
            })
            .filter(|keys| keys.len() == reader.num_batches())
            .ok_or_else(|| damaged(&path, "its footer names no first keys"))?;
        Ok(RunReader {
            path,
            reader,
            first_keys,
        })
    }

    /// The first key of each batch.
    pub(super) fn first_keys(&self) -> &[Vec<u8>] {
        &self.first_keys
    }

    /// Batch `index`: its keys, and its states.
    pub(super) fn batch(
        &mut self,
        index: usize,
    ) -> Result<Option<(BinaryArray, RecordBatch)>, FoldError> {
        if index >= self.first_keys.len() {
            return Ok(None);
        }
        self.reader
            .set_index(index)
            .map_err(|error| damaged(&self.path, error))?;
        let batch = self
            .reader
            .next()
            .ok_or_else(|| damaged(&self.path, "a batch is missing"))?;
        let mut batch = batch.map_err(|error| damaged(&self.path, error))?;
        let keys = batch.remove_column(0);
        Ok(Some((keys.as_binary::<i32>().clone(), batch)))
    }
}

fn damaged(path: &Path, what: impl ToString) -> FoldError {
    FoldError::DamagedRun {
        path: path.to_owned(),
        what: what.to_string(),
    }
}
