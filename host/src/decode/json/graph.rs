//! The graph of the records learned so far, and the walk along it.
//!
//! Records of one source are alike: the bytes between two values, such as `,"page_id":`, are the same in record after
//! record. A *state* is the path of the value read last; an *edge* is a *literal*, the exact bytes from the end of that
//! value to the beginning of the next. A walk validates a record by comparing a few literals and reading the values
//! between them: the end of a string is the next special byte of the [index](super::index). A record with any order or
//! choice of known members has known edges. A record that leaves the graph goes to the general parser and is
//! [learned](super::learn).
//!
//! # Why a record that was walked is valid
//! - Each literal was taken from a valid record. The bytes allowed between two values depend only on the open
//!   containers, which follow from the path of the first value.
//! - Arrays are values, which the general parser reads; so every container on a path is an object.
//! - Each value is read to its end by the rules of the grammar.
//! - Whether a name is wanted depends on the path alone. Whether the record had the name before does not: the walk
//!   marks wanted names, and a record that repeats one leaves the graph.

use std::cell::Cell;
use std::collections::HashMap;

use super::general::{Container, Parse};
use super::scan::{byte, bytes, escape, scalar};
use super::spans::Spans;
use super::vector::{Head, Task, Vector, is_special};
use super::wanted::{Member, NameId, SlotId, Wanted};

/// The most states. Records whose names are data have ever new paths.
const MAX_STATES: usize = 512;

/// The most edges of a state in addition to the preferred one. A new edge replaces the last.
const MAX_OTHERS: usize = 8;

/// Number of records after which the preferred edge of a state is chosen again.
const JUDGED_RECORDS: u32 = 64;

/// A point of a record: 0 at its beginning, otherwise after the value of one path.
pub(super) type State = u16;

const BEGINNING: State = 0;

/// The state to which the last edge of a record leads.
const END: State = State::MAX;

#[derive(Debug, Default)]
pub(super) struct Graph {
    /// The edge that is tried first, by state. States are numbered in the order in which they are learned, so that a
    /// usual record goes from each state to the next.
    preferred: Vec<Edge>,
    others: Vec<Others>,
    /// The states, by path.
    states: HashMap<Box<[u8]>, State>,
    /// Number of records walked, modulo 2^32.
    walked: u32,
    /// A state, and the index of its other edge that will be preferred.
    promoted: Cell<Option<(State, usize)>>,
}

/// The edges of a state other than the preferred one.
#[derive(Debug, Default)]
struct Others {
    edges: Vec<Edge>,
    /// Value of [`Graph::walked`] when the preferred edge was chosen last.
    judged: Cell<u32>,
}

/// A step from one value to the next.
#[derive(Debug)]
pub(super) struct Edge {
    literal: Literal,
    to: State,
    /// Number of special bytes in the literal.
    specials: u32,
    /// Number of containers that are open at the value.
    depth: u8,
    /// The slot for the span of the value, if it is wanted.
    slot: Option<SlotId>,
    /// Wanted members within the literal. Most literals have none.
    members: Option<Box<LiteralMembers>>,
    /// How often the edge was taken instead of the preferred one.
    taken: Cell<u32>,
}

/// The wanted members within a literal: names before their values, and braces of objects.
#[derive(Debug, Default, PartialEq)]
pub(super) struct LiteralMembers {
    /// Names of wanted members.
    pub(super) names: Vec<NameId>,
    /// Braces of wanted members that are objects.
    pub(super) objects: Vec<Brace>,
}

/// The opening or closing brace of a wanted object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Brace {
    pub(super) slot: SlotId,
    /// Index in the literal of the opening brace, or after the closing one.
    pub(super) offset: usize,
    pub(super) opens: bool,
}

/// Exact bytes. The first 32 are compared at once.
#[derive(Debug)]
struct Literal {
    head: Head,
    tail: Box<[u8]>,
    len: u32,
}

