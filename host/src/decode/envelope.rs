//! Records that an archiver wrapped in an envelope: an object that contains the message's value and its metadata.
//!
//! An envelope changes the origins of inputs: paths lead into the value, and key, headers, time, topic, partition and
//! offset become paths into the envelope. An input that the envelope does not contain keeps the origin that it has
//! without one: the key of the object, or the object itself. Envelopes apply to every format that has paths.
//!
//! | | `connect-schema` | `lenses` | `aiven` |
//! |---|---|---|---|
//! | written by | Kafka Connect's JsonConverter with schemas | `store.envelope=true` | JSON Lines of several fields |
//! | value | `payload` | `value` | `value` |
//! | record-key | | `key` | `key` |
//! | record-header h | | `headers.h` | a list, which is not read |
//! | record-time | | `metadata.timestamp`, milliseconds | `timestamp`, RFC 3339 |
//! | source-name | | `metadata.topic` | |
//! | partition | | `metadata.partition` | |
//! | offset | | `metadata.offset` | `offset` |
//!
//! `payload` is the text of the value, and key and headers are their text: the characters of a string, the JSON of any
//! other value.

use serde::{Deserialize, Serialize};

use super::{DecodeError, Projection};
use crate::schema::{Encoding, Input, Origin};

/// The envelope of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Envelope {
    /// No envelope.
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
    /// Path of the message's value.
    fn value(self) -> Option<&'static str> {
        match self {
            Envelope::None => None,
            Envelope::ConnectSchema => Some("payload"),
            Envelope::Lenses | Envelope::Aiven => Some("value"),
        }
    }

    /// Path of the message's offset.
    fn offset(self) -> Option<&'static str> {
        match self {
            Envelope::None | Envelope::ConnectSchema => None,
            Envelope::Lenses => Some("metadata.offset"),
            Envelope::Aiven => Some("offset"),
        }
    }

    /// The projection of the wrapped records, from the `projection` of the messages within.
    ///
    /// # Errors
    /// If the envelope has an input in a place that no path leads to.
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

/// A name, escaped for a path.
fn escaped(name: &str) -> String {
    name.replace('\\', r"\\").replace('.', r"\.")
}
