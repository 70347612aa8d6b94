//! Checks of values that their types do not express.

use std::time::Duration;

use super::TargetConfig;
use super::error::{JobError, Origin};
use crate::cutover::{DriftLimits, GateOptions, HookOptions};
use crate::decode::{DecodeOptions, Format};
use crate::fold::FoldOptions;
use crate::guest::Limits;
use crate::source::SourceConfig;
use crate::source::range::{Bound, RangeConfig};
use crate::store::Index;
use crate::store::postgres::PostgresConfig;
use crate::units::ByteSize;

/// The largest length of a table's name; the name of the shadow table also contains the build's ID.
const TABLE_NAME_LIMIT: usize = 40;

/// The largest number of workers: far beyond any machine, to catch typing errors.
const WORKERS_LIMIT: usize = 1024;

/// The end of the message about a limit that is too low.
const NO_ZERO: &str = ". 0 does not mean unlimited: increase the value, or remove the key";

/// The unit in which the memory of a component grows, in bytes.
const WASM_PAGE_BYTES: u64 = 64 << 10;

/// The largest number of indexes: each costs as much as the table's key at every load.
const INDEXES_LIMIT: usize = 64;

/// Checks that `name` is valid in every store, and not reserved.
pub(super) fn table(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("the name is empty".into());
    }
    if let Some(character) = name
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && *c != '_')
    {
        return Err(format!(
            "{character:?} is not allowed in the name of a table"
        ));
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

/// Checks the number of workers; `origin` is the place where it was set.
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

/// Checks the indexes; `origin` is the place where they were set. Whether their columns exist is checked later, when
/// the component is known.
pub(super) fn indexes(indexes: &[Index], origin: impl FnOnce() -> Origin) -> Result<(), JobError> {
    let twice = (1..indexes.len()).find(|&place| indexes[..place].contains(&indexes[place]));
    let problem = match twice {
        Some(place) => format!("the index `{}` is given twice", indexes[place]),
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

/// Checks the section of PostgreSQL; `origin` is the place where it begins.
pub(super) fn postgres(
    postgres: &PostgresConfig,
    origin: impl FnOnce() -> Origin,
) -> Result<(), JobError> {
    postgres.check().map_err(|(key, problem)| JobError::Value {
        origin: origin(),
        key: format!("target.postgres.{key}"),
        problem,
    })
}

/// Checks the settings of the fold; `origin` is the place where they were set. A `checkpoint_interval` of zero is
/// valid: it makes a checkpoint after each split.
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
        let less = format!("{fan_in} is less than 2: a merge needs at least two runs");
        return problem("merge_fan_in", less);
    }
    if fold.window_batches == 0 {
        return problem("window_batches", "0 is less than 1".into());
    }
    if fold.state_budget.0 == 0 {
        let none = "0 bytes cannot hold a state: write a size such as `64 MiB`";
        return problem("state_budget", none.into());
    }
    Ok(())
}

/// Checks that a component can run within the limits; `origin` is the place where they were set. 0 never means that
/// there is no limit.
pub(super) fn limits(limits: &Limits, origin: impl FnOnce() -> Origin) -> Result<(), JobError> {
    let least = |value: u64, least: u64, unit: &str| {
        let problem = || format!("{value}{unit} is less than {least}{unit}{NO_ZERO}");
        (value < least).then(problem)
    };
    let number = |value: u64| least(value, 1, "");
    let bytes = |value: ByteSize, smallest: u64| least(value.0, smallest, " B");
    let time = |value: Duration| value.is_zero().then(|| format!("0s is too short{NO_ZERO}"));
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

/// Checks the settings of hooks; `origin` is the place where they were set.
pub(super) fn hooks(hooks: &HookOptions, origin: impl FnOnce() -> Origin) -> Result<(), JobError> {
    if !hooks.timeout.is_zero() {
        return Ok(());
    }
    Err(JobError::Value {
        origin: origin(),
        key: "hooks.timeout".to_owned(),
        problem: format!("0s is too short{NO_ZERO}"),
    })
}

/// Checks the settings of decoding; `origin` is the place where they were set.
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

/// Checks the limits of the gate, and that the target can answer its checks; `origin` is the place where they were set.
/// Whether columns exist is checked later, when the component is known.
pub(super) fn gate(
    gate: &GateOptions,
    target: &TargetConfig,
    origin: impl FnOnce() -> Origin,
) -> Result<(), JobError> {
    match gate_fault(gate, target) {
        None => Ok(()),
        Some((key, problem)) => Err(JobError::Value {
            origin: origin(),
            key: format!("gate.{key}"),
            problem,
        }),
    }
}

/// The first key of the gate that has a fault, and the fault.
fn gate_fault(gate: &GateOptions, target: &TargetConfig) -> Option<(String, String)> {
    let shares = [
        ("max_removed_ratio", gate.max_removed_ratio),
        ("max_changed_ratio", gate.max_changed_ratio),
        ("max_added_ratio", gate.max_added_ratio),
    ];
    let share = |(key, limit): (&str, Option<f64>)| {
        let limit = limit.filter(|limit| !(0.0..=1.0).contains(limit))?;
        let problem = format!("{limit} is not between 0 and 1: it is a share of the keys");
        Some((key.to_owned(), problem))
    };
    let drift = gate.drift.iter().find_map(|(column, limits)| {
        let fault = drift_fault(limits)?;
        let (key, problem) = match fault {
            (Some(figure), problem) => (format!("drift.{column}.{figure}"), problem),
            (None, problem) => (format!("drift.{column}"), problem),
        };
        Some((key, problem))
    });
    let checks = || {
        let place = gate.checks.iter().position(|check| {
            let (min, max) = (check.min.unwrap_or(f64::MIN), check.max.unwrap_or(f64::MAX));
            // A bound that is no number is no bound either.
            !min.is_finite() || !max.is_finite() || min > max
        })?;
        let problem = format!(
            "no number lies between `min` and `max` of check {}",
            place + 1
        );
        Some(("checks".to_owned(), problem))
    };
    let speaks_sql = || {
        let is_deaf = matches!(target, TargetConfig::DynamoDb(_)) && !gate.checks.is_empty();
        let problem = "DynamoDB does not answer questions in SQL: limit `max_removed_ratio`, `max_changed_ratio`, \
                       `max_added_ratio` or `[gate.drift.COLUMN]` instead, which backfold computes itself, or ask in a \
                       command under `hooks.before_swap`";
        is_deaf.then(|| ("checks".to_owned(), problem.to_owned()))
    };
    let timeout = || {
        let problem = format!("0s is too short{NO_ZERO}");
        let is_zero = gate.check_timeout.is_zero();
        is_zero.then(|| ("check_timeout".to_owned(), problem))
    };
    shares
        .into_iter()
        .find_map(share)
        .or(drift)
        .or_else(checks)
        .or_else(speaks_sql)
        .or_else(timeout)
}

/// The fault of the limits of a column, with the figure that has it.
fn drift_fault(limits: &DriftLimits) -> Option<(Option<&'static str>, String)> {
    let figures = [
        ("sum", limits.sum),
        ("mean", limits.mean),
        ("nulls", limits.nulls),
    ];
    if figures.iter().all(|(_, limit)| limit.is_none()) {
        let problem = "it limits nothing: set `sum`, `mean` or `nulls`".to_owned();
        return Some((None, problem));
    }
    figures.into_iter().find_map(|(figure, limit)| {
        let limit = limit?;
        let problem = match figure {
            "nulls" if !(0.0..=1.0).contains(&limit) => {
                format!("{limit} is not between 0 and 1: it is a share of the rows")
            }
            _ if !(limit.is_finite() && limit >= 0.0) => {
                format!("{limit} is no number from 0 on, such as 0.05 for a twentieth")
            }
            _ => return None,
        };
        Some((Some(figure), problem))
    })
}

/// Checks that the bounds of the range apply to the source; `origin` is the place where they were set.
pub(super) fn range(
    range: &RangeConfig,
    source: &SourceConfig,
    origin: impl Fn() -> Origin,
) -> Result<(), JobError> {
    bound("range.from", &range.from, source, &origin)?;
    bound("range.to", &range.to, source, &origin)
}

/// Checks one bound, which is the setting `key`.
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
            "`{bound}` is an offset, which only Kafka has; the range of an archive is in times"
        ),
    })
}

