//! The settings of a job that say how values of text formats are read.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// The forms in which numbers are taken: `decode.numbers`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Numbers {
    /// Numbers as JSON writes them; integers without fraction and exponent.
    #[default]
    Strict,
    /// Also numbers within strings, and integers with a fraction or an exponent if their value is exactly an integer,
    /// such as `1.0` and `1e3`. No value is rounded to an integer.
    Lenient,
}

/// The objects that stand for a single value in the records: `decode.values`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueObjects {
    /// None: an object is an object.
    #[default]
    Plain,
    /// The typed values of DynamoDB: `{"S": "a"}`, `{"N": "1E+3"}`, `{"BOOL": true}`, `{"NULL": true}`, `{"B": "…"}`.
    Dynamodb,
    /// MongoDB's Extended JSON: `{"$numberLong": "42"}`, `{"$date": …}`, `{"$oid": "…"}` and the like.
    Mongo,
}

/// How a column reads the values of a text format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Conversion {
    pub(super) numbers: Numbers,
    pub(super) objects: ValueObjects,
    /// The zone of times without an offset.
    pub(super) time_zone: Option<Tz>,
}

impl Conversion {
    /// That of the default settings.
    pub(super) const STRICT: Conversion = Conversion {
        numbers: Numbers::Strict,
        objects: ValueObjects::Plain,
        time_zone: None,
    };

    /// Whether numbers may be in strings.
    pub(super) fn is_lenient(self) -> bool {
        self.numbers == Numbers::Lenient
    }

    /// Whether integers may have a fraction or an exponent. DynamoDB has one type for all numbers.
    pub(super) fn takes_exact_integers(self) -> bool {
        self.is_lenient() || self.objects == ValueObjects::Dynamodb
    }
}
