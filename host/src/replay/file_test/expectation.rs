//! A table that is expected, as a file, and how another table differs from it.
//!
//! The file is a JSON array of rows, each an object with the values of its columns as [`row_json`] writes them:
//! ```json
//! [
//!   { "day": "2026-01-31", "page": "/home", "views": 3 }
//! ]
//! ```
//! A row has all key columns; of the others it may leave out those that do not matter. The order of rows is free. An
//! object with the array under `rows`, as `backfold test --output json` gives it under `result`, is as good.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{FileTest, FileTestError};
use crate::row_json::{self, Row};
use crate::schema::Descriptor;

/// A table that is expected.
#[derive(Clone, Debug)]
pub struct Expectation {
    path: PathBuf,
    rows: Vec<Row>,
}

/// How a table differs from an expectation.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Rows that are expected and are not there.
    pub missing: Vec<Row>,
    /// Rows that are there and are not expected.
    pub unexpected: Vec<Row>,
    /// Rows with other values.
    pub different: Vec<DifferentRow>,
}

/// A row with other values than expected.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DifferentRow {
    /// Its key.
    pub key: Row,
    /// The values expected, of the columns that differ.
    pub expected: Row,
    /// Those found.
    pub found: Row,
}

/// A row whose values are still text: `serde_json` reads a float with all its digits as one next to it.
type RawRow = BTreeMap<String, Box<RawValue>>;

/// The result of `backfold test --output json`.
#[derive(Deserialize)]
struct Whole {
    rows: Vec<RawRow>,
}

/// The rows of a file.
fn rows(text: &[u8]) -> serde_json::Result<Vec<Row>> {
    let raw: Vec<RawRow> = match serde_json::from_slice(text) {
        Ok(rows) => rows,
        Err(_) => serde_json::from_slice::<Whole>(text)?.rows,
    };
    let rows = raw.into_iter().map(|row| {
        let values = row.into_iter();
        values.map(|(name, raw)| Ok((name, exact(&raw)?))).collect()
    });
    rows.collect()
}

fn exact(raw: &RawValue) -> serde_json::Result<Value> {
    let value: Value = serde_json::from_str(raw.get())?;
    let exact = raw.get().parse().ok().filter(|_| value.is_f64());
    let number = exact.and_then(serde_json::Number::from_f64);
    Ok(number.map_or(value, Value::Number))
}

impl Expectation {
    /// Reads the expected table of a component with this descriptor from the file at `path`.
    ///
    /// # Errors
    /// Where the file is not a table of the component's columns, with every key once.
    pub fn read(path: &Path, descriptor: &Descriptor) -> Result<Expectation, FileTestError> {
        let failed = |what: String| FileTestError::Expectation {
            path: path.to_owned(),
            what,
        };
        let text = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let rows = rows(&text).map_err(|_| failed("it is not a JSON array of rows".into()))?;
        Ok(Expectation {
            path: path.to_owned(),
            rows: normal(descriptor, &rows).map_err(failed)?,
        })
    }

    /// Writes the table of `test` as what is expected from now on, one row on each line.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(path: &Path, test: &FileTest) -> Result<(), FileTestError> {
        let rows = test.rows.iter().map(serde_json::to_string);
        let text = rows
            .collect::<Result<Vec<_>, _>>()
            .map(|rows| match rows.as_slice() {
                [] => "[]\n".to_owned(),
                rows => format!("[\n  {}\n]\n", rows.join(",\n  ")),
            });
        text.map_err(std::io::Error::from)
            .and_then(|text| std::fs::write(path, text))
            .map_err(|source| FileTestError::Write {
                path: path.to_owned(),
                source,
            })
    }

    /// How the table of `test` differs from this one.
    pub fn compare(&self, test: &FileTest) -> Comparison {
        let keys = &test.descriptor.keys;
        let key = |row: &Row| -> Row {
            let pairs = keys.iter().filter_map(|key| {
                let value = row.get(&key.name)?;
                Some((key.name.clone(), value.clone()))
            });
            pairs.collect()
        };
        let text = |row: &Row| serde_json::Value::Object(key(row)).to_string();
        let mut expected: BTreeMap<_, _> = self.rows.iter().map(|row| (text(row), row)).collect();
        let mut comparison = Comparison::default();
        for found in &test.rows {
            let Some(expected) = expected.remove(&text(found)) else {
                comparison.unexpected.push(found.clone());
                continue;
            };
            let differing = |(name, value): &(&String, _)| found.get(*name) != Some(*value);
            let expected: Row = expected
                .iter()
                .filter(differing)
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            if !expected.is_empty() {
                let of_found = |(name, value): (&String, &serde_json::Value)| {
                    expected
                        .contains_key(name)
                        .then(|| (name.clone(), value.clone()))
                };
                comparison.different.push(DifferentRow {
                    key: key(found),
                    found: found.iter().filter_map(of_found).collect(),
                    expected,
                });
            }
        }
        let is_missing = |row: &&Row| expected.contains_key(&text(row));
        comparison.missing = self.rows.iter().filter(is_missing).cloned().collect();
        comparison
    }

    /// The error that a comparison with this expectation is, where there are differences.
    pub fn refusal(&self, comparison: &Comparison) -> Option<FileTestError> {
        (*comparison != Comparison::default()).then(|| FileTestError::Different {
            path: self.path.clone(),
            missing: comparison.missing.len(),
            unexpected: comparison.unexpected.len(),
            different: comparison.different.len(),
        })
    }
}

