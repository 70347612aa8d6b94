//! `[target.dynamodb]` of a job. It never contains credentials.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::names;
use crate::units;

/// The price of a million write request units in dollars: on demand, standard table class, us-east-1, since November 2024.
pub const PRICE_PER_MILLION_WRITES: f64 = 0.625;

/// `[target.dynamodb]` of a job. Its serialized form has the settings that determine where the tables are, and not those of
/// the connection, the speed and the price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DynamoConfig {
    /// The beginning of the names of all tables, such as `prod_`.
    #[serde(deserialize_with = "table_prefix")]
    pub table_prefix: String,
    /// The region, if neither the environment nor the profile sets one.
    pub region: Option<String>,
    /// The URL of a compatible service. By default it comes from the environment or the profile.
    pub endpoint: Option<String>,
    /// The profile of the AWS configuration, instead of `AWS_PROFILE`.
    #[serde(skip_serializing)]
    pub profile: Option<String>,
    /// A file of PEM certificates that are trusted in addition to those of the system. It replaces the file that
    /// `AWS_CA_BUNDLE` or `ca_bundle` of the profile names.
    #[serde(skip_serializing)]
    pub ca_file: Option<PathBuf>,
    /// The most write units that a load consumes in a second. By default the service alone sets the limit.
    #[serde(skip_serializing, deserialize_with = "some_at_least_one")]
    pub max_write_units_per_second: Option<u32>,
    /// The number of segments in which a table is read, each with its own requests.
    #[serde(skip_serializing, deserialize_with = "at_least_one")]
    pub read_segments: u32,
    /// How long readers may go on with a pointer that they have read. The table of a build is not dropped before it has not
    /// been live for so long.
    #[serde(skip_serializing, with = "units::duration")]
    pub pointer_cache: Duration,
    /// The price of a million write request units in dollars, for the estimate of `backfold plan`.
    #[serde(skip_serializing, deserialize_with = "price")]
    pub price_per_million_writes: f64,
}

impl Default for DynamoConfig {
    fn default() -> Self {
        DynamoConfig {
            table_prefix: String::new(),
            region: None,
            endpoint: None,
            profile: None,
            ca_file: None,
            max_write_units_per_second: None,
            read_segments: 8,
            pointer_cache: Duration::from_secs(60),
            price_per_million_writes: PRICE_PER_MILLION_WRITES,
        }
    }
}

impl DynamoConfig {
    /// The identity of the store: where its tables are.
    pub(crate) fn id(&self) -> String {
        let place = self.endpoint.as_deref().or(self.region.as_deref());
        format!(
            "dynamodb:{}/{}",
            place.unwrap_or_default(),
            self.table_prefix
        )
    }
}

impl fmt::Display for DynamoConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DynamoDB")?;
        match (&self.endpoint, &self.region) {
            (Some(endpoint), _) => write!(f, " at {endpoint}")?,
            (None, Some(region)) => write!(f, " in {region}")?,
            (None, None) => {}
        }
        match self.table_prefix.as_str() {
            "" => Ok(()),
            prefix => write!(f, ", tables `{prefix}*`"),
        }
    }
}

fn table_prefix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let prefix = String::deserialize(deserializer)?;
    match names::prefix_fault(&prefix) {
        Some(problem) => Err(serde::de::Error::custom(problem)),
        None => Ok(prefix),
    }
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom("0 is less than 1")),
        number => Ok(number),
    }
}

fn some_at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    at_least_one(deserializer).map(Some)
}

fn price<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let price = f64::deserialize(deserializer)?;
    match price.is_finite() && price >= 0.0 {
        true => Ok(price),
        false => Err(serde::de::Error::custom(format!("{price} is no price"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DynamoConfig, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
    }

    #[test]
    fn an_empty_section_is_complete() {
        assert_eq!(read("").unwrap(), DynamoConfig::default());
        let config = read("table_prefix = \"prod.\"\npointer_cache = \"5m\"").unwrap();
        assert_eq!(config.pointer_cache, Duration::from_secs(300));
        assert_eq!(config.table_prefix, "prod.");
    }

    #[test]
    fn values_that_cannot_be_are_refused() {
        for text in [
            "max_write_units_per_second = 0",
            "read_segments = 0",
            "price_per_million_writes = -1.0",
            "price_per_million_writes = nan",
            "table_prefix = \"a b\"",
            "access_key = \"x\"",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
