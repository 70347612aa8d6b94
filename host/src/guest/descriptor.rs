//! The descriptor that `open` returns, checked. All other code relies on what is checked here.

use std::collections::HashSet;

use super::bindings::backfold::pipeline::{columns, schema as wit};
use super::text::printable;
use crate::schema::{Condition, Descriptor, Encoding, Input, Kind, Origin, Output};

/// The most inputs of a component, and the most keys, states and views together.
const MAX_COLUMNS: usize = 256;
/// The most columns of a key: databases limit those of a primary key.
const MAX_KEYS: usize = 16;
/// The most conditions of a component, and the most values of each.
const MAX_CONDITIONS: usize = 64;
const MAX_CONDITION_VALUES: usize = 1_000;
/// The longest name of a column in bytes: that of PostgreSQL.
const MAX_NAME_BYTES: usize = 63;
/// The longest path, header name and value of a condition, in bytes.
const MAX_TEXT_BYTES: usize = 1_024;

/// Checks a descriptor.
///
/// # Errors
/// The rule that it breaks, with the name at fault.
pub(super) fn check(given: wit::Descriptor) -> Result<Descriptor, String> {
    let wit::Descriptor {
        name,
        version,
        inputs,
        only,
        event_time,
        keys,
        states,
        views,
        commutative,
    } = given;
    pipeline_name(&name)?;
    semantic_version(&version)?;
    count("inputs", inputs.len(), 0, MAX_COLUMNS)?;
    count("conditions", only.len(), 0, MAX_CONDITIONS)?;
    count("keys", keys.len(), 1, MAX_KEYS)?;
    count("states", states.len(), 1, MAX_COLUMNS)?;
    count(
        "keys, states and views",
        keys.len() + states.len() + views.len(),
        2,
        MAX_COLUMNS,
    )?;

    let inputs = inputs
        .into_iter()
        .map(input)
        .collect::<Result<Vec<_>, _>>()?;
    let only = only
        .into_iter()
        .map(condition)
        .collect::<Result<Vec<_>, _>>()?;
    let [keys, states, views] =
        [("key", keys), ("state", states), ("view", views)].map(|(role, outputs)| {
            outputs
                .into_iter()
                .map(|one| output(role, one))
                .collect::<Result<Vec<_>, _>>()
        });
    let (keys, states, views) = (keys?, states?, views?);

    unique("inputs", inputs.iter().map(|input| &input.name))?;
    unique(
        "keys, states and views",
        keys.iter()
            .chain(&states)
            .chain(&views)
            .map(|output| &output.name),
    )?;
    key_kinds(&keys)?;
    if let Some(name) = &event_time {
        event_time_input(name, &inputs)?;
    }
    Ok(Descriptor {
        name,
        version,
        inputs,
        only,
        event_time,
        keys,
        states,
        views,
        commutative,
    })
}

fn key_kinds(keys: &[Output]) -> Result<(), String> {
    let unfit = keys
        .iter()
        .find(|key| matches!(key.kind, Kind::Float64 | Kind::Json));
    match unfit {
        None => Ok(()),
        Some(key) => Err(format!(
            "key `{}` is of kind {}, which a key may not be",
            key.name,
            key.kind.name()
        )),
    }
}

/// The event time has to be one of the inputs, of kind `timestamp`.
fn event_time_input(name: &str, inputs: &[Input]) -> Result<(), String> {
    match inputs.iter().find(|input| input.name == *name) {
        None => Err(format!(
            "the event time `{}` is not among the inputs",
            printable(name, 100)
        )),
        Some(input) if input.kind != Kind::Timestamp => Err(format!(
            "the event time `{name}` is of kind {} instead of timestamp",
            input.kind.name()
        )),
        Some(_) => Ok(()),
    }
}

fn count(what: &str, found: usize, least: usize, most: usize) -> Result<(), String> {
    match found {
        _ if found < least => Err(format!(
            "it has {found} {what}, and at least {least} must be there"
        )),
        _ if found > most => Err(format!("it has {found} {what}, and there may be {most}")),
        _ => Ok(()),
    }
}

/// The pipeline's name goes into manifests and logs.
fn pipeline_name(name: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
    if name.is_empty() || name.len() > 100 || !name.chars().all(fits) {
        return Err(format!(
            "the pipeline's name `{}` must be 1 to 100 letters, digits or any of `-_./:`",
            printable(name, 100)
        ));
    }
    Ok(())
}

/// `1.2.3`, `1.2.3-rc.1`, `1.2.3+build`.
fn semantic_version(version: &str) -> Result<(), String> {
    let (version_and_pre, build) = version
        .split_once('+')
        .map_or((version, None), |(v, build)| (v, Some(build)));
    let (core, pre) = version_and_pre
        .split_once('-')
        .map_or((version_and_pre, None), |(core, pre)| (core, Some(pre)));
    let is_number = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let is_labels = |labels: &str| {
        labels.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
    };
    let fits = version.len() <= 100
        && core.split('.').count() == 3
        && core.split('.').all(is_number)
        && [pre, build].into_iter().flatten().all(is_labels);
    fits.then_some(()).ok_or_else(|| {
        format!(
            "`{}` is not a semantic version like 1.2.3",
            printable(version, 100)
        )
    })
}

