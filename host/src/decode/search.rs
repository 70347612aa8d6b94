//! The search for the next record after a broken one, in a text of JSON records.
//!
//! The end of a broken record is not known. It ends at the latest with its line feed or with the object, and before
//! that where the next record begins. Outside of strings, JSON has an opening brace only at the beginning of a record
//! or after a colon, a comma or a bracket, and a value directly after another value is not JSON. So a brace followed by
//! a quote, with or without blanks between them, is a *candidate* for the next record. The bytes before it decide:
//! - *After a closing brace*: the candidate is the next record, unless it is a whole object followed by a comma, a
//!   bracket or a brace: then it is an element of an array that has lost its comma. A candidate that is not whole is a
//!   record too: its reader rejects it, and two consecutive broken records are two rejections.
//! - *After other bytes that no object follows in JSON*: the candidate is the next record if it is whole and is not
//!   followed by a comma, a bracket or a brace. So reading resumes after a record that lost its last brace.
//! - *After bytes that an object may follow*, such as a comma: the candidate is the next record if it is whole and is
//!   followed by another opening brace or by the end.
//!
//! # False records
//! A candidate within a string of the broken record would be a false record. But a quote within a string follows a
//! backslash, so the quote of such a candidate is the closing quote of the string: the string ends with a brace, and
//! the text after it would have to be JSON with names in the place of values. JSON text within a string is never a
//! candidate, since each of its quotes follows a backslash. `{}` has no quote, and strings such as `"{} {}"` are
//! frequent: so reading does not resume at an empty record, and an empty record between a broken record and the next
//! whole one is swallowed.
//!
//! # What is swallowed
//! Braces outside of strings are counted. Where all braces are closed and the following byte does not continue an array
//! or an object, or where a candidate of the second kind is not whole, other records may begin: the bytes from there to
//! the end of the rejection are swallowed. Within a line, which usually is one record, this holds only if the following
//! byte is a brace. If an object without lines ends without a closing brace, all bytes after the fault are swallowed.
//! An element of an array that does not have its line for itself is one of many records on it: then too, all bytes after
//! the fault are swallowed unless the braces say where other records begin.
//!
//! # Time and memory
//! The search reads each byte once, and candidates are parsed in addition. Of all parses that pass over a byte, those
//! within a string have the same state there, and so have those outside of one; a candidate ends all parses that are
//! outside of a string. So at most two parses go far, and the time is linear. The parse of a candidate stops at the
//! length of the longest record; the search keeps no other bytes in memory.

use memchr::memchr3;

/// The most blanks between the brace and the quote of a candidate, and the most that are skipped after a whole object.
pub(super) const BLANKS: usize = 64;

/// The search for the end of a broken record.
#[derive(Debug)]
pub(super) struct Search {
    /// Number of bytes passed, from the beginning of the record. All positions count from there.
    seen: u64,
    /// Position of the fault.
    fault: u64,
    /// Whether the last byte before the record that is not blank is a line feed.
    follows_line: bool,
    /// Whether the record is an element of an array, so that its line may have others.
    is_element: bool,
    /// The candidate at this position was refused.
    is_judged: bool,
    is_quoted: bool,
    /// Whether the next byte follows a backslash.
    is_escaped: bool,
    /// The byte before the quote that opened the last string, blanks skipped.
    opened_after: u8,
    /// Number of open braces.
    depth: u64,
    /// The last two bytes that are not blank; 0 where there are none.
    before: [u8; 2],
    /// Position after the last of them.
    ends: u64,
    /// Where all braces were closed, until the byte after it is known.
    closed: Option<Closed>,
    own: Option<Own>,
}

/// A position at which no brace is open.
#[derive(Clone, Copy, Debug)]
struct Closed {
    at: u64,
    /// Whether a comma follows.
    has_comma: bool,
}

/// The end of the broken record's own bytes.
#[derive(Clone, Copy, Debug)]
struct Own {
    at: u64,
    /// Whether an opening brace follows.
    is_object_next: bool,
}

/// The result of a step of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A record may begin at this position.
    Candidate(Sign),
    /// The line or the object ends at this position.
    End,
    /// More text is needed.
    More,
}

/// The kind of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// After a closing brace.
    Strong,
    /// After bytes that no object within a record follows.
    Weak,
    /// After bytes that an object within a record may follow.
    Doubtful,
}

/// The result of parsing a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// A whole object, and the byte after it on its line.
    Whole(Option<u8>),
    Broken,
}

/// The reason for which a broken record ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Record,
    Line,
    Object,
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

impl Search {
    /// The search for the end of a record with a fault at `fault` bytes from its beginning.
    pub(super) fn new(fault: usize, follows_line: bool, is_element: bool) -> Self {
        Search {
            seen: 0,
            fault: fault as u64,
            follows_line,
            is_element,
            is_judged: false,
            is_quoted: false,
            is_escaped: false,
            opened_after: 0,
            depth: 0,
            before: [0; 2],
            ends: 0,
            closed: None,
            own: None,
        }
    }

    /// Searches `text`, which begins with the first byte that was not passed and has no line feed. Returns the number
    /// of bytes passed and the result there. `is_whole`: the line or the object ends with `text`.
    pub(super) fn next(&mut self, text: &[u8], is_whole: bool) -> (usize, Step) {
        let (at, sign) = self.scan(text, is_whole);
        self.pass(&text[..at]);
        let step = match sign {
            Some(sign) => Step::Candidate(sign),
            None if is_whole => Step::End,
            None => Step::More,
        };
        (at, step)
    }

