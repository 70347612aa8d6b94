//! The credentials for a registry. Secrets are in the environment or in files, never in a job.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::RegistryError;
use crate::decode::RegistryConfig;

/// Holds the password of `user`.
const PASSWORD: &str = "BACKFOLD_REGISTRY_PASSWORD";
/// Holds a bearer token.
const TOKEN: &str = "BACKFOLD_REGISTRY_TOKEN";

/// The value of the header `authorization`; `None` where the settings name no user and no token.
///
/// # Errors
/// Where a file cannot be read.
pub(super) fn authorization(config: &RegistryConfig) -> Result<Option<String>, RegistryError> {
    chosen(config, |name| std::env::var(name).ok())
}

/// The same, in an environment. The environment goes over files, a user over a token.
fn chosen(
    config: &RegistryConfig,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, RegistryError> {
    let secret = |name, setting, file: &Option<_>| match environment(name) {
        Some(secret) if !secret.is_empty() => Ok(Some(secret)),
        _ => file.as_deref().map(|file| read(setting, file)).transpose(),
    };
    if let Some(user) = &config.user {
        let password = secret(PASSWORD, "password_file", &config.password_file)?;
        let pair = format!("{user}:{}", password.unwrap_or_default());
        return Ok(Some(format!("Basic {}", BASE64.encode(pair))));
    }
    let token = secret(TOKEN, "token_file", &config.token_file)?;
    Ok(token.map(|token| format!("Bearer {token}")))
}

/// A secret as a file has it, but for the line's end.
fn read(setting: &'static str, path: &Path) -> Result<String, RegistryError> {
    let unfit = |detail: String| RegistryError::File {
        setting,
        path: path.to_owned(),
        detail,
    };
    let text = std::fs::read_to_string(path).map_err(|error| unfit(error.to_string()))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(unfit("it is empty".to_owned())),
        secret => Ok(secret.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> RegistryConfig {
        RegistryConfig::at("http://r")
    }

    #[test]
    fn a_user_goes_over_a_token_and_the_environment_over_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "of the file\n").unwrap();
        let nothing = |_: &str| None;
        let all = |name: &str| Some(format!("of {name}"));
        assert_eq!(chosen(&config(), nothing).unwrap(), None);
        let token = chosen(&config(), all).unwrap().unwrap();
        assert_eq!(token, "Bearer of BACKFOLD_REGISTRY_TOKEN");
        let with_file = RegistryConfig {
            token_file: Some(file.clone()),
            ..config()
        };
        let token = chosen(&with_file, nothing).unwrap().unwrap();
        assert_eq!(token, "Bearer of the file");
        let with_user = RegistryConfig {
            user: Some("me".into()),
            password_file: Some(file.clone()),
            ..with_file
        };
        let basic = |pair: &str| Some(format!("Basic {}", BASE64.encode(pair)));
        let found = chosen(&with_user, nothing).unwrap();
        assert_eq!(found, basic("me:of the file"));
        let found = chosen(&with_user, all).unwrap();
        assert_eq!(found, basic("me:of BACKFOLD_REGISTRY_PASSWORD"));
        std::fs::write(&file, "\n").unwrap();
        let error = chosen(&with_user, nothing).unwrap_err().to_string();
        assert!(
            error.starts_with("`decode.registry.password_file` names"),
            "{error}"
        );
        assert!(error.ends_with("of no use: it is empty"), "{error}");
    }
}
