//! The reasons for which a value is not converted.

/// The reason for which a conversion fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// The JSON value is of another type.
    Kind,
    /// The value itself is invalid: a phrase for "`value` is …".
    Value(&'static str),
}

impl Unfit {
    pub(super) const HALF_PAIR: Unfit = Unfit::Value("a string with half a surrogate pair");
}
