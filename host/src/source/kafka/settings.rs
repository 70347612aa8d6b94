//! The complete properties of a client.
//!
//! Each source takes precedence over the ones before it: the defaults of the driver, `properties_file`,
//! `[source.kafka.properties]`, environment variables (`BACKFOLD_KAFKA_SASL_PASSWORD` for `sasl.password`), and
//! `-X name=value`. The properties that the guarantees of a replay need are set last.

use std::collections::BTreeMap;
use std::fs;

use super::config::KafkaConfig;
use super::error::KafkaError;
use super::properties::{DEFAULTS, FIXED, VARIABLE_PREFIX, refusal};

/// All properties of a client.
///
/// # Errors
/// [`KafkaError::Property`] for a property that cannot be set, [`KafkaError::PropertiesFile`] for a file that cannot be
/// read.
pub(super) fn effective(config: &KafkaConfig) -> Result<BTreeMap<String, String>, KafkaError> {
    let environment = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        let name = name
            .strip_prefix(VARIABLE_PREFIX)?
            .to_lowercase()
            .replace('_', ".");
        Some((name, value.into_string().ok()?))
    });
    let mut all = BTreeMap::new();
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    all.extend(DEFAULTS.iter().map(owned));
    all.extend(of_file(config)?);
    all.extend(config.properties.clone());
    all.extend(environment);
    all.extend(config.overrides.clone());
    if let Some((name, why)) = all.keys().find_map(|name| Some((name, refusal(name)?))) {
        return Err(KafkaError::Property {
            property: name.clone(),
            problem: format!("cannot be set: {why}"),
        });
    }
    let fixed = FIXED.iter().map(|(name, value, _)| (*name, *value));
    all.extend(fixed.map(|fixed| owned(&fixed)));
    all.insert("bootstrap.servers".to_owned(), config.place());
    Ok(all)
}

/// Reads `properties_file`, without blank lines and comments, which start with `#`.
fn of_file(config: &KafkaConfig) -> Result<Vec<(String, String)>, KafkaError> {
    let Some(path) = &config.properties_file else {
        return Ok(Vec::new());
    };
    let text = fs::read_to_string(path).map_err(|source| KafkaError::PropertiesFile {
        path: path.display().to_string(),
        problem: source.to_string(),
    })?;
    let lines = text.lines().enumerate();
    let lines = lines.map(|(number, line)| (number + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let read = |(number, line): (usize, &str)| match line.split_once('=') {
        Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
        None => Err(KafkaError::PropertiesFile {
            path: format!("{}:{number}", path.display()),
            problem: "expected `name=value`".to_owned(),
        }),
    };
    lines.map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_sources_take_precedence_and_fixed_properties_over_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kafka.properties");
        fs::write(
            &path,
            "# ours\n\nsasl.username = u\nclient.id=file\nfetch.min.bytes=1\n",
        )
        .unwrap();
        let mut config = KafkaConfig::new("a:1", &["t"]);
        config.properties_file = Some(path.clone());
        config
            .properties
            .insert("client.id".to_owned(), "job".to_owned());
        config
            .properties
            .insert("fetch.min.bytes".to_owned(), "2".to_owned());
        config
            .overrides
            .insert("fetch.min.bytes".to_owned(), "3".to_owned());
        let all = effective(&config).unwrap();
        for (name, value) in [
            ("sasl.username", "u"),
            ("client.id", "job"),
            ("fetch.min.bytes", "3"),
            ("check.crcs", "true"),
            ("bootstrap.servers", "a:1"),
        ] {
            assert_eq!(all[name], value, "{name}");
        }
        fs::write(&path, "group.id=g").unwrap();
        insta::assert_snapshot!(effective(&config).unwrap_err(), @"the property `group.id` cannot be set: a replay joins no group; each worker reads the offsets of its splits");
        fs::write(&path, "group.id").unwrap();
        assert!(
            effective(&config)
                .unwrap_err()
                .to_string()
                .contains("kafka.properties:1")
        );
    }
}
