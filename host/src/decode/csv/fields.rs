//! The wanted values of a record.

use super::dialect::{Dialect, Form, Span};
use super::header::Header;
use crate::decode::column::{Column, Misfit};
use crate::decode::json::SlotId;
use crate::decode::plan::PlannedCondition;
use crate::decode::record::Values;

/// A record, cut into fields.
pub(super) struct Fields<'a> {
    pub(super) header: &'a Header,
    pub(super) nulls: &'a [String],
    pub(super) record: &'a [u8],
    pub(super) spans: &'a [Span],
    /// The fields of the record that have doubled quotes or escapes.
    pub(super) resolved: &'a Resolved,
}

/// The text of wanted fields of a record, with doubled quotes and escapes resolved.
#[derive(Default)]
pub(super) struct Resolved {
    text: Vec<u8>,
    /// Column, and `start..end` of its text.
    fields: Vec<(usize, usize, usize)>,
}

impl Resolved {
    /// Resolves the wanted fields of a record.
    #[cold]
    pub(super) fn of(&mut self, record: &[u8], spans: &[Span], header: &Header, dialect: &Dialect) {
        self.text.clear();
        self.fields.clear();
        for column in header.wanted() {
            let span = spans[column];
            if span.form != Form::Plain {
                let start = self.text.len();
                dialect.resolve(text_of(record, span), span.form, &mut self.text);
                self.fields.push((column, start, self.text.len()));
            }
        }
    }

    #[cold]
    fn get(&self, column: usize) -> &[u8] {
        let mut fields = self.fields.iter();
        let found = fields.find(|(of, ..)| *of == column);
        found.map_or(&[], |(_, start, end)| &self.text[*start..*end])
    }
}

fn text_of(record: &[u8], span: Span) -> &[u8] {
    &record[span.start as usize..span.end as usize]
}

impl Fields<'_> {
    /// The field of the path in `slot`; `None` if there is no such column, `Some(None)` if it is null.
    #[inline]
    fn get(&self, slot: SlotId) -> Option<Option<&[u8]>> {
        let column = self.header.column(slot)?;
        let span = self.spans[column];
        let text = text_of(self.record, span);
        let mut nulls = self.nulls.iter();
        if nulls.any(|null| null.as_bytes() == text) {
            return Some(None);
        }
        Some(Some(match span.form {
            Form::Plain => text,
            Form::Quoted | Form::Escaped => self.resolved.get(column),
        }))
    }
}

impl Values for Fields<'_> {
    fn meets(&self, condition: &PlannedCondition) -> Option<bool> {
        let field = self.get(condition.slot)?;
        Some(field.is_some_and(|field| condition.any_of.iter().any(|text| text == field)))
    }

    #[inline]
    fn push(&self, slot: SlotId, column: &mut Column) -> Option<Result<bool, Misfit>> {
        match self.get(slot)? {
            Some(field) => Some(column.push_field(field)),
            None => Some(Ok(false)),
        }
    }

    fn why_missing(&self, slot: SlotId) -> Option<String> {
        let lacks = "missing: the header of its object has no such column";
        self.header.column(slot).is_none().then(|| lacks.to_owned())
    }
}
