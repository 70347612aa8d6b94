//! The type to which a value is converted.

use crate::decode::conversion::Conversion;
use crate::schema::{Encoding, Kind};

/// Kind and encoding to which a value is converted; they decide between several ways of writing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TargetType {
    pub(super) kind: Kind,
    pub(super) encoding: Encoding,
    /// How text is read.
    pub(super) conversion: Conversion,
}

impl TargetType {
    /// JSON, for values without an input and within other values.
    pub(super) const JSON: TargetType = TargetType {
        kind: Kind::Json,
        encoding: Encoding::Standard,
        conversion: Conversion::STRICT,
    };

    /// An offset in a topic.
    pub(super) const OFFSET: TargetType = TargetType {
        kind: Kind::Int64,
        encoding: Encoding::Standard,
        conversion: Conversion::STRICT,
    };
}
