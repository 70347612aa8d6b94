//! The general parser: one pass over a record of any shape, which validates every byte and notes the wanted spans.
//!
//! It keeps the open containers on a stack of its own, so its recursion does not depend on the input, and the whole
//! parser is one function that is compiled for each set of vector instructions.

use super::MAX_DEPTH;
use super::fault::{Fault, FaultKind};
use super::scan::{byte, scalar, skip_space, string};
use super::spans::Spans;
use super::vector::{Task, Vector};
use super::wanted::{Member, NodeId, SlotId, Wanted};

/// Parses the value that begins at `at`, and returns the position after it.
pub(super) struct Parse<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
    /// Whether line feeds are blanks within the record.
    pub(super) lines: bool,
    /// Number of containers that are open around the value.
    pub(super) depth: usize,
    /// The wanted part of the value.
    pub(super) member: Member,
    pub(super) wanted: &'a Wanted,
    pub(super) spans: &'a mut Spans,
    /// The stack, passed in so that its memory is reused.
    pub(super) open: &'a mut Vec<Container>,
}

/// An open object or array.
#[derive(Clone, Copy, Debug)]
pub(super) struct Container {
    is_object: bool,
    /// The node of the wanted members, for an object that has some.
    node: Option<NodeId>,
    /// The slot for its span, if it is wanted itself.
    slot: Option<SlotId>,
}

impl Task for Parse<'_> {
    type Output = Result<usize, Fault>;

    #[inline(always)]
    fn run<V: Vector>(mut self, vector: V) -> Result<usize, Fault> {
        let (text, lines) = (self.text, self.lines);
        let (mut at, mut member) = (self.at, self.member);
        self.open.clear();
        loop {
            // At a value.
            match byte(text, at) {
                opening @ (b'{' | b'[') => {
                    let is_object = opening == b'{';
                    self.enter(at, is_object, member)?;
                    at = skip_space(text, at + 1, lines);
                    // In ASCII, a closing brace or bracket is its opening one plus two.
                    if byte(text, at) != opening + 2 {
                        (at, member) = self.next_member(vector, at)?;
                        continue;
                    }
                }
                b'"' => {
                    let (end, escaped) = string(vector, text, at + 1)?;
                    self.keep(member, at, end + 1, escaped);
                    at = end + 1;
                }
                _ => {
                    let end = scalar(text, at)?;
                    self.keep(member, at, end, false);
                    at = end;
                }
            }
            // After a value, or at the end of an empty container.
            loop {
                let Some(container) = self.open.last() else {
                    return Ok(at);
                };
                at = skip_space(text, at, lines);
                match byte(text, at) {
                    b',' => break,
                    b'}' if container.is_object => {}
                    b']' if !container.is_object => {}
                    _ if container.is_object => {
                        return Err(Fault::new(at, FaultKind::CommaOrBrace));
                    }
                    _ => return Err(Fault::new(at, FaultKind::CommaOrBracket)),
                }
                at += 1;
                if let Some(slot) = container.slot {
                    self.spans.close(slot, at);
                }
                self.open.pop();
            }
            at = skip_space(text, at + 1, lines);
            (at, member) = self.next_member(vector, at)?;
        }
    }
}

