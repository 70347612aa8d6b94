//! Names that records of a sample have, to be compared with the path of an input that none of them has.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::decode::Events;

/// The most records that names are taken of.
const RECORDS_LIMIT: usize = 16;

/// The most names that are kept.
const NAMES_LIMIT: usize = 2_000;

/// The most names that are shown for an input.
const SHOWN_LIMIT: usize = 5;

/// How deep names are looked for in a record.
const DEPTH_LIMIT: usize = 6;

/// How similar a name has to be, from 0 to 1.
const LIKENESS: f64 = 0.84;

/// The paths of the values that records have, as a component writes them. `[]` stands for the elements of an array,
/// which no path leads into.
#[derive(Debug, Default)]
pub(super) struct Names {
    names: BTreeSet<String>,
    records: usize,
}

impl Names {
    /// Adds the names of some records of a batch: of JSON, or of the header of CSV with this setting of its
    /// delimiter.
    pub(super) fn add(&mut self, events: &Events, delimiter: Option<char>) {
        let room = RECORDS_LIMIT.saturating_sub(self.records);
        for row in 0..events.provenance.rows().min(room) {
            self.records += 1;
            if let Some(header) = events.provenance.header(row) {
                let header = String::from_utf8_lossy(&header);
                let ends = |sign| delimiter.map_or(sign == ',' || sign == '\t', |own| sign == own);
                let columns = header.trim_end().split(ends);
                self.extend(columns.map(|name| escaped(name.trim_matches('"'))));
                return;
            }
            let bytes = events.provenance.bytes(row).unwrap_or_default();
            if let Ok(record) = serde_json::from_slice::<Value>(&bytes) {
                self.add_value("", &record, DEPTH_LIMIT);
            }
        }
    }

    /// Adds names.
    pub(super) fn extend(&mut self, names: impl IntoIterator<Item = String>) {
        let room = NAMES_LIMIT.saturating_sub(self.names.len());
        self.names.extend(names.into_iter().take(room));
    }

    fn add_value(&mut self, path: &str, value: &Value, depth: usize) {
        if depth == 0 || self.names.len() >= NAMES_LIMIT {
            return;
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let name = escaped(name);
                    let path = match path {
                        "" => name,
                        path => format!("{path}.{name}"),
                    };
                    self.add_value(&path, member, depth - 1);
                    self.names.insert(path);
                }
            }
            Value::Array(elements) => {
                if let Some(first) = elements.first() {
                    self.add_value(&format!("{path}[]"), first, depth - 1);
                }
            }
            _ => {}
        }
    }

    /// The names that are most like `path`; if none is, the first at the top of records.
    pub(super) fn nearest(&self, path: &str) -> Vec<String> {
        let likeness = |name: &String| {
            let (wanted, name) = (plain(path), plain(name));
            let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
            match last(&wanted) == last(&name) {
                true => 1.0,
                false => strsim::jaro_winkler(&wanted, &name),
            }
        };
        let mut alike: Vec<_> = self
            .names
            .iter()
            .map(|name| (likeness(name), name))
            .filter(|(likeness, _)| *likeness >= LIKENESS)
            .collect();
        alike.sort_by(|one, other| other.0.total_cmp(&one.0));
        if alike.is_empty() {
            let mut top = self.names.iter().collect::<Vec<_>>();
            // An escaped dot is part of a name.
            top.retain(|name| !name.replace(r"\.", "").contains(['.', '[']));
            return top.into_iter().take(SHOWN_LIMIT).cloned().collect();
        }
        let shown = alike.into_iter().take(SHOWN_LIMIT);
        shown.map(|(_, name)| name.clone()).collect()
    }
}

/// A name as it stands in a path.
fn escaped(name: &str) -> String {
    name.replace('\\', r"\\").replace('.', r"\.")
}

/// A path without what slips concern: case, blanks, underscores and hyphens.
fn plain(path: &str) -> String {
    let kept = path
        .chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-' | '\\'));
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nearest(record: Value, path: &str) -> String {
        let mut names = Names::default();
        names.add_value("", &record, DEPTH_LIMIT);
        names.nearest(path).join(", ")
    }

    #[test]
    fn a_slip_is_recognized() {
        let record = json!({"eventType": 1, "user": {"user id": 2, "name": 3}, "a.b": 4});
        assert_eq!(nearest(record.clone(), "event_type"), "eventType");
        assert_eq!(nearest(record.clone(), "userId"), "user.user id, user");
        assert_eq!(nearest(record.clone(), "a.b"), r"a\.b");
        assert_eq!(nearest(record, "zzz"), r"a\.b, eventType, user");
    }

    #[test]
    fn records_in_an_array_are_shown_as_its_elements() {
        let record = json!({"Records": [{"eventTime": 1, "eventName": 2}]});
        assert_eq!(nearest(record.clone(), "eventTime"), "Records[].eventTime");
        assert_eq!(nearest(record, "zzz"), "Records");
    }
}
