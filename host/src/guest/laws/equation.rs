//! The equations of each law.

use serde::{Deserialize, Serialize};

use super::Law;
use crate::guest::Call;

/// Two calculations that must have the same result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Equation {
    /// Events folded by a fresh instance, by the same instance again, and by another fresh one.
    FoldAgain,
    /// Two states combined twice.
    CombineAgain,
    /// A state presented twice.
    PresentAgain,
    /// The identity before a state.
    LeftIdentity,
    /// The identity after a state.
    RightIdentity,
    /// Three states, the first two or the last two combined first.
    Associative,
    /// Two states in both orders.
    Commutative,
    /// A combined state, combined with the identity.
    Settled,
    /// Two states, combined among others in another order.
    RowByRow,
    /// Events folded in two halves that are drained and combined.
    Halves,
    /// Events folded in two batches, and drained in small answers.
    Batches,
    /// A state presented.
    Presented,
    /// A combined state presented.
    PresentedCombined,
}

impl Equation {
    /// The equations on states, in the order in which they are tested.
    pub(super) const OF_STATES: [Equation; 10] = [
        Equation::CombineAgain,
        Equation::PresentAgain,
        Equation::LeftIdentity,
        Equation::RightIdentity,
        Equation::Associative,
        Equation::Commutative,
        Equation::Settled,
        Equation::RowByRow,
        Equation::Presented,
        Equation::PresentedCombined,
    ];

    /// The law of this equation.
    pub fn law(self) -> Law {
        match self {
            Equation::FoldAgain | Equation::CombineAgain | Equation::PresentAgain => {
                Law::Determinism
            }
            Equation::LeftIdentity | Equation::RightIdentity => Law::Identity,
            Equation::Associative => Law::Associativity,
            Equation::Commutative => Law::Commutativity,
            Equation::Settled | Equation::RowByRow => Law::Stability,
            Equation::Halves | Equation::Batches => Law::Cuts,
            Equation::Presented | Equation::PresentedCombined => Law::Present,
        }
    }

    /// The names of the operands.
    pub(super) fn operands(self) -> &'static [&'static str] {
        match self {
            Equation::FoldAgain => &["events"],
            Equation::Halves | Equation::Batches => &["first", "second"],
            Equation::LeftIdentity
            | Equation::RightIdentity
            | Equation::PresentAgain
            | Equation::Presented => &["a"],
            Equation::Associative => &["a", "b", "c"],
            Equation::CombineAgain
            | Equation::Commutative
            | Equation::Settled
            | Equation::RowByRow
            | Equation::PresentedCombined => &["a", "b"],
        }
    }

    /// Whether its operands are states rather than events.
    pub(super) fn is_of_states(self) -> bool {
        Equation::OF_STATES.contains(&self)
    }

    /// Both sides as text. The right one is empty for a call that only has to succeed.
    pub fn sides(self) -> (&'static str, &'static str) {
        match self {
            Equation::FoldAgain => (
                "fold(events) on a fresh instance",
                "fold(events) on one that was used",
            ),
            Equation::CombineAgain => ("combine(a, b)", "combine(a, b) once more"),
            Equation::PresentAgain => ("present(a)", "present(a) once more"),
            Equation::LeftIdentity => ("combine(identity, a)", "a"),
            Equation::RightIdentity => ("combine(a, identity)", "a"),
            Equation::Associative => ("combine(combine(a, b), c)", "combine(a, combine(b, c))"),
            Equation::Commutative => ("combine(a, b)", "combine(b, a)"),
            Equation::Settled => ("combine(identity, combine(a, b))", "combine(a, b)"),
            Equation::RowByRow => ("combine(a, b)", "combine(a, b) among other rows"),
            Equation::Halves => ("combine(fold(first), fold(second))", "fold(first, second)"),
            Equation::Batches => ("fold(first), fold(second), drain", "fold(first, second)"),
            Equation::Presented => ("present(a)", ""),
            Equation::PresentedCombined => ("present(combine(a, b))", ""),
        }
    }

    /// Whether a failure of `call` breaks this equation. Each kind of failure breaks one law only: that of
    /// `combine`, for one, breaks associativity, and not every law that combines.
    pub(super) fn is_broken_by(self, call: Call) -> bool {
        match self.law() {
            Law::Identity => matches!(call, Call::Identity | Call::Combine),
            Law::Associativity => call == Call::Combine,
            Law::Present => call == Call::Present,
            Law::Determinism | Law::Cuts => matches!(call, Call::Fold | Call::Drain),
            Law::Commutativity | Law::Stability => false,
        }
    }
}
