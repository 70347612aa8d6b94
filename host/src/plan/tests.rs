use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::decode::{DecodeOptions, EventRange, Format, RULES, RegistryConfig};
use crate::fold::FoldedOffsets;
use crate::guest::Limits;
use crate::schema::{Descriptor, Encoding, Input, Kind, Origin, Output};
use crate::source::files::FilesConfig;
use crate::source::kafka::KafkaConfig;
use crate::source::layout::Layout;
use crate::source::s3::S3Config;
use crate::source::{Frozen, Object, Parts, SourceConfig, Split, SplitInput};
use crate::units::ByteSize;

const SECRET: &str = "s3cr3t-of-the-test";

fn table() -> TablePlan {
    let column = |name: &str, kind| Output {
        name: name.into(),
        kind,
        nullable: false,
    };
    TablePlan {
        table: "page_stats".into(),
        component: ComponentIdentity {
            path: "clicks.wasm".into(),
            digest: "0".repeat(64),
        },
        descriptor: Descriptor {
            name: "clicks".into(),
            version: "1.0.0".into(),
            inputs: vec![Input {
                name: "page".into(),
                origin: Origin::Path("page".into()),
                kind: Kind::Utf8,
                encoding: Encoding::Standard,
                nullable: false,
            }],
            only: vec![],
            event_time: None,
            keys: vec![column("page", Kind::Utf8)],
            states: vec![column("views", Kind::Int64)],
            views: vec![],
            commutative: true,
        },
        params: BTreeMap::from([("floor".into(), "3".into())]),
        limits: Limits {
            memory: ByteSize::gib(1),
            call_time: Duration::from_millis(90_500),
            ..Limits::default()
        },
    }
}

fn object(key: &str) -> Object {
    Object {
        key: key.into(),
        size_bytes: 7,
        etag: "e".into(),
        version: Some("v".into()),
        modified_us: 1,
        key_fields: None,
    }
}

fn task(settings: &SourceConfig) -> Task {
    let input = InputPlan {
        source: InputSource::history(settings).unwrap(),
        range: EventRange {
            from_us: Some(1),
            until_us: None,
        },
        decode: DecodeOptions {
            format: Format::Avro,
            registry: Some(RegistryConfig {
                user: Some("me".into()),
                password_file: Some("/secrets/registry".into()),
                ..RegistryConfig::at("http://registry")
            }),
            ..DecodeOptions::default()
        },
        rules: RULES,
        frozen: Frozen {
            splits: 2,
            ..Frozen::default()
        },
        splits_digest: "1".repeat(64),
        schemas: BTreeMap::from([(1, "\"long\"".into())]),
    };
    let archived = Split {
        number: 0,
        size_bytes: 7,
        input: SplitInput::Objects(vec![object("a.json")]),
    };
    let logged = Split {
        number: 1,
        size_bytes: 0,
        input: SplitInput::Offsets {
            topic: "clicks".into(),
            partition: 3,
            start: 5,
            end: 9,
        },
    };
    Task {
        input,
        tables: vec![table()],
        splits: vec![archived, logged],
        folded: FoldedOffsets::default(),
    }
}

/// Settings of each source in which nothing is left to its default. The files that hold secrets are in `folder`.
fn sources(folder: &Path) -> Vec<SourceConfig> {
    let file = |name: &str| {
        let path = folder.join(name);
        std::fs::write(&path, format!("ssl.key.password={SECRET}")).unwrap();
        Some(path.canonicalize().unwrap())
    };
    let files = FilesConfig {
        layout: Layout::firehose(),
        lateness: Duration::from_secs(90),
        split_size: ByteSize::mib(3),
        ..FilesConfig::new(folder.canonicalize().unwrap())
    };
    let mut s3 = S3Config {
        endpoint: Some("http://store".into()),
        path_style: Some(true),
        region: Some("eu-west-1".into()),
        profile: Some("ops".into()),
        anonymous: true,
        requester_pays: true,
        sse_c_key_file: file("sse"),
        ca_file: file("ca"),
        skip_archived: true,
        ..S3Config::new("clicks", "raw/")
    };
    s3.requests.concurrency = 3;
    s3.requests.max_bytes_per_second = Some(ByteSize::mib(5));
    let mut kafka = KafkaConfig::new("a:1,b:2", &["clicks", "orders-*"]);
    kafka.max_bytes_per_second = Some(ByteSize::mib(5));
    kafka.stall_timeout = Duration::from_secs(7);
    kafka.request_timeout = Duration::from_secs(8);
    kafka.properties_file = file("kafka");
    let properties = [("client.id", "job"), ("sasl.password", SECRET)];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    kafka.properties.extend(properties.map(owned));
    let overrides = [("client.id", "line"), ("ssl.key.pem", SECRET)];
    kafka.overrides.extend(overrides.map(owned));
    vec![
        SourceConfig::Files(Box::new(files)),
        SourceConfig::S3(Box::new(s3)),
        SourceConfig::Kafka(Box::new(kafka)),
    ]
}

#[test]
fn a_task_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    for source in sources(folder.path()) {
        let task = task(&source);
        let json = serde_json::to_string(&task).unwrap();
        assert_eq!(serde_json::from_str::<Task>(&json).unwrap(), task, "{json}");
        let InputSource::History { settings, .. } = task.input.source else {
            panic!("made of settings");
        };
        // Nothing is lost on the way but what may not be written.
        match (settings, source) {
            (SourceConfig::Kafka(read), SourceConfig::Kafka(mut kafka)) => {
                kafka.properties = BTreeMap::from([("client.id".into(), "line".into())]);
                kafka.overrides.clear();
                assert_eq!(read, kafka);
            }
            (read, source) => assert_eq!(read, source),
        }
    }
}

#[test]
fn no_secret_stands_in_a_task() {
    let folder = tempfile::tempdir().unwrap();
    for source in sources(folder.path()) {
        assert!(source.driver_name() != "kafka" || format!("{source:?}").contains(SECRET));
        let task = task(&source);
        let json = serde_json::to_string_pretty(&task).unwrap();
        assert!(!json.contains(SECRET), "{json}");
        let InputSource::History { secrets, .. } = &task.input.source else {
            panic!("made of settings");
        };
        match source {
            SourceConfig::Kafka(_) => assert_eq!(secrets[..], ["sasl.password", "ssl.key.pem"]),
            _ => assert!(secrets.is_empty()),
        }
    }
}

#[test]
fn a_driver_is_made_of_a_task_where_its_secrets_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<_> = sources(folder.path())
        .iter()
        .map(|source| {
            let task = task(source);
            let driver = task.input.driver(Parts::ALL);
            driver.map(|driver| driver.expect("settings").name().to_owned())
        })
        .map(|name| name.map_err(|error| error.to_string()))
        .collect();
    assert_eq!(names[..2], [Ok("files".to_owned()), Ok("s3".to_owned())]);
    let problem = names[2].as_ref().unwrap_err();
    assert!(
        problem.contains("BACKFOLD_KAFKA_SASL_PASSWORD"),
        "{problem}"
    );
}
