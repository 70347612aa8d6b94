//! The errors of a client of a schema registry.

use std::path::PathBuf;

use crate::error::{Class, Code, Coded};

/// A failure of the registry or of its settings, as opposed to one schema that is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The registry cannot be reached, or fails by itself.
    #[error("the schema registry does not answer at `{url}`, tried {attempts} times")]
    Unanswered {
        /// The URL of the request.
        url: String,
        /// How often the request was sent.
        attempts: u32,
        /// The failure of the last attempt.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The registry does not let this user in.
    #[error("the schema registry refuses `{url}`: {status}, {detail}")]
    Refused {
        /// The URL of the request.
        url: String,
        /// The status of the answer.
        status: u16,
        /// The message of the answer.
        detail: String,
    },
    /// The registry's certificate is not trusted.
    #[error("the certificate of the schema registry at `{url}` is not trusted: {detail}")]
    Untrusted {
        /// The URL of the request.
        url: String,
        /// What is wrong with the certificate.
        detail: String,
    },
    /// The answer is not one of a schema registry.
    #[error("what answers at `{url}` is no schema registry: {detail}")]
    Answer {
        /// The URL of the request.
        url: String,
        /// What is wrong with the answer.
        detail: String,
    },
    /// A file that the settings name is of no use.
    #[error("`decode.registry.{setting}` names `{path}`, which is of no use: {detail}")]
    File {
        /// The setting.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// A setting is of no use.
    #[error("`decode.registry.{setting}` is of no use: {detail}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

impl Coded for RegistryError {
    fn code(&self) -> &'static Code {
        match self {
            RegistryError::Unanswered { .. } => &codes::UNANSWERED,
            RegistryError::Refused { .. } => &codes::REFUSED,
            RegistryError::Untrusted { .. } => &codes::UNTRUSTED,
            RegistryError::Answer { .. } => &codes::ANSWER,
            RegistryError::File { .. } | RegistryError::Setting { .. } => &codes::SETTING,
        }
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const UNANSWERED: Code = Code::new(
        901,
        Class::Retry,
        "See whether the registry runs and can be reached from here, and run the same command again.",
    );
    pub(crate) const REFUSED: Code = Code::new(
        902,
        Class::Usage,
        "Set `user` and BACKFOLD_REGISTRY_PASSWORD, or BACKFOLD_REGISTRY_TOKEN, of a user that may read the schemas.",
    );
    pub(crate) const ANSWER: Code = Code::new(
        903,
        Class::Usage,
        "Correct `decode.registry.url`: it ends where `/schemas/ids/1` goes on.",
    );
    pub(crate) const SETTING: Code = Code::new(
        904,
        Class::Usage,
        "Correct the setting below `[decode.registry]`, or the file that it names.",
    );

    pub(crate) const UNTRUSTED: Code = Code::new(
        905,
        Class::Usage,
        "Name the certificate of its authority in `decode.registry.ca_file`, or correct `decode.registry.url`.",
    );

    pub(crate) const ALL: &[&Code] = &[&UNANSWERED, &REFUSED, &ANSWER, &SETTING, &UNTRUSTED];
}
