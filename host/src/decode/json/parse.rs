//! One pass over one record: every byte validated, wanted spans noted.
//!
//! The parser calls itself only along the tree of wanted paths. Any other value is passed over in a loop that
//! keeps the kinds of the open containers in a bit set, so the stack does not depend on the input.

use super::MAX_DEPTH;
use super::scan::{byte, scalar, skip_space, string};
use super::wanted::{NodeId, SlotId, Wanted};

/// Where and how a record breaks the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) struct Fault {
    /// The position in the text; at or behind its end where the text ran out.
    at: u32,
    what: What,
}

/// What the grammar would have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) enum What {
    Object,
    Name,
    Colon,
    CommaOrBrace,
    CommaOrBracket,
    Value,
    Number,
    Escape,
    ControlCharacter,
    Depth,
}

impl Fault {
    pub(super) fn new(at: usize, what: What) -> Self {
        // Blocks are far smaller than 4 GiB.
        Fault {
            at: at as u32,
            what,
        }
    }

    pub(in crate::decode) fn at(&self) -> usize {
        self.at as usize
    }

    pub(in crate::decode) fn what(&self) -> What {
        self.what
    }
}

impl What {
    /// The reason of a rejection.
    pub(in crate::decode) fn reason(self) -> &'static str {
        match self {
            What::Object => "not a JSON object: expected `{`",
            What::Name => "not JSON: expected a name in quotes",
            What::Colon => "not JSON: expected `:`",
            What::CommaOrBrace => "not JSON: expected `,` or `}`",
            What::CommaOrBracket => "not JSON: expected `,` or `]`",
            What::Value => "not JSON: expected a value",
            What::Number => "not JSON: expected a digit",
            What::Escape => "not JSON: an escape that JSON does not have",
            What::ControlCharacter => "not JSON: a control character within a string",
            What::Depth => "nested more than 128 levels deep",
        }
    }
}

/// A wanted value: its text is `start..end`, quotes included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::decode) struct Span {
    pub(in crate::decode) start: u32,
    pub(in crate::decode) end: u32,
    /// Whether it is a string with escapes.
    pub(in crate::decode) escaped: bool,
}

/// The wanted values of the record parsed last. Marked with the record's number, so that nothing has to be
/// cleared between records.
#[derive(Debug)]
pub(in crate::decode) struct Found {
    record: u64,
    spans: Vec<(u64, Span)>,
    /// The record in which each name was met last, by the name's id.
    met: Vec<u64>,
}

impl Found {
    pub(in crate::decode) fn new(wanted: &Wanted) -> Self {
        Found {
            record: 0,
            spans: vec![(0, Span::default()); wanted.slots()],
            met: vec![0; wanted.names()],
        }
    }

    /// The value in `slot`, if the record has it.
    #[inline(always)]
    pub(in crate::decode) fn get(&self, slot: SlotId) -> Option<Span> {
        let (record, span) = self.spans[usize::from(slot.0)];
        (record == self.record).then_some(span)
    }
}

/// Parses the record that begins at `at`, and gives the position behind its closing brace. With `LINES`, line
/// feeds are blanks within it.
pub(in crate::decode) fn parse_record<const LINES: bool>(
    text: &[u8],
    at: usize,
    wanted: &Wanted,
    found: &mut Found,
) -> Result<usize, Fault> {
    found.record += 1;
    if byte(text, at) != b'{' {
        return Err(Fault::new(at, What::Object));
    }
    Parser::<LINES> {
        text,
        wanted,
        found,
    }
    .object(at + 1, Wanted::ROOT, 1)
}

struct Parser<'a, const LINES: bool> {
    text: &'a [u8],
    wanted: &'a Wanted,
    found: &'a mut Found,
}

