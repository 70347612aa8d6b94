//! Rejected records, kept with their bytes so that they need not be searched for in history.
//!
//! While a build folds, each split with rejections has a file of its own, so that a split folded again
//! replaces what it said before. Once all splits are folded they are joined into `quarantine.jsonl`.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, IntoInnerError, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::FoldError;
use crate::decode::{DecodeOptions, Position, QUARANTINE_BYTES, Rejected, is_csv};
use crate::durable;
use crate::fault_point::{around, before};
use crate::guest::{Failure, Refused};
use crate::row_json;
use crate::source::{ArchivedRecord, Attached, Chunk, KeyFields, Message, Messages};

/// The part of backfold that rejected a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectedBy {
    /// The decoder: the record has not the columns that the component reads.
    Decoder,
    /// The component: it rejected the event, or failed on it.
    Component,
}

/// A rejected record: a line of `quarantine.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The split that it came from.
    pub split: u64,
    /// Where it stands in the source.
    #[serde(flatten)]
    pub position: Position,
    /// Which part of backfold rejected it.
    pub rejected_by: RejectedBy,
    /// The path of the value at fault, where it is one value's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Why it was rejected.
    pub reason: String,
    /// The digest of the component that refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// How the component failed on it, where it did not reject it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The columns that the component was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Map<String, Value>>,
    /// How long the record is, as far as it was read; 0 where its bytes are not known any more.
    pub length_bytes: u64,
    /// The bytes of the record, or the first [`QUARANTINE_BYTES`] of them. `None` of a tombstone, and where the bytes are not
    /// known any more: of a record that turned out bad when its window was folded again.
    #[serde(flatten)]
    pub bytes: Option<Written>,
    /// How many of the last of its bytes may hold other records, which are lost.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub swallowed_bytes: u64,
    /// The line that names its columns, where it is CSV with a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Written>,
    /// What a log keeps of it in addition to its value; `None` of a record of an archive, and where its bytes are not known
    /// any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageParts>,
}

/// What a log keeps of a record in addition to the bytes of its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageParts {
    /// Whether it has no value.
    #[serde(default, skip_serializing_if = "is_false")]
    pub tombstone: bool,
    /// Its timestamp in microseconds since 1970-01-01T00:00:00Z, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_us: Option<i64>,
    /// Its key, where the component reads keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Written>,
    /// Its headers in order, where the component reads headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, Option<Written>)>,
    /// Whether key and headers were too long to be kept.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cut: bool,
}

/// Bytes as a line of JSON has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Written {
    /// They are UTF-8.
    Text(String),
    /// They are not.
    Base64(String),
}

impl Written {
    fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Written::Text(text.to_owned()),
            Err(_) => Written::Base64(BASE64.encode(bytes)),
        }
    }

    /// The bytes; `None` where the base64 is not valid any more.
    fn bytes(&self) -> Option<Bytes> {
        match self {
            Written::Text(text) => Some(Bytes::copy_from_slice(text.as_bytes())),
            Written::Base64(base64) => BASE64.decode(base64).ok().map(Bytes::from),
        }
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl MessageParts {
    fn new(attached: &Attached) -> Self {
        let headers = attached.headers.iter();
        MessageParts {
            tombstone: attached.is_tombstone,
            time_us: attached.time_us,
            key: attached.key.as_deref().map(Written::new),
            headers: headers
                .map(|(name, value)| (name.clone(), value.as_deref().map(Written::new)))
                .collect(),
            cut: attached.is_cut,
        }
    }

    /// The record with this value; `None` where its key or a header is missing.
    fn message(&self, offset: i64, value: Option<Bytes>) -> Option<Message> {
        if self.cut {
            return None;
        }
        let bytes = |written: &Option<Written>| match written {
            Some(written) => written.bytes().map(Some),
            None => Some(None),
        };
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| Some((name.clone(), bytes(value)?)));
        Some(Message {
            offset,
            time_us: self.time_us,
            key: bytes(&self.key)?,
            headers: headers.collect::<Option<_>>()?,
            value,
        })
    }
}

