//! Properties of librdkafka: those that the guarantees rest on, those that may be set, and where from.
//!
//! Each source goes over the ones before it: the driver's own choices, `properties_file`, `[source.kafka.properties]`,
//! the environment (`BACKFOLD_KAFKA_SASL_PASSWORD` is `sasl.password`), `-X name=value`; then what the guarantees need.

use std::collections::BTreeMap;
use std::fs;

use serde::{Deserialize, Deserializer};

use super::KafkaConfig;
use super::failure::KafkaError;

/// What an environment variable begins with that stands for a property.
const VARIABLE: &str = "BACKFOLD_KAFKA_";

/// What is set unless somebody sets it otherwise.
const CHOSEN: &[(&str, &str)] = &[
    ("client.id", "backfold"),
    // Records fetched ahead for a worker, who drops what lies behind its split.
    ("queued.max.messages.kbytes", "8192"),
    ("queued.min.messages", "1000000"),
    ("fetch.message.max.bytes", "2097152"),
    // How long nothing is fetched once enough was: a second by default, at which a fold runs dry.
    ("fetch.queue.backoff.ms", "5"),
    ("fetch.wait.max.ms", "100"),
    ("reconnect.backoff.max.ms", "2000"),
    ("socket.keepalive.enable", "true"),
];

/// What is always so, and why.
const FIXED: &[(&str, &str, &str)] = &[
    (
        "enable.auto.commit",
        "false",
        "a replay commits nothing: what it read is in the build's journal",
    ),
    (
        "enable.auto.offset.store",
        "false",
        "a replay commits nothing: what it read is in the build's journal",
    ),
    (
        "isolation.level",
        "read_committed",
        "records of aborted transactions never happened",
    ),
    (
        "check.crcs",
        "true",
        "records that were damaged on the way must not be folded",
    ),
    (
        "enable.partition.eof",
        "true",
        "the end of a range may hold no record, and is found by it",
    ),
    (
        "auto.offset.reset",
        "error",
        "a start that is gone must stop the run, not move",
    ),
    (
        "allow.auto.create.topics",
        "false",
        "a replay makes no topics",
    ),
];

/// What may not be set at all, and why. One that ends in a dot stands for all that begin with it.
const REFUSED: &[(&str, &str)] = &[
    (
        "bootstrap.servers",
        "the job names them: `source.kafka.brokers`",
    ),
    (
        "metadata.broker.list",
        "the job names them: `source.kafka.brokers`",
    ),
    (
        "group.",
        "a replay is in no group: each worker reads what the plan gave it",
    ),
    (
        "partition.assignment.strategy",
        "a replay is in no group: each worker reads what the plan gave it",
    ),
    (
        "session.timeout.ms",
        "a replay is in no group: each worker reads what the plan gave it",
    ),
    (
        "auto.commit.",
        "a replay commits nothing: what it read is in the build's journal",
    ),
    (
        "offset.store.",
        "a replay commits nothing: what it read is in the build's journal",
    ),
    ("plugin.library.paths", "a plugin may alter what is read"),
    ("log.queue", "backfold takes the log itself"),
];

/// What belongs into the environment or a file.
const SECRETS: &[&str] = &[
    "sasl.password",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.client.secret",
    // Another name of the same.
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
];

/// Whether the value of a property of librdkafka must not be shown.
pub fn is_secret(name: &str) -> bool {
    SECRETS.contains(&name)
}

/// The environment variable that stands for a property.
pub(super) fn variable(name: &str) -> String {
    format!("{VARIABLE}{}", name.to_uppercase().replace('.', "_"))
}

/// Why a property may not be set, if it may not.
fn refusal(name: &str) -> Option<&'static str> {
    let fixed = FIXED.iter().map(|(name, _, why)| (*name, *why));
    let mut refused = REFUSED.iter().copied().chain(fixed);
    let is_meant = |pattern: &str| match pattern.strip_suffix('.') {
        Some(_) => name.starts_with(pattern),
        None => name == pattern,
    };
    refused.find_map(|(pattern, why)| is_meant(pattern).then_some(why))
}

/// What is wrong with a property that stands where others can read it.
fn problem_in_the_open(name: &str) -> Option<String> {
    if is_secret(name) {
        let variable = variable(name);
        return Some(format!(
            "is a secret: it belongs into the environment, as {variable}, or into a `properties_file`"
        ));
    }
    refusal(name).map(|why| format!("cannot be set: {why}"))
}