impl<const LINES: bool> Parser<'_, LINES> {
    /// An object of which members are wanted, from behind its brace. `depth` counts it.
    fn object(&mut self, at: usize, node: NodeId, depth: usize) -> Result<usize, Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::new(at - 1, What::Depth));
        }
        let text = self.text;
        let mut at = skip_space::<LINES>(text, at);
        if byte(text, at) == b'}' {
            return Ok(at + 1);
        }
        loop {
            if byte(text, at) != b'"' {
                return Err(Fault::new(at, What::Name));
            }
            let start = at + 1;
            let (end, escaped) = string(text, start)?;
            at = skip_space::<LINES>(text, end + 1);
            if byte(text, at) != b':' {
                return Err(Fault::new(at, What::Colon));
            }
            at = skip_space::<LINES>(text, at + 1);
            at = self.member(at, node, depth, &text[start..end], escaped)?;
            at = skip_space::<LINES>(text, at);
            match byte(text, at) {
                b',' => at = skip_space::<LINES>(text, at + 1),
                b'}' => return Ok(at + 1),
                _ => return Err(Fault::new(at, What::CommaOrBrace)),
            }
        }
    }

    /// The value of a member.
    #[inline(always)]
    fn member(
        &mut self,
        at: usize,
        node: NodeId,
        depth: usize,
        name: &[u8],
        escaped: bool,
    ) -> Result<usize, Fault> {
        let wanted = self.wanted;
        let name = if escaped {
            find_escaped(wanted, node, name)
        } else {
            wanted.find(node, name)
        };
        let Some(name) = name else {
            return Ok(self.skip(at, depth)?.0);
        };
        let met = &mut self.found.met[usize::from(name.id)];
        if std::mem::replace(met, self.found.record) == self.found.record {
            return Ok(self.skip(at, depth)?.0);
        }
        let (end, escaped) = match name.node {
            Some(node) if byte(self.text, at) == b'{' => {
                (self.object(at + 1, node, depth + 1)?, false)
            }
            _ => self.skip(at, depth)?,
        };
        if let Some(slot) = name.slot {
            let span = Span {
                start: at as u32,
                end: end as u32,
                escaped,
            };
            self.found.spans[usize::from(slot.0)] = (self.found.record, span);
        }
        Ok(end)
    }

    /// Any value, and whether it is a string with escapes.
    #[inline(always)]
    fn skip(&self, at: usize, depth: usize) -> Result<(usize, bool), Fault> {
        match byte(self.text, at) {
            b'"' => string(self.text, at + 1).map(|(end, escaped)| (end + 1, escaped)),
            b'{' | b'[' => Ok((self.skip_container(at, depth)?, false)),
            _ => Ok((scalar(self.text, at)?, false)),
        }
    }

    /// An object or an array with all that is in it, within `outside` open containers.
    #[inline(never)]
    fn skip_container(&self, mut at: usize, outside: usize) -> Result<usize, Fault> {
        let text = self.text;
        let mut open = OpenContainers {
            depth: outside,
            objects: 0,
        };
        loop {
            match byte(text, at) {
                opening @ (b'{' | b'[') => {
                    if open.depth == MAX_DEPTH {
                        return Err(Fault::new(at, What::Depth));
                    }
                    open.push(opening == b'{');
                    at = skip_space::<LINES>(text, at + 1);
                    // In ASCII, either closing sign stands two behind its opening one.
                    if byte(text, at) != opening + 2 {
                        if opening == b'{' {
                            at = self.skip_name(at)?;
                        }
                        continue;
                    }
                    open.depth -= 1;
                    at += 1;
                }
                b'"' => at = string(text, at + 1)?.0 + 1,
                _ => at = scalar(text, at)?,
            }
            while open.depth > outside {
                at = skip_space::<LINES>(text, at);
                let object = open.is_object();
                match byte(text, at) {
                    b',' => break,
                    b'}' if object => {}
                    b']' if !object => {}
                    _ if object => return Err(Fault::new(at, What::CommaOrBrace)),
                    _ => return Err(Fault::new(at, What::CommaOrBracket)),
                }
                open.depth -= 1;
                at += 1;
            }
            if open.depth == outside {
                return Ok(at);
            }
            at = skip_space::<LINES>(text, at + 1);
            if open.is_object() {
                at = self.skip_name(at)?;
            }
        }
    }

    /// A name and its colon, up to the value.
    #[inline(always)]
    fn skip_name(&self, at: usize) -> Result<usize, Fault> {
        if byte(self.text, at) != b'"' {
            return Err(Fault::new(at, What::Name));
        }
        let (end, _) = string(self.text, at + 1)?;
        let at = skip_space::<LINES>(self.text, end + 1);
        if byte(self.text, at) != b':' {
            return Err(Fault::new(at, What::Colon));
        }
        Ok(skip_space::<LINES>(self.text, at + 1))
    }
}

