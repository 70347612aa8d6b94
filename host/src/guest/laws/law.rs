//! The laws by name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A property of a component that a rebuild depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Law {
    /// The same events and states give the same answers: from one fresh instance, from another, and from one
    /// that was used.
    Determinism,
    /// `combine(identity, a) = a = combine(a, identity)`.
    Identity,
    /// `combine(combine(a, b), c) = combine(a, combine(b, c))`.
    Associativity,
    /// `combine(a, b) = combine(b, a)`, where the descriptor claims it.
    Commutativity,
    /// A combined state has one encoding. Combining it with the identity decodes and encodes it again, and changes no
    /// byte; nor do other rows in the same call of `combine`.
    Stability,
    /// The cuts of events into batches, drains and parts change nothing.
    Cuts,
    /// `present` succeeds for all states made by folding and combining.
    Present,
}

impl Law {
    /// All laws, in the order in which they are tested.
    pub const ALL: [Law; 7] = [
        Law::Determinism,
        Law::Identity,
        Law::Associativity,
        Law::Commutativity,
        Law::Stability,
        Law::Cuts,
        Law::Present,
    ];

    /// The name of the law.
    pub fn name(self) -> &'static str {
        match self {
            Law::Determinism => "determinism",
            Law::Identity => "identity",
            Law::Associativity => "associativity",
            Law::Commutativity => "commutativity",
            Law::Stability => "stability",
            Law::Cuts => "cuts",
            Law::Present => "present",
        }
    }

    /// The law in a few words; `·` is `combine`.
    pub fn says(self) -> &'static str {
        match self {
            Law::Determinism => "the same events give the same states",
            Law::Identity => "identity · a = a = a · identity",
            Law::Associativity => "(a · b) · c = a · (b · c)",
            Law::Commutativity => "a · b = b · a",
            Law::Stability => "a combined state has one encoding",
            Law::Cuts => "cutting the events changes nothing",
            Law::Present => "every state can be shown",
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
