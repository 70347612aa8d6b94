//! `schemas.jsonl`: the schemas of messages that a build learned after it was planned.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::BuildError;
use super::lines::Lines;
// The fuzz targets are built without scans.
#[cfg(not(fuzzing))]
use crate::scan::{KeepError, KeepSchemas};

/// A schema of a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSchema {
    /// Its ID.
    pub id: u32,
    /// The schema, as JSON.
    pub schema: String,
}

/// The file of a build that is being worked on.
#[derive(Debug)]
pub struct SchemaFile {
    lines: Lines,
}

impl SchemaFile {
    /// Opens the file, which is made where there is none, and reads its schemas.
    ///
    /// # Errors
    /// Where that fails, or a line of it makes no sense.
    pub fn open(path: &Path) -> Result<(SchemaFile, Vec<KeptSchema>), BuildError> {
        let (lines, kept) = Lines::open(path)?;
        Ok((SchemaFile { lines }, kept))
    }

    /// Reads the schemas of a file without changing it; none where there is no file.
    ///
    /// # Errors
    /// Where that fails, or a line of it makes no sense.
    pub fn peek(path: &Path) -> Result<Vec<KeptSchema>, BuildError> {
        Lines::peek(path)
    }

    /// Keeps a schema: when it returns, it is durable.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn append(&self, schema: &KeptSchema) -> Result<(), BuildError> {
        self.lines.append(schema)
    }
}

#[cfg(not(fuzzing))]
impl KeepSchemas for SchemaFile {
    fn keep(&mut self, id: u32, schema: &str) -> Result<(), KeepError> {
        let schema = schema.to_owned();
        self.append(&KeptSchema { id, schema })
            .map_err(KeepError::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_and_half_a_line_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("schemas.jsonl");
        assert_eq!(SchemaFile::peek(&path).unwrap(), []);
        let schema = |id, schema: &str| KeptSchema {
            id,
            schema: schema.into(),
        };
        let (file, kept) = SchemaFile::open(&path).unwrap();
        assert_eq!(kept, []);
        file.append(&schema(7, "\"long\"")).unwrap();
        file.append(&schema(8, "a\nb")).unwrap();
        drop(file);
        let mut text = std::fs::read(&path).unwrap();
        let whole = text.len();
        text.extend(b"{\"id\": 9, \"sch");
        std::fs::write(&path, &text).unwrap();
        let expected = [schema(7, "\"long\""), schema(8, "a\nb")];
        assert_eq!(SchemaFile::peek(&path).unwrap(), expected);
        let (file, kept) = SchemaFile::open(&path).unwrap();
        assert_eq!(kept, expected);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), whole as u64);
        file.append(&schema(9, "c")).unwrap();
        assert_eq!(SchemaFile::peek(&path).unwrap().len(), 3);
    }
}
