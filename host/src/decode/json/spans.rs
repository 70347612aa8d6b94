//! The wanted values of the record at hand.

use super::wanted::{NameId, SlotId, Wanted};

/// A wanted value: its text is `start..end`, quotes included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::decode) struct Span {
    pub(in crate::decode) start: u32,
    pub(in crate::decode) end: u32,
    /// Whether it is a string with escapes.
    pub(in crate::decode) escaped: bool,
}

impl Span {
    /// The value, in the text that it was found in.
    #[inline(always)]
    pub(in crate::decode) fn of(self, text: &[u8]) -> &[u8] {
        &text[self.start as usize..self.end as usize]
    }
}

/// The spans of a record by slot, and which wanted names it has. Marked with the record's number, so that nothing
/// has to be cleared between records.
#[derive(Debug)]
pub(super) struct Spans {
    record: u64,
    spans: Vec<(u64, Span)>,
    /// The record in which each name was met last, by the name's id.
    met: Vec<u64>,
    /// Whether this record has a wanted name twice in one object.
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

    /// Forgets the record before.
    #[inline(always)]
    pub(super) fn begin(&mut self) {
        self.record += 1;
        self.repeats = false;
    }

    /// Notes a wanted name; false if the record has it already.
    #[inline(always)]
    pub(super) fn meet(&mut self, name: NameId) -> bool {
        let met = &mut self.met[usize::from(name.0)];
        let is_first = std::mem::replace(met, self.record) != self.record;
        self.repeats |= !is_first;
        is_first
    }

    /// Whether a wanted name was met twice.
    pub(super) fn repeats(&self) -> bool {
        self.repeats
    }

    /// Notes where a wanted value is.
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

    /// Notes where a wanted value ends that was set when it began.
    pub(super) fn close(&mut self, slot: SlotId, end: usize) {
        self.spans[usize::from(slot.0)].1.end = end as u32;
    }

    /// The value in `slot`, if the record has it.
    #[inline(always)]
    pub(super) fn get(&self, slot: SlotId) -> Option<Span> {
        let (record, span) = self.spans[usize::from(slot.0)];
        (record == self.record).then_some(span)
    }
}
