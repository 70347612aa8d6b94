//! The work that a check of the laws may do.

/// The limits of a check.
#[derive(Clone, Debug)]
pub struct LawOptions {
    /// The most states, and the most cases of each equation.
    pub cases: usize,
    /// The number of places at which the sample is cut in two.
    pub cuts: usize,
    /// The number of failed calls after which no further events are tried.
    pub failures: usize,
    /// The number of calls that use up fuel or memory, after which no further events are tried. Each takes seconds.
    pub exhaustions: usize,
    /// The number of events that may be folded to find the smallest case.
    pub shrinking: usize,
}

impl LawOptions {
    /// For `backfold check`.
    pub const THOROUGH: LawOptions = LawOptions {
        cases: 4_096,
        cuts: 8,
        failures: 512,
        exhaustions: 8,
        shrinking: 4_000_000,
    };

    /// For the test at the beginning of `backfold run`.
    pub const SHORT: LawOptions = LawOptions {
        cases: 256,
        cuts: 2,
        failures: 16,
        exhaustions: 1,
        shrinking: 400_000,
    };
}