impl Quarantined {
    fn new(split: u64, rejected_by: RejectedBy, record: &Rejected) -> Self {
        let message = record.attached.as_deref();
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
            bytes: record.bytes.as_deref().map(Written::new),
            swallowed_bytes: record.swallowed_bytes,
            header: record.header.as_deref().map(Written::new),
            message: message.map(MessageParts::new),
        }
    }

    /// The record as its source would deliver it, if all of it was kept; it may be another than it was, since it can be
    /// mended here. `decode` is what the build says of its input, `key_fields` reads the keys of an archive's
    /// objects.
    pub(crate) fn chunk(
        &self,
        decode: &DecodeOptions,
        key_fields: impl Fn(&str) -> Option<KeyFields>,
    ) -> Option<Chunk> {
        if !self.is_whole(decode) {
            return None;
        }
        let position = &self.position;
        let value = match &self.bytes {
            Some(bytes) => Some(bytes.bytes()?),
            None => None,
        };
        if let Some(partition) = position.partition {
            let message = match &self.message {
                Some(parts) => parts.message(position.offset, value)?,
                None => Message {
                    offset: position.offset,
                    time_us: None,
                    key: None,
                    headers: Vec::new(),
                    value,
                },
            };
            let messages = Messages::new(position.source.clone(), Some(partition), [message]);
            return Some(Chunk::Messages(messages));
        }
        Some(Chunk::Record(Box::new(ArchivedRecord {
            source: position.source.clone(),
            key_fields: key_fields(&position.source),
            offset: position.offset,
            byte: position.byte,
            header: self.header.as_ref().and_then(Written::bytes),
            bytes: value?,
        })))
    }

    /// Whether all of the record was kept, with its key and headers, or with the header line of its object.
    pub(crate) fn is_whole(&self, decode: &DecodeOptions) -> bool {
        if self.message.as_ref().is_some_and(|parts| parts.cut) {
            return false;
        }
        if self.bytes.is_none() {
            return self.message.as_ref().is_some_and(|parts| parts.tombstone);
        }
        let is_of_log = self.position.partition.is_some();
        let needs_header = !is_of_log && decode.csv.header && is_csv(&self.position.source, decode);
        self.length_bytes <= QUARANTINE_BYTES as u64 && (!needs_header || self.header.is_some())
    }
}

/// Writes the rejections of one split.
pub(super) struct SplitQuarantine {
    split: u64,
    path: PathBuf,
    /// The digest of the component.
    component: Arc<str>,
    /// Whether the file is appended to.
    goes_on: bool,
    writer: Option<BufWriter<File>>,
}

impl SplitQuarantine {
    /// For a split that is folded from its beginning: replaces the file that a stopped worker may have left.
    pub(super) fn new(folder: &Path, split: u64, component: Arc<str>) -> Self {
        SplitQuarantine {
            split,
            path: folder.join(file_name(split)),
            component,
            goes_on: false,
            writer: None,
        }
    }

    /// Appends to the file, which was [finished](Self::finish) before.
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
            columns: Some(row_json::row(&refused.columns, 0)),
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
                let options = options.create(true);
                let file = around("open rejections", || options.open(&self.path))
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
        let flush = || writer.into_inner().map_err(IntoInnerError::into_error);
        let file =
            around("write rejections", flush).map_err(FoldError::io("writing", &self.path))?;
        around("sync rejections", || file.sync_all())
            .and_then(|()| durable::sync_parent(&self.path))
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
    let file = around("create the quarantine", || File::create(&part))
        .map_err(FoldError::io("creating", &part))?;
    let mut writer = BufWriter::new(file);
    let mut written = 0;
    for split in splits {
        let path = folder.join(file_name(split));
        let mut file = before("read rejections")
            .and_then(|()| File::open(&path))
            .map_err(FoldError::io("opening", &path))?;
        written +=
            std::io::copy(&mut file, &mut writer).map_err(FoldError::io("joining", &path))?;
    }
    let flush = || writer.into_inner().map_err(IntoInnerError::into_error);
    let file = around("write the quarantine", flush).map_err(FoldError::io("writing", &part))?;
    around("sync the quarantine", || file.sync_all()).map_err(FoldError::io("syncing", &part))?;
    durable::rename(&part, target).map_err(FoldError::io("renaming", &part))?;
    Ok(written)
}

/// The reverse of [`join_quarantine`]: writes the records of the file `joined` into the files of their splits in `folder`.
/// They are durable when it returns.
///
/// # Errors
/// Where a file cannot be read or written, or a line is no rejected record.
pub(crate) fn part_quarantine(joined: &Path, folder: &Path) -> Result<(), FoldError> {
    #[derive(Deserialize)]
    struct OfSplit {
        split: u64,
    }
    let file = before("read joined rejections").and_then(|()| File::open(joined));
    let mut reader = BufReader::new(file.map_err(FoldError::io("opening", joined))?);
    let mut open: Option<(u64, durable::Part)> = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line);
        let is_end = read.map_err(FoldError::io("reading", joined))? == 0;
        let split = match is_end {
            true => None,
            false => {
                let record = serde_json::from_slice::<OfSplit>(&line);
                let record = record.map_err(std::io::Error::from);
                let record = record.map_err(FoldError::io("reading", joined))?;
                Some(record.split)
            }
        };
        if let Some((_, part)) = open.take_if(|(of, _)| Some(*of) != split) {
            let path = part.path().to_owned();
            part.finish().map_err(FoldError::io("writing", path))?;
        }
        let Some(split) = split else {
            return Ok(());
        };
        let path = folder.join(file_name(split));
        let (_, part) = match &mut open {
            Some(open) => open,
            none => {
                let part = durable::Part::create(&path);
                none.insert((split, part.map_err(FoldError::io("creating", &path))?))
            }
        };
        let written = around("write rejections of a split", || {
            part.file().write_all(&line)
        });
        written.map_err(FoldError::io("writing", &path))?;
    }
}
