//! What the key of an object says of the records within.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the key of an object says of the records within, beside their time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFields {
    /// The topic that they were taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The partition that they were taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// The offset of the first. The others are taken to follow one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    /// They do not: a partitioner deals the records of one partition out to several folders.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub scattered: bool,
    /// Values that all of them have; `None` is null.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, Option<String>>,
}

impl KeyFields {
    /// Whether the key says nothing.
    pub fn is_empty(&self) -> bool {
        *self == KeyFields::default()
    }
}
