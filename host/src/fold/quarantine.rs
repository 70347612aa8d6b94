//! Rejected records, kept so that nobody has to search history for them.
//!
//! While a build folds, each split with rejections has a file of its own, so that a split folded again
//! replaces what it said before. Once all splits are folded they are joined into `quarantine.jsonl`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::FoldError;
use crate::decode::{Position, QUARANTINE_BYTES, Rejected};
use crate::guest::{Failure, Refused};
use crate::json_rows;

/// Who rejected a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectedBy {
    /// It is no record of the columns that the component reads.
    Decoder,
    /// It became an event, and the component rejected it or failed on it.
    Component,
}

/// A rejected record: a line of `quarantine.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The split that it came from.
    pub split: u64,
    /// Where it stands.
    #[serde(flatten)]
    pub position: Position,
    /// Who rejected it.
    pub rejected_by: RejectedBy,
    /// The path of the value at fault, where it is one value's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Why.
    pub reason: String,
    /// The digest of the component that refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// How that failed on it, if it did not reject it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The columns that it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Map<String, Value>>,
    /// How long the record is, as far as it was read; 0 where its bytes are not known any more.
    pub length_bytes: u64,
    /// The record where it is UTF-8; its beginning where it is longer than what is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The same in base64 where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

impl Quarantined {
    fn new(split: u64, rejected_by: RejectedBy, record: &Rejected) -> Self {
        let text = std::str::from_utf8(&record.bytes).ok();
        Quarantined {
            split,
            position: record.position.clone(),
            rejected_by,
            path: record.path.clone(),
            reason: record.reason.clone(),
            component: None,
            failure: None,
            columns: None,
            length_bytes: record.length_bytes,
            // Of a record that turned out bad when its window was folded again the bytes are gone.
            text: text.filter(|text| !text.is_empty()).map(str::to_owned),
            base64: text.is_none().then(|| BASE64.encode(&record.bytes)),
        }
    }

    /// The record's bytes, if all of them were kept. They may be others than they were: who mends a record does it here.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        if self.length_bytes > QUARANTINE_BYTES as u64 {
            return None;
        }
        match (&self.text, &self.base64) {
            (Some(text), _) => Some(text.clone().into_bytes()),
            (None, base64) => BASE64.decode(base64.as_ref()?).ok(),
        }
    }
}

/// Writes the rejections of one split.
pub(super) struct SplitQuarantine {
    split: u64,
    path: PathBuf,
    /// The digest of the component.
    component: Arc<str>,
    /// Whether the file has what was written before.
    goes_on: bool,
    writer: Option<BufWriter<File>>,
}

impl SplitQuarantine {
    /// Of a split that is folded from its beginning: what a stopped worker may have left is replaced.
    pub(super) fn new(folder: &Path, split: u64, component: Arc<str>) -> Self {
        SplitQuarantine {
            split,
            path: folder.join(file_name(split)),
            component,
            goes_on: false,
            writer: None,
        }
    }

    /// Goes on behind what was [finished](Self::finish).
    pub(super) fn going_on(self) -> Self {
        SplitQuarantine {
            goes_on: true,
            ..self
        }
    }

    /// Keeps a record that the decoder rejected.
    pub(super) fn add(&mut self, record: &Rejected) -> Result<(), FoldError> {
        self.write(&Quarantined::new(self.split, RejectedBy::Decoder, record))
    }

    /// Keeps a record that the component refused.
    pub(super) fn add_refused(&mut self, refused: &Refused) -> Result<(), FoldError> {
        self.write(&Quarantined {
            component: Some(self.component.to_string()),
            failure: refused.failure.clone(),
            columns: Some(json_rows::row(&refused.columns, 0)),
            ..Quarantined::new(self.split, RejectedBy::Component, &refused.record)
        })
    }

    fn write(&mut self, line: &Quarantined) -> Result<(), FoldError> {
        let failed = FoldError::io("writing", self.path.clone());
        let writer = self.writer()?;
        serde_json::to_writer(&mut *writer, line)
            .map_err(std::io::Error::from)
            .and_then(|()| writer.write_all(b"\n"))
            .map_err(failed)
    }

    fn writer(&mut self) -> Result<&mut BufWriter<File>, FoldError> {
        match &mut self.writer {
            Some(writer) => Ok(writer),
            none => {
                let mut options = File::options();
                let options = match self.goes_on {
                    true => options.append(true),
                    false => options.write(true).truncate(true),
                };
                let file = options
                    .create(true)
                    .open(&self.path)
                    .map_err(FoldError::io("opening", &self.path))?;
                Ok(none.insert(BufWriter::new(file)))
            }
        }
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
