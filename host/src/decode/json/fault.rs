//! Syntax errors of a record.

/// A syntax error, with its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) struct Fault {
    /// Index in the text; at or after its end if the text is cut off.
    at: u32,
    kind: FaultKind,
}

/// The rule of the grammar that the text breaks.
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

    /// The fault of a record at `at` that does not begin with a brace.
    pub(in crate::decode) fn no_object(at: usize) -> Self {
        Fault::new(at, FaultKind::Object)
    }

    pub(in crate::decode) fn at(&self) -> usize {
        self.at as usize
    }

    pub(in crate::decode) fn kind(&self) -> FaultKind {
        self.kind
    }

    /// The reason of a rejection; `at` is the position of the fault in the record.
    pub(in crate::decode) fn reason(&self, at: usize) -> String {
        format!("{} at byte {at}", self.kind().reason())
    }
}

impl FaultKind {
    /// The reason without a position.
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
