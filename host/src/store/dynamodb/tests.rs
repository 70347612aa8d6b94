//! Answers that a server of the tests does not give: unprocessed items, throttling, lost answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use super::items::{Encoded, Item};
use super::write::Writer;
use super::*;
use crate::error::Coded;
use crate::pace::RetryPolicy;
use crate::test_server::{Ends, Reply, Request, Server};

/// Longer than any test, and shorter.
const PATIENT: Duration = Duration::from_secs(3600);
const IMPATIENT: Duration = Duration::from_millis(200);

/// A service at `url` whose client does not pause for long, and is throttled for `throttled_for` at most.
fn service(
    url: &str,
    config: &DynamoConfig,
    context: StoreContext,
    throttled_for: Duration,
) -> Arc<Service> {
    let settings = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(Credentials::new("key", "secret", None, None, "tests"))
        .region(Region::new("eu-west-1"))
        .endpoint_url(url)
        .build();
    let connected = connect::adopt(&Client::from_conf(settings));
    let patience = Patience {
        retries: RetryPolicy {
            attempts: 4,
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(5),
        },
        throttled_for,
    };
    Service::new(connected, config, Access::Build, context, patience)
}

fn item(number: usize) -> Encoded {
    let item = Item::from([("n".to_owned(), AttributeValue::N(number.to_string()))]);
    Encoded { item, bytes: 100 }
}

fn operation(request: &Request) -> &str {
    let target = request.headers["x-amz-target"].as_str();
    target.rsplit_once('.').unwrap().1
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn answer(body: &Value) -> Reply {
    Reply::new(200, body.to_string()).with("content-type", "application/x-amz-json-1.0")
}

fn refusal(status: u16, code: &str) -> Reply {
    let body =
        json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "no"});
    Reply::new(status, body.to_string()).with("content-type", "application/x-amz-json-1.0")
}

/// What a table got, and how often each item.
#[derive(Default)]
struct Table(Mutex<(u32, BTreeMap<u64, u32>)>);

impl Table {
    /// Takes `part` of the items of a request as AWS does, or fails as `failing` says for the number of the request.
    fn batch_write(&self, request: &Request, failing: impl Fn(u32) -> Failing) -> Reply {
        assert_eq!(operation(request), "BatchWriteItem");
        let body = body(request);
        let requests = body["RequestItems"]["t"].as_array().unwrap();
        assert!(requests.len() <= 25);
        let mut table = self.0.lock().unwrap();
        table.0 += 1;
        let taken = match failing(table.0) {
            Failing::Refused(status, code) => return refusal(status, code),
            Failing::Half => requests.len() / 2,
            Failing::Nothing => 0,
            Failing::Not => requests.len(),
        };
        for request in &requests[..taken] {
            let number = request["PutRequest"]["Item"]["n"]["N"].as_str().unwrap();
            *table.1.entry(number.parse().unwrap()).or_default() += 1;
        }
        let left = match &requests[taken..] {
            [] => json!({}),
            left => json!({"t": left}),
        };
        answer(&json!({
            "UnprocessedItems": left,
            "ConsumedCapacity": [{"TableName": "t", "CapacityUnits": taken}],
        }))
    }

    fn counts(&self) -> BTreeMap<u64, u32> {
        self.0.lock().unwrap().1.clone()
    }
}

