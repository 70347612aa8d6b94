//! The entries of a build's journal, a line each.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::format_2;
use crate::fold::Checkpoint;
use crate::store::Loaded;

/// An entry of the journal. What it says of tables stands in a list, in the order of the manifest's tables.
///
/// Read from lines of this format and of format 2, which holds one table without a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// Some splits are folded.
    Checkpoint(Checkpoint),
    /// The shadow tables are complete.
    Loaded {
        /// What each of them holds.
        tables: Vec<Loaded>,
    },
    /// The tables were checked and compared with the live ones.
    Checked {
        /// The verdict on each of them.
        tables: Vec<Checked>,
    },
    /// The public names show the tables of this build, or did.
    Swapped {
        /// The pointer of each of them.
        tables: Vec<Swapped>,
    },
}

/// A verdict on a loaded table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Whether the gate held.
    pub passed: bool,
    /// The digest of the rows that were checked.
    pub digest: String,
    /// What the public name showed when the diff was made; `None` where it showed nothing.
    pub live: Option<Seen>,
}

/// What a public name showed at some moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The build.
    pub build: String,
    /// The pointer's version.
    pub version: u64,
}

/// A table that went live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swapped {
    /// The pointer's version.
    pub version: u64,
}

/// An entry as this release writes it.
#[derive(Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
enum Written {
    Checkpoint(Checkpoint),
    Loaded { tables: Vec<Loaded> },
    Checked { tables: Vec<Checked> },
    Swapped { tables: Vec<Swapped> },
}

/// An entry of format 2.
#[derive(Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
enum WrittenBefore {
    Checkpoint(format_2::Checkpoint),
    Loaded(Loaded),
    Checked(Checked),
    Swapped(Swapped),
}

impl From<Written> for Entry {
    fn from(written: Written) -> Self {
        match written {
            Written::Checkpoint(checkpoint) => Entry::Checkpoint(checkpoint),
            Written::Loaded { tables } => Entry::Loaded { tables },
            Written::Checked { tables } => Entry::Checked { tables },
            Written::Swapped { tables } => Entry::Swapped { tables },
        }
    }
}

impl From<WrittenBefore> for Entry {
    fn from(written: WrittenBefore) -> Self {
        match written {
            WrittenBefore::Checkpoint(checkpoint) => Entry::Checkpoint(checkpoint.into()),
            WrittenBefore::Loaded(loaded) => Entry::Loaded {
                tables: vec![loaded],
            },
            WrittenBefore::Checked(checked) => Entry::Checked {
                tables: vec![checked],
            },
            WrittenBefore::Swapped(swapped) => Entry::Swapped {
                tables: vec![swapped],
            },
        }
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let line = Value::deserialize(deserializer)?;
        let entry = match line.get("tables") {
            Some(_) => Written::deserialize(line).map(Entry::from),
            None => WrittenBefore::deserialize(line).map(Entry::from),
        };
        entry.map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Each line of format 2, and what this release writes of it.
    #[test]
    fn lines_of_format_2_are_read_as_lists_of_one_table() {
        let counts = json!({"records": 9, "events": 7, "not_wanted": 1, "out_of_range": 0, "rejected": 1,
            "swallowed_bytes": 5, "stored_bytes": 90, "decoded_bytes": 90});
        let run = json!({"name": "0000000000-0000000000.arrow", "rows": 3, "size_bytes": 1000, "digest": "ab"});
        let times = json!({"wait": 1, "inflate": 0, "index": 0, "decode": 2, "fold": 3, "drain": 4, "absorb": 5, "write": 6});
        let pairs = [
            (
                json!({"entry": "checkpoint", "splits": [{"split": 4, "counts": counts, "rejected_by_component": 2, "micros": 8}],
                    "runs": [run], "times": times}),
                json!({"entry": "checkpoint",
                    "splits": [{"split": 4, "micros": 8, "tables": [{"counts": counts, "rejected_by_component": 2}]}],
                    "tables": [{"runs": [run]}], "times": times}),
            ),
            (
                json!({"entry": "loaded", "rows": 3, "digest": "cd"}),
                json!({"entry": "loaded", "tables": [{"rows": 3, "digest": "cd"}]}),
            ),
            (
                json!({"entry": "checked", "passed": true, "digest": "cd", "live": {"build": "B", "version": 2}}),
                json!({"entry": "checked", "tables": [{"passed": true, "digest": "cd", "live": {"build": "B", "version": 2}}]}),
            ),
            (
                json!({"entry": "swapped", "version": 3}),
                json!({"entry": "swapped", "tables": [{"version": 3}]}),
            ),
        ];
        for (before, now) in pairs {
            let read: Entry = serde_json::from_value(before).unwrap();
            assert_eq!(json!(read), now);
            assert_eq!(serde_json::from_value::<Entry>(now).unwrap(), read);
        }
        for neither in [
            json!({"entry": "loaded", "tables": 7}),
            json!({"entry": "loaded"}),
            json!({"entry": "dropped", "tables": []}),
            json!("loaded"),
        ] {
            assert!(serde_json::from_value::<Entry>(neither).is_err());
        }
    }
}
