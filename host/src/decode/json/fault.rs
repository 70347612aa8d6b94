//! Where and how a record breaks the grammar.

/// A record that is none.
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
