//! Answers that a real registry does not give on demand, from a server that does; a real registry is in `tests/`.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::http::Patience;
use super::{Registered, Registry, RegistryError};
use crate::decode::RegistryConfig;
use crate::error::{Coded, WithCauses};
use crate::test_server::{Ends, Reply, Request, Server};

fn ok(body: Value) -> Reply {
    Reply::new(200, body.to_string())
}

fn missing(code: u32) -> Reply {
    Reply::new(
        404,
        json!({"error_code": code, "message": "none"}).to_string(),
    )
}

fn registry(config: &RegistryConfig) -> Registry {
    let Registry { client } = Registry::new(config).unwrap();
    Registry {
        client: client.with_patience(Patience {
            attempts: 4,
            first_pause: Duration::from_micros(1),
            attempt: Duration::from_millis(500),
            ..Patience::default()
        }),
    }
}

async fn started(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (Server, Registry) {
    let server = Server::start(Arc::new(answer)).await;
    let registry = registry(&RegistryConfig::at(&server.url));
    (server, registry)
}

/// A code, a message and its causes, without the server's address.
fn described(server: &Server, error: &RegistryError) -> String {
    let text = format!("{} {}", error.code(), WithCauses(error));
    text.replace(&server.url, "URL")
}

fn avro(schema: Value) -> Registered {
    Registered::Avro(schema.to_string())
}

#[tokio::test]
async fn a_schema_is_asked_for_by_its_id() {
    let (server, registry) = started(|request| match request.path.as_str() {
        "/schemas/ids/7" => ok(json!({"schema": "\"long\""})),
        "/schemas/ids/8" => ok(json!({"schema": "syntax = \"proto3\";", "schemaType": "PROTOBUF"})),
        "/schemas/ids/9" => ok(json!({"schema": "{", "references": null})),
        _ => missing(40403),
    })
    .await;
    assert_eq!(registry.schema(7).await.unwrap(), Some(avro(json!("long"))));
    assert_eq!(registry.schema(6).await.unwrap(), None);
    let unusable = |reason: &str| Some(Registered::Unusable(reason.to_owned()));
    assert_eq!(
        registry.schema(8).await.unwrap(),
        unusable("its schema is PROTOBUF, not Avro")
    );
    let Some(Registered::Unusable(reason)) = registry.schema(9).await.unwrap() else {
        panic!("it is no JSON");
    };
    assert!(reason.starts_with("its schema is no JSON"), "{reason}");
    let requests = server.take_requests();
    assert_eq!(
        requests[0].headers["accept"],
        "application/vnd.schemaregistry.v1+json, application/json"
    );
    assert!(!requests[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn all_versions_of_a_subject_are_asked_for() {
    let (_server, registry) = started(|request| match request.path.as_str() {
        "/subjects/a/b-value/versions" => ok(json!([1, 3, 4])),
        "/subjects/a/b-value/versions/1" => ok(json!({"id": 11, "schema": "\"int\""})),
        "/subjects/a/b-value/versions/3" => ok(json!({"id": 13, "schema": "\"long\""})),
        "/subjects/a/b-value/versions/4" => missing(40402),
        _ => missing(40401),
    })
    .await;
    let found = registry.subject("a/b").await.unwrap();
    let expected = BTreeMap::from([(11, avro(json!("int"))), (13, avro(json!("long")))]);
    assert_eq!(found, expected);
    assert!(registry.subject("none").await.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_schema_refers_to_is_put_in_from_near_and_far() {
    let field = |kind: &str| json!([{"name": "f", "type": kind}]);
    let record = move |name: &str, kind: &str| {
        json!({"type": "record", "name": name, "namespace": "n", "fields": field(kind)}).to_string()
    };
    let refers = |subject: &str| json!([{"name": "any", "subject": subject, "version": 2}]);
    let (server, registry) = started(move |request| match request.path.as_str() {
        "/schemas/ids/1" => ok(json!({"schema": record("A", "n.B"), "references": refers("b")})),
        "/schemas/ids/2" => ok(json!({"schema": record("A", "n.X"), "references": refers("x")})),
        "/subjects/b/versions/2" => {
            ok(json!({"id": 5, "schema": record("B", "C"), "references": refers("c")}))
        }
        // They refer to each other.
        "/subjects/c/versions/2" => {
            ok(json!({"id": 6, "schema": record("C", "long"), "references": refers("b")}))
        }
        _ => missing(40402),
    })
    .await;
    let Some(Registered::Avro(schema)) = registry.schema(1).await.unwrap() else {
        panic!("it is whole");
    };
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let inner = &schema["fields"][0]["type"]["fields"][0]["type"];
    assert_eq!(inner["name"], "C");
    assert_eq!(inner["fields"][0]["type"], "long");
    assert_eq!(server.take_requests().len(), 3, "each is fetched once");
    let lacks = "its schema refers to version 2 of `x`, which the registry does not have";
    assert_eq!(
        registry.schema(2).await.unwrap(),
        Some(Registered::Unusable(lacks.to_owned()))
    );
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let failures = [
        Reply::new(500, "down"),
        Reply::new(429, "{\"error_code\": 429, \"message\": \"too much\"}"),
        ok(json!({"schema": "\"long\""})).ending(Ends::Reset(3)),
    ];
    let asked = AtomicUsize::new(0);
    let (server, registry) = started(move |_| {
        let number = asked.fetch_add(1, Ordering::Relaxed);
        let failure = failures.get(number).cloned();
        failure.unwrap_or_else(|| ok(json!({"schema": "\"long\""})))
    })
    .await;
    assert_eq!(registry.schema(1).await.unwrap(), Some(avro(json!("long"))));
    assert_eq!(server.take_requests().len(), 4);
}

#[tokio::test]
async fn what_does_not_pass_is_given_up() {
    let (server, registry) = started(|_| Reply::new(503, "down")).await;
    let error = registry.schema(1).await.unwrap_err();
    insta::assert_snapshot!(described(&server, &error), @"BF0901 the schema registry does not answer at `URL/schemas/ids/1`, tried 4 times: 503, down");
    let (server, registry) = started(|_| ok(json!({})).ending(Ends::Stalls(1))).await;
    let error = registry.schema(1).await.unwrap_err();
    insta::assert_snapshot!(described(&server, &error), @"BF0901 the schema registry does not answer at `URL/schemas/ids/1`, tried 4 times: no answer within 500ms");
    let url = server.url.clone();
    drop(server);
    let gone = super::tests::registry(&RegistryConfig::at(url));
    let error = gone.schema(1).await.unwrap_err();
    assert!(
        matches!(error, RegistryError::Unanswered { attempts: 4, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_refused_user_is_not_tried_again() {
    let (server, registry) = started(|_| {
        Reply::new(
            401,
            json!({"error_code": 401, "message": "Unauthorized"}).to_string(),
        )
    })
    .await;
    let error = registry.schema(1).await.unwrap_err();
    insta::assert_snapshot!(described(&server, &error), @"BF0902 the schema registry refuses `URL/schemas/ids/1`: 401, Unauthorized");
    assert_eq!(server.take_requests().len(), 1);
}

#[tokio::test]
async fn another_server_is_not_taken_for_a_registry() {
    let replies = [
        Reply::new(404, "<html>not here</html>"),
        Reply::new(
            404,
            json!({"error_code": 404, "message": "no such resource"}).to_string(),
        ),
        Reply::new(302, "").with("location", "/login"),
        Reply::new(200, "<html>hello</html>"),
        ok(json!({"schema": 7})),
    ];
    let asked = AtomicUsize::new(0);
    let (server, registry) =
        started(move |_| replies[asked.fetch_add(1, Ordering::Relaxed)].clone()).await;
    for _ in 0..5 {
        let error = registry.schema(1).await.unwrap_err();
        let described = described(&server, &error);
        assert!(
            described
                .starts_with("BF0903 what answers at `URL/schemas/ids/1` is no schema registry: "),
            "{described}"
        );
    }
    assert_eq!(server.take_requests().len(), 5);
}

#[tokio::test]
async fn a_password_is_sent_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "secret\n").unwrap();
    let server = Server::start(Arc::new(|_: &Request| missing(40403))).await;
    let config = RegistryConfig {
        user: Some("me".into()),
        password_file: Some(file),
        ..RegistryConfig::at(format!("{}/", server.url))
    };
    let registry = registry(&config);
    assert_eq!(registry.schema(1).await.unwrap(), None);
    let requests = server.take_requests();
    assert_eq!(requests[0].path, "/schemas/ids/1");
    assert_eq!(requests[0].headers["authorization"], "Basic bWU6c2VjcmV0");
    assert!(!format!("{registry:?}").contains("bWU6"));
    let plan = serde_json::to_string(&config).unwrap();
    assert!(!plan.contains("secret"), "{plan}");
}

#[tokio::test]
async fn a_file_of_certificates_holds_some() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "nothing").unwrap();
    let config = RegistryConfig {
        ca_file: Some(file),
        ..RegistryConfig::at("https://r")
    };
    let error = Registry::new(&config).unwrap_err();
    assert_eq!(error.code().number, 904);
    assert!(
        error
            .to_string()
            .ends_with("it holds no certificate in PEM"),
        "{error}"
    );
}