impl Literal {
    fn new(text: &[u8]) -> Self {
        Literal {
            head: Head::of(text),
            tail: text.get(32..).unwrap_or_default().into(),
            len: text.len() as u32,
        }
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether the text has the literal at `at`.
    #[inline(always)]
    fn is_at<V: Vector>(&self, vector: V, text: &[u8], at: usize) -> bool {
        let begins = bytes(text, at).is_some_and(|ahead| vector.begins(ahead, &self.head));
        begins && (self.len <= 32 || text[at + 32..].starts_with(&self.tail))
    }

    fn is(&self, text: &[u8]) -> bool {
        self.head == Head::of(text) && *self.tail == *text.get(32..).unwrap_or_default()
    }
}

impl Edge {
    /// Whether the text has the literal at `at`, followed by a value. An object or a blank after it is part of a longer
    /// literal.
    #[inline(always)]
    fn fits<V: Vector>(&self, vector: V, text: &[u8], at: usize) -> bool {
        if !self.literal.is_at(vector, text, at) {
            return false;
        }
        let first = byte(text, at + self.literal.len());
        first == b'"' || self.to == END || !matches!(first, b'{' | 0..=b' ')
    }

    /// Marks the wanted members of the literal, which is at `at`; false if the record had one of the names before.
    #[inline(always)]
    fn note_members(&self, at: usize, spans: &mut Spans) -> bool {
        let Some(members) = &self.members else {
            return true;
        };
        for name in &members.names {
            if !spans.meet(*name) {
                return false;
            }
        }
        for brace in &members.objects {
            let place = at + brace.offset;
            if brace.opens {
                spans.set(brace.slot, place, place, false);
            } else {
                spans.close(brace.slot, place);
            }
        }
        true
    }
}

/// A step of a record, to be learned as an edge.
pub(super) struct Step<'a> {
    pub(super) literal: &'a [u8],
    /// The path of the value after the literal; `None` at the end of the record.
    pub(super) path: Option<Box<[u8]>>,
    pub(super) depth: u8,
    pub(super) slot: Option<SlotId>,
    pub(super) members: LiteralMembers,
}

impl Graph {
    pub(super) fn forget(&mut self) {
        *self = Graph::default();
    }

    /// Learns the steps of one record, unless there would be too many states.
    pub(super) fn learn(&mut self, steps: Vec<Step<'_>>) {
        let paths = steps.iter().filter_map(|step| step.path.as_ref());
        let new = paths
            .filter(|path| !self.states.contains_key(*path))
            .count();
        if self.states.len() + new >= MAX_STATES {
            return;
        }
        let mut from = BEGINNING;
        for step in steps {
            let to = match step.path {
                Some(path) => {
                    let next = self.states.len() as State + 1;
                    *self.states.entry(path).or_insert(next)
                }
                None => END,
            };
            let specials = step
                .literal
                .iter()
                .filter(|byte| is_special(**byte))
                .count();
            let edge = Edge {
                literal: Literal::new(step.literal),
                to,
                specials: specials as u32,
                depth: step.depth,
                slot: step.slot,
                members: (step.members != LiteralMembers::default())
                    .then(|| Box::new(step.members)),
                taken: Cell::new(0),
            };
            self.insert(from, edge, step.literal);
            from = to;
        }
    }

    fn insert(&mut self, from: State, edge: Edge, literal: &[u8]) {
        let Some(preferred) = self.preferred.get(usize::from(from)) else {
            // States are numbered as they are reached, and left right after.
            debug_assert_eq!(self.preferred.len(), usize::from(from));
            self.preferred.push(edge);
            self.others.push(Others::default());
            return;
        };
        let others = &mut self.others[usize::from(from)];
        let is_it = |known: &Edge| known.to == edge.to && known.literal.is(literal);
        if is_it(preferred) || others.edges.iter().any(is_it) {
            return;
        }
        others.edges.truncate(MAX_OTHERS - 1);
        others.edges.push(edge);
        others.judged.set(self.walked);
    }

    /// An edge of `state` that fits, other than the preferred one. It becomes the preferred one once more than half of
    /// the records take it.
    #[inline(never)]
    fn other(&self, state: usize, text: &[u8], at: usize) -> Option<&Edge> {
        let others = self.others.get(state)?;
        let fits = |edge: &Edge| edge.fits(super::vector::Portable, text, at);
        let place = others.edges.iter().position(fits)?;
        let edge = &others.edges[place];
        edge.taken.set(edge.taken.get() + 1);
        let records = self.walked.wrapping_sub(others.judged.get());
        if records >= JUDGED_RECORDS {
            if edge.taken.get() > records / 2 {
                self.promoted.set(Some((state as State, place)));
            }
            others.judged.set(self.walked);
            others.edges.iter().for_each(|edge| edge.taken.set(0));
        }
        Some(edge)
    }

