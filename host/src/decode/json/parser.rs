//! The parser of records: walks the graph where it knows the record, and calls the general parser elsewhere.

use super::fault::{Fault, FaultKind};
use super::general::{Container, Parse};
use super::graph::{Graph, Walk};
use super::index::Index;
use super::learn;
use super::pace::Pace;
use super::scan::byte;
use super::spans::{Span, Spans};
use super::vector::Processor;
use super::wanted::{Member, SlotId, Wanted};

/// Finds the wanted values of the records of a text, one record at a time.
#[derive(Debug)]
pub(in crate::decode) struct RecordParser {
    processor: Processor,
    wanted: Wanted,
    spans: Spans,
    graph: Graph,
    pace: Pace,
    /// The special bytes of the text, if `is_indexed`.
    index: Index,
    is_indexed: bool,
    /// Number of special bytes passed.
    passed: usize,
    /// Whether line feeds are blanks within a record.
    lines: bool,
    open: Vec<Container>,
    #[cfg(any(test, fuzzing))]
    walked: u64,
}

impl RecordParser {
    pub(in crate::decode) fn new(wanted: Wanted, processor: Processor) -> Self {
        RecordParser {
            processor,
            spans: Spans::new(&wanted),
            wanted,
            graph: Graph::default(),
            pace: Pace::default(),
            index: Index::default(),
            is_indexed: false,
            passed: 0,
            lines: false,
            open: Vec::new(),
            #[cfg(any(test, fuzzing))]
            walked: 0,
        }
    }

    /// The wanted paths.
    pub(in crate::decode) fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Begins with another text, which is followed by [`PADDING`](crate::decode::block::PADDING). With `lines`, line
    /// feeds count as blanks within its records.
    pub(in crate::decode) fn begin(&mut self, padded: &[u8], lines: bool) {
        if self.lines != lines {
            // Literals with line feeds are valid with `lines` alone.
            self.graph.forget();
            self.lines = lines;
        }
        self.passed = 0;
        self.is_indexed = self.pace.is_walking();
        if self.is_indexed {
            self.index.read(self.processor, padded);
        }
    }

    /// Parses the record that begins at `at`, and returns the position after its closing brace. The records of a text
    /// have to be parsed in their order.
    #[inline]
    pub(in crate::decode) fn parse(&mut self, padded: &[u8], at: usize) -> Result<usize, Fault> {
        if !self.is_indexed {
            self.pace.rest();
            return self.parse_any(padded, at, self.lines);
        }
        match self.walk(padded, at) {
            Some(end) => Ok(end),
            None => self.parse_unknown(padded, at),
        }
    }

    /// The result of [`parse`](Self::parse), without learning and for a record in any order. With `lines`, line feeds
    /// count as blanks.
    pub(in crate::decode) fn check(
        &mut self,
        padded: &[u8],
        at: usize,
        lines: bool,
    ) -> Result<usize, Fault> {
        self.parse_any(padded, at, lines)
    }

    /// Passes over the value that begins at `at`, whatever its type, within `depth` open containers; returns the
    /// position after it. Line feeds count as blanks.
    pub(in crate::decode) fn pass(
        &mut self,
        padded: &[u8],
        at: usize,
        depth: usize,
    ) -> Result<usize, Fault> {
        self.spans.begin();
        self.processor.run(Parse {
            text: padded,
            at,
            lines: true,
            depth,
            member: Member::UNWANTED,
            wanted: &self.wanted,
            spans: &mut self.spans,
            open: &mut self.open,
        })
    }

    /// The span in `slot`, if the record parsed last has the value.
    #[inline(always)]
    pub(in crate::decode) fn get(&self, slot: SlotId) -> Option<Span> {
        self.spans.get(slot)
    }

    #[inline(always)]
    fn walk(&mut self, padded: &[u8], at: usize) -> Option<usize> {
        let positions = self.index.positions();
        while positions
            .get(self.passed)
            .is_some_and(|place| (*place as usize) < at)
        {
            self.passed += 1;
        }
        let walked = self.processor.run(Walk {
            graph: &self.graph,
            text: padded,
            at,
            lines: self.lines,
            positions,
            passed: self.passed,
            wanted: &self.wanted,
            spans: &mut self.spans,
            open: &mut self.open,
        });
        self.graph.finish_walk();
        let (end, passed) = walked?;
        self.passed = passed;
        self.pace.hit();
        #[cfg(any(test, fuzzing))]
        {
            self.walked += 1;
        }
        Some(end)
    }

    /// Never pauses the walk.
    #[cfg(any(test, fuzzing))]
    pub(in crate::decode) fn walk_always(&mut self) {
        self.pace = Pace::tireless();
    }

    /// Parses all records with the general parser.
    #[cfg(any(test, fuzzing))]
    pub(in crate::decode) fn walk_never(&mut self) {
        self.pace = Pace::lazy();
    }

    /// Number of records read along the graph.
    #[cfg(any(test, fuzzing))]
    pub(in crate::decode) fn walked(&self) -> u64 {
        self.walked
    }

    /// Parses a record that left the graph, and learns it.
    #[cold]
    fn parse_unknown(&mut self, padded: &[u8], at: usize) -> Result<usize, Fault> {
        let parsed = self.parse_any(padded, at, self.lines);
        if let Ok(end) = parsed
            && !self.spans.repeats()
            && self.pace.learns()
            && let Some(steps) = learn::steps(padded, at, end, &self.wanted)
        {
            self.graph.learn(steps);
        }
        if self.pace.miss() {
            self.graph.forget();
            self.is_indexed = false;
        }
        parsed
    }

    fn parse_any(&mut self, padded: &[u8], at: usize, lines: bool) -> Result<usize, Fault> {
        if byte(padded, at) != b'{' {
            return Err(Fault::new(at, FaultKind::Object));
        }
        self.spans.begin();
        self.processor.run(Parse {
            text: padded,
            at,
            lines,
            depth: 0,
            member: Member::RECORD,
            wanted: &self.wanted,
            spans: &mut self.spans,
            open: &mut self.open,
        })
    }
}

#[cfg(test)]
mod tests;