/// The rows as backfold writes them, such as 1.0 for 1 in a column of floats.
///
/// # Errors
/// In words, the row that does not fit the descriptor, and why.
fn normal(descriptor: &Descriptor, rows: &[Row]) -> Result<Vec<Row>, String> {
    let table = descriptor.table_schema();
    let mut keys = std::collections::BTreeSet::new();
    let mut normal = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let at = |what: String| format!("row {number}: {what}");
        if let Some(key) = descriptor
            .keys
            .iter()
            .find(|key| !row.contains_key(&key.name))
        {
            return Err(at(format!("the key column `{}` is missing", key.name)));
        }
        if let Some(name) = row.keys().find(|name| table.index_of(name).is_err()) {
            return Err(at(format!("there is no column `{name}`")));
        }
        let named = |field: &&Arc<arrow_schema::Field>| row.contains_key(field.name());
        let fields: Vec<_> = table.fields().iter().filter(named).cloned().collect();
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let batch = row_json::batch(&schema, std::slice::from_ref(row))
            .map_err(|what| at(what.trim_start_matches("row 0: ").to_owned()))?;
        let row = row_json::row(&batch, 0);
        let key: Vec<_> = descriptor
            .keys
            .iter()
            .map(|key| row[&key.name].to_string())
            .collect();
        if !keys.insert(key) {
            return Err(at("its key came before".into()));
        }
        normal.push(row);
    }
    Ok(normal)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::decode::{Counts, PresenceReport};
    use crate::schema::{Kind, Output};

    fn descriptor() -> Descriptor {
        let output = |name: &str, kind| Output {
            name: name.into(),
            kind,
            nullable: true,
        };
        Descriptor {
            name: "test".into(),
            version: "1.0.0".into(),
            inputs: vec![],
            only: vec![],
            event_time: None,
            keys: vec![output("page", Kind::Utf8)],
            states: vec![output("views", Kind::Int64), output("at", Kind::Timestamp)],
            views: vec![output("mean", Kind::Float64)],
            commutative: true,
        }
    }

    fn file_test(rows: serde_json::Value) -> FileTest {
        FileTest {
            component: "test".into(),
            version: "1.0.0".into(),
            columns: vec![],
            rows: serde_json::from_value(rows).unwrap(),
            counts: Counts::default(),
            presence: PresenceReport::default(),
            rejected: 0,
            rejections: vec![],
            descriptor: descriptor(),
        }
    }

    fn read(text: &str) -> Result<Expectation, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("expected.json");
        std::fs::write(&path, text).unwrap();
        Expectation::read(&path, &descriptor()).map_err(|error| match error {
            FileTestError::Expectation { what, .. } => what,
            other => other.to_string(),
        })
    }

    fn found() -> FileTest {
        file_test(json!([
            { "page": "/a", "views": 1, "at": "2026-01-01T00:00:00Z", "mean": 2.0 },
            { "page": "/b", "views": 2, "at": null, "mean": 0.5 },
        ]))
    }

    #[test]
    fn columns_may_be_left_out_and_values_be_written_in_other_ways() {
        let text =
            r#"[{"page": "/b"}, {"mean": 2, "page": "/a", "at": "2026-01-01T01:00:00+01:00"}]"#;
        let comparison = read(text).unwrap().compare(&found());
        assert_eq!(comparison, Comparison::default());
        let whole = format!("{{\"rows\": {text}, \"rejected\": 0}}");
        assert!(read(&whole).is_ok());
    }

    #[test]
    fn every_difference_is_found_by_key() {
        let expectation =
            read(r#"[{"page": "/a", "views": 3, "mean": 2}, {"page": "/c", "views": 1}]"#).unwrap();
        let comparison = expectation.compare(&found());
        assert_eq!(
            json!(comparison),
            json!({
                "missing": [{ "page": "/c", "views": 1 }],
                "unexpected": [{ "page": "/b", "views": 2, "at": null, "mean": 0.5 }],
                "different": [{ "key": { "page": "/a" }, "expected": { "views": 3 }, "found": { "views": 1 } }],
            })
        );
        let refusal = expectation.refusal(&comparison).unwrap().to_string();
        assert!(
            refusal.ends_with("1 rows are missing, 1 unexpected, 1 different"),
            "{refusal}"
        );
    }

    #[test]
    fn what_cannot_be_expected_is_refused() {
        for (text, what) in [
            ("{}", "it is not a JSON array of rows"),
            (
                r#"[{"views": 1}]"#,
                "row 0: the key column `page` is missing",
            ),
            (
                r#"[{"page": "/a"}, {"page": "/a", "views": 2}]"#,
                "row 1: its key came before",
            ),
            (
                r#"[{"page": "/a", "vews": 1}]"#,
                "row 0: there is no column `vews`",
            ),
            (
                r#"[{"page": "/a"}, {"page": "/b", "views": "2"}]"#,
                "row 1: `views` cannot be \"2\"",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), what);
        }
    }

    #[test]
    fn what_is_written_is_expected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("expected.json");
        let mut precise = found();
        precise.rows[0].insert("mean".into(), json!(13.251999999999999));
        for test in [found(), precise, file_test(json!([]))] {
            Expectation::write(&path, &test).unwrap();
            let expectation = Expectation::read(&path, &descriptor()).unwrap();
            assert_eq!(expectation.compare(&test), Comparison::default());
        }
    }
}
