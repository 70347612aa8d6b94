//! The schemas of Avro messages: known before a decoder sees the messages, and asked for once.
//!
//! A plan takes the schemas of the topics along. What is met beyond them is asked for when a chunk is on its way to a
//! worker, and kept in the build's folder before the chunk goes on: so a build goes on, and what it rejected is folded
//! again, without the registry.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::Mutex;

use super::Error;
use crate::decode::{RegistryConfig, Schemas, split_prefix};
use crate::job::Job;
use crate::registry::{Registered, Registry, RegistryError};
use crate::source::{Chunk, Frozen};
use crate::workdir::{BuildError, BuildFolder, KeptSchema, SchemaFile};

/// What is known of the schemas of a job's messages, and how to learn more.
#[derive(Debug)]
pub(super) struct MessageSchemas {
    known: Schemas,
    config: RegistryConfig,
    asking: Mutex<Asking>,
}

/// One asks at a time, so that nothing is asked for twice.
#[derive(Debug, Default)]
struct Asking {
    /// Made when it is needed.
    registry: Option<Registry>,
    /// Where what is learned is kept.
    file: Option<SchemaFile>,
}

impl MessageSchemas {
    /// Those of a job without a build; `None` where messages have none.
    pub(super) fn of_job(job: &Job) -> Option<Self> {
        let config = job.decode.registry.as_ref()?;
        Some(MessageSchemas::new(config, BTreeMap::new(), None))
    }

    /// Those of a build, in whose folder is kept what is learned. Call it under the lock.
    pub(super) fn of_build(job: &Job, build: &BuildFolder) -> Result<Option<Self>, BuildError> {
        let Some(config) = &job.decode.registry else {
            return Ok(None);
        };
        let (file, _) = SchemaFile::open(&build.schemas_file())?;
        let known = build.schemas()?;
        Ok(Some(MessageSchemas::new(config, known, Some(file))))
    }

    /// Those of a build that is only looked at.
    pub(super) fn peek(job: &Job, build: &BuildFolder) -> Result<Option<Self>, BuildError> {
        let Some(config) = &job.decode.registry else {
            return Ok(None);
        };
        Ok(Some(MessageSchemas::new(config, build.schemas()?, None)))
    }

    fn new(
        config: &RegistryConfig,
        known: BTreeMap<u32, String>,
        file: Option<SchemaFile>,
    ) -> Self {
        let schemas = Schemas::default();
        for (id, schema) in known {
            schemas.insert(id, schema);
        }
        MessageSchemas {
            known: schemas,
            config: config.clone(),
            asking: Mutex::new(Asking {
                registry: None,
                file,
            }),
        }
    }

    /// What is known, now and later.
    pub(super) fn known(&self) -> Schemas {
        self.known.clone()
    }

    /// Learns all schemas of the messages in a chunk. What the registry does not have, or what is no Avro, is remembered
    /// for this run only.
    ///
    /// # Errors
    /// Where the registry does not answer, or what it answers cannot be kept.
    pub(super) async fn learn(&self, chunk: &Chunk) -> Result<(), Error> {
        for id in self.unknown(chunk) {
            let mut asking = self.asking.lock().await;
            if self.known.knows(id) {
                continue;
            }
            let Asking { registry, file } = &mut *asking;
            let registry = match registry {
                Some(registry) => registry,
                none => none.insert(Registry::new(&self.config)?),
            };
            match registry.schema(id).await? {
                Some(Registered::Avro(schema)) => {
                    if let Some(file) = file {
                        let schema = schema.clone();
                        file.append(&KeptSchema { id, schema })?;
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

/// The schemas that the registry has of the topics of a plan.
///
/// # Errors
/// Where it does not answer.
pub(super) async fn of_topics(
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
    use crate::source::{FrozenPartition, Message, Messages};
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
        let schemas = of_topics(&config, &frozen).await.unwrap();
        assert_eq!(schemas.into_keys().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(server.take_requests().len(), 4);
        let none = of_topics(&config, &Frozen::default()).await.unwrap();
        assert!(none.is_empty() && server.take_requests().is_empty());
    }

    #[tokio::test]
    async fn what_is_met_is_asked_for_once_and_kept_for_the_day_without_a_registry() {
        let server = registry().await;
        let config = RegistryConfig::at(&server.url);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("schemas.jsonl");
        let planned = BTreeMap::from([(1, "\"long\"".to_owned())]);
        let file = SchemaFile::open(&path).unwrap().0;
        let schemas = MessageSchemas::new(&config, planned.clone(), Some(file));
        // As many workers meet the same.
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
        let (file, kept) = SchemaFile::open(&path).unwrap();
        let mut known = planned;
        known.extend(kept.into_iter().map(|kept| (kept.id, kept.schema)));
        assert_eq!(known.keys().copied().collect::<Vec<_>>(), [1, 2, 3]);
        let resumed = MessageSchemas::new(&config, known, Some(file));
        resumed.learn(&first).await.unwrap();
    }
}