    /// Makes the edge that the last walk promoted the preferred one.
    #[inline(always)]
    pub(super) fn finish_walk(&mut self) {
        self.walked = self.walked.wrapping_add(1);
        if let Some((state, place)) = self.promoted.take() {
            let state = usize::from(state);
            let other = &mut self.others[state].edges[place];
            std::mem::swap(&mut self.preferred[state], other);
        }
    }
}

/// A walk along the record that begins at `at`. Returns the position after its closing brace and the number of special
/// bytes before that; `None` if the record leaves the graph.
pub(super) struct Walk<'a> {
    pub(super) graph: &'a Graph,
    pub(super) text: &'a [u8],
    pub(super) at: usize,
    /// Whether line feeds are blanks within the record.
    pub(super) lines: bool,
    /// The positions of the special bytes of the text.
    pub(super) positions: &'a [u32],
    /// Number of special bytes before `at`.
    pub(super) passed: usize,
    pub(super) wanted: &'a Wanted,
    pub(super) spans: &'a mut Spans,
    /// Stack of the general parser.
    pub(super) open: &'a mut Vec<Container>,
}

impl Task for Walk<'_> {
    type Output = Option<(usize, usize)>;

    #[inline(always)]
    fn run<V: Vector>(mut self, vector: V) -> Option<(usize, usize)> {
        let (text, positions) = (self.text, self.positions);
        let (mut at, mut passed) = (self.at, self.passed);
        let mut state = usize::from(BEGINNING);
        self.spans.begin();
        loop {
            // Usually the next edge is the next in memory, so that no load waits for the one before.
            let chain = self.graph.preferred.get(state..)?;
            if chain.is_empty() {
                return None;
            }
            for preferred in chain {
                let edge = if preferred.fits(vector, text, at) {
                    preferred
                } else {
                    self.graph.other(state, text, at)?
                };
                if !edge.note_members(at, self.spans) {
                    return None;
                }
                at += edge.literal.len();
                passed += edge.specials as usize;
                if edge.to == END {
                    return Some((at, passed));
                }
                let start = at;
                let mut escaped = false;
                let first = byte(text, at);
                if first == b'"' {
                    debug_assert!(
                        positions
                            .get(passed)
                            .is_none_or(|place| *place as usize == at)
                    );
                    let end = *positions.get(passed + 1)? as usize;
                    if byte(text, end) == b'"' {
                        (at, passed) = (end + 1, passed + 2);
                    } else {
                        (at, passed) = escaped_string(text, positions, passed + 1)?;
                        escaped = true;
                    }
                } else if first == b'[' {
                    (at, passed) = self.array(vector, at, edge.depth, passed)?;
                } else {
                    at = scalar(text, at).ok()?;
                }
                if let Some(slot) = edge.slot {
                    self.spans.set(slot, start, at, escaped);
                }
                state += 1;
                if usize::from(edge.to) != state {
                    state = usize::from(edge.to);
                    break;
                }
            }
        }
    }
}

impl Walk<'_> {
    /// Reads the array at `at`; returns the position after it, and the number of special bytes before that.
    #[inline(never)]
    fn array<V: Vector>(
        &mut self,
        vector: V,
        at: usize,
        depth: u8,
        mut passed: usize,
    ) -> Option<(usize, usize)> {
        let value = Parse {
            text: self.text,
            at,
            lines: self.lines,
            depth: usize::from(depth),
            member: Member::UNWANTED,
            wanted: self.wanted,
            spans: self.spans,
            open: self.open,
        };
        let end = vector.call(value).ok()?;
        while (*self.positions.get(passed)? as usize) < end {
            passed += 1;
        }
        Some((end, passed))
    }
}

/// Reads a string with escapes, from its special byte number `passed`; returns the position after its closing quote,
/// and the number of special bytes before that.
#[inline(never)]
fn escaped_string(text: &[u8], positions: &[u32], mut passed: usize) -> Option<(usize, usize)> {
    loop {
        let at = *positions.get(passed)? as usize;
        match byte(text, at) {
            b'"' => return Some((at + 1, passed + 1)),
            b'\\' => {
                escape(text, at).ok()?;
                // The escaped byte may be a quote or a backslash, which is special.
                passed += 1 + usize::from(is_special(byte(text, at + 1)));
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests;