enum Failing {
    Not,
    Half,
    Nothing,
    Refused(u16, &'static str),
}

/// Writes `count` items in requests of 25 to a table that fails as `failing` says.
async fn written(
    count: usize,
    config: &DynamoConfig,
    context: StoreContext,
    throttled_for: Duration,
    failing: impl Fn(u32) -> Failing + Send + Sync + 'static,
) -> (Result<(), StoreError>, BTreeMap<u64, u32>) {
    let table = Arc::new(Table::default());
    let shared = table.clone();
    let reply = move |request: &Request| shared.batch_write(request, &failing);
    let server = Server::start(Arc::new(reply)).await;
    let service = service(&server.url, config, context, throttled_for);
    let write = async {
        let mut writer = Writer::new(&service, "t");
        let mut numbers = 0..count;
        loop {
            let request: Vec<_> = numbers.by_ref().take(25).map(item).collect();
            if request.is_empty() {
                return writer.finish().await;
            }
            writer.put(request).await?;
        }
    };
    let result = service.run(|| "writing".to_owned(), write).await;
    (result, table.counts())
}

fn once_each(count: u64) -> BTreeMap<u64, u32> {
    (0..count).map(|number| (number, 1)).collect()
}

#[tokio::test]
async fn unprocessed_items_are_sent_again_and_no_others() {
    let config = DynamoConfig::default();
    let failing = |number| match number % 3 {
        0 => Failing::Not,
        1 => Failing::Half,
        _ => Failing::Nothing,
    };
    let (result, counts) = written(1000, &config, StoreContext::default(), PATIENT, failing).await;
    result.unwrap();
    assert_eq!(counts, once_each(1000));
}

#[tokio::test]
async fn throttled_and_failed_requests_are_sent_again() {
    let config = DynamoConfig::default();
    let failing = |number| match number % 4 {
        0 => Failing::Refused(400, "ProvisionedThroughputExceededException"),
        1 => Failing::Refused(400, "ThrottlingException"),
        2 => Failing::Refused(500, "InternalServerError"),
        _ => Failing::Not,
    };
    // One request at a time fails so often in a row that it would be given up if throttling counted as a failure.
    let (result, counts) = written(25, &config, StoreContext::default(), PATIENT, failing).await;
    result.unwrap();
    assert_eq!(counts, once_each(25));
}

#[tokio::test]
async fn a_table_that_takes_nothing_for_long_is_given_up() {
    let config = DynamoConfig::default();
    let failing = |_| Failing::Nothing;
    let (result, _) = written(25, &config, StoreContext::default(), IMPATIENT, failing).await;
    let error = result.unwrap_err();
    assert!(matches!(error, StoreError::Throttled { .. }), "{error}");
    let failing = |_| Failing::Refused(500, "InternalServerError");
    let (result, _) = written(25, &config, StoreContext::default(), PATIENT, failing).await;
    let error = result.unwrap_err();
    assert!(matches!(error, StoreError::Service { .. }), "{error}");
    let failing = |_| Failing::Refused(400, "AccessDeniedException");
    let (result, _) = written(25, &config, StoreContext::default(), PATIENT, failing).await;
    let error = result.unwrap_err();
    insta::assert_snapshot!(error, @"DynamoDB refused a request while writing: HTTP 400, AccessDeniedException: no");
    assert_eq!(error.code().class, crate::error::Class::Usage);
}

#[tokio::test]
async fn write_units_keep_to_the_limit() {
    let config = DynamoConfig {
        max_write_units_per_second: Some(1000),
        ..DynamoConfig::default()
    };
    let began = std::time::Instant::now();
    let not = |_| Failing::Not;
    let (result, counts) = written(1500, &config, StoreContext::default(), PATIENT, not).await;
    result.unwrap();
    assert_eq!(counts.len(), 1500);
    // The units of the first second are there at once.
    assert!(
        began.elapsed() > Duration::from_millis(450),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_cancelled_write_ends_soon() {
    let context = StoreContext::default();
    let cancel = context.cancel.clone();
    let failing = move |number| {
        if number == 3 {
            cancel.cancel();
        }
        Failing::Nothing
    };
    let config = DynamoConfig::default();
    let write = written(1000, &config, context, PATIENT, failing);
    let (result, _) = tokio::time::timeout(Duration::from_secs(5), write)
        .await
        .unwrap();
    let error = result.unwrap_err();
    assert!(matches!(error, StoreError::Cancelled { .. }), "{error}");
}

#[tokio::test]
async fn a_transaction_whose_answer_is_lost_is_sent_again_with_its_token() {
    let tokens = Arc::new(Mutex::new(Vec::new()));
    let seen = tokens.clone();
    let reply = move |request: &Request| {
        assert_eq!(operation(request), "TransactWriteItems");
        let token = body(request)["ClientRequestToken"]
            .as_str()
            .unwrap()
            .to_owned();
        let mut seen = seen.lock().unwrap();
        seen.push(token);
        match seen.len() {
            1 => answer(&json!({})).ending(Ends::Reset(0)),
            2 => {
                let reasons = json!({
                    "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                    "Message": "Transaction cancelled",
                    "CancellationReasons": [{"Code": "TransactionConflict", "Message": "busy"}],
                });
                Reply::new(400, reasons.to_string())
            }
            _ => answer(&json!({})),
        }
    };
    let server = Server::start(Arc::new(reply)).await;
    let service = service(
        &server.url,
        &DynamoConfig::default(),
        StoreContext::default(),
        PATIENT,
    );
    let mut transaction = transaction::Transaction::new(&service);
    transaction.check_pointer("t", None).unwrap();
    transaction.commit().await.unwrap();
    let tokens = tokens.lock().unwrap();
    assert_eq!(tokens.len(), 3);
    assert!(tokens.iter().all(|token| *token == tokens[0]));
}

#[tokio::test]
async fn a_failed_condition_is_told_from_a_conflict() {
    let reply = |_: &Request| {
        let reasons = json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled",
            "CancellationReasons": [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Message": "no"}],
        });
        Reply::new(400, reasons.to_string())
    };
    let server = Server::start(Arc::new(reply)).await;
    let service = service(
        &server.url,
        &DynamoConfig::default(),
        StoreContext::default(),
        PATIENT,
    );
    let mut transaction = transaction::Transaction::new(&service);
    transaction.check_pointer("t", None).unwrap();
    let failed = transaction.commit().await.unwrap_err();
    assert!(matches!(failed, Fault::Condition), "{failed:?}");
}
