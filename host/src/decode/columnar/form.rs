//! The meaning of values that the Arrow type of a column does not tell: logical types that share one Arrow type.

use arrow_schema::{DataType, Field};

/// The metadata of an Arrow field that names the logical type of its values.
pub(super) const LOGICAL_TYPE: &str = "logicalType";

/// The logical type [`Form::Uuid`] in [`LOGICAL_TYPE`].
pub(super) const UUID: &str = "uuid";
/// The logical type [`Form::Json`] in [`LOGICAL_TYPE`].
pub(super) const JSON: &str = "json";
/// The logical type [`Form::Bson`] in [`LOGICAL_TYPE`].
pub(super) const BSON: &str = "bson";
/// The logical type [`Form::Interval`] in [`LOGICAL_TYPE`].
pub(super) const INTERVAL: &str = "interval";

/// The meaning of the values of a column, or of a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The meaning of the Arrow type, for parts of the values too.
    Plain,
    /// A UUID in 16 bytes.
    Uuid,
    /// A JSON value as text.
    Json,
    /// A document of BSON.
    Bson,
    /// Months, days and milliseconds, in four bytes each, the lowest first.
    Interval,
    /// The forms of the parts: members of a struct, items of a list, keys and values of a map, branches of a union.
    Nested(Vec<Form>),
    /// A branch of a union that is no record, where a path leads on.
    Blocked,
}

impl Form {
    /// The form of the values of `field`.
    pub(super) fn of(field: &Field) -> Form {
        use DataType::*;
        let logical = field.metadata().get(LOGICAL_TYPE);
        match (field.data_type(), logical.map(String::as_str)) {
            (FixedSizeBinary(16), Some(UUID)) => Form::Uuid,
            (FixedSizeBinary(12), Some(INTERVAL)) => Form::Interval,
            (Utf8 | Utf8View, Some(JSON)) => Form::Json,
            (Binary | BinaryView, Some(BSON)) => Form::Bson,
            (Struct(members), _) => Form::nested(members.iter().map(|member| Form::of(member))),
            (List(item) | LargeList(item) | FixedSizeList(item, _), _) => {
                Form::nested([Form::of(item)])
            }
            (Map(entries, _), _) => Form::of(entries),
            (Union(branches, _), _) => {
                Form::nested(branches.iter().map(|(_, branch)| Form::of(branch)))
            }
            _ => Form::Plain,
        }
    }

    /// The form of values with these parts.
    pub(super) fn nested(parts: impl IntoIterator<Item = Form>) -> Form {
        let parts: Vec<_> = parts.into_iter().collect();
        match parts.iter().all(|part| *part == Form::Plain) {
            true => Form::Plain,
            false => Form::Nested(parts),
        }
    }

    /// The form of the part at index `at`.
    pub(super) fn part(&self, at: usize) -> &Form {
        const PLAIN: &Form = &Form::Plain;
        match self {
            Form::Nested(parts) => parts.get(at).unwrap_or(PLAIN),
            _ => PLAIN,
        }
    }
}