/// Column names become columns of databases and of files, so they are plain identifiers.
fn column_name(role: &str, name: &str) -> Result<(), String> {
    let mut chars = name.chars();
    let fits = name.len() <= MAX_NAME_BYTES
        && chars
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    fits.then_some(()).ok_or_else(|| {
        format!(
            "the name `{}` of {} {role} must be 1 to {MAX_NAME_BYTES} letters (a to z), digits or underscores, \
             and not begin with a digit",
            printable(name, 100),
            if role.starts_with('i') { "an" } else { "a" }
        )
    })
}

/// Names must differ in more than capitals: some databases ignore capitals in names, others do not.
fn unique<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> Result<(), String> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(format!(
                "the name `{name}` is there twice among the {what} (capitals do not count)"
            ));
        }
    }
    Ok(())
}

fn path(of: &str, path: &str) -> Result<(), String> {
    if path.is_empty() || path.len() > MAX_TEXT_BYTES {
        return Err(format!(
            "the path of {of} has {} bytes, and may have 1 to {MAX_TEXT_BYTES}",
            path.len()
        ));
    }
    Ok(())
}

fn input(given: wit::Input) -> Result<Input, String> {
    let name = given.name;
    column_name("input", &name)?;
    let kind = kind(given.kind);
    let (origin, kinds): (_, &[Kind]) = match given.origin {
        wit::Origin::Path(at) => {
            path(&format!("input `{name}`"), &at)?;
            (Origin::Path(at), &[])
        }
        wit::Origin::Payload => (Origin::Payload, &[Kind::Binary]),
        wit::Origin::RecordKey => (Origin::RecordKey, &[Kind::Binary, Kind::Utf8]),
        wit::Origin::RecordHeader(header) => {
            path(&format!("input `{name}`"), &header)?;
            (Origin::RecordHeader(header), &[Kind::Binary, Kind::Utf8])
        }
        wit::Origin::RecordTime => (Origin::RecordTime, &[Kind::Timestamp]),
        wit::Origin::SourceName => (Origin::SourceName, &[Kind::Utf8]),
        wit::Origin::Partition => (Origin::Partition, &[Kind::Int64]),
        wit::Origin::Offset => (Origin::Offset, &[Kind::Int64]),
    };
    if !kinds.is_empty() && !kinds.contains(&kind) {
        let kinds: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        return Err(format!(
            "input `{name}` is of kind {}, and its origin gives {}",
            kind.name(),
            kinds.join(" or ")
        ));
    }
    let encoding = encoding(given.encoding);
    let fits = match encoding {
        Encoding::Standard => true,
        Encoding::Hex => kind == Kind::Binary,
        _ => kind == Kind::Timestamp,
    };
    if !fits {
        return Err(format!(
            "input `{name}` is of kind {}, which its encoding cannot write",
            kind.name()
        ));
    }
    Ok(Input {
        name,
        origin,
        kind,
        encoding,
        nullable: given.nullable,
    })
}

fn condition(given: wit::Condition) -> Result<Condition, String> {
    path("a condition", &given.path)?;
    let of = printable(&given.path, 100);
    count(
        &format!("values in the condition on `{of}`"),
        given.any_of.len(),
        1,
        MAX_CONDITION_VALUES,
    )?;
    if given
        .any_of
        .iter()
        .any(|value| value.len() > MAX_TEXT_BYTES)
    {
        return Err(format!(
            "a value in the condition on `{of}` has more than {MAX_TEXT_BYTES} bytes"
        ));
    }
    Ok(Condition {
        path: given.path,
        any_of: given.any_of,
    })
}

fn output(role: &str, given: wit::Output) -> Result<Output, String> {
    column_name(role, &given.name)?;
    Ok(Output {
        name: given.name,
        kind: kind(given.kind),
        nullable: given.nullable,
    })
}

fn kind(kind: columns::Kind) -> Kind {
    match kind {
        columns::Kind::Boolean => Kind::Boolean,
        columns::Kind::Int64 => Kind::Int64,
        columns::Kind::Float64 => Kind::Float64,
        columns::Kind::Timestamp => Kind::Timestamp,
        columns::Kind::Date => Kind::Date,
        columns::Kind::Utf8 => Kind::Utf8,
        columns::Kind::Binary => Kind::Binary,
        columns::Kind::Json => Kind::Json,
    }
}

