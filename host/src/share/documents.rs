//! The documents of a staged build, as JSON.

use serde::{Deserialize, Serialize};

use crate::fold::{Checkpoint, FoldOptions, FoldedOffsets};
use crate::source::TopicPartition;
use crate::workdir::Manifest;

/// The format of a share that this release writes, and the only one that it reads.
pub(super) const FORMAT: u32 = 1;

/// `build.json`: all that a worker needs but secrets, which it takes from its environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StagedManifest {
    /// The format of the share.
    pub format: u32,
    /// The version of backfold that staged the build. Workers must have the same.
    pub backfold: String,
    /// What the build is made from.
    pub manifest: Manifest,
    /// The `[fold]` section of the job.
    pub fold: FoldOptions,
    /// How many rejected records are too many to go on.
    pub stop_after: u64,
    /// The number of units.
    pub units: u64,
    /// BLAKE3 of `units.jsonl`, in hexadecimal.
    pub units_digest: String,
    /// When it was staged, RFC 3339 in UTC.
    pub staged_at: String,
    /// The person or program that staged it.
    pub by: String,
}

/// A line of `units.jsonl`: some consecutive splits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// The number of the unit, from 0.
    pub unit: u64,
    /// The number of its first split.
    pub first: u64,
    /// The number after that of its last split.
    pub until: u64,
    /// Where its lines begin and end in `splits.jsonl`.
    pub bytes: [u64; 2],
    /// BLAKE3 of these lines, in hexadecimal.
    pub digest: String,
    /// The bytes to read, as stored; 0 where they are not known.
    pub size_bytes: u64,
}

/// `done.json`: what an attempt at a unit did. An attempt without it does not count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// The unit.
    pub unit: u64,
    /// The round.
    pub round: u32,
    /// The splits, the run, the offsets, the times.
    pub checkpoint: Checkpoint,
    /// The rejected records, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<KeptFile>,
    /// The schemas of messages that were not known before, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schemas: Option<KeptFile>,
    /// The version of backfold that folded it.
    pub backfold: String,
    /// The machine that folded it.
    pub host: String,
    /// When the attempt began and ended, RFC 3339 in UTC.
    pub began: String,
    /// See [`began`](Done::began).
    pub ended: String,
}

/// A file of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Its BLAKE3, in hexadecimal.
    pub digest: String,
}

/// `failed/<unit>.json`: a unit fails again whenever it is folded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedUnit {
    /// The unit.
    pub unit: u64,
    /// The code of the failure.
    pub code: String,
    /// The failure with its causes.
    pub message: String,
    /// The machine that it happened on.
    pub host: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
}

/// `rounds/2.json`: the units that are folded again, since earlier units account for some of their offsets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SecondRound {
    /// The units, in rising order.
    pub units: Vec<FoldAgain>,
}

impl SecondRound {
    /// The place of a unit among those of the round; `None` where it is not folded again.
    pub(super) fn position(&self, unit: u64) -> Option<usize> {
        self.units.binary_search_by_key(&unit, |one| one.unit).ok()
    }
}

/// A unit of the second round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldAgain {
    /// The unit.
    pub unit: u64,
    /// The offsets of the unit that earlier units account for.
    pub folded: FoldedOffsets,
}

/// `sealed.json`: the attempt that counts, of each unit in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sealed {
    /// The attempts.
    pub units: Vec<Chosen>,
    /// The version of backfold that chose them.
    pub backfold: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
}

/// The attempt of a unit that counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// The unit.
    pub unit: u64,
    /// The round of the attempt.
    pub round: u32,
    /// The attempt, a ULID.
    pub attempt: String,
    /// BLAKE3 of its `done.json`, in hexadecimal.
    pub digest: String,
    /// Records that earlier units hold as well and nothing takes out, since their order matters: by partition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeated: Vec<Repeated>,
}

/// Records of a partition that are folded twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeated {
    /// The partition.
    #[serde(flatten)]
    pub partition: TopicPartition,
    /// The number of offsets.
    pub offsets: u64,
}