/// Which of the open containers are objects: bit n for the one at depth n.
struct OpenContainers {
    depth: usize,
    objects: u128,
}

impl OpenContainers {
    #[inline(always)]
    fn push(&mut self, object: bool) {
        let bit = 1 << self.depth;
        self.objects = if object {
            self.objects | bit
        } else {
            self.objects & !bit
        };
        self.depth += 1;
    }

    #[inline(always)]
    fn is_object(&self) -> bool {
        self.objects >> (self.depth - 1) & 1 == 1
    }
}

#[cold]
fn find_escaped<'a>(
    wanted: &'a Wanted,
    node: NodeId,
    inside: &[u8],
) -> Option<&'a super::wanted::Name> {
    let mut name = Vec::with_capacity(inside.len());
    if super::unescape_into(inside, &mut name) {
        wanted.find(node, &name)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts found for `paths` and the length of the record, or the fault.
    fn parse(record: &str, paths: &[&str]) -> Result<(usize, Vec<Option<String>>), Fault> {
        let mut wanted = Wanted::default();
        let slots: Vec<_> = paths.iter().map(|path| wanted.add(path).unwrap()).collect();
        let mut found = Found::new(&wanted);
        let text = [record.as_bytes(), &[0; 16]].concat();
        let end = parse_record::<false>(&text, 0, &wanted, &mut found)?;
        let texts = slots.iter().map(|slot| {
            found
                .get(*slot)
                .map(|span| record[span.start as usize..span.end as usize].to_owned())
        });
        Ok((end, texts.collect()))
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
        assert_eq!(parse(&arrays(129), &[]).unwrap_err().what(), What::Depth);
        assert_eq!(
            parse(&arrays(100_000), &["a"]).unwrap_err().what(),
            What::Depth
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
            parse(&objects(129), &[&path]).unwrap_err().what(),
            What::Depth
        );
        assert!(parse(&objects(128), &["a.a"]).is_ok());
        assert_eq!(
            parse(&objects(129), &["a.a"]).unwrap_err().what(),
            What::Depth
        );
    }

    #[test]
    fn faults_say_where_and_what() {
        for (record, at, what) in [
            ("[]", 0, What::Object),
            ("{a:1}", 1, What::Name),
            (r#"{"a" 1}"#, 5, What::Colon),
            (r#"{"a":}"#, 5, What::Value),
            (r#"{"a":01}"#, 6, What::CommaOrBrace),
            (r#"{"a":1,}"#, 7, What::Name),
            (r#"{"a":[1,]}"#, 8, What::Value),
            (r#"{"a":[1}}"#, 7, What::CommaOrBracket),
            (r#"{"a":{"b":1]}"#, 11, What::CommaOrBrace),
            (r#"{"a":-x}"#, 6, What::Number),
            ("{\"a\":\n1}", 5, What::Value),
            ("{\"a\":1\n}", 6, What::CommaOrBrace),
            (r#"{"a":"b"#, 7, What::ControlCharacter),
        ] {
            assert_eq!(
                parse(record, &["x.y"]).unwrap_err(),
                Fault::new(at, what),
                "{record}"
            );
        }
    }
}
