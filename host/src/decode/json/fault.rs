//! Where and how a record breaks the grammar.

/// A record that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) struct Fault {
    /// The position in the text; at or behind its end where the text ran out.
    at: u32,
    kind: FaultKind,
}

/// What the grammar would have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) enum FaultKind {
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
    pub(super) fn new(at: usize, kind: FaultKind) -> Self {
        // Blocks are far smaller than 4 GiB.
        Fault {
            at: at as u32,
            kind,
        }
    }

    pub(in crate::decode) fn at(&self) -> usize {
        self.at as usize
    }

    pub(in crate::decode) fn kind(&self) -> FaultKind {
        self.kind
    }
}

impl FaultKind {
    /// The reason of a rejection.
    pub(in crate::decode) fn reason(self) -> &'static str {
        match self {
            FaultKind::Object => "not a JSON object: expected `{`",
            FaultKind::Name => "not JSON: expected a name in quotes",
            FaultKind::Colon => "not JSON: expected `:`",
            FaultKind::CommaOrBrace => "not JSON: expected `,` or `}`",
            FaultKind::CommaOrBracket => "not JSON: expected `,` or `]`",
            FaultKind::Value => "not JSON: expected a value",
            FaultKind::Number => "not JSON: expected a digit",
            FaultKind::Escape => "not JSON: an escape that JSON does not have",
            FaultKind::ControlCharacter => "not JSON: a control character within a string",
            FaultKind::Depth => "nested more than 128 levels deep",
        }
    }
}
