//! The declaration of an aggregate: which records count, the key, and what is kept for each key.
//!
//! A declaration is written as text ([`Source`]): in the `[pipeline]` of a job, or as parameters of the component
//! `aggregate`. [`Source::check`] parses it, resolves the types of the fields, and gives a [`Declaration`], in which
//! nothing is left to guess. The host uses it to refuse a job early, the component to do what it says.
//!
//! | entry | example |
//! |---|---|
//! | `where` | `type` is one of `page_view`, `scroll` |
//! | `reject` | `duration_ms < 0`, with the reason `the duration is negative` |
//! | `event_time` | `ts`, `ts: epoch-milliseconds` |
//! | `key` | `page` is `page_id`; `day` is `day_of(ts)` |
//! | `keep` | `views` is `count`; `visitors` is `distinct(user_id)`; `bought` is `count where type = purchase` |
//!
//! A field is a path of the record, `?` where a record may lack it, and a type where the context does not imply it:
//! `geo.country?`, `price: float64`, `ts: epoch-seconds`. [`function`] lists the functions.

mod checks;
mod condition;
mod error;
mod expression;
mod field;
pub mod function;
mod lexer;
mod names;
mod params;
mod resolve;
#[cfg(test)]
mod tests;

pub use error::{Entry, Error};
pub use field::{Encoding, Kind, Origin};
pub use function::{Aggregate, Period};

/// A declaration as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// `where`: paths with the values of which one has to be there.
    pub only: Vec<(String, Vec<String>)>,
    /// `reject`: conditions on records that are rejected, each with the reason.
    pub reject: Vec<(String, String)>,
    /// `event_time`: the field with the time of the event.
    pub event_time: Option<String>,
    /// `key`: the columns of the key, each with its expression.
    pub key: Vec<(String, String)>,
    /// `keep`: what is kept for each key, by name, each with its expression.
    pub keep: Vec<(String, String)>,
}

/// A declaration that makes sense. Fields are numbers of [`inputs`](Declaration::inputs).
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// The fields that are read from a record.
    pub inputs: Vec<Input>,
    /// Records that do not meet every condition are passed over.
    pub only: Vec<Only>,
    /// Records that meet one of these conditions are rejected.
    pub reject: Vec<Reject>,
    /// The field with the time of the event.
    pub event_time: Option<usize>,
    /// The columns of the key, in the order of the declaration.
    pub keys: Vec<KeyColumn>,
    /// What is kept for each key, in the order of the declaration.
    pub keep: Vec<Kept>,
}

/// A field that is read from a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// A name of its own, made of the path.
    pub name: String,
    /// The place from which the values come.
    pub origin: Origin,
    /// The type of the values.
    pub kind: Kind,
    /// The form of the values in text formats.
    pub encoding: Encoding,
    /// Whether a record may lack the value.
    pub nullable: bool,
}

/// A condition on which a record counts at all: the value at `path` is one of `any_of`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Only {
    /// A path into the record.
    pub path: String,
    /// The values, as text.
    pub any_of: Vec<String>,
}

/// A condition on which a record is rejected.
#[derive(Clone, Debug, PartialEq)]
pub struct Reject {
    /// The condition.
    pub when: Condition,
    /// The reason that the quarantine names.
    pub reason: String,
}

/// A column of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyColumn {
    /// The name of the column.
    pub name: String,
    /// The field.
    pub input: usize,
    /// The period of the field's time that is the key; `None` for the field's own value.
    pub period: Option<Period>,
}

/// A state that is kept for each key.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The name, with which the names of its columns begin.
    pub name: String,
    /// What is kept.
    pub aggregate: Aggregate,
    /// The condition on which a record counts for it; `None` if every record does.
    pub when: Option<Condition>,
}

/// A condition on the value of a field. A missing value meets none.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The field.
    pub input: usize,
    /// The test of its value, in the field's type.
    pub test: Test,
}

/// A test of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// The text is one of these, or none of them if `negated`.
    Text {
        /// The texts.
        any_of: Vec<String>,
        /// Whether the value has to be another.
        negated: bool,
    },
    /// The boolean is this one.
    Boolean(bool),
    /// The integer compares so with one of these.
    Int64(Comparison, Vec<i64>),
    /// The number compares so with one of these.
    Float64(Comparison, Vec<f64>),
}

/// A comparison of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`: one of the numbers.
    Equal,
    /// `!=`: none of the numbers.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    AtMost,
    /// `>`.
    Greater,
    /// `>=`.
    AtLeast,
}

/// A column of a key, a state or a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name.
    pub name: String,
    /// The type of its values.
    pub kind: Kind,
    /// Whether a value may be null.
    pub nullable: bool,
}

impl Declaration {
    /// The columns of the key.
    pub fn key_columns(&self) -> Vec<Column> {
        let columns = self.keys.iter().map(|key| {
            let input = &self.inputs[key.input];
            Column {
                name: key.name.clone(),
                kind: key.period.map_or(input.kind, Period::kind),
                nullable: input.nullable,
            }
        });
        columns.collect()
    }

    /// The columns in which a state is stored.
    pub fn state_columns(&self, kept: &Kept) -> Vec<Column> {
        function::state_columns(&kept.name, &kept.aggregate, &self.inputs)
    }

    /// The columns that are derived from a state for readers of the table.
    pub fn view_columns(&self, kept: &Kept) -> Vec<Column> {
        function::view_columns(&kept.name, &kept.aggregate, &self.inputs)
    }
}
