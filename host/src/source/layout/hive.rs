//! Keys of tables that are partitioned as by Hive, Spark and Athena: `dt=2026-01-31/hour=05/<name>`.
//!
//! Every folder `name=value` is a column. The time comes from the first columns whose value is a date, or whose name is
//! a part of a date. If other columns look like dates too, [`Hive::time_columns`] selects the right ones.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::folders;
use super::key::Key;
use super::key_fields::KeyFields;
use crate::source::EventRange;

/// The value with which Hive and Spark represent null.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// The settings of the layout `hive`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hive {
    /// The time zone of the dates.
    #[serde(skip_serializing_if = "super::calendar::is_utc")]
    pub time_zone: Tz,
    /// The columns that hold the time. If the list is empty, all columns that look like a date are used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub time_columns: Vec<String>,
}

impl Hive {
    pub(super) fn span(&self, key: &Key<'_>) -> Option<EventRange> {
        let columns = folders::columns(&key.folders);
        let telling = columns
            .iter()
            .filter(|(name, _)| {
                self.time_columns.is_empty()
                    || self.time_columns.iter().any(|column| column == name)
            })
            .map(|(name, value)| (&**name, &**value));
        folders::date_by_values(telling).span(self.time_zone)
    }

    pub(super) fn key_fields(key: &Key<'_>) -> KeyFields {
        KeyFields {
            columns: columns(key),
            ..KeyFields::default()
        }
    }
}

/// The columns of a key. If a name occurs twice, the last value counts.
pub(super) fn columns(key: &Key<'_>) -> std::collections::BTreeMap<String, Option<String>> {
    folders::columns(&key.folders)
        .into_iter()
        .map(|(name, value)| {
            (
                name.into_owned(),
                (value != NULL).then(|| value.into_owned()),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::layout::Layout;
    use crate::source::layout::tests::shown;

    fn hive() -> Layout {
        Layout::Hive(Hive::default())
    }

    #[test]
    fn dates_are_found_by_the_shape_of_the_values() {
        let day = Some("24h from 2026-01-31T00:00:00Z");
        let hour = Some("1h from 2026-01-31T05:00:00Z");
        for (folders, expected) in [
            ("dt=2026-01-31", day),
            ("ds=20260131", day),
            ("dt=2026-01-31-05", hour),
            ("dt=2026013105", hour),
            ("ts=2026-01-31T05", hour),
            ("ts=2026-01-31 05%3A00%3A00", hour),
            ("dt=2026-01-31/hour=05", hour),
            ("dt=2026-01-31/hr=5", hour),
            ("dt=2026-01-31/region=eu/hour=05", hour),
            ("region=eu/dt=2026-01-31/hour=05", hour),
            ("year=2026/month=1/day=31/hour=5", hour),
            ("year=2026/region=eu/month=01/day=31", day),
            ("Year=2026/Month=01/Day=31", day),
            ("year=2026/dt=2026-01-31", day),
            ("year=2026/month=01", Some("744h from 2026-01-01T00:00:00Z")),
            ("year=2026", Some("8760h from 2026-01-01T00:00:00Z")),
            // The first date counts, even if it has fewer parts.
            ("dt=2026-01-31/loaded=2026-02-03/hour=05", hour),
            (
                "year=2026/dt=2025-01-31",
                Some("8760h from 2026-01-01T00:00:00Z"),
            ),
            ("dt=2026-01-31/hour=24", day),
            ("dt=2026-02-30", None),
            ("dt=2026-1-31", None),
            ("dt=__HIVE_DEFAULT_PARTITION__", None),
            ("id=20260131x", None),
            ("id=202601310", None),
            ("region=eu/hour=05", None),
            ("2026/01/31", None),
        ] {
            let key = format!("events/{folders}/part-00000-8c1a.c000.snappy.parquet");
            assert_eq!(shown(&hive(), &key).as_deref(), expected, "{key}");
        }
    }

    #[test]
    fn the_columns_that_hold_the_time_can_be_set() {
        let key = "born=1999-12-31/dt=2026-01-31/part-00000";
        assert_eq!(
            shown(&hive(), key).as_deref(),
            Some("24h from 1999-12-31T00:00:00Z")
        );
        let named: Layout =
            serde_json::from_value(serde_json::json!({ "hive": { "time_columns": ["dt"] } }))
                .expect("valid");
        assert_eq!(
            shown(&named, key).as_deref(),
            Some("24h from 2026-01-31T00:00:00Z")
        );
    }

    #[test]
    fn every_folder_with_a_value_is_a_column() {
        let key = "events/city=S%C3%A3o Paulo/path=a%2Fb%3Dc/rate=100%25/odd=%zz%/empty=/dt=2026-01-31/none=__HIVE_DEFAULT_PARTITION__/=x/f.json";
        let key_fields = hive().key_fields(key).expect("columns");
        insta::assert_snapshot!(serde_json::to_string_pretty(&key_fields).expect("serialized"), @r#"
        {
          "columns": {
            "city": "São Paulo",
            "dt": "2026-01-31",
            "empty": "",
            "none": null,
            "odd": "%zz%",
            "path": "a/b=c",
            "rate": "100%"
          }
        }
        "#);
    }
}
