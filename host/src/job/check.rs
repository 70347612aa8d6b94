//! What a value must be beyond its type.

use super::SourceConfig;
use super::error::{JobError, Origin};
use crate::decode::{DecodeOptions, Format};
use crate::source::range::{Bound, RangeConfig};
use crate::store::Index;

/// How long a table's name may be; the build's ID stands behind it in the shadow table's name.
const TABLE_NAME_LIMIT: usize = 40;

/// The most workers: far beyond any machine, it catches a slip of the finger.
const WORKERS_LIMIT: usize = 1024;

/// The most indexes: each costs as much as the table's key at every load.
const INDEXES_LIMIT: usize = 64;

/// Whether `name` can be a table's name in every store, and is nobody else's.
pub(super) fn table(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("the name is empty".into());
    }
    if let Some(character) = name
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && *c != '_')
    {
        return Err(format!("{character:?} cannot be part of a table's name"));
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!("`{name}` begins with a digit"));
    }
    if name.len() > TABLE_NAME_LIMIT {
        return Err(format!(
            "`{name}` has {} characters, {TABLE_NAME_LIMIT} are the most",
            name.len()
        ));
    }
    let lower = name.to_ascii_lowercase();
    match ["backfold_", "sqlite_"]
        .iter()
        .find(|prefix| lower.starts_with(**prefix))
    {
        Some(prefix) => Err(format!("names that begin with `{prefix}` are reserved")),
        None => Ok(()),
    }
}

/// Whether that many workers make sense; `origin` is where they were asked for.
pub(super) fn workers(workers: usize, origin: impl FnOnce() -> Origin) -> Result<(), JobError> {
    if (1..=WORKERS_LIMIT).contains(&workers) {
        return Ok(());
    }
    let problem = format!("{workers} is not between 1 and {WORKERS_LIMIT}");
    Err(JobError::Value {
        origin: origin(),
        key: "fold.workers".into(),
        problem,
    })
}

/// Whether a table can have all of these indexes; `origin` is where they were asked for. Whether their columns are there
/// is known once the component is.
pub(super) fn indexes(indexes: &[Index], origin: impl FnOnce() -> Origin) -> Result<(), JobError> {
    let twice = (1..indexes.len()).find(|&place| indexes[..place].contains(&indexes[place]));
    let problem = match twice {
        Some(place) => format!("the index `{}` stands there twice", indexes[place]),
        None if indexes.len() > INDEXES_LIMIT => {
            format!("{} indexes, {INDEXES_LIMIT} are the most", indexes.len())
        }
        None => return Ok(()),
    };
    Err(JobError::Value {
        origin: origin(),
        key: "target.indexes".into(),
        problem,
    })
}

/// Whether runs can be merged so many at a time; `origin` is where that was asked for.
pub(super) fn merge_fan_in(fan_in: usize, origin: impl FnOnce() -> Origin) -> Result<(), JobError> {
    if fan_in >= 2 {
        return Ok(());
    }
    Err(JobError::Value {
        origin: origin(),
        key: "fold.merge_fan_in".into(),
        problem: format!("{fan_in} is less than 2: runs are merged with one another"),
    })
}

/// Whether the source knows what the bounds of the range mean; `origin` is where they were set.
pub(super) fn range(
    range: &RangeConfig,
    source: &SourceConfig,
    origin: impl Fn() -> Origin,
) -> Result<(), JobError> {
    bound("range.from", &range.from, source, &origin)?;
    bound("range.to", &range.to, source, &origin)
}

/// The same of one bound, which is the setting `key`.
pub(super) fn bound(
    key: &str,
    bound: &Bound,
    source: &SourceConfig,
    origin: impl FnOnce() -> Origin,
) -> Result<(), JobError> {
    if source.is_log() || !bound.is_of_log() {
        return Ok(());
    }
    Err(JobError::Value {
        origin: origin(),
        key: key.into(),
        problem: format!(
            "`{bound}` is about offsets, which are Kafka's; an archive's range is in times"
        ),
    })
}

/// Whether a registry is named where Avro messages need one, and only there; `origin` is where records' decoding is set.
pub(super) fn registry(
    decode: &DecodeOptions,
    is_log: bool,
    origin: impl FnOnce() -> Origin,
) -> Result<(), JobError> {
    let is_avro = decode.format == Format::Avro;
    let (key, problem) = match (&decode.registry, is_log && is_avro) {
        (None, true) => (
            "decode.registry",
            "Avro messages are read by the schemas of a registry: it is missing, with its `url`",
        ),
        (Some(_), false) if !is_log => (
            "decode.registry",
            "the records of an archive have their schemas with them",
        ),
        (Some(_), false) => (
            "decode.format",
            "a registry is for Avro messages: `format = \"avro\"` is missing",
        ),
        (None, false) | (Some(_), true) => return Ok(()),
    };
    Err(JobError::Value {
        origin: origin(),
        key: key.into(),
        problem: problem.into(),
    })
}
