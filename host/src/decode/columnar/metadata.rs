//! Position, time and key of the rows of a piece: one for all rows of an object, one per message of a log.

use std::iter::repeat_n;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray, new_null_array};
use arrow_schema::ArrowError;

use super::converted::Converted;
use super::key_values::KeyValues;
use super::lines::Lines;
use super::target::TargetType;
use crate::decode::Position;
use crate::decode::column::Column;
use crate::decode::plan::PlannedOrigin;
use crate::decode::provenance::ColumnSource;
use crate::source::{MessageRef, Messages};

/// The metadata of the rows of a piece.
pub(in crate::decode) enum RowMetadata {
    /// Rows of a columnar object.
    Object {
        /// The key of the object.
        source: Arc<str>,
        /// Time at which the object was written, in microseconds.
        time_us: i64,
        /// Ordinal of the first row in the object.
        first: i64,
    },
    /// Messages, one per row.
    Log {
        messages: Arc<Messages>,
        /// Index of the first row among the messages.
        first: usize,
        /// Whether the messages have no values.
        is_tombstone: bool,
    },
}

impl RowMetadata {
    /// The metadata of the rows from `row` on.
    pub(super) fn after(&self, row: usize) -> Self {
        match self {
            RowMetadata::Object {
                source,
                time_us,
                first,
            } => RowMetadata::Object {
                source: source.clone(),
                time_us: *time_us,
                first: first + row as i64,
            },
            RowMetadata::Log {
                messages,
                first,
                is_tombstone,
            } => RowMetadata::Log {
                messages: messages.clone(),
                first: first + row,
                is_tombstone: *is_tombstone,
            },
        }
    }

    /// The message of a row; `None` in an object.
    pub(super) fn message(&self, row: u32) -> Option<MessageRef<'_>> {
        match self {
            RowMetadata::Object { .. } => None,
            RowMetadata::Log {
                messages, first, ..
            } => Some(messages.get(first + row as usize)),
        }
    }

    /// Whether the rows are messages without values, tombstones.
    pub(super) fn is_tombstone(&self) -> bool {
        matches!(
            self,
            RowMetadata::Log {
                is_tombstone: true,
                ..
            }
        )
    }

    /// Offset or ordinal of a row, as in [`Position`].
    pub(super) fn offset(&self, row: u32) -> i64 {
        match self {
            RowMetadata::Object { first, .. } => first + i64::from(row),
            RowMetadata::Log {
                messages, first, ..
            } => messages.get(first + row as usize).offset,
        }
    }

    /// Index of a row in its [source](RowMetadata::source).
    pub(super) fn place(&self, row: u32) -> u32 {
        match self {
            RowMetadata::Object { .. } => row,
            // A chunk has far fewer messages than that.
            RowMetadata::Log { first, .. } => *first as u32 + row,
        }
    }

    /// Position of a row.
    pub(super) fn position(&self, row: u32) -> Position {
        let (source, partition) = match self {
            RowMetadata::Object { source, .. } => (source, None),
            RowMetadata::Log { messages, .. } => (&messages.topic, messages.partition),
        };
        Position {
            source: source.clone(),
            partition,
            offset: self.offset(row),
            byte: None,
        }
    }

    /// Timestamp that the source gives a row, in microseconds.
    pub(super) fn time_us(&self, row: u32) -> Option<i64> {
        match self {
            RowMetadata::Object { time_us, .. } => Some(*time_us),
            RowMetadata::Log { .. } => self.message(row)?.time_us,
        }
    }

    /// The source of the rows of the piece; `lines` are its columns.
    pub(super) fn source(&self, lines: Arc<Lines>) -> ColumnSource {
        match self {
            RowMetadata::Object { source, .. } => ColumnSource::Object {
                source: source.clone(),
                lines: Some(lines),
            },
            RowMetadata::Log { messages, .. } => ColumnSource::Log {
                topic: messages.topic.clone(),
                partition: messages.partition,
                messages: Some(messages.clone()),
            },
        }
    }

    /// The column of an input whose origin is not a path, for these rows of the piece.
    pub(super) fn input(
        &self,
        origin: &PlannedOrigin,
        rows: &[u32],
        key_values: &KeyValues,
        target: TargetType,
    ) -> Result<Converted, ArrowError> {
        let name = |name: &str| StringArray::from_iter_values(repeat_n(name, rows.len()));
        let array: ArrayRef = match (origin, self) {
            (PlannedOrigin::Time, _) => {
                let times = rows.iter().map(|row| self.time_us(*row));
                Arc::new(TimestampMicrosecondArray::from_iter(times).with_timezone("UTC"))
            }
            (PlannedOrigin::SourceName, RowMetadata::Object { source, .. }) => {
                Arc::new(name(key_values.topic.as_deref().unwrap_or(source)))
            }
            (PlannedOrigin::SourceName, RowMetadata::Log { messages, .. }) => {
                Arc::new(name(&messages.topic))
            }
            (PlannedOrigin::Offset, _) => {
                Arc::new(Int64Array::from_iter(rows.iter().map(|row| {
                    key_values.first_offset?.checked_add(self.offset(*row))
                })))
            }
            (PlannedOrigin::Partition, metadata) => {
                let partition = match metadata {
                    RowMetadata::Object { .. } => key_values.partition,
                    RowMetadata::Log { messages, .. } => messages.partition,
                };
                Arc::new(Int64Array::from(vec![partition.map(i64::from); rows.len()]))
            }
            (
                PlannedOrigin::Payload | PlannedOrigin::Key | PlannedOrigin::Header(_),
                RowMetadata::Log { .. },
            ) => {
                return self.bytes(origin, rows, target);
            }
            _ => new_null_array(&target.kind.data_type(), rows.len()),
        };
        Ok(array.into())
    }

    /// The column of an input that is bytes of messages.
    fn bytes(
        &self,
        origin: &PlannedOrigin,
        rows: &[u32],
        target: TargetType,
    ) -> Result<Converted, ArrowError> {
        let mut column = Column::new(target.kind, target.encoding, rows.len());
        let mut misfits = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let bytes = self.message(*row).and_then(|message| match origin {
                PlannedOrigin::Payload => message.value,
                PlannedOrigin::Key => message.key,
                PlannedOrigin::Header(name) => message.headers.last(name),
                _ => None,
            });
            let Some(bytes) = bytes else {
                column.push_null();
                continue;
            };
            if let Err(misfit) = column.push_bytes(bytes) {
                column.push_null();
                misfits.push((at as u32, misfit.0));
            }
        }
        Ok(Converted {
            array: column.finish(0)?,
            misfits,
        })
    }
}