fn encoding(encoding: wit::Encoding) -> Encoding {
    match encoding {
        wit::Encoding::Standard => Encoding::Standard,
        wit::Encoding::EpochSeconds => Encoding::EpochSeconds,
        wit::Encoding::EpochMilliseconds => Encoding::EpochMilliseconds,
        wit::Encoding::EpochMicroseconds => Encoding::EpochMicroseconds,
        wit::Encoding::EpochNanoseconds => Encoding::EpochNanoseconds,
        wit::Encoding::Hex => Encoding::Hex,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(name: &str, kind: columns::Kind) -> wit::Output {
        wit::Output {
            name: name.into(),
            kind,
            nullable: false,
        }
    }

    fn at(name: &str, kind: columns::Kind) -> wit::Input {
        let origin = wit::Origin::Path(name.into());
        wit::Input {
            name: name.into(),
            origin,
            kind,
            encoding: wit::Encoding::Standard,
            nullable: false,
        }
    }

    fn good() -> wit::Descriptor {
        wit::Descriptor {
            name: "page-days".into(),
            version: "1.0.0".into(),
            inputs: vec![
                at("ts", columns::Kind::Timestamp),
                at("page", columns::Kind::Utf8),
            ],
            only: vec![wit::Condition {
                path: "type".into(),
                any_of: vec!["view".into()],
            }],
            event_time: Some("ts".into()),
            keys: vec![
                out("page", columns::Kind::Utf8),
                out("day", columns::Kind::Date),
            ],
            states: vec![out("views", columns::Kind::Int64)],
            views: vec![out("share", columns::Kind::Float64)],
            commutative: true,
        }
    }

    /// The error of the good descriptor after a change.
    fn said(change: impl FnOnce(&mut wit::Descriptor)) -> String {
        let mut descriptor = good();
        change(&mut descriptor);
        check(descriptor).unwrap_err()
    }

    #[test]
    fn a_good_one_passes() {
        let descriptor = check(good()).unwrap();
        assert_eq!(descriptor.partial_schema().fields().len(), 3);
    }

    #[test]
    fn keys_and_states_must_be_there() {
        assert_eq!(
            said(|d| d.keys.clear()),
            "it has 0 keys, and at least 1 must be there"
        );
        assert_eq!(
            said(|d| d.states.clear()),
            "it has 0 states, and at least 1 must be there"
        );
        assert_eq!(
            said(|d| d.keys[0].kind = columns::Kind::Float64),
            "key `page` is of kind float64, which a key may not be"
        );
        assert!(said(|d| d.keys[0].kind = columns::Kind::Json).contains("kind json"));
        assert!(
            said(|d| d.views = vec![out("v", columns::Kind::Int64); 1_000_000])
                .contains("there may be 256")
        );
    }

    #[test]
    fn names_are_unique_and_plain() {
        assert_eq!(
            said(|d| d.states[0].name = "PAGE".into()),
            "the name `PAGE` is there twice among the keys, states and views (capitals do not count)"
        );
        assert!(said(|d| d.inputs[1].name = "ts".into()).contains("twice among the inputs"));
        assert_eq!(
            said(|d| d.keys[0].name = "\"; DROP TABLE x; --".into()),
            "the name `\"; DROP TABLE x; --` of a key must be 1 to 63 letters (a to z), digits or underscores, \
             and not begin with a digit"
        );
        for name in ["", "1a", "a b", "a\0", "a\x1b[2J", "é", &"a".repeat(64)] {
            assert!(
                said(|d| d.views[0].name = name.into()).starts_with("the name `"),
                "{name:?}"
            );
        }
        assert!(
            said(|d| d.inputs[0].name = "\x1b]0;x\x07".into())
                .starts_with("the name `\\u{1b}]0;x\\u{7}` of an input")
        );
        assert!(said(|d| d.name = "a\nb".into()).contains("a\\nb"));
    }

    #[test]
    fn the_event_time_is_an_input() {
        assert_eq!(
            said(|d| d.event_time = Some("at".into())),
            "the event time `at` is not among the inputs"
        );
        assert!(said(|d| d.event_time = Some("page".into())).contains("instead of timestamp"));
    }

    #[test]
    fn kinds_fit_origins_and_encodings() {
        assert_eq!(
            said(|d| d.inputs[1].origin = wit::Origin::RecordTime),
            "input `page` is of kind utf8, and its origin gives timestamp"
        );
        assert!(said(|d| d.inputs[1].origin = wit::Origin::Payload).contains("gives binary"));
        assert!(
            said(|d| d.inputs[1].encoding = wit::Encoding::Hex)
                .contains("its encoding cannot write")
        );
        assert!(said(|d| d.inputs[1].encoding = wit::Encoding::EpochSeconds).contains("encoding"));
        assert!(
            said(|d| d.inputs[1].origin = wit::Origin::Path(String::new())).contains("0 bytes")
        );
    }

    #[test]
    fn conditions_are_met_by_something() {
        assert_eq!(
            said(|d| d.only[0].any_of.clear()),
            "it has 0 values in the condition on `type`, and at least 1 must be there"
        );
    }

    #[test]
    fn versions_are_semantic() {
        for good in ["0.1.0", "1.2.3-rc.1", "1.2.3+a-b", "10.20.30-0a+1"] {
            assert_eq!(semantic_version(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "01.2.3",
            "1.2.x",
            "v1.2.3",
            "1.2.3-",
            "1.2.3+",
            "1.2.3-a..b",
        ] {
            assert!(semantic_version(bad).is_err(), "{bad}");
        }
    }
}
