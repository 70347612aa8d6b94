//! The wanted values of a record.

use super::header::Header;
use crate::decode::column::{Column, Misfit};
use crate::decode::json::SlotId;
use crate::decode::plan::PlannedCondition;
use crate::decode::record::Values;

/// A record, cut into fields.
pub(super) struct Fields<'a> {
    pub(super) header: &'a Header,
    /// The text of a null field.
    pub(super) null: &'a [u8],
    /// The fields one after another, without their quotes.
    pub(super) text: &'a [u8],
    /// Index after the last byte of each field.
    pub(super) ends: &'a [usize],
}

impl Fields<'_> {
    /// The field of the path in `slot`; `None` if there is no such column.
    #[inline]
    fn get(&self, slot: SlotId) -> Option<&[u8]> {
        let at = self.header.column(slot)?;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..self.ends[at]])
    }
}

impl Values for Fields<'_> {
    fn meets(&self, condition: &PlannedCondition) -> Option<bool> {
        let field = self.get(condition.slot)?;
        let meets = condition.any_of.iter().any(|text| text == field);
        Some(meets && field != self.null)
    }

    #[inline]
    fn push(&self, slot: SlotId, column: &mut Column) -> Option<Result<bool, Misfit>> {
        let field = self.get(slot)?;
        if field == self.null {
            return Some(Ok(false));
        }
        Some(column.push_field(field))
    }

    fn why_missing(&self, slot: SlotId) -> Option<String> {
        let lacks = "missing: the header of its object has no such column";
        self.header.column(slot).is_none().then(|| lacks.to_owned())
    }
}