impl Parse<'_> {
    #[inline(always)]
    fn enter(&mut self, at: usize, is_object: bool, member: Member) -> Result<(), Fault> {
        if self.depth + self.open.len() == MAX_DEPTH {
            return Err(Fault::new(at, FaultKind::Depth));
        }
        if let Some(slot) = member.slot {
            self.spans.set(slot, at, at, false);
        }
        self.open.push(Container {
            is_object,
            node: member.node.filter(|_| is_object),
            slot: member.slot,
        });
        Ok(())
    }

    #[inline(always)]
    fn keep(&mut self, member: Member, start: usize, end: usize, escaped: bool) {
        if let Some(slot) = member.slot {
            self.spans.set(slot, start, end, escaped);
        }
    }

    /// In an object, reads the name and colon at `at`. Returns the position of the value, and the wanted part of it.
    #[inline(always)]
    fn next_member<V: Vector>(&mut self, vector: V, at: usize) -> Result<(usize, Member), Fault> {
        let text = self.text;
        let container = self.open.last().copied();
        let Some(Container {
            is_object: true,
            node,
            ..
        }) = container
        else {
            return Ok((at, Member::UNWANTED));
        };
        if byte(text, at) != b'"' {
            return Err(Fault::new(at, FaultKind::Name));
        }
        let start = at + 1;
        let (end, escaped) = string(vector, text, start)?;
        let at = skip_space(text, end + 1, self.lines);
        if byte(text, at) != b':' {
            return Err(Fault::new(at, FaultKind::Colon));
        }
        let member = match node {
            Some(node) => self.look_up(node, &text[start..end], escaped),
            None => Member::UNWANTED,
        };
        Ok((skip_space(text, at + 1, self.lines), member))
    }

    #[inline(always)]
    fn look_up(&mut self, node: NodeId, name: &[u8], escaped: bool) -> Member {
        let name = if escaped {
            self.wanted.find_escaped(node, name)
        } else {
            self.wanted.find(node, name)
        };
        match name {
            Some(name) if self.spans.meet(name.id) => name.member,
            _ => Member::UNWANTED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::block::PADDING;
    use crate::decode::json::vector::Processor;

    /// The length of the record and the texts at `paths`, or the fault.
    fn parse(record: &str, paths: &[&str]) -> Result<(usize, Vec<Option<String>>), Fault> {
        let mut wanted = Wanted::default();
        let slots: Vec<_> = paths.iter().map(|path| wanted.add(path).unwrap()).collect();
        let text = [record.as_bytes(), &[0; PADDING]].concat();
        let mut answers = Processor::all().into_iter().map(|processor| {
            let mut spans = Spans::new(&wanted);
            spans.begin();
            let end = processor.run(Parse {
                text: &text,
                at: 0,
                lines: false,
                depth: 0,
                member: Member::RECORD,
                wanted: &wanted,
                spans: &mut spans,
                open: &mut Vec::new(),
            })?;
            let texts = slots.iter().map(|slot| {
                spans
                    .get(*slot)
                    .map(|span| record[span.start as usize..span.end as usize].to_owned())
            });
            Ok((end, texts.collect()))
        });
        let first = answers.next().unwrap();
        answers.for_each(|other| assert_eq!(other, first, "{record}"));
        first
    }

    fn texts(record: &str, paths: &[&str]) -> Vec<Option<String>> {
        parse(record, paths).unwrap().1
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn wanted_values_are_found_as_they_stand() {
        let record = r#"{ "a" : 1.50, "b":{"c":"x\n","d":[1,{"c":2}]},"e":null}"#;
        assert_eq!(
            texts(record, &["a", "b.c", "b", "e", "f", "a.x", "b.d.c"]),
            [
                some("1.50"),
                some(r#""x\n""#),
                some(r#"{"c":"x\n","d":[1,{"c":2}]}"#),
                some("null"),
                None,
                None,
                None
            ]
        );
    }

    #[test]
    fn the_first_of_equal_names_counts_and_escaped_names_are_equal() {
        assert_eq!(texts(r#"{"a":1,"a":2,"\u0061":3}"#, &["a"]), [some("1")]);
        assert_eq!(texts(r#"{"\u0061":3,"a":1}"#, &["a"]), [some("3")]);
        assert_eq!(texts(r#"{"a\ud800":1,"a":2}"#, &["a"]), [some("2")]);
        assert_eq!(texts(r#"{"g":5,"g":{"c":1}}"#, &["g.c"]), [None]);
        assert_eq!(texts(r#"{"g":{},"g":{"c":1}}"#, &["g.c"]), [None]);
    }

    #[test]
    fn a_record_ends_where_its_brace_closes() {
        assert_eq!(parse(r#"{"a":[{}]}{"b":1}"#, &[]).unwrap().0, 10);
        assert_eq!(parse("{} garbage", &[]).unwrap().0, 2);
    }

    #[test]
    fn depth_is_bounded_inside_and_outside_wanted_paths() {
        let arrays = |depth: usize| {
            format!(
                "{{\"a\":{}{}}}",
                "[".repeat(depth - 1),
                "]".repeat(depth - 1)
            )
        };
        assert!(parse(&arrays(128), &[]).is_ok());
        assert_eq!(
            parse(&arrays(129), &[]).unwrap_err().kind(),
            FaultKind::Depth
        );
        assert_eq!(
            parse(&arrays(100_000), &["a"]).unwrap_err().kind(),
            FaultKind::Depth
        );
        let objects = |depth: usize| {
            format!(
                "{}{{}}{}",
                "{\"a\":".repeat(depth - 1),
                "}".repeat(depth - 1)
            )
        };
        let path = vec!["a"; 128].join(".");
        assert!(parse(&objects(128), &[&path]).is_ok());
        assert_eq!(
            parse(&objects(129), &[&path]).unwrap_err().kind(),
            FaultKind::Depth
        );
        assert!(parse(&objects(128), &["a.a"]).is_ok());
        assert_eq!(
            parse(&objects(129), &["a.a"]).unwrap_err().kind(),
            FaultKind::Depth
        );
    }

    #[test]
    fn faults_say_where_and_what() {
        for (record, at, what) in [
            ("{a:1}", 1, FaultKind::Name),
            (r#"{"a" 1}"#, 5, FaultKind::Colon),
            (r#"{"a":}"#, 5, FaultKind::Value),
            (r#"{"a":01}"#, 6, FaultKind::CommaOrBrace),
            (r#"{"a":1,}"#, 7, FaultKind::Name),
            (r#"{"a":[1,]}"#, 8, FaultKind::Value),
            (r#"{"a":[,1]}"#, 6, FaultKind::Value),
            (r#"{,"a":1}"#, 1, FaultKind::Name),
            (r#"{"a":[1}}"#, 7, FaultKind::CommaOrBracket),
            (r#"{"a":{"b":1]}"#, 11, FaultKind::CommaOrBrace),
            (r#"{"a":-x}"#, 6, FaultKind::Number),
            ("{\"a\":\n1}", 5, FaultKind::Value),
            ("{\"a\":1\n}", 6, FaultKind::CommaOrBrace),
            (r#"{"a":"b"#, 7, FaultKind::ControlCharacter),
        ] {
            assert_eq!(
                parse(record, &["x.y"]).unwrap_err(),
                Fault::new(at, what),
                "{record}"
            );
        }
    }
}
