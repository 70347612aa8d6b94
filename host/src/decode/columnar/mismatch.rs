//! Types that do not convert to an input.

use arrow_schema::DataType;

use super::form::Form;
use super::target::TargetType;
use crate::schema::Encoding;

/// The type of a column, and the input to which it does not convert.
pub(super) struct TypeMismatch {
    pub(super) found: String,
    pub(super) wanted: String,
}

impl TypeMismatch {
    pub(super) fn new(from: &DataType, form: &Form, target: TargetType) -> Self {
        let wanted = format!("{} {}", target.kind.name(), encoded(target));
        TypeMismatch {
            found: name(from, form),
            wanted: wanted.trim_end().to_owned(),
        }
    }

    /// The reason to reject a row with a value of the type.
    pub(super) fn reason(&self) -> String {
        let TypeMismatch { found, wanted } = self;
        format!("of type {found}, which does not become {wanted}")
    }
}

/// A type as part of a message: the name of Arrow, or of the logical type.
fn name(of: &DataType, form: &Form) -> String {
    match (of, form) {
        (_, Form::Uuid) => "UUID".to_owned(),
        (_, Form::Json) => "JSON".to_owned(),
        (_, Form::Bson) => "BSON".to_owned(),
        (_, Form::Interval) => "interval".to_owned(),
        (DataType::Union(branches, _), _) => {
            let branches = branches.iter().enumerate();
            let branches = branches
                .map(|(at, (_, branch))| name(branch.data_type(), form.part(at)))
                .filter(|name| name != "Null");
            format!("union of {}", branches.collect::<Vec<_>>().join(" and "))
        }
        _ => of.to_string(),
    }
}

/// An encoding as part of a message.
fn encoded(target: TargetType) -> &'static str {
    match target.encoding {
        Encoding::Standard => "",
        Encoding::EpochSeconds => "from epoch-seconds",
        Encoding::EpochMilliseconds => "from epoch-milliseconds",
        Encoding::EpochMicroseconds => "from epoch-microseconds",
        Encoding::EpochNanoseconds => "from epoch-nanoseconds",
        Encoding::Hex => "from hex",
        Encoding::Text => "as text",
    }
}
