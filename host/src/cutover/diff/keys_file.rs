//! The file of the keys of all rows that are not equal: for caches and search indexes that have to be told.
//!
//! A line of JSON Lines is `{"class":"changed","key":{"page":"/a"}}`, and a row of Parquet has the same columns: `class`,
//! and the struct `key`. Keys come in the order of the table.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray, StructArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use serde::Serialize;

use super::outcome::{KeysWritten, keys_differ};
use super::row::{RowAt, Sides};
use crate::cutover::CutoverError;
use crate::durable::Part;
use crate::keys::KeyCodec;
use crate::row_json::{self, Row};
use crate::store::TableColumns;

/// Keys that wait to be written, at most.
const BATCH_KEYS: usize = 8192;
/// The bytes of keys that wait to be written, at most: keys may be long.
const BATCH_BYTES: usize = 1 << 20;
/// The keys of a row group of Parquet, at most, and its bytes.
const GROUP_KEYS: usize = 1 << 18;
const GROUP_BYTES: usize = 16 << 20;

/// Why a key is in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Class {
    /// The old build alone has it.
    Removed,
    /// Both have it, with other values.
    Changed,
    /// The new build alone has it.
    Added,
}

impl Class {
    const fn name(self) -> &'static str {
        match self {
            Class::Removed => "removed",
            Class::Changed => "changed",
            Class::Added => "added",
        }
    }
}

/// A file of keys that is being written.
pub(super) struct KeysFile {
    part: Part,
    writer: Writer,
    old: Keys,
    new: Keys,
    waiting: Waiting,
    written: u64,
}

/// The key columns of a build.
struct Keys {
    codec: KeyCodec,
    schema: SchemaRef,
}

/// Encoded keys that wait to be written.
#[derive(Default)]
struct Waiting {
    keys: Vec<(Class, Vec<u8>)>,
    bytes: usize,
}

enum Writer {
    Lines(BufWriter<File>),
    Parquet(Box<ArrowWriter<File>>),
}

/// A line of the file.
#[derive(Serialize)]
struct Line {
    class: Class,
    key: Row,
}

impl KeysFile {
    /// Begins a file for the keys of two builds.
    ///
    /// # Errors
    /// Another extension than `.jsonl` and `.parquet`; a file that cannot be written.
    pub(super) fn create(path: &Path, sides: &Sides<'_>) -> Result<Self, CutoverError> {
        let refused = |problem: String| CutoverError::DiffOption {
            option: format!("--keys {}", path.display()),
            problem,
        };
        let is_parquet = match path.extension().and_then(|extension| extension.to_str()) {
            Some("jsonl") => false,
            Some("parquet") => true,
            _ => {
                let problem = "the extension says what is written: use `.jsonl` or `.parquet`";
                return Err(refused(problem.to_owned()));
            }
        };
        if is_parquet && keys_differ(sides.old, sides.new) {
            let problem = "the keys of the builds are not the same columns, and a file of Parquet has one form of key: \
                           use `.jsonl`";
            return Err(refused(problem.to_owned()));
        }
        let fault = |source: io::Error| fault(path, source);
        let part = Part::create(path).map_err(fault)?;
        let file = part.file().try_clone().map_err(fault)?;
        let keys = |columns| Keys::of(columns).map_err(|error| incompatible(path, error));
        let (old, new) = (keys(sides.old)?, keys(sides.new)?);
        let writer = match is_parquet {
            false => Writer::Lines(BufWriter::new(file)),
            true => {
                let schema = parquet_schema(&new.schema);
                let writer = ArrowWriter::try_new(file, schema, Some(properties()));
                let writer = writer.map_err(|error| unwritable(path, error))?;
                Writer::Parquet(Box::new(writer))
            }
        };
        Ok(KeysFile {
            part,
            writer,
            old,
            new,
            waiting: Waiting::default(),
            written: 0,
        })
    }

    /// Adds the key of a row.
    pub(super) fn add(&mut self, class: Class, row: &RowAt<'_>) -> Result<(), CutoverError> {
        let key = row.key.data();
        self.waiting.bytes += key.len();
        self.waiting.keys.push((class, key.to_vec()));
        match self.waiting.keys.len() >= BATCH_KEYS || self.waiting.bytes >= BATCH_BYTES {
            true => self.write(),
            false => Ok(()),
        }
    }

