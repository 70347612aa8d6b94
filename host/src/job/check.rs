//! What a value must be beyond its type.

use std::time::Duration;

use super::error::{JobError, Origin};
use crate::decode::{DecodeOptions, Format};
use crate::fold::FoldOptions;
use crate::guest::Limits;
use crate::source::SourceConfig;
use crate::source::range::{Bound, RangeConfig};
use crate::store::Index;
use crate::units::ByteSize;

/// How long a table's name may be; the build's ID stands behind it in the shadow table's name.
const TABLE_NAME_LIMIT: usize = 40;

/// The most workers: far beyond any machine, it catches a slip of the finger.
const WORKERS_LIMIT: usize = 1024;

/// What is said of a limit that is too low.
const NO_ZERO: &str =
    ", and 0 does not mean that there is no limit: write a larger one, or leave the key out";

/// What a memory grows by, in bytes.
const WASM_PAGE_BYTES: u64 = 64 << 10;

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

/// Whether a fold can work with these numbers; `origin` is where they were set. A `checkpoint_interval` of nothing makes
/// a checkpoint after each split.
pub(super) fn fold(fold: &FoldOptions, origin: impl Fn() -> Origin) -> Result<(), JobError> {
    if let Some(number) = fold.workers {
        workers(number, &origin)?;
    }
    let problem = |key: &str, problem: String| {
        let (origin, key) = (origin(), format!("fold.{key}"));
        Err(JobError::Value {
            origin,
            key,
            problem,
        })
    };
    if fold.merge_fan_in < 2 {
        let fan_in = fold.merge_fan_in;
        let less = format!("{fan_in} is less than 2: runs are merged with one another");
        return problem("merge_fan_in", less);
    }
    if fold.window_batches == 0 {
        return problem("window_batches", "0 is less than 1".into());
    }
    if fold.state_budget.0 == 0 {
        let none = "0 bytes hold no state: write such as `64 MiB`";
        return problem("state_budget", none.into());
    }
    Ok(())
}

/// Whether a component can do anything within these limits; `origin` is where they were set. Nowhere does 0 stand for no
/// limit.
pub(super) fn limits(limits: &Limits, origin: impl FnOnce() -> Origin) -> Result<(), JobError> {
    let least = |value: u64, least: u64, unit: &str| {
        let problem = || format!("{value}{unit} is less than {least}{unit}{NO_ZERO}");
        (value < least).then(problem)
    };
    let number = |value: u64| least(value, 1, "");
    let bytes = |value: ByteSize, smallest: u64| least(value.0, smallest, " B");
    let time = |value: Duration| value.is_zero().then(|| format!("0s is no time{NO_ZERO}"));
    let stack = Limits::STACK;
    let stack = (!stack.contains(&limits.stack)).then(|| {
        let (least, most) = (stack.start(), stack.end());
        format!("{} is not between {least} and {most}", limits.stack)
    });
    let faults = [
        ("fuel_base", number(limits.fuel_base)),
        ("memory", bytes(limits.memory, WASM_PAGE_BYTES)),
        ("table_elements", number(limits.table_elements)),
        ("instances", number(limits.instances.into())),
        ("stack", stack),
        ("call_time", time(limits.call_time)),
        ("answer", bytes(limits.answer, 1)),
        ("key", bytes(limits.key, 1)),
        ("state", bytes(limits.state, 1)),
        ("component", bytes(limits.component, 1)),
        ("compile_time", time(limits.compile_time)),
        ("compile_memory", bytes(limits.compile_memory, 1)),
    ];
    let fault = faults
        .into_iter()
        .find_map(|(name, problem)| Some((name, problem?)));
    match fault {
        None => Ok(()),
        Some((name, problem)) => Err(JobError::Value {
            origin: origin(),
            key: format!("limits.{name}"),
            problem,
        }),
    }
}

/// Whether records can be decoded so; `origin` is where that was set.
pub(super) fn decode(
    decode: &DecodeOptions,
    origin: impl FnOnce() -> Origin,
) -> Result<(), JobError> {
    match decode.fault() {
        None => Ok(()),
        Some((name, problem)) => Err(JobError::Value {
            origin: origin(),
            key: format!("decode.{name}"),
            problem: problem.into(),
        }),
    }
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
