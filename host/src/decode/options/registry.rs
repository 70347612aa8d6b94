//! The registry of Avro schemas.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};

/// The registry of the schemas of Avro messages: `[decode.registry]`. Secrets are never part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryConfig {
    /// The URL of the registry, to which `/schemas/ids/1` is appended.
    #[serde(deserialize_with = "registry_url")]
    pub url: String,
    /// The user for basic authentication. The password is in `BACKFOLD_REGISTRY_PASSWORD`, or in `password_file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// A file with the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// A file with a bearer token, if there is no `user`. `BACKFOLD_REGISTRY_TOKEN` can have the token instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// A PEM file of certificates that are trusted in addition to those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

impl RegistryConfig {
    /// The registry at `url`, without authentication.
    pub fn at(url: impl Into<String>) -> Self {
        RegistryConfig {
            url: url.into(),
            user: None,
            password_file: None,
            token_file: None,
            ca_file: None,
        }
    }

    /// Resolves relative paths of files against `folder`.
    pub(crate) fn locate(&mut self, folder: &Path) {
        for file in [
            &mut self.password_file,
            &mut self.token_file,
            &mut self.ca_file,
        ] {
            *file = file.take().map(|file| folder.join(file));
        }
    }
}

fn registry_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let url = String::deserialize(deserializer)?;
    let rest = ["http://", "https://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    let authority = rest.and_then(|rest| rest.split('/').next());
    let problem = match authority {
        None | Some("") => "it begins with http:// or https:// and a host",
        Some(authority) if authority.contains('@') => {
            "a user is named by `user`, a password stands in no job"
        }
        Some(_) if url.contains(['?', '#', ' ']) => "it ends with a path",
        Some(_) => return Ok(url),
    };
    Err(serde::de::Error::custom(problem))
}
