//! Secret properties: which of them a process has, and what to do where one is missing.

use super::KafkaConfig;
use super::error::KafkaError;
use super::properties::{is_secret, variable};
use super::settings::effective;

/// The names of the secrets that the environment, the job or the command line gives, rather than `properties_file`.
///
/// # Errors
/// [`KafkaError::Property`] where a property cannot be set.
pub(crate) fn secrets(config: &KafkaConfig) -> Result<Vec<String>, KafkaError> {
    let without_file = KafkaConfig {
        properties_file: None,
        ..config.clone()
    };
    let names = effective(&without_file)?.into_keys();
    Ok(names.filter(|name| is_secret(name)).collect())
}

/// All secrets that this process has, each with the place that gives it.
///
/// # Errors
/// As [`effective`].
pub(crate) fn secrets_and_places(
    config: &KafkaConfig,
) -> Result<Vec<(String, String)>, KafkaError> {
    let all = effective(config)?.into_keys();
    let secrets = all.filter(|name| is_secret(name));
    let placed = secrets.map(|name| {
        let variable = variable(&name);
        let place = if config.overrides.contains_key(&name) {
            "-X".to_owned()
        } else if std::env::var_os(&variable).is_some() {
            format!("the variable {variable}")
        } else if config.properties.contains_key(&name) {
            "[source.kafka.properties]".to_owned()
        } else {
            let file = config.properties_file.as_deref();
            file.map_or_else(
                || "the defaults".to_owned(),
                |file| file.display().to_string(),
            )
        };
        (name, place)
    });
    Ok(placed.collect())
}

/// Checks that this process has all secrets of these names, from whichever place.
///
/// # Errors
/// [`KafkaError::Property`] for the first that is missing; [`KafkaError::PropertiesFile`] where the file of properties
/// cannot be read.
pub(crate) fn require(config: &KafkaConfig, names: &[String]) -> Result<(), KafkaError> {
    let all = effective(config)?;
    match names.iter().find(|name| !all.contains_key(*name)) {
        None => Ok(()),
        Some(name) => Err(KafkaError::Property {
            property: name.clone(),
            problem: format!(
                "is a secret that the plan was made with, and that is missing here: set {}, or write it into the `properties_file`",
                variable(name)
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(config: &KafkaConfig) -> String {
        let file = config.properties_file.as_deref();
        file.unwrap().display().to_string()
    }

    #[test]
    fn a_secret_that_is_missing_is_named_with_its_variable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kafka.properties");
        std::fs::write(&path, "sasl.password = of the file").unwrap();
        let mut config = KafkaConfig::new("a:1", &["t"]);
        let names = ["sasl.password".to_owned()];
        insta::assert_snapshot!(require(&config, &names).unwrap_err(), @"the property `sasl.password` is a secret that the plan was made with, and that is missing here: set BACKFOLD_KAFKA_SASL_PASSWORD, or write it into the `properties_file`");
        config.properties_file = Some(path);
        require(&config, &names).unwrap();
        let place = path_of(&config);
        let found = secrets_and_places(&config).unwrap();
        assert_eq!(found, [("sasl.password".to_owned(), place)]);
        // A file is named by the settings, so its secrets need no other place.
        assert!(secrets(&config).unwrap().is_empty());
        let given = ("ssl.key.password".to_owned(), "given".to_owned());
        config.overrides.extend([given]);
        assert_eq!(secrets(&config).unwrap(), ["ssl.key.password"]);
    }
}
