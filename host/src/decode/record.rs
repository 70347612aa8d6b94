//! A record, and access to its wanted values in any format.

use super::column::{Column, Misfit, open_object};
use super::conversion::ValueObjects;
use super::json::{RecordParser, SlotId, Span};
use super::plan::PlannedCondition;
use super::provenance::SourceBlock;
use crate::source::Headers;

/// A record in a block, with the metadata of its source.
pub(super) struct Record<'a> {
    pub(super) block: &'a SourceBlock,
    pub(super) start: usize,
    pub(super) end: usize,
    /// False for a tombstone.
    pub(super) has_value: bool,
    pub(super) offset: i64,
    pub(super) time_us: Option<i64>,
    pub(super) key: Option<&'a [u8]>,
    pub(super) headers: Headers<'a>,
}

impl Record<'_> {
    /// The record as a tombstone.
    pub(super) fn without_value(self) -> Self {
        Record {
            has_value: false,
            ..self
        }
    }
}

/// The wanted values of one record, in any format.
pub(super) trait Values {
    /// Whether the record meets a condition; `None` if it lacks the value.
    fn meets(&self, condition: &PlannedCondition) -> Option<bool>;

    /// Appends the value in `slot` to `column` and returns true; for null, appends nothing and returns false. `None` if
    /// the record lacks the value.
    fn push(&self, slot: SlotId, column: &mut Column) -> Option<Result<bool, Misfit>>;

    /// The reason for which the record lacks the value in `slot`, if it is more than missing or null.
    fn why_missing(&self, _slot: SlotId) -> Option<String> {
        None
    }
}

/// The values of the JSON record that was parsed last.
pub(super) struct JsonValues<'a> {
    pub(super) parser: &'a RecordParser,
    /// The text of the block.
    pub(super) text: &'a [u8],
    /// The objects that stand for one value.
    pub(super) objects: ValueObjects,
}

impl JsonValues<'_> {
    /// Whether the value for which the object at `span` stands meets the condition.
    #[cold]
    fn meets_in_object(&self, condition: &PlannedCondition, span: Span) -> bool {
        let value = open_object(self.objects, self.text, span).and_then(|value| value.span());
        value.is_some_and(|value| condition.holds(value.of(self.text), value.escaped))
    }
}

impl Values for JsonValues<'_> {
    #[inline(always)]
    fn meets(&self, condition: &PlannedCondition) -> Option<bool> {
        let span = self.parser.get(condition.slot)?;
        let is_met = condition.holds(span.of(self.text), span.escaped);
        let has_objects = self.objects != ValueObjects::Plain;
        Some(is_met || (has_objects && self.meets_in_object(condition, span)))
    }

    #[inline(always)]
    fn push(&self, slot: SlotId, column: &mut Column) -> Option<Result<bool, Misfit>> {
        let span = self.parser.get(slot)?;
        Some(match span.of(self.text) {
            b"null" => Ok(false),
            _ => column.push_json(self.text, span),
        })
    }
}

/// The values of a raw record or a tombstone: none.
pub(super) struct NoValues;

impl Values for NoValues {
    fn meets(&self, _condition: &PlannedCondition) -> Option<bool> {
        None
    }

    fn push(&self, _slot: SlotId, _column: &mut Column) -> Option<Result<bool, Misfit>> {
        None
    }
}
