//! Records that an archiver wrapped: the message's value within an object that holds the rest of the message too.
//!
//! An envelope moves what the component asks for to where it is: a path leads into the value, and key, headers, time,
//! topic, partition and offset become paths into the envelope. What an envelope does not hold stays what it is without
//! one: what the key of the object says, or the object itself. So it works for every format that has paths.
//!
//! | | `connect-schema` | `lenses` | `aiven` |
//! |---|---|---|---|
//! | written by | Kafka Connect's JsonConverter with schemas | `store.envelope=true` | JSON Lines of several fields |
//! | value | `payload` | `value` | `value` |
//! | record-key | | `key` | `key` |
//! | record-header h | | `headers.h` | a list, which no path leads into |
//! | record-time | | `metadata.timestamp`, milliseconds | `timestamp`, RFC 3339 |
//! | source-name | | `metadata.topic` | |
//! | partition | | `metadata.partition` | |
//! | offset | | `metadata.offset` | `offset` |
//!
//! `payload` is the value's text, and key and headers are theirs: of a string its characters, of anything else its JSON
//! as it stands.

use serde::{Deserialize, Serialize};

use super::{DecodeError, Projection};
use crate::schema::{Encoding, Input, Origin};

/// What records are wrapped in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Envelope {
    /// Nothing.
    #[default]
    None,
    /// `{"schema": …, "payload": …}`, as Kafka Connect's JsonConverter writes it with schemas.
    ConnectSchema,
    /// `{"key": …, "value": …, "headers": {…}, "metadata": {…}}`, as Lenses' sinks write it.
    Lenses,
    /// `{"key": …, "value": …, "offset": …, "timestamp": …, "headers": […]}`, as Aiven's S3 sink writes JSON Lines.
    Aiven,
}

impl Envelope {
    /// Where the message's value is.
    fn value(self) -> Option<&'static str> {
        match self {
            Envelope::None => None,
            Envelope::ConnectSchema => Some("payload"),
            Envelope::Lenses | Envelope::Aiven => Some("value"),
        }
    }

    /// Where the message's offset is.
    fn offset(self) -> Option<&'static str> {
        match self {
            Envelope::None | Envelope::ConnectSchema => None,
            Envelope::Lenses => Some("metadata.offset"),
            Envelope::Aiven => Some("offset"),
        }
    }

    /// What is wanted of each record, if `projection` is wanted of what the records wrap.
    ///
    /// # Errors
    /// Where that is in the envelope, but nowhere that a path leads to.
    pub(super) fn open(self, projection: Projection) -> Result<Projection, DecodeError> {
        let Some(value) = self.value() else {
            return Ok(projection);
        };
        let Projection {
            inputs, mut only, ..
        } = projection;
        for condition in &mut only {
            condition.path = format!("{value}.{}", condition.path);
        }
        let inputs = inputs.into_iter().map(|input| self.input(value, input));
        Ok(Projection {
            inputs: inputs.collect::<Result<_, _>>()?,
            only,
            offset: self.offset().map(str::to_owned),
            value: Some(value),
            ..projection
        })
    }

    fn input(self, value: &str, input: Input) -> Result<Input, DecodeError> {
        let is_lenses = self == Envelope::Lenses;
        let has_message = self != Envelope::ConnectSchema;
        let (path, encoding) = match &input.origin {
            Origin::Path(path) => (format!("{value}.{path}"), input.encoding),
            Origin::Payload => (value.to_owned(), Encoding::Text),
            Origin::RecordKey if has_message => ("key".to_owned(), Encoding::Text),
            Origin::RecordHeader(name) if is_lenses => {
                (format!("headers.{}", escaped(name)), Encoding::Text)
            }
            Origin::RecordHeader(_) if self == Envelope::Aiven => {
                return Err(DecodeError::Input {
                    input: input.name,
                    detail: "the headers in this envelope are a list, which is not read".to_owned(),
                });
            }
            Origin::RecordTime if is_lenses => {
                ("metadata.timestamp".to_owned(), Encoding::EpochMilliseconds)
            }
            Origin::RecordTime if has_message => ("timestamp".to_owned(), Encoding::Standard),
            Origin::SourceName if is_lenses => ("metadata.topic".to_owned(), Encoding::Standard),
            Origin::Partition if is_lenses => ("metadata.partition".to_owned(), Encoding::Standard),
            Origin::Offset => match self.offset() {
                Some(path) => (path.to_owned(), Encoding::Standard),
                None => return Ok(input),
            },
            _ => return Ok(input),
        };
        Ok(Input {
            origin: Origin::Path(path),
            encoding,
            ..input
        })
    }
}

/// A name as it stands in a path.
fn escaped(name: &str) -> String {
    name.replace('\\', r"\\").replace('.', r"\.")
}
