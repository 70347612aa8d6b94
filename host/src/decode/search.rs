//! Where a text of JSON records goes on after a broken one.
//!
//! A broken record does not say where it would have ended. Its line feed, or the end of the object, ends it at the
//! latest; before that, the next record. Outside of strings JSON has an opening brace only at the beginning of a record
//! or after a colon, a comma or a bracket, and a value that follows another one without a comma is no JSON. So a brace
//! with a quote after it, blanks aside, is a *candidate*, by what stands in front of it:
//! - *after a closing brace*: the next record, unless a whole object stands there and a comma, a bracket or a brace
//!   follows it: then it is an element of an array that has lost its comma. Whether it is whole does not matter
//!   otherwise: the reader finds out, and two broken records in a row are two rejections.
//! - *after anything else that no object stands after*: the next record, if it is whole and nothing follows it that
//!   would go on with an array or an object around it. So a record comes back after one that lost its last brace.
//! - *where an object may stand, but perhaps does not*, such as after a comma: the same, if also the next record or the
//!   end follows it.
//!
//! # False records
//! A candidate within a string of the broken record would be a false record. But a quote within a string has a backslash
//! in front of it, so the quote of such a candidate is the string's own closing quote: the string ends with a brace, and
//! all that follows would have to be JSON with names for values and the other way round. JSON that is written into a string
//! is never one, as each of its quotes has a backslash. `{}` has no quote, and strings such as `"{} {}"` are frequent:
//! so a text is not taken up at an empty record, and one that stands between a broken record and the next whole one is
//! swallowed.
//!
//! # What is swallowed
//! Braces outside of strings are counted. Where the broken record is closed by that count and something follows that goes
//! on with nothing, or a candidate of the second kind is not whole, other records begin: from there to the end of the
//! rejection, bytes are swallowed. In a line, which is as a rule one record, only what begins with a brace is such.
//! Where an object without lines ends without a closing brace, nothing is known of what follows the fault, and all of
//! that is swallowed.
//!
//! # Time and memory
//! Each byte is looked at once, and candidates are parsed in addition. Of all parses that began before a byte and go on
//! beyond it, either those within a string or those outside of one are at the same state there, and a candidate ends or
//! breaks all of those that are outside. So at most two of them get far, and the time is linear. A candidate is
//! followed no further than a record may be long; no other bytes are held in memory.

use memchr::memchr3;

/// How many blanks may stand between a brace and its quote, or are looked over after a whole object.
pub(super) const BLANKS: usize = 64;

/// A record that is broken, and the search for its end.
#[derive(Debug)]
pub(super) struct Search {
    /// Bytes looked at, of the record and all that follows it: positions count from its beginning.
    seen: u64,
    /// Where the parser met the fault.
    fault: u64,
    /// Whether a line feed stands in front of the record, blanks aside.
    follows_line: bool,
    /// The candidate at hand was judged, and is none.
    is_judged: bool,
    is_quoted: bool,
    /// The next byte follows a backslash.
    is_escaped: bool,
    /// What stands in front of the quote that opened the last string.
    opened_after: u8,
    /// How many braces are open.
    depth: u64,
    /// The last two bytes that are no blanks, 0 where there are none.
    before: [u8; 2],
    /// Where the last of them ends.
    ends: u64,
    /// Where all braces were closed, if what follows there is still to be seen.
    closed: Option<Closed>,
    own: Option<Own>,
}

/// The end of a text without open braces.
#[derive(Clone, Copy, Debug)]
struct Closed {
    at: u64,
    /// A comma follows it.
    has_comma: bool,
}

/// Where the record's own bytes end.
#[derive(Clone, Copy, Debug)]
struct Own {
    at: u64,
    /// A brace follows.
    is_object_next: bool,
}

/// What the search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A record may begin here.
    Candidate(Sign),
    /// The line or the object ends here.
    End,
    /// What stands here depends on what follows.
    More,
}

/// How likely it is that a record begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// It follows a closing brace.
    Strong,
    /// It follows what no object within a record follows.
    Weak,
    /// It follows what an object within a record may follow.
    Doubtful,
}

/// What stands at a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A whole object, and what follows it on its line.
    Whole(Option<u8>),
    Broken,
}

/// What ended a broken record.
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
    /// The search for the end of a record that has a fault `fault` bytes after its beginning.
    pub(super) fn new(fault: usize, follows_line: bool) -> Self {
        Search {
            seen: 0,
            fault: fault as u64,
            follows_line,
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

    /// Goes on with `text`, which begins with the first byte that was not passed yet and ends in front of a line feed at
    /// the latest, and says how many bytes it passed and what stands there. `is_whole` tells whether the line or the object
    /// ends with `text`.
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

    /// Whether a record begins at the candidate, where that was found.
    pub(super) fn begins(&mut self, sign: Sign, found: Found) -> bool {
        let goes_on = |next: &u8| matches!(next, b',' | b']' | b'}');
        let begins = match (sign, found) {
            (Sign::Strong, Found::Broken) => true,
            (_, Found::Broken) => false,
            (Sign::Doubtful, Found::Whole(next)) => next.is_none_or(|next| next == b'{'),
            (_, Found::Whole(next)) => !next.as_ref().is_some_and(goes_on),
        };
        self.is_judged = !begins;
        if sign == Sign::Weak && found == Found::Broken && !self.is_quoted {
            self.own_ends(self.seen, true);
        }
        begins
    }

    /// How many of the last bytes that were passed are swallowed.
    pub(super) fn swallowed_bytes(&self, ended: Ended) -> u64 {
        let is_line = ended == Ended::Line || self.follows_line;
        let own_end = match self.own {
            Some(own) if own.is_object_next || !is_line => own.at,
            _ if ended == Ended::Object && !is_line && self.before[1] != b'}' => self.fault,
            _ => return 0,
        };
        self.ends.saturating_sub(own_end)
    }

    /// Looks for a candidate, and gives its place or how far it came without one.
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

    /// Looks at what follows the end of a text without open braces.
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

    /// The last two bytes that are no blanks, of what was passed and `text`.
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

/// What a brace with a quote after it is, by the last two bytes in front of it; `None` where an object within a record
/// stands. `opened_after` is what stands in front of the quote that opened the string that ends there, if one does.
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
