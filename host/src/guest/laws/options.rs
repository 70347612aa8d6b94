//! How much work a check of the laws may do.

/// How thorough a check is.
#[derive(Clone, Debug)]
pub struct LawOptions {
    /// The most states that equations are tested on, and the most cases of each.
    pub cases: usize,
    /// At how many places the sample is cut in two.
    pub cuts: usize,
    /// After how many failed calls no further events are tried.
    pub failures: usize,
    /// After how many calls that use up their fuel or memory, which takes seconds.
    pub exhaustions: usize,
    /// How many events may be folded to find the smallest case.
    pub shrinking: usize,
}

impl LawOptions {
    /// For a check that was asked for.
    pub const THOROUGH: LawOptions = LawOptions {
        cases: 4_096,
        cuts: 8,
        failures: 512,
        exhaustions: 8,
        shrinking: 4_000_000,
    };

    /// For a look before a replay.
    pub const SHORT: LawOptions = LawOptions {
        cases: 256,
        cuts: 2,
        failures: 16,
        exhaustions: 1,
        shrinking: 400_000,
    };
}
