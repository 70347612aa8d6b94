//! The schemas of Avro messages: known before a decoder sees the messages, and fetched once.
//!
//! A plan takes the schemas of the topics along. Others that messages name are fetched from the registry while a chunk
//! is on its way to a decoder, and kept before the chunk goes on: so a build goes on, and what it rejected is folded
//! again, without the registry.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tokio::sync::Mutex;

use super::{KeepError, SchemasError};
use crate::decode::{RegistryConfig, Schemas, split_prefix};
use crate::registry::{Registered, Registry, RegistryError};
use crate::source::{Chunk, Frozen};

/// Keeps the schemas that a scan learns, so that the messages can be read again without the registry.
pub trait KeepSchemas: fmt::Debug + Send {
    /// Keeps the Avro schema of an ID, as JSON. When it returns, the schema is durable.
    ///
    /// # Errors
    /// Where the schema cannot be kept.
    fn keep(&mut self, id: u32, schema: &str) -> Result<(), KeepError>;
}

/// The schemas of messages that are known, and the registry that has more.
#[derive(Debug)]
pub struct MessageSchemas {
    known: Schemas,
    config: RegistryConfig,
    fetching: Mutex<Fetching>,
}

/// Under a lock, so that no schema is fetched twice.
#[derive(Debug)]
struct Fetching {
    /// Made when it is needed.
    registry: Option<Registry>,
    keeper: Option<Box<dyn KeepSchemas>>,
}

impl MessageSchemas {
    /// The schemas that are `known` by their IDs, and those that the registry of `config` has. What is fetched from
    /// it goes to `keeper`, if there is one.
    pub fn new(
        config: &RegistryConfig,
        known: BTreeMap<u32, String>,
        keeper: Option<Box<dyn KeepSchemas>>,
    ) -> Self {
        let schemas = Schemas::default();
        for (id, schema) in known {
            schemas.insert(id, schema);
        }
        MessageSchemas {
            known: schemas,
            config: config.clone(),
            fetching: Mutex::new(Fetching {
                registry: None,
                keeper,
            }),
        }
    }

    /// The known schemas; those that are learned later appear in it too.
    pub fn known(&self) -> Schemas {
        self.known.clone()
    }

    /// Learns the schemas of all messages in `chunk`. For an ID that the registry does not have, or whose schema is not
    /// Avro, the reason is remembered for this run only.
    ///
    /// # Errors
    /// Where the registry does not answer, or a schema cannot be kept.
    pub async fn learn(&self, chunk: &Chunk) -> Result<(), SchemasError> {
        for id in self.unknown(chunk) {
            let mut fetching = self.fetching.lock().await;
            if self.known.knows(id) {
                continue;
            }
            let Fetching { registry, keeper } = &mut *fetching;
            let registry = match registry {
                Some(registry) => registry,
                none => none.insert(Registry::new(&self.config)?),
            };
            match registry.schema(id).await? {
                Some(Registered::Avro(schema)) => {
                    if let Some(keeper) = keeper {
                        keeper.keep(id, &schema)?;
                    }
                    self.known.insert(id, schema);
                }
                Some(Registered::Unusable(reason)) => self.known.refuse(id, reason),
                None => {
                    let reason = format!("the registry has no schema {id}");
                    self.known.refuse(id, reason);
                }
            }
        }
        Ok(())
    }

    /// The IDs in front of a chunk's messages of which nothing is known.
    fn unknown(&self, chunk: &Chunk) -> BTreeSet<u32> {
        let Chunk::Messages(messages) = chunk else {
            return BTreeSet::new();
        };
        let values = messages.iter().filter_map(|message| message.value);
        let (mut unknown, mut last) = (BTreeSet::new(), None);
        for (id, _) in values.filter_map(|value| split_prefix(value).ok()) {
            if last.replace(id) != Some(id) && !self.known.knows(id) {
                unknown.insert(id);
            }
        }
        unknown
    }
}

