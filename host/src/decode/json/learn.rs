//! The steps of a record through the [graph](super::graph).

use super::graph::{Brace, LiteralMembers, Step};
use super::scan::{byte, scalar, string};
use super::vector::Portable;
use super::wanted::{Member, Wanted};

/// The most bytes of a literal, so that the graph stays small.
const MAX_LITERAL_BYTES: usize = 1 << 10;

/// The steps of the record `start..end`, which the general parser accepted; `None` if a literal is too long.
#[cold]
pub(super) fn steps<'a>(
    text: &'a [u8],
    start: usize,
    end: usize,
    wanted: &'a Wanted,
) -> Option<Vec<Step<'a>>> {
    let mut learner = Learner {
        text,
        wanted,
        steps: Vec::new(),
        objects: Vec::new(),
        path: Vec::new(),
        members: LiteralMembers::default(),
        literal: start,
        member: Member::RECORD,
    };
    let mut at = start;
    let mut is_name = false;
    while at < end {
        match byte(text, at) {
            b'{' => {
                learner.open(at);
                is_name = true;
                at += 1;
            }
            b'}' => {
                at += 1;
                learner.close(at);
            }
            b',' => {
                is_name = true;
                at += 1;
            }
            b':' => {
                is_name = false;
                at += 1;
            }
            b' ' | b'\t' | b'\r' | b'\n' => at += 1,
            b'"' if is_name => {
                let (quote, escaped) = string(Portable, text, at + 1).ok()?;
                learner.name(&text[at + 1..quote], escaped);
                at = quote + 1;
            }
            _ => at = learner.value(at)?,
        }
    }
    learner.finish(end)
}

struct Learner<'a> {
    text: &'a [u8],
    wanted: &'a Wanted,
    steps: Vec<Step<'a>>,
    /// The open objects: the wanted member of each, and the length of its path.
    objects: Vec<(Member, usize)>,
    /// The names down to the current member, each after a zero byte, which no name contains unescaped.
    path: Vec<u8>,
    /// Wanted members within the current literal, so far.
    members: LiteralMembers,
    /// Index at which the current literal begins.
    literal: usize,
    /// The wanted part of the current member.
    member: Member,
}

impl<'a> Learner<'a> {
    fn open(&mut self, at: usize) {
        self.brace(self.member, at, true);
        self.objects.push((self.member, self.path.len()));
    }

    /// Closes the object that ends at `end`.
    fn close(&mut self, end: usize) {
        if let Some((member, path)) = self.objects.pop() {
            self.brace(member, end, false);
            self.path.truncate(path);
        }
    }

    fn brace(&mut self, member: Member, at: usize, opens: bool) {
        if let Some(slot) = member.slot {
            self.members.objects.push(Brace {
                slot,
                offset: at - self.literal,
                opens,
            });
        }
    }

    fn name(&mut self, inside: &[u8], escaped: bool) {
        let Some((object, path)) = self.objects.last() else {
            return;
        };
        self.path.truncate(*path);
        self.path.push(0);
        self.path.extend_from_slice(inside);
        let name = object.node.and_then(|node| {
            if escaped {
                self.wanted.find_escaped(node, inside)
            } else {
                self.wanted.find(node, inside)
            }
        });
        self.member = Member::UNWANTED;
        if let Some(name) = name {
            self.member = name.member;
            self.members.names.push(name.id);
        }
    }

    /// Adds the step to a string, an array or a scalar; returns the end of the value.
    fn value(&mut self, at: usize) -> Option<usize> {
        let step = self.step(at, Some(self.path.as_slice().into()), self.member.slot)?;
        self.steps.push(step);
        self.literal = match byte(self.text, at) {
            b'"' => string(Portable, self.text, at + 1).ok()?.0 + 1,
            b'[' => array_end(self.text, at)?,
            _ => scalar(self.text, at).ok()?,
        };
        Some(self.literal)
    }

    fn finish(mut self, end: usize) -> Option<Vec<Step<'a>>> {
        let last = self.step(end, None, None)?;
        self.steps.push(last);
        Some(self.steps)
    }

    /// The step whose literal ends at `end`.
    fn step(
        &mut self,
        end: usize,
        path: Option<Box<[u8]>>,
        slot: Option<super::SlotId>,
    ) -> Option<Step<'a>> {
        let literal = &self.text[self.literal..end];
        if literal.len() > MAX_LITERAL_BYTES {
            return None;
        }
        Some(Step {
            literal,
            path,
            // At most 128, which the general parser checked.
            depth: self.objects.len() as u8,
            slot,
            members: std::mem::take(&mut self.members),
        })
    }
}

/// The end of the array at `at`, whose brackets and braces match.
fn array_end(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0;
    loop {
        match byte(text, at) {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            b'"' => at = string(Portable, text, at + 1).ok()?.0,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}
