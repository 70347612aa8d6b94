//! The spans of the wanted values of one record.

use super::wanted::{NameId, SlotId, Wanted};

/// The text of a value: bytes `start..end`, quotes included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::decode) struct Span {
    pub(in crate::decode) start: u32,
    pub(in crate::decode) end: u32,
    /// Whether the value is a string with escapes.
    pub(in crate::decode) escaped: bool,
}

impl Span {
    /// The value, in the text of its record.
    #[inline(always)]
    pub(in crate::decode) fn of(self, text: &[u8]) -> &[u8] {
        &text[self.start as usize..self.end as usize]
    }
}

/// The spans of a record by slot, and the wanted names that it has. Each is marked with the number of the record, so
/// that nothing has to be cleared between records.
#[derive(Debug)]
pub(super) struct Spans {
    record: u64,
    spans: Vec<(u64, Span)>,
    /// The number of the last record with each name, by the ID of the name.
    met: Vec<u64>,
    /// Whether the record has a wanted name twice in one object.
    repeats: bool,
}

impl Spans {
    pub(super) fn new(wanted: &Wanted) -> Self {
        Spans {
            record: 0,
            spans: vec![(0, Span::default()); wanted.slots()],
            met: vec![0; wanted.names()],
            repeats: false,
        }
    }

    /// Begins with the next record.
    #[inline(always)]
    pub(super) fn begin(&mut self) {
        self.record += 1;
        self.repeats = false;
    }

    /// Marks a wanted name; false if the record had it before.
    #[inline(always)]
    pub(super) fn meet(&mut self, name: NameId) -> bool {
        let met = &mut self.met[usize::from(name.0)];
        let is_first = std::mem::replace(met, self.record) != self.record;
        self.repeats |= !is_first;
        is_first
    }

    /// Whether the record has a wanted name twice in one object.
    pub(super) fn repeats(&self) -> bool {
        self.repeats
    }

    /// Sets the span of a wanted value.
    #[inline(always)]
    pub(super) fn set(&mut self, slot: SlotId, start: usize, end: usize, escaped: bool) {
        // Blocks are far smaller than 4 GiB.
        let (start, end) = (start as u32, end as u32);
        self.spans[usize::from(slot.0)] = (
            self.record,
            Span {
                start,
                end,
                escaped,
            },
        );
    }

    /// Sets the end of a wanted value whose beginning was set before.
    pub(super) fn close(&mut self, slot: SlotId, end: usize) {
        self.spans[usize::from(slot.0)].1.end = end as u32;
    }

    /// The span in `slot`, if the record has the value.
    #[inline(always)]
    pub(super) fn get(&self, slot: SlotId) -> Option<Span> {
        let (record, span) = self.spans[usize::from(slot.0)];
        (record == self.record).then_some(span)
    }
}
