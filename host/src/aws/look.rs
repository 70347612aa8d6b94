//! What the default chain of AWS finds on this machine: credentials, and a region.

use std::path::Path;

use aws_config::BehaviorVersion;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;

use super::{BadCertificates, http_client, tried, trusted};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// The region of the environment or the profile.
    pub(crate) region: Option<String>,
    /// Where credentials were found; otherwise, where they were searched.
    pub(crate) credentials: Result<String, String>,
}

/// Looks for credentials, as the clients of the job will. A metadata service or a login may be asked.
pub(crate) async fn look(
    profile: Option<&str>,
    ca_file: Option<&Path>,
    setting: &'static str,
) -> Look {
    let trusted = match trusted(ca_file, setting, profile).await {
        Ok(trusted) => trusted,
        Err(BadCertificates { path, problem, .. }) => {
            return Look {
                region: None,
                credentials: Err(format!(
                    "the certificates in {path} cannot be used: {problem}"
                )),
            };
        }
    };
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).http_client(http_client(trusted));
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    let shared = loader.load().await;
    let credentials = match shared.credentials_provider() {
        Some(provider) => match provider.provide_credentials().await {
            Ok(credentials) => Ok(place(&credentials)),
            Err(error) => Err(tried(&error)),
        },
        None => Err("there is no chain of providers".to_owned()),
    };
    Look {
        region: shared.region().map(ToString::to_string),
        credentials,
    }
}

/// The provider of credentials, which only their text for programmers tells; secrets are left out of it.
fn place(credentials: &Credentials) -> String {
    let text = format!("{credentials:?}");
    let name = text
        .split_once("provider_name: \"")
        .and_then(|(_, rest)| rest.split_once('"'));
    let name = name.map_or("the default chain", |(name, _)| name);
    match name {
        "EnvironmentVariable" => {
            "the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned()
        }
        "ProfileFile" => "a profile of ~/.aws".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_is_named_and_no_secret() {
        let credentials = Credentials::new("id", "secret", None, None, "EnvironmentVariable");
        assert_eq!(
            place(&credentials),
            "the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        );
        let credentials = Credentials::new("id", "secret", None, None, "Imds");
        assert_eq!(place(&credentials), "Imds");
    }
}
