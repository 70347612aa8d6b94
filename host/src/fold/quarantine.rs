//! Rejected records, kept so that nobody has to search history for them.
//!
//! While a build folds, each split with rejections has a file of its own, so that a split folded again
//! replaces what it said before. Once all splits are folded they are joined into `quarantine.jsonl`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;

use super::error::FoldError;
use crate::decode::{Position, Rejected};

/// Who rejected a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RejectedBy {
    Decoder,
    Component,
}

/// A line of `quarantine.jsonl`.
#[derive(Serialize)]
struct Line<'a> {
    split: u64,
    #[serde(flatten)]
    position: &'a Position,
    rejected_by: RejectedBy,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    reason: &'a str,
    length_bytes: u64,
    /// The record where it is UTF-8; its beginning where it is longer than what is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// The same in base64 where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

/// Writes the rejections of one split.
pub(super) struct SplitQuarantine {
    split: u64,
    path: PathBuf,
    writer: Option<BufWriter<File>>,
}

impl SplitQuarantine {
    pub(super) fn new(folder: &Path, split: u64) -> Self {
        SplitQuarantine {
            split,
            path: folder.join(file_name(split)),
            writer: None,
        }
    }

    pub(super) fn add(&mut self, by: RejectedBy, record: &Rejected) -> Result<(), FoldError> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let file =
                    File::create(&self.path).map_err(FoldError::io("creating", &self.path))?;
                none.insert(BufWriter::new(file))
            }
        };
        let text = std::str::from_utf8(&record.bytes).ok();
        let line = Line {
            split: self.split,
            position: &record.position,
            rejected_by: by,
            path: record.path.as_deref(),
            reason: &record.reason,
            length_bytes: record.length_bytes,
            text,
            base64: text.is_none().then(|| BASE64.encode(&record.bytes)),
        };
        serde_json::to_writer(&mut *writer, &line)
            .map_err(std::io::Error::from)
            .and_then(|()| writer.write_all(b"\n"))
            .map_err(FoldError::io("writing", &self.path))?;
        Ok(())
    }

    /// Makes the file durable.
    pub(super) fn finish(self) -> Result<(), FoldError> {
        let Some(writer) = self.writer else {
            return Ok(());
        };
        let file = writer
            .into_inner()
            .map_err(|error| FoldError::io("writing", &self.path)(error.into_error()))?;
        file.sync_all()
            .map_err(FoldError::io("syncing", &self.path))
    }
}

fn file_name(split: u64) -> String {
    format!("{split:010}.jsonl")
}

/// Joins the files of these splits, which come in rising order, into `target`. Returns how many bytes it
/// wrote.
pub fn join_quarantine(
    folder: &Path,
    splits: impl Iterator<Item = u64>,
    target: &Path,
) -> Result<u64, FoldError> {
    let part = target.with_extension("jsonl.part");
    let file = File::create(&part).map_err(FoldError::io("creating", &part))?;
    let mut writer = BufWriter::new(file);
    let mut written = 0;
    for split in splits {
        let path = folder.join(file_name(split));
        let mut file = File::open(&path).map_err(FoldError::io("opening", &path))?;
        written +=
            std::io::copy(&mut file, &mut writer).map_err(FoldError::io("joining", &path))?;
    }
    let file = writer
        .into_inner()
        .map_err(|error| FoldError::io("writing", &part)(error.into_error()))?;
    file.sync_all().map_err(FoldError::io("syncing", &part))?;
    std::fs::rename(&part, target).map_err(FoldError::io("renaming", &part))?;
    Ok(written)
}
