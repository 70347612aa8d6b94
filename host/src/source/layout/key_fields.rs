//! The fields of an object's key that apply to all its records.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The fields of an object's key that apply to all its records; the time is not one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFields {
    /// The topic of the records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The partition of the records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// The offset of the first record. The others follow it without gaps, unless [`scattered`](KeyFields::scattered) is
    /// set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    /// Whether there may be gaps between the offsets, because a partitioner distributes the records of one partition
    /// over several folders.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub scattered: bool,
    /// Columns that have the same value in all records; `None` is null.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, Option<String>>,
}

impl KeyFields {
    /// Whether the key has no fields.
    pub fn is_empty(&self) -> bool {
        *self == KeyFields::default()
    }
}
