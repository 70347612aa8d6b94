//! Names of tables and columns.

use crate::schema::Kind;
use crate::store::{BuildInfo, StoreError, TableColumns};

/// The control table, after the prefix.
const CONTROL: &str = "backfold_control";

/// The attribute that holds the range key of a table with three or more key columns.
pub(super) const RANGE: &str = "backfold_range";

/// The least and the most characters of a table's name.
const TABLE_CHARS: std::ops::RangeInclusive<usize> = 3..=255;

/// The characters that a build's ID and its attempt may add to the name of a table: `__`, a ULID, `.` and a number.
const BUILD_CHARS: usize = 2 + 26 + 1 + 20;

/// The most bytes of the name of a column: those of a key's name.
const COLUMN_BYTES: usize = 255;

/// The beginning of a name in an error.
const SHOWN_CHARS: usize = 100;

fn is_allowed(one: char) -> bool {
    one.is_ascii_alphanumeric() || matches!(one, '_' | '.' | '-')
}

/// The reason why tables cannot have this prefix.
pub(super) fn prefix_fault(prefix: &str) -> Option<String> {
    const MOST: usize = 100;
    if let Some(one) = prefix.chars().find(|one| !is_allowed(*one)) {
        return Some(format!(
            "{one:?} is not allowed in the name of a table: letters, digits, `_`, `.` and `-` are"
        ));
    }
    (prefix.len() > MOST).then(|| format!("the prefix is longer than {MOST} characters"))
}

/// The name of the control table.
pub(super) fn control(prefix: &str) -> String {
    format!("{prefix}{CONTROL}")
}

/// The name that a table of another program must not have.
pub(super) fn public(prefix: &str, table: &str) -> String {
    format!("{prefix}{table}")
}

/// The table of a build, as an attempt makes it. Each attempt has its own, so that a writer of an earlier one cannot reach
/// the table of a later one. The first has the plain name.
pub(super) fn physical(prefix: &str, build: &BuildInfo, attempt: u64) -> String {
    let shadow = build.shadow_name();
    match attempt {
        0 => format!("{prefix}{shadow}"),
        attempt => format!("{prefix}{shadow}.{attempt}"),
    }
}

/// The attempt whose table has this name, if it is not the first.
pub(super) fn attempt_of(prefix: &str, build: &BuildInfo, name: &str) -> Option<u64> {
    let attempt = name
        .strip_prefix(prefix)?
        .strip_prefix(build.shadow_name().as_str())?
        .strip_prefix('.')?;
    let number = attempt.parse().ok()?;
    (physical(prefix, build, number) == name).then_some(number)
}

/// Checks the public name of a table.
///
/// # Errors
/// [`StoreError::Name`].
pub(super) fn check_table(prefix: &str, table: &str) -> Result<(), StoreError> {
    let length = prefix.len() + table.len();
    let why = if table.is_empty() {
        "it is empty"
    } else if !table.chars().all(is_allowed) {
        "DynamoDB allows letters, digits, `_`, `.` and `-`"
    } else if table.to_ascii_lowercase().starts_with("backfold_") {
        "names that begin with `backfold_` are reserved"
    } else if length < *TABLE_CHARS.start() {
        "DynamoDB asks for at least 3 characters, with the prefix"
    } else if length + BUILD_CHARS > *TABLE_CHARS.end() {
        "with the prefix and the ID of a build it is longer than 255 characters"
    } else {
        return Ok(());
    };
    Err(name_error("table", table, why))
}

/// Checks that a build's own table can have its name.
///
/// # Errors
/// [`StoreError::Name`].
pub(super) fn check_build(prefix: &str, build: &BuildInfo) -> Result<(), StoreError> {
    check_table(prefix, &build.table)?;
    let name = physical(prefix, build, u64::MAX);
    let fits = name.chars().all(is_allowed) && name.len() <= *TABLE_CHARS.end();
    match fits {
        true => Ok(()),
        false => Err(name_error(
            "table",
            &build.shadow_name(),
            "DynamoDB allows 255 letters, digits, `_`, `.` and `-`",
        )),
    }
}

/// Checks the names of columns, and that the keys can be keys.
///
/// # Errors
/// [`StoreError::Name`], [`StoreError::Column`].
pub(super) fn check_columns(columns: &TableColumns) -> Result<(), StoreError> {
    for column in columns.iter() {
        let name = column.name.as_str();
        let why = if name.is_empty() {
            "it is empty"
        } else if name.contains('\0') {
            "it contains U+0000"
        } else if name.len() > COLUMN_BYTES {
            "it is longer than 255 bytes"
        } else if name == RANGE {
            "the store uses it for the range key"
        } else {
            continue;
        };
        return Err(name_error("column", name, why));
    }
    for key in &columns.keys {
        let why = match key.kind {
            _ if key.nullable => "it may be null, and a key of DynamoDB may not",
            Kind::Float64 | Kind::Json => "a key of DynamoDB cannot be of its kind",
            _ => continue,
        };
        return Err(StoreError::Column {
            column: key.name.clone(),
            why: why.to_owned(),
        });
    }
    Ok(())
}

fn name_error(what: &'static str, name: &str, why: &'static str) -> StoreError {
    StoreError::Name {
        what,
        name: name.chars().take(SHOWN_CHARS).collect(),
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(table: &str) -> BuildInfo {
        BuildInfo {
            table: table.to_owned(),
            build: "01K0BUILD00000000000000001".to_owned(),
            manifest_digest: String::new(),
        }
    }

    #[test]
    fn names_have_the_characters_and_the_length_of_dynamodb() {
        for good in ["abc", "A-b.c_9", &"x".repeat(206)] {
            assert!(check_table("", good).is_ok(), "{good}");
            assert!(check_build("", &build(good)).is_ok(), "{good}");
        }
        for bad in ["", "ab", "a b", "größe", "Backfold_x", &"x".repeat(207)] {
            assert!(check_table("", bad).is_err(), "{bad}");
        }
        assert!(check_table("p_", "a").is_ok());
    }

    #[test]
    fn tables_of_attempts_are_told_apart_from_those_of_others() {
        let build = build("t1");
        for attempt in [1, 7, u64::MAX] {
            let name = physical("p.", &build, attempt);
            assert_eq!(attempt_of("p.", &build, &name), Some(attempt));
        }
        let first = physical("p.", &build, 0);
        for other in [
            first.clone(),
            format!("{first}.01"),
            format!("{first}.x"),
            format!("{first}.1.2"),
        ] {
            assert_eq!(attempt_of("p.", &build, &other), None, "{other}");
        }
    }
}