    /// Whether a record begins at a candidate with this result of parsing.
    pub(super) fn begins(&mut self, sign: Sign, parsed: Parsed) -> bool {
        let goes_on = |next: &u8| matches!(next, b',' | b']' | b'}');
        let begins = match (sign, parsed) {
            (Sign::Strong, Parsed::Broken) => true,
            (_, Parsed::Broken) => false,
            (Sign::Doubtful, Parsed::Whole(next)) => next.is_none_or(|next| next == b'{'),
            (_, Parsed::Whole(next)) => !next.as_ref().is_some_and(goes_on),
        };
        self.is_judged = !begins;
        if sign == Sign::Weak && parsed == Parsed::Broken && !self.is_quoted {
            self.own_ends(self.seen, true);
        }
        begins
    }

    /// The number of swallowed bytes among those passed.
    pub(super) fn swallowed_bytes(&self, ended: Ended) -> u64 {
        let is_line = match self.is_element {
            false => ended == Ended::Line || self.follows_line,
            true => ended == Ended::Line && self.follows_line,
        };
        let own_end = match self.own {
            Some(own) if own.is_object_next || !is_line => own.at,
            _ if self.is_element && !is_line && ended != Ended::Record => self.fault,
            _ if ended == Ended::Object && !is_line && self.before[1] != b'}' => self.fault,
            _ => return 0,
        };
        self.ends.saturating_sub(own_end)
    }

    /// Searches for a candidate; returns its index in `text`, or the index up to which there is none.
    fn scan(&mut self, text: &[u8], is_whole: bool) -> (usize, Option<Sign>) {
        let mut at = 0;
        if self.is_escaped && !text.is_empty() {
            self.is_escaped = false;
            at = 1;
        }
        loop {
            self.see_closed(&text[at..]);
            let third = if self.is_quoted { b'\\' } else { b'}' };
            let Some(found) = memchr3(b'"', b'{', third, &text[at..]) else {
                return (text.len(), None);
            };
            let found = at + found;
            at = found + 1;
            match text[found] {
                b'"' => {
                    if !self.is_quoted {
                        self.opened_after = self.before(&text[..found])[1];
                    }
                    self.is_quoted = !self.is_quoted;
                }
                b'\\' if at == text.len() => self.is_escaped = true,
                b'\\' => at += 1,
                b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.closed = (self.depth == 0).then_some(Closed {
                        at: self.seen + at as u64,
                        has_comma: false,
                    });
                }
                _ => {
                    let mut ahead = text[at..].iter().take(BLANKS + 1);
                    let next = ahead.find(|byte| !is_blank(**byte));
                    let is_open = next.is_none() && text.len() - at <= BLANKS;
                    if is_open && !is_whole {
                        return (found, None);
                    }
                    let is_first = self.seen + found as u64 == 0;
                    let is_candidate = next == Some(&b'"') && !is_first;
                    if is_candidate && !std::mem::take(&mut self.is_judged) {
                        let before = self.before(&text[..found]);
                        if let Some(sign) = sign(before, self.opened_after) {
                            return (found, Some(sign));
                        }
                    }
                    self.depth += u64::from(!self.is_quoted);
                }
            }
        }
    }

    /// Reads the bytes after a position at which no brace is open.
    fn see_closed(&mut self, text: &[u8]) {
        let Some(mut closed) = self.closed.take() else {
            return;
        };
        for byte in text.iter().filter(|byte| !is_blank(**byte)) {
            match byte {
                b',' if !closed.has_comma => closed.has_comma = true,
                b'{' => return self.own_ends(closed.at, true),
                b',' | b']' | b'}' => return,
                _ if closed.has_comma => return,
                _ => return self.own_ends(closed.at, false),
            }
        }
        self.closed = Some(closed);
    }

    fn own_ends(&mut self, at: u64, is_object_next: bool) {
        self.own.get_or_insert(Own { at, is_object_next });
    }

    /// The last two bytes that are not blank, of the bytes passed and `text`.
    fn before(&self, text: &[u8]) -> [u8; 2] {
        let text = text.iter().rev().filter(|byte| !is_blank(**byte));
        let mut last = text.chain(self.before.iter().rev()).copied();
        let one = last.next().unwrap_or_default();
        [last.next().unwrap_or_default(), one]
    }

    fn pass(&mut self, text: &[u8]) {
        if let Some(last) = text.iter().rposition(|byte| !is_blank(*byte)) {
            self.ends = self.seen + last as u64 + 1;
            self.before = self.before(text);
        }
        self.seen += text.len() as u64;
    }
}

/// The kind of a candidate by the last two bytes before it; `None` if it is an object within a record. `opened_after`
/// is the byte before the quote that opened the string which ends there, if one does.
fn sign(before: [u8; 2], opened_after: u8) -> Option<Sign> {
    match before {
        [_, b'}'] => Some(Sign::Strong),
        // The value of a member.
        [b'"', b':'] if matches!(opened_after, b'{' | b',') => None,
        // The first element of an array.
        [b':' | b',' | b'[', b'['] => None,
        [_, b':' | b',' | b'['] => Some(Sign::Doubtful),
        _ => Some(Sign::Weak),
    }
}