    /// Writes the rest, and gives the file its name.
    pub(super) fn finish(mut self) -> Result<KeysWritten, CutoverError> {
        self.write()?;
        let path = self.part.path().to_owned();
        match self.writer {
            Writer::Lines(mut lines) => lines.flush().map_err(|source| fault(&path, source))?,
            Writer::Parquet(writer) => {
                let closed = writer.close();
                closed.map_err(|error| unwritable(&path, error))?;
            }
        }
        let named = self.part.finish();
        named.map_err(|source| fault(&path, source))?;
        Ok(KeysWritten {
            path,
            keys: self.written,
        })
    }

    /// Writes the keys that wait.
    fn write(&mut self) -> Result<(), CutoverError> {
        let waiting = std::mem::take(&mut self.waiting);
        self.written += waiting.keys.len() as u64;
        // Keys of the old build have another form where the keys differ.
        for run in waiting.keys.chunk_by(|a, b| is_old(a.0) == is_old(b.0)) {
            let keys = match is_old(run[0].0) {
                true => &self.old,
                false => &self.new,
            };
            let decoded = keys.decode(run.iter().map(|(_, key)| key.as_slice()));
            let decoded = decoded.map_err(|error| incompatible(self.part.path(), error))?;
            let classes = run.iter().map(|(class, _)| *class);
            match &mut self.writer {
                Writer::Lines(lines) => write_lines(lines, classes, &decoded)
                    .map_err(|source| fault(self.part.path(), source))?,
                Writer::Parquet(writer) => write_rows(writer, classes, decoded)
                    .map_err(|error| unwritable(self.part.path(), error))?,
            }
        }
        Ok(())
    }
}

fn is_old(class: Class) -> bool {
    class == Class::Removed
}

impl Keys {
    fn of(columns: &TableColumns) -> Result<Self, ArrowError> {
        // A key may be null in one build and not in the other.
        let keys = columns.keys.iter();
        let fields = keys.map(|key| Field::new(&key.name, key.kind.data_type(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        Ok(Keys {
            codec: KeyCodec::of(&schema)?,
            schema,
        })
    }

    fn decode<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<RecordBatch, ArrowError> {
        RecordBatch::try_new(self.schema.clone(), self.codec.decode(keys)?)
    }
}

fn write_lines(
    lines: &mut impl Write,
    classes: impl Iterator<Item = Class>,
    keys: &RecordBatch,
) -> io::Result<()> {
    for (row, class) in classes.enumerate() {
        let key = row_json::row(keys, row);
        serde_json::to_writer(&mut *lines, &Line { class, key })?;
        lines.write_all(b"\n")?;
    }
    Ok(())
}

fn write_rows(
    writer: &mut ArrowWriter<File>,
    classes: impl Iterator<Item = Class>,
    keys: RecordBatch,
) -> Result<(), ParquetError> {
    let classes: ArrayRef = Arc::new(StringArray::from_iter_values(classes.map(Class::name)));
    let schema = parquet_schema(keys.schema_ref());
    let keys: ArrayRef = Arc::new(StructArray::from(keys));
    writer.write(&RecordBatch::try_new(schema, vec![classes, keys])?)?;
    match writer.in_progress_size() >= GROUP_BYTES {
        true => writer.flush(),
        false => Ok(()),
    }
}

fn parquet_schema(keys: &SchemaRef) -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("class", DataType::Utf8, false),
        Field::new("key", DataType::Struct(keys.fields().clone()), false),
    ]))
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP_KEYS))
        .build()
}

fn fault(path: &Path, source: io::Error) -> CutoverError {
    CutoverError::KeysFile {
        path: PathBuf::from(path),
        source: Box::new(source),
    }
}

fn unwritable(path: &Path, source: ParquetError) -> CutoverError {
    CutoverError::KeysFile {
        path: PathBuf::from(path),
        source: Box::new(source),
    }
}

fn incompatible(path: &Path, source: ArrowError) -> CutoverError {
    unwritable(path, source.into())
}

#[cfg(test)]
mod tests;