/// The schemas of all versions of the values of the topics in `frozen`, by their IDs, from the registry of `config`.
///
/// # Errors
/// Where the registry does not answer.
pub async fn schemas_of_topics(
    config: &RegistryConfig,
    frozen: &Frozen,
) -> Result<BTreeMap<u32, String>, RegistryError> {
    let topics = frozen.partitions.iter();
    let topics: BTreeSet<_> = topics.map(|partition| partition.topic.as_str()).collect();
    let mut schemas = BTreeMap::new();
    if topics.is_empty() {
        return Ok(schemas);
    }
    let registry = Registry::new(config)?;
    for topic in topics {
        for (id, registered) in registry.subject(topic).await? {
            if let Registered::Avro(schema) = registered {
                schemas.insert(id, schema);
            }
        }
    }
    Ok(schemas)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::error::Coded;
    use crate::source::{FrozenPartition, Message, Messages, SourceError};
    use crate::test_server::{Reply, Request, Server};

    /// A registry that has the schemas 1 and 2 of a topic, 3 of no topic, and 4, which is no Avro.
    async fn registry() -> Server {
        let answer = |request: &Request| {
            let schema = |id: u32| json!({"id": id, "schema": "\"long\""});
            let found = match request.path.as_str() {
                "/subjects/clicks-value/versions" => json!([1, 2]),
                "/subjects/clicks-value/versions/1" | "/schemas/ids/1" => schema(1),
                "/subjects/clicks-value/versions/2" | "/schemas/ids/2" => schema(2),
                "/schemas/ids/3" => schema(3),
                "/schemas/ids/4" => json!({"id": 4, "schema": "{}", "schemaType": "JSON"}),
                _ => return Reply::new(404, json!({"error_code": 40403}).to_string()),
            };
            Reply::new(200, found.to_string())
        };
        Server::start(Arc::new(answer)).await
    }

    fn chunk(ids: &[u32]) -> Chunk {
        let values = ids.iter().map(|id| {
            let mut value = vec![0];
            value.extend(id.to_be_bytes());
            Some(Bytes::from(value))
        });
        let others = [None, Some(Bytes::from_static(b"{}")), Some(Bytes::new())];
        let list = values.chain(others).map(|value| Message {
            offset: 0,
            time_us: None,
            key: None,
            headers: vec![],
            value,
        });
        Chunk::Messages(Messages::new("clicks".into(), Some(0), list))
    }

    #[tokio::test]
    async fn a_plan_takes_the_schemas_of_its_topics_along() {
        let server = registry().await;
        let config = RegistryConfig::at(&server.url);
        let partition = |topic: &str, partition| FrozenPartition {
            topic: topic.into(),
            topic_id: None,
            partition,
            start: 0,
            end: 1,
            record_bytes: None,
            first_us: None,
            last_us: None,
        };
        let frozen = Frozen {
            partitions: vec![
                partition("clicks", 0),
                partition("clicks", 1),
                partition("none", 0),
            ],
            ..Frozen::default()
        };
        let schemas = schemas_of_topics(&config, &frozen).await.unwrap();
        assert_eq!(schemas.into_keys().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(server.take_requests().len(), 4);
        let none = schemas_of_topics(&config, &Frozen::default())
            .await
            .unwrap();
        assert!(none.is_empty() && server.take_requests().is_empty());
    }

    /// Keeps schemas in memory, each with its ID.
    #[derive(Clone, Debug, Default)]
    struct Kept(Arc<std::sync::Mutex<BTreeMap<u32, String>>>);

    impl KeepSchemas for Kept {
        fn keep(&mut self, id: u32, schema: &str) -> Result<(), KeepError> {
            self.0.lock().unwrap().insert(id, schema.to_owned());
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_schema_is_fetched_once_and_kept_for_the_day_without_a_registry() {
        let server = registry().await;
        let config = RegistryConfig::at(&server.url);
        let kept = Kept::default();
        let planned = BTreeMap::from([(1, "\"long\"".to_owned())]);
        let keeper = Box::new(kept.clone());
        let schemas = MessageSchemas::new(&config, planned.clone(), Some(keeper));
        // Several workers meet the same schemas.
        let (first, second) = (chunk(&[1, 2, 3, 2, 3]), chunk(&[9, 4, 3, 9]));
        let both = [&first, &second, &first, &second];
        let learned = futures::future::join_all(both.map(|chunk| schemas.learn(chunk))).await;
        learned.into_iter().for_each(|learned| learned.unwrap());
        let mut asked: Vec<_> = server.take_requests();
        asked.sort_by(|a, b| a.path.cmp(&b.path));
        let asked: Vec<_> = asked.iter().map(|request| request.path.as_str()).collect();
        assert_eq!(
            asked,
            [
                "/schemas/ids/2",
                "/schemas/ids/3",
                "/schemas/ids/4",
                "/schemas/ids/9"
            ]
        );
        assert!(
            [1, 2, 3]
                .iter()
                .all(|id| schemas.known().get(*id).is_some())
        );
        drop(schemas);

        drop(server);
        let mut known = planned;
        known.extend(kept.0.lock().unwrap().clone());
        assert_eq!(known.keys().copied().collect::<Vec<_>>(), [1, 2, 3]);
        let resumed = MessageSchemas::new(&config, known, None);
        resumed.learn(&first).await.unwrap();
    }

    /// Cannot keep any schema.
    #[derive(Debug)]
    struct Full;

    impl KeepSchemas for Full {
        fn keep(&mut self, _: u32, _: &str) -> Result<(), KeepError> {
            Err(KeepError::new(SourceError::Cancelled))
        }
    }

    #[tokio::test]
    async fn a_schema_that_cannot_be_kept_is_not_known_and_the_error_is_that_of_the_keeper() {
        let server = registry().await;
        let config = RegistryConfig::at(&server.url);
        let schemas = MessageSchemas::new(&config, BTreeMap::new(), Some(Box::new(Full)));
        let error = schemas.learn(&chunk(&[2])).await.unwrap_err();
        assert!(matches!(error, SchemasError::Keep(_)), "{error:?}");
        assert_eq!(error.code(), SourceError::Cancelled.code());
        assert_eq!(error.to_string(), SourceError::Cancelled.to_string());
        assert!(!schemas.known().knows(2));
    }
}