/// Checks that an array in documents is wanted of an archive only: a message is one record. `origin` is the place where
/// decoding is set.
pub(super) fn records(
    decode: &DecodeOptions,
    is_log: bool,
    origin: impl FnOnce() -> Origin,
) -> Result<(), JobError> {
    if decode.records.is_none() || !is_log {
        return Ok(());
    }
    Err(JobError::Value {
        origin: origin(),
        key: "decode.records".into(),
        problem: "a message of a topic is one record: arrays in documents are read from archives"
            .into(),
    })
}

/// Checks that there is a registry if Avro messages need one, and only then; `origin` is the place where decoding is
/// set.
pub(super) fn registry(
    decode: &DecodeOptions,
    is_log: bool,
    origin: impl FnOnce() -> Origin,
) -> Result<(), JobError> {
    let is_avro = decode.format == Format::Avro;
    let (key, problem) = match (&decode.registry, is_log && is_avro) {
        (None, true) => (
            "decode.registry",
            "Avro messages need a schema registry: set `decode.registry.url`",
        ),
        (Some(_), false) if !is_log => (
            "decode.registry",
            "the objects of an archive contain their schemas, so no registry is needed",
        ),
        (Some(_), false) => (
            "decode.format",
            "a registry is used for Avro messages only: set `format = \"avro\"`",
        ),
        (None, false) | (Some(_), true) => return Ok(()),
    };
    Err(JobError::Value {
        origin: origin(),
        key: key.into(),
        problem: problem.into(),
    })
}
