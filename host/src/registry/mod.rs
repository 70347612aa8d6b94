//! A schema registry of Confluent's protocol: schemas by their IDs, and all versions of a subject.
//!
//! | file | idea |
//! |---|---|
//! | `http` | requests, tried again where that may help |
//! | `secrets` | the credentials that the registry wants |
//! | `inline` | types that other subjects define, put in the place of their names |
//! | `error` | why a registry gives no answer |
//!
//! An ID stands for one schema for ever, so that a caller may keep an answer and need not fetch it again.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

mod error;
mod http;
mod inline;
mod secrets;
#[cfg(test)]
mod tests;

pub use error::RegistryError;
pub(crate) use error::codes;

use crate::decode::RegistryConfig;
use http::Client;

/// The most definitions that a schema may refer to, near and far.
const MOST_REFERENCES: usize = 256;

/// A client of a registry.
#[derive(Debug)]
pub struct Registry {
    client: Client,
}

/// The schema that a registry has for an ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// An Avro schema, as JSON that refers to nothing outside of it.
    Avro(String),
    /// A schema that cannot be used to read Avro, and why.
    Unusable(String),
}

/// A schema in an answer of the registry.
#[derive(Deserialize)]
struct Answer {
    schema: String,
    /// Where it is left out, it is Avro.
    #[serde(rename = "schemaType")]
    kind: Option<String>,
    #[serde(default)]
    references: Option<Vec<Reference>>,
}

/// A version of a subject.
#[derive(Deserialize)]
struct Version {
    id: u32,
    #[serde(flatten)]
    answer: Answer,
}

/// A schema that another one refers to.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Reference {
    subject: String,
    version: i64,
}

impl Registry {
    /// Makes a client, and sends nothing.
    ///
    /// # Errors
    /// Where a file that the settings name is of no use.
    pub fn new(config: &RegistryConfig) -> Result<Self, RegistryError> {
        Ok(Registry {
            client: Client::new(config)?,
        })
    }

    /// The schema with an ID; `None` if the registry has none.
    ///
    /// # Errors
    /// Where the registry does not answer, or not as one does.
    pub async fn schema(&self, id: u32) -> Result<Option<Registered>, RegistryError> {
        let answer: Option<Answer> = self.ask(&format!("schemas/ids/{id}")).await?;
        match answer {
            None => Ok(None),
            Some(answer) => self.resolved(answer).await.map(Some),
        }
    }

    /// The schemas of the values of a topic, by their IDs: all versions of the subject that is named after it. None where
    /// there is no such subject.
    ///
    /// # Errors
    /// Where the registry does not answer, or not as one does.
    pub async fn subject(&self, topic: &str) -> Result<BTreeMap<u32, Registered>, RegistryError> {
        let subject = escaped(&format!("{topic}-value"));
        let path = format!("subjects/{subject}/versions");
        let numbers: Vec<i64> = self.ask(&path).await?.unwrap_or_default();
        let mut found = BTreeMap::new();
        for number in numbers {
            // A version may be deleted meanwhile.
            let version: Option<Version> = self.ask(&format!("{path}/{number}")).await?;
            if let Some(Version { id, answer }) = version {
                found.insert(id, self.resolved(answer).await?);
            }
        }
        Ok(found)
    }

    /// Puts the definitions that a schema refers to into it.
    async fn resolved(&self, answer: Answer) -> Result<Registered, RegistryError> {
        let kind = answer.kind.as_deref().unwrap_or("AVRO");
        if kind != "AVRO" {
            let reason = format!("its schema is {kind}, not Avro");
            return Ok(Registered::Unusable(reason));
        }
        let mut waiting = answer.references.unwrap_or_default();
        let mut definitions = BTreeMap::new();
        while let Some(reference) = waiting.pop() {
            if definitions.contains_key(&reference) {
                continue;
            }
            if definitions.len() == MOST_REFERENCES {
                let reason = format!("its schema refers to more than {MOST_REFERENCES} others");
                return Ok(Registered::Unusable(reason));
            }
            let Reference { subject, version } = &reference;
            let path = format!("subjects/{}/versions/{version}", escaped(subject));
            let Some(found) = self.ask::<Answer>(&path).await? else {
                let reason = format!(
                    "its schema refers to version {version} of `{subject}`, which the registry does not have"
                );
                return Ok(Registered::Unusable(reason));
            };
            waiting.extend(found.references.unwrap_or_default());
            definitions.insert(reference, found.schema);
        }
        Ok(
            match inline::inlined(&answer.schema, definitions.values()) {
                Ok(schema) => Registered::Avro(schema),
                Err(reason) => Registered::Unusable(reason),
            },
        )
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, RegistryError> {
        let Some(body) = self.client.get(path).await? else {
            return Ok(None);
        };
        let parsed = serde_json::from_slice(&body);
        parsed.map(Some).map_err(|error| RegistryError::Answer {
            url: self.client.url(path),
            detail: error.to_string(),
        })
    }
}

/// A name as a part of a path.
fn escaped(name: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const OTHERS: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    utf8_percent_encode(name, OTHERS).to_string()
}
