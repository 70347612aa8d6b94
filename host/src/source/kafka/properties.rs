//! Properties of librdkafka: the defaults of the driver, the properties that a job cannot set, and secrets.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// The prefix of environment variables that set a property.
pub(super) const VARIABLE_PREFIX: &str = "BACKFOLD_KAFKA_";

/// Properties that have another default than in librdkafka.
pub(super) const DEFAULTS: &[(&str, &str)] = &[
    ("client.id", "backfold"),
    // Limits for the records that are fetched ahead.
    ("queued.max.messages.kbytes", "8192"),
    ("queued.min.messages", "1000000"),
    ("fetch.message.max.bytes", "2097152"),
    // The pause of fetching once the queue is full. With the default, one second, workers run out of records.
    ("fetch.queue.backoff.ms", "5"),
    ("fetch.wait.max.ms", "100"),
    ("reconnect.backoff.max.ms", "2000"),
    ("socket.keepalive.enable", "true"),
];

/// Properties that always have this value, and the reason.
pub(super) const FIXED: &[(&str, &str, &str)] = &[
    (
        "enable.auto.commit",
        "false",
        "a replay commits no offsets; its progress is in the build's journal",
    ),
    (
        "enable.auto.offset.store",
        "false",
        "a replay commits no offsets; its progress is in the build's journal",
    ),
    (
        "isolation.level",
        "read_committed",
        "records of aborted transactions must not be folded",
    ),
    (
        "check.crcs",
        "true",
        "records that were damaged during transfer must not be folded",
    ),
    (
        "enable.partition.eof",
        "true",
        "the driver needs it to detect the end of a range",
    ),
    (
        "auto.offset.reset",
        "error",
        "if the first offset of a range no longer exists, the run must stop instead of reading from another one",
    ),
    (
        "allow.auto.create.topics",
        "false",
        "a replay must not create topics",
    ),
];

/// Properties that a job cannot set, and the reason. A name that ends in a dot stands for all names that start with it.
const REFUSED: &[(&str, &str)] = &[
    (
        "bootstrap.servers",
        "the brokers are set by `source.kafka.brokers`",
    ),
    (
        "metadata.broker.list",
        "the brokers are set by `source.kafka.brokers`",
    ),
    (
        "group.",
        "a replay joins no group; each worker reads the offsets of its splits",
    ),
    (
        "partition.assignment.strategy",
        "a replay joins no group; each worker reads the offsets of its splits",
    ),
    (
        "session.timeout.ms",
        "a replay joins no group; each worker reads the offsets of its splits",
    ),
    (
        "auto.commit.",
        "a replay commits no offsets; its progress is in the build's journal",
    ),
    (
        "offset.store.",
        "a replay commits no offsets; its progress is in the build's journal",
    ),
    ("plugin.library.paths", "a plugin could change the records"),
    ("log.queue", "backfold reads the log of librdkafka itself"),
];

/// Properties whose values are secret.
const SECRETS: &[&str] = &[
    "sasl.password",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.client.secret",
    // Another name of the property before.
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
];

/// Whether the value of a librdkafka property is a secret, which must not be shown.
pub fn is_secret(name: &str) -> bool {
    SECRETS.contains(&name)
}

/// The environment variable of a property.
pub(super) fn variable(name: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", name.to_uppercase().replace('.', "_"))
}

/// The reason why a job cannot set a property; `None` if it can.
pub(super) fn refusal(name: &str) -> Option<&'static str> {
    let fixed = FIXED.iter().map(|(name, _, why)| (*name, *why));
    let mut refused = REFUSED.iter().copied().chain(fixed);
    let matches = |pattern: &str| match pattern.strip_suffix('.') {
        Some(_) => name.starts_with(pattern),
        None => name == pattern,
    };
    refused.find_map(|(pattern, why)| matches(pattern).then_some(why))
}

/// The reason why a property cannot be set in a job file or on the command line; `None` if it can.
fn problem(name: &str) -> Option<String> {
    if is_secret(name) {
        let variable = variable(name);
        return Some(format!(
            "is a secret: set the environment variable {variable}, or use a `properties_file`"
        ));
    }
    refusal(name).map(|why| format!("cannot be set: {why}"))
}

/// Deserializes `[source.kafka.properties]`: names of librdkafka properties, with quoted or unquoted values.
pub(super) fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    use serde::de::Error;

    let table = BTreeMap::<String, toml::Value>::deserialize(deserializer)?;
    let mut properties = BTreeMap::new();
    for (name, value) in flattened(table) {
        if let Some(problem) = problem(&name) {
            return Err(D::Error::custom(format!("`{name}` {problem}")));
        }
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(_) | toml::Value::Boolean(_) | toml::Value::Float(_) => {
                value.to_string()
            }
            _ => {
                return Err(D::Error::custom(format!(
                    "`{name}` must be a string, a number or a boolean"
                )));
            }
        };
        properties.insert(name, value);
    }
    Ok(properties)
}

/// Joins the keys of nested tables: an unquoted name with dots is a nested table in TOML.
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

/// Checks that a property can be set on the command line.
///
/// # Errors
/// The reason why it cannot.
pub(crate) fn check(name: &str) -> Result<(), String> {
    problem(name).map_or(Ok(()), |problem| Err(format!("`{name}` {problem}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
        let table = toml::from_str::<toml::Table>(text).unwrap();
        read(toml::Value::Table(table)).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_strings_numbers_or_booleans_and_names_may_be_tables() {
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
    fn a_property_that_would_break_a_guarantee_is_refused_with_the_reason() {
        insta::assert_snapshot!(parse("\"isolation.level\" = \"read_uncommitted\"").unwrap_err().trim(), @"`isolation.level` cannot be set: records of aborted transactions must not be folded");
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
        insta::assert_snapshot!(check("sasl.password").unwrap_err(), @"`sasl.password` is a secret: set the environment variable BACKFOLD_KAFKA_SASL_PASSWORD, or use a `properties_file`");
    }
}
