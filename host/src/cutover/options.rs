//! The settings of the gate.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::store::SqlTemplate;
use crate::units::{self, ByteSize};

/// The default of [`GateOptions::check_timeout`].
const CHECK_TIMEOUT: Duration = Duration::from_secs(60);

/// The `[gate]` section of a job: faults that the gate tolerates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GateOptions {
    /// The most records that may have been rejected.
    pub max_quarantined: u64,
    /// The most bytes that rejections may have swallowed: bytes in which other records than the rejected ones may be lost.
    /// However many rejections `max_quarantined` tolerates, these are tolerated by this setting alone.
    #[serde(skip_serializing_if = "is_none_swallowed")]
    pub max_swallowed: ByteSize,
    /// Whether offsets of a topic may be missing between those that an archive's objects hold.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_gaps: bool,
    /// Whether records may have been folded twice, since two objects hold them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_overlaps: bool,
    /// The inputs that may be absent from all events, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_absent: Vec<String>,
    /// Whether all records may have been passed over, since none met the conditions of the component.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_none_wanted: bool,
    /// The fewest rows that the table may have.
    pub min_rows: u64,
    /// The fewest rows in proportion to the live table: 0.9 refuses a table that lost more than a tenth.
    pub min_rows_ratio: Option<f64>,
    /// The most rows in proportion to the live table: 2.0 refuses one that more than doubled.
    pub max_rows_ratio: Option<f64>,
    /// The largest share of the live keys, from 0 to 1, that the table may lack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_removed_ratio: Option<f64>,
    /// The largest share of the keys in both tables, from 0 to 1, whose rows may differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_changed_ratio: Option<f64>,
    /// The largest share of the table's keys, from 0 to 1, that the live table lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_added_ratio: Option<f64>,
    /// How far the figures of a column may be from those of the live table, by the name of the column.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub drift: BTreeMap<String, DriftLimits>,
    /// Questions in SQL about the table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Assertion>,
    /// How long the database may take for each of `checks`.
    #[serde(with = "units::duration", skip_serializing_if = "is_usual_timeout")]
    pub check_timeout: Duration,
}

impl GateOptions {
    /// Whether a limit needs the comparison with the live table.
    pub fn compares(&self) -> bool {
        let ratios = [
            self.max_removed_ratio,
            self.max_changed_ratio,
            self.max_added_ratio,
        ];
        ratios.iter().any(Option::is_some) || !self.drift.is_empty()
    }
}

/// A `[gate.drift.COLUMN]` section of a job: the largest differences to the live table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DriftLimits {
    /// Of the sum, in proportion to the live sum: 0.05 refuses one that grew or shrank by more than a twentieth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sum: Option<f64>,
    /// Of the mean, in proportion to the live mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Of the share of rows in which the column is null: 0.01 refuses a rise from 0.02 to 0.04.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nulls: Option<f64>,
}

/// A question in SQL: a statement that gives true or 1, or a number within bounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assertion {
    /// A name for reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The statement.
    pub sql: SqlTemplate,
    /// The least number that it may give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The greatest number that it may give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

impl<'de> Deserialize<'de> for Assertion {
    /// Reads a statement, or a table with one.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            name: Option<String>,
            sql: SqlTemplate,
            min: Option<f64>,
            max: Option<f64>,
        }
        struct StatementOrTable;
        impl<'de> Visitor<'de> for StatementOrTable {
            type Value = Assertion;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a statement of SQL, or a table with `sql`")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Assertion, E> {
                Ok(Assertion {
                    name: None,
                    sql: SqlTemplate::try_from(text.to_owned()).map_err(E::custom)?,
                    min: None,
                    max: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Assertion, A::Error> {
                let written = Written::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Assertion {
                    name: written.name,
                    sql: written.sql,
                    min: written.min,
                    max: written.max,
                })
            }
        }
        deserializer.deserialize_any(StatementOrTable)
    }
}

/// Whether `check_timeout` is not set, as for [`is_none_swallowed`].
fn is_usual_timeout(timeout: &Duration) -> bool {
    *timeout == CHECK_TIMEOUT
}

/// Whether `max_swallowed` is not set: a job's snapshot leaves such settings out.
fn is_none_swallowed(size: &ByteSize) -> bool {
    size.0 == 0
}

impl Default for GateOptions {
    fn default() -> Self {
        GateOptions {
            max_quarantined: 0,
            max_swallowed: ByteSize(0),
            allow_gaps: false,
            allow_overlaps: false,
            allow_absent: Vec::new(),
            allow_none_wanted: false,
            min_rows: 1,
            min_rows_ratio: None,
            max_rows_ratio: None,
            max_removed_ratio: None,
            max_changed_ratio: None,
            max_added_ratio: None,
            drift: BTreeMap::new(),
            checks: Vec::new(),
            check_timeout: CHECK_TIMEOUT,
        }
    }
}