/// Reads `[source.kafka.properties]`: names of librdkafka, and values with or without quotes.
pub(super) fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    use serde::de::Error;

    let table = BTreeMap::<String, toml::Value>::deserialize(deserializer)?;
    let mut properties = BTreeMap::new();
    for (name, value) in flattened(table) {
        if let Some(problem) = problem_in_the_open(&name) {
            return Err(D::Error::custom(format!("`{name}` {problem}")));
        }
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(_) | toml::Value::Boolean(_) | toml::Value::Float(_) => {
                value.to_string()
            }
            _ => {
                return Err(D::Error::custom(format!(
                    "`{name}` is no text, number or switch"
                )));
            }
        };
        properties.insert(name, value);
    }
    Ok(properties)
}

/// Names with dots are tables in TOML where they are not quoted.
fn flattened(table: BTreeMap<String, toml::Value>) -> Vec<(String, toml::Value)> {
    let mut flat = Vec::new();
    for (name, value) in table {
        match value {
            toml::Value::Table(inner) => {
                let inner = flattened(inner.into_iter().collect());
                flat.extend(
                    inner
                        .into_iter()
                        .map(|(rest, value)| (format!("{name}.{rest}"), value)),
                );
            }
            value => flat.push((name, value)),
        }
    }
    flat
}

/// Checks a property of the command line.
///
/// # Errors
/// Why it cannot be set.
pub(crate) fn check(name: &str) -> Result<(), String> {
    problem_in_the_open(name).map_or(Ok(()), |problem| Err(format!("`{name}` {problem}")))
}

/// All properties of a client.
pub(super) fn effective(config: &KafkaConfig) -> Result<BTreeMap<String, String>, KafkaError> {
    let environment = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        let name = name
            .strip_prefix(VARIABLE)?
            .to_lowercase()
            .replace('_', ".");
        Some((name, value.into_string().ok()?))
    });
    let mut all = BTreeMap::new();
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    all.extend(CHOSEN.iter().map(owned));
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

/// The lines of `properties_file`; blank ones and those that begin with `#` say nothing.
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
            problem: "a line is `name=value`".to_owned(),
        }),
    };
    lines.map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
        let table = toml::from_str::<toml::Table>(text).unwrap();
        read(toml::Value::Table(table)).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_texts_numbers_or_switches_and_names_may_be_tables() {
        let read =
            parse("\"socket.timeout.ms\" = 5\nssl.ca.location = \"ca.pem\"\ndebug = \"fetch\"");
        let read: Vec<_> = read.unwrap().into_iter().collect();
        let expected = [
            ("debug", "fetch"),
            ("socket.timeout.ms", "5"),
            ("ssl.ca.location", "ca.pem"),
        ];
        assert_eq!(read, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
        assert!(parse("a = [1]").is_err());
    }

    #[test]
    fn what_would_break_a_guarantee_is_refused_with_the_reason() {
        insta::assert_snapshot!(parse("\"isolation.level\" = \"read_uncommitted\"").unwrap_err().trim(), @"`isolation.level` cannot be set: records of aborted transactions never happened");
        for name in [
            "group.id",
            "group.instance.id",
            "auto.commit.interval.ms",
            "auto.offset.reset",
            "bootstrap.servers",
            "enable.partition.eof",
        ] {
            assert!(check(name).is_err(), "{name}");
        }
        for name in [
            "client.id",
            "fetch.min.bytes",
            "sasl.username",
            "ssl.ca.location",
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in SECRETS {
            assert!(check(name).is_err(), "{name}");
        }
        insta::assert_snapshot!(check("sasl.password").unwrap_err(), @"`sasl.password` is a secret: it belongs into the environment, as BACKFOLD_KAFKA_SASL_PASSWORD, or into a `properties_file`");
    }

    #[test]
    fn what_is_nearer_goes_over_what_is_farther_and_the_guarantees_over_all() {
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
        insta::assert_snapshot!(effective(&config).unwrap_err(), @"the property `group.id` cannot be set: a replay is in no group: each worker reads what the plan gave it");
        fs::write(&path, "group.id").unwrap();
        assert!(
            effective(&config)
                .unwrap_err()
                .to_string()
                .contains("kafka.properties:1")
        );
    }
}
