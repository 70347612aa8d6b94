//! The positions from which a live consumer continues.

use serde::{Deserialize, Serialize};

use super::TopicPartition;

/// The source positions up to which a table is complete. A live consumer continues from them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    /// One position for each partition of a topic, and one for the objects of an archive whose keys name no offsets.
    pub positions: Vec<HandoffPosition>,
}

impl Handoff {
    /// The positions once the input has been folded. `end_of` gives the offset after the last one that was read of a
    /// partition: the key of an object names its first offset, so that the last one is known only when it is read.
    pub fn after(mut self, end_of: impl Fn(&TopicPartition) -> Option<i64>) -> Self {
        for position in &mut self.positions {
            let HandoffPosition::Offset {
                topic,
                partition,
                next,
                until_us: None,
                ..
            } = position
            else {
                continue;
            };
            let partition = TopicPartition {
                topic: topic.clone(),
                partition: *partition,
            };
            *next = end_of(&partition).map_or(*next, |end| end.max(*next));
        }
        self
    }
}

/// A position in a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoffPosition {
    /// All records before this offset have been read.
    Offset {
        /// The driver's name.
        #[serde(default = "kafka")]
        source: String,
        /// The topic; empty if the keys of an archive do not name it.
        topic: String,
        /// The partition.
        partition: i32,
        /// The next offset to read.
        next: i64,
        /// The end of the job's range in microseconds since 1970-01-01T00:00:00Z, if records from `next` on may be later
        /// than it. Those that are earlier are already in the table.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until_us: Option<i64>,
    },
    /// All objects whose time is before `since_us` have been read, and of the later ones those that `objects` lists. Of
    /// all these, the events before `until_us`, if it is set.
    Archive {
        /// The driver's name.
        source: String,
        /// The last key of the plan, in byte order.
        last_key: String,
        /// The time from which `objects` are listed, in microseconds since 1970-01-01T00:00:00Z: `lateness` before the
        /// time of the newest object. `None` in builds of earlier releases, which have `last_key` alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since_us: Option<i64>,
        /// The time of an object.
        #[serde(default)]
        time: ObjectTime,
        /// The keys of the objects that were read and whose time is not before `since_us`, in byte order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        objects: Vec<String>,
        /// The end of the job's range in microseconds since 1970-01-01T00:00:00Z, if the range has an end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until_us: Option<i64>,
    },
}

/// The time by which a live consumer tells old objects from new ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectTime {
    /// The begin of the hour or day in its key. Objects without it are always listed.
    Key,
    /// The time at which the object was last written.
    #[default]
    Written,
}

/// The source of positions that were stored without one.
fn kafka() -> String {
    "kafka".to_owned()
}
