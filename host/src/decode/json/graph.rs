//! The graph of the records seen so far, and the walk along it.
//!
//! Records of one source look alike: between two values stand the same bytes, `,"page_id":` say, record after
//! record. A *state* is the path of the value read last; an *edge* is the exact bytes from the end of that value
//! to the beginning of the next. So a record is known to be valid by comparing a few such literals, and by
//! reading the values between them: a string's end is the next special byte of the [index](super::index).
//! Whatever order or choice of known members a record has, its edges are known. A record that leaves the graph
//! goes to the general parser, and is [learned](super::learn) from.
//!
//! # Why a walk proves that a record is valid
//! - A literal was taken from a valid record. What may stand between two values depends only on the containers
//!   that are open, and those are the path of the first value.
//! - Arrays are values, passed over by the general parser; so every container on a path is an object.
//! - Each value is read in full by the rules of the grammar.
//! - That a name is wanted depends on the path alone. That it came before does not; it is noted on the way, and
//!   a record that repeats one leaves the graph.

use std::cell::Cell;
use std::collections::HashMap;

use super::general::{Container, Parse};
use super::scan::{byte, bytes, escape, scalar};
use super::spans::Spans;
use super::vector::{Head, Task, Vector, is_special};
use super::wanted::{Member, NameId, SlotId, Wanted};

/// How many states there may be. Records whose names are data have no end of paths.
const MAX_STATES: usize = 512;

/// How many edges may leave a state beside the preferred one; the last gives way to new ones.
const MAX_OTHERS: usize = 8;

/// After so many records it is judged which edge of a state to prefer.
const JUDGED_RECORDS: u32 = 64;

/// A place in a record: 0 at its beginning, else behind the value of one path.
pub(super) type State = u16;

const BEGINNING: State = 0;

/// Where the last edge of a record leads.
const END: State = State::MAX;

#[derive(Debug, Default)]
pub(super) struct Graph {
    /// The edge that is tried first, by state. States are numbered as they were learned, so that a usual record
    /// goes from each to the next.
    preferred: Vec<Edge>,
    others: Vec<Others>,
    /// The states by their paths.
    states: HashMap<Box<[u8]>, State>,
    /// Records walked, modulo 2^32.
    walked: u32,
    /// A state and the one of its other edges that is to be preferred.
    promoted: Cell<Option<(State, usize)>>,
}

/// The edges of a state that are not tried first.
#[derive(Debug, Default)]
struct Others {
    edges: Vec<Edge>,
    /// When it was judged last which to prefer.
    judged: Cell<u32>,
}

/// From one value to the next.
#[derive(Debug)]
pub(super) struct Edge {
    literal: Literal,
    to: State,
    /// How many special bytes the literal has.
    specials: u32,
    /// How many containers are open at the value.
    depth: u8,
    /// Where the span of the value goes.
    slot: Option<SlotId>,
    /// What the literal says of wanted members. Most say nothing.
    members: Option<Box<LiteralMembers>>,
    /// How often it was taken instead of the preferred one.
    taken: Cell<u32>,
}

/// What a literal says of wanted members.
#[derive(Debug, Default, PartialEq)]
pub(super) struct LiteralMembers {
    /// Their names.
    pub(super) names: Vec<NameId>,
    /// Where those begin and end that are objects.
    pub(super) objects: Vec<Brace>,
}

/// The opening or closing brace of a wanted object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Brace {
    pub(super) slot: SlotId,
    /// The place of the opening brace, or behind the closing one, within the literal.
    pub(super) offset: usize,
    pub(super) opens: bool,
}

/// Exact bytes, of which the first 32 are compared at once.
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

    /// Whether it stands at `at`.
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
    /// Whether its literal stands at `at`, and behind it a value, not a container or a blank: those belong to
    /// longer literals.
    #[inline(always)]
    fn fits<V: Vector>(&self, vector: V, text: &[u8], at: usize) -> bool {
        if !self.literal.is_at(vector, text, at) {
            return false;
        }
        let first = byte(text, at + self.literal.len());
        first == b'"' || self.to == END || !matches!(first, b'{' | 0..=b' ')
    }

    /// Notes what the literal says, which stands at `at`; false if a name came before.
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

/// An edge to be learned.
pub(super) struct Step<'a> {
    pub(super) literal: &'a [u8],
    /// The path of the value behind it; `None` at the end of the record.
    pub(super) path: Option<Box<[u8]>>,
    pub(super) depth: u8,
    pub(super) slot: Option<SlotId>,
    pub(super) members: LiteralMembers,
}

impl Graph {
    pub(super) fn forget(&mut self) {
        *self = Graph::default();
    }

    /// Learns the way of one record, from its beginning to its end; not if that would make too many states.
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

    /// Another edge of `state` that fits. It will be preferred once it is taken by more than half of the records.
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

    /// Prefers what the last walk found worth it.
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

/// Walks the record that begins at `at`. Gives the position behind its closing brace and the number of special
/// bytes before that; `None` where the record leaves the graph.
pub(super) struct Walk<'a> {
    pub(super) graph: &'a Graph,
    pub(super) text: &'a [u8],
    pub(super) at: usize,
    /// Whether line feeds are blanks within the record.
    pub(super) lines: bool,
    /// The special bytes of the text.
    pub(super) positions: &'a [u32],
    /// How many of them come before `at`.
    pub(super) passed: usize,
    pub(super) wanted: &'a Wanted,
    pub(super) spans: &'a mut Spans,
    /// For the general parser.
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
            // Mostly the next edge is simply the next in memory, so that no load waits for the one before.
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
    /// An array at `at`; gives the position behind it, and the number of special bytes before that.
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

/// A string that has escapes, from the special byte `passed` in it; gives the position behind its closing quote,
/// and the number of special bytes before that.
#[inline(never)]
fn escaped_string(text: &[u8], positions: &[u32], mut passed: usize) -> Option<(usize, usize)> {
    loop {
        let at = *positions.get(passed)? as usize;
        match byte(text, at) {
            b'"' => return Some((at + 1, passed + 1)),
            b'\\' => {
                escape(text, at).ok()?;
                // What is escaped may be a quote or a backslash.
                passed += 1 + usize::from(is_special(byte(text, at + 1)));
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests;
