//! Reads deliver every object completely and once, or stop with an error that names the object.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use proptest::prelude::*;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::fake_bucket::{BUCKET, FakeBucket, error, xml};
use super::{keys, read_all, shown};
use crate::source::conformance::{Record, content, deliver, plan};
use crate::source::s3::read::RANGE_BYTES;
use crate::source::s3::{RequestOptions, S3Config};
use crate::source::{Chunk, EventRange, ReplayDriver, SourceError};
use crate::test_server::{Ends, Reply, Request};
use crate::units::ByteSize;

/// A fault in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    SlowDown,
    Unavailable,
    Internal,
    Throttled,
    ResetAtOnce,
    ResetWithin,
    ShortBody,
    Stall,
    ErrorInDisguise,
    NoEtag,
    WrongRange,
    WrongLength,
}

const FAULTS: [Fault; 12] = [
    Fault::SlowDown,
    Fault::Unavailable,
    Fault::Internal,
    Fault::Throttled,
    Fault::ResetAtOnce,
    Fault::ResetWithin,
    Fault::ShortBody,
    Fault::Stall,
    Fault::ErrorInDisguise,
    Fault::NoEtag,
    Fault::WrongRange,
    Fault::WrongLength,
];

impl Fault {
    fn strike(self, reply: Reply) -> Reply {
        let half = reply.body.len() / 2;
        match self {
            Fault::SlowDown => error(503, "SlowDown"),
            Fault::Unavailable => Reply::new(503, "not XML at all"),
            Fault::Internal => error(500, "InternalError"),
            Fault::Throttled => error(429, "TooManyRequests"),
            Fault::ResetAtOnce => reply.ending(Ends::Reset(0)),
            Fault::ResetWithin => reply.ending(Ends::Reset(half)),
            Fault::ShortBody => reply.ending(Ends::Closed(half)),
            Fault::Stall => reply.ending(Ends::Stalls(half)),
            Fault::ErrorInDisguise => Reply {
                status: 200,
                ..error(200, "InternalError")
            },
            Fault::NoEtag => without(reply, "etag"),
            Fault::WrongRange => match reply.status {
                206 => without(reply, "content-range").with("content-range", "bytes 0-0/1"),
                _ => error(500, "InternalError"),
            },
            Fault::WrongLength => Reply::new(200, vec![0; half]).with("etag", "\"else\""),
        }
    }
}

fn without(mut reply: Reply, name: &str) -> Reply {
    reply.headers.retain(|(header, _)| *header != name);
    reply
}

fn is_get(request: &Request) -> bool {
    request.method == "GET" && request.path.len() > BUCKET.len() + 2
}

/// Objects with no, one and several ranges.
fn fill(fake: &FakeBucket) -> Vec<Record> {
    let put: Vec<Record> = [
        ("a", 0),
        ("b", 1),
        ("c", 70_000),
        ("d", RANGE_BYTES as usize + 12_345),
        ("e", 500),
    ]
    .iter()
    .enumerate()
    .map(|(seed, (key, length))| ((*key).to_owned(), content(seed, *length)))
    .collect();
    for (key, content) in &put {
        fake.put(key, content);
    }
    put
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_complete_after_a_temporary_fault() {
    // Concurrently, so that the stall timeouts overlap.
    join_all(FAULTS.map(async |fault| {
        // Every range fails at its first and its second request.
        let seen = Mutex::new(HashMap::<(String, Option<u64>), u32>::new());
        let fake = FakeBucket::with(move |request, _, reply| {
            if !is_get(request) || fault == Fault::WrongLength && reply.status != 206 {
                return reply;
            }
            let range = request.headers.get("range");
            let stretch = range.map(|range| {
                let start = range
                    .trim_start_matches("bytes=")
                    .split('-')
                    .next()
                    .unwrap();
                start.parse::<u64>().unwrap() / RANGE_BYTES
            });
            let stretch = (request.path.clone(), stretch.or(Some(0)));
            let mut seen = seen.lock().unwrap();
            let times = seen.entry(stretch).or_default();
            *times += 1;
            match fault {
                // The object has another ETag, which is tested below.
                Fault::WrongLength => reply,
                _ if *times <= 2 => fault.strike(reply),
                _ => reply,
            }
        })
        .await;
        let put = fill(&fake);
        let read = read_all(&fake.s3_driver()).await;
        let read = read.unwrap_or_else(|error| panic!("{fault:?}: {}", shown(&error)));
        assert!(read == put, "{fault:?}");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_fault_stops_the_run_and_names_the_object() {
    let texts = FAULTS.map(async |fault| {
        let fake = FakeBucket::with(move |request, _, reply| {
            if request.path.ends_with("/c") && request.method == "GET" {
                return fault.strike(reply);
            }
            reply
        })
        .await;
        fill(&fake);
        let error = read_all(&fake.s3_driver()).await.expect_err("read");
        let text = shown(&error);
        assert!(text.contains("s3://clicks/c"), "{fault:?}: {text}");
        format!("{fault:?}: {text}")
    });
    insta::assert_snapshot!(join_all(texts).await.join("\n"), @r#"
    SlowDown: BF0227: cannot read `s3://clicks/c` at http://HOST, tried 5 times: HTTP 503, SlowDown: As the script says
    Unavailable: BF0227: cannot read `s3://clicks/c` at http://HOST, tried 5 times: HTTP 503
    Internal: BF0227: cannot read `s3://clicks/c` at http://HOST, tried 5 times: HTTP 500, InternalError: As the script says
    Throttled: BF0227: cannot read `s3://clicks/c` at http://HOST, tried 5 times: HTTP 429, TooManyRequests: As the script says
    ResetAtOnce: BF0227: cannot read `s3://clicks/c` at http://HOST, tried 5 times: the response broke off before it delivered 65536 more bytes: Connection reset by peer (os error 104)
    ResetWithin: BF0227: cannot read `s3://clicks/c` at http://HOST, tried 5 times: the response broke off before it delivered 65536 more bytes: Connection reset by peer (os error 104)
    ShortBody: BF0227: cannot read `s3://clicks/c` at http://HOST, tried 5 times: the response broke off before it delivered 65536 more bytes: end of file before message length reached
    Stall: BF0227: cannot read `s3://clicks/c` at http://HOST, tried 5 times: the response delivered fewer than 65536 bytes within 300ms
    ErrorInDisguise: BF0227: cannot read `s3://clicks/c` at http://HOST, tried 5 times: the response has no ETag
    NoEtag: BF0227: cannot read `s3://clicks/c` at http://HOST, tried 5 times: the response has no ETag
    WrongRange: BF0227: cannot read `s3://clicks/c` at http://HOST, tried 5 times: HTTP 500, InternalError: As the script says
    WrongLength: BF0211: `s3://clicks/c` has changed since the plan: planned the ETag "00000000000000000000000000000003", 70000 bytes; found the ETag "else", 35000 bytes
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_breaks_off_is_continued_at_that_position() {
    let first = Mutex::new(true);
    let fake = FakeBucket::with(move |request, _, reply| {
        let mut first = first.lock().unwrap();
        if is_get(request) && std::mem::take(&mut *first) {
            return reply.ending(Ends::Closed(100_000));
        }
        reply
    })
    .await;
    let put = content(7, 300_000);
    fake.put("large", &put);
    let read = read_all(&fake.s3_driver()).await.unwrap();
    assert!(read[0].1 == put);
    let ranges: Vec<Option<String>> = fake
        .server
        .take_requests()
        .iter()
        .filter(|request| is_get(request))
        .map(|request| request.headers.get("range").cloned())
        .collect();
    assert_eq!(ranges, [None, Some("bytes=100000-299999".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_not_the_planned_one_is_never_mixed_in() {
    // A store that ignores conditions, and answers with the new content.
    let newer = Arc::new(Mutex::new(false));
    let flag = newer.clone();
    let fake = FakeBucket::with(move |request, _, reply| {
        if is_get(request) && *flag.lock().unwrap() {
            return without(reply, "etag").with("etag", "\"newer\"");
        }
        reply
    })
    .await;
    fake.put("a", &content(1, 5000));
    let driver = fake.s3_driver();
    let (splits, _) = plan(&driver).await;
    *newer.lock().unwrap() = true;
    let error = deliver(&driver, &splits[0])
        .await
        .expect_err("another object");
    insta::assert_snapshot!(shown(&error), @r#"BF0211: `s3://clicks/a` has changed since the plan: planned the ETag "00000000000000000000000000000001"; found the ETag "newer""#);

    // A store that respects them.
    *newer.lock().unwrap() = false;
    fake.put("a", &content(2, 6000));
    let error = deliver(&driver, &splits[0])
        .await
        .expect_err("another object");
    insta::assert_snapshot!(shown(&error), @r#"BF0211: `s3://clicks/a` has changed since the plan: planned the ETag "00000000000000000000000000000001", 5000 bytes; found the ETag "00000000000000000000000000000002", 6000 bytes"#);
    fake.remove("a");
    let error = deliver(&driver, &splits[0]).await.expect_err("no object");
    insta::assert_snapshot!(shown(&error), @r"BF0212: `s3://clicks/a` no longer exists; the plan found 5000 bytes, modified at 2026-01-31T05:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_can_be_read_after_it_was_overwritten() {
    let fake = FakeBucket::new().await;
    fake.keep_versions();
    let put = fill(&fake);
    let driver = fake.s3_driver();
    let (splits, _) = plan(&driver).await;
    assert_eq!(keys(&splits), ["a", "b", "c", "d", "e"]);
    for (key, _) in &put {
        fake.put(key, b"written over");
    }
    let mut read = Vec::new();
    for split in &splits {
        read.extend(deliver(&driver, split).await.unwrap());
    }
    assert!(read == put);
    assert_eq!(
        read_all(&fake.s3_driver()).await.unwrap()[0].1,
        b"written over"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_was_archived_since_the_plan_is_named() {
    let fake = FakeBucket::new().await;
    fake.put("a", b"here");
    let driver = fake.s3_driver();
    let (splits, _) = plan(&driver).await;
    fake.put_as("a", b"here", "GLACIER", "");
    let error = deliver(&driver, &splits[0]).await.expect_err("archived");
    insta::assert_snapshot!(shown(&error), @r"BF0224: 1 object of `s3://clicks/a` (4 B) is archived and not restored");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_reported_without_a_retry() {
    let mut all = String::new();
    for (status, code) in [
        (403, "AccessDenied"),
        (403, "SignatureDoesNotMatch"),
        (400, "ExpiredToken"),
        (400, "InvalidRequest"),
        (301, "PermanentRedirect"),
    ] {
        let fake = FakeBucket::with(move |request, _, reply| {
            if is_get(request) {
                return error(status, code).with("x-amz-request-id", "4711");
            }
            reply
        })
        .await;
        fake.put("a", b"content");
        let driver = fake.s3_driver();
        let (splits, _) = plan(&driver).await;
        fake.server.take_requests();
        let error = deliver(&driver, &splits[0]).await.expect_err(code);
        assert_eq!(fake.server.take_requests().len(), 1, "{code}");
        all += &format!("{}\n", shown(&error));
    }
    insta::assert_snapshot!(all, @r"
    BF0221: the store at http://HOST refused to read `s3://clicks/a`: HTTP 403, AccessDenied: As the script says (request 4711)
    BF0221: the store at http://HOST refused to read `s3://clicks/a`: HTTP 403, SignatureDoesNotMatch: As the script says (request 4711)
    BF0221: the store at http://HOST refused to read `s3://clicks/a`: HTTP 400, ExpiredToken: As the script says (request 4711)
    BF0227: cannot read `s3://clicks/a` at http://HOST, tried once: HTTP 400, InvalidRequest: As the script says (request 4711)
    BF0221: the store at http://HOST refused to read `s3://clicks/a`: the bucket is in another region
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_say_who_pays_and_with_which_key() {
    let fake = FakeBucket::new().await;
    fake.put("a", b"content");
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, [7; 32]).unwrap();
    let config = S3Config {
        requester_pays: true,
        sse_c_key_file: Some(key),
        ..fake.config()
    };
    // The SDK sends such a key over TLS only, unless the endpoint is set.
    let driver = fake.driver_of(config, EventRange::default());
    read_all(&driver).await.unwrap();
    let requests = fake.server.take_requests();
    let get = requests.iter().find(|request| is_get(request)).unwrap();
    let header = |name: &str| get.headers.get(name).map(String::as_str);
    assert_eq!(header("x-amz-request-payer"), Some("requester"));
    let prefix = "x-amz-server-side-encryption-customer";
    assert_eq!(header(&format!("{prefix}-algorithm")), Some("AES256"));
    assert_eq!(
        header(&format!("{prefix}-key")),
        Some("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=")
    );
    assert!(header(&format!("{prefix}-key-md5")).is_some_and(|md5| md5.len() == 24));
    let list = requests.iter().find(|request| !is_get(request)).unwrap();
    assert!(
        list.headers.contains_key("x-amz-request-payer") || list.query.contains_key("versioning")
    );
}

/// The bytes that a driver has fetched but not delivered stay within the read-ahead.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_fetched_ahead_than_allowed() {
    let fake = FakeBucket::new().await;
    for number in 0..30 {
        fake.put(&format!("{number:02}"), &content(number, 1000));
    }
    let config = S3Config {
        split_size: ByteSize::mib(1),
        requests: RequestOptions {
            read_ahead: ByteSize(4500),
            ..fake.config().requests
        },
        ..fake.config()
    };
    let driver = Arc::new(fake.driver_of(config, EventRange::default()));
    let (splits, _) = plan(&*driver).await;
    assert_eq!(splits.len(), 1);
    fake.server.take_requests();
    let (out, mut chunks) = mpsc::channel(1);
    let replay = {
        let (driver, split) = (driver.clone(), splits[0].clone());
        tokio::spawn(async move { driver.replay(&split, out, CancellationToken::new()).await })
    };
    let mut fetched = 0;
    for taken in 0..30 {
        loop {
            match chunks.recv().await.expect("all objects") {
                Chunk::Object(_) | Chunk::Bytes(_) => {}
                Chunk::End => break,
                Chunk::Messages(_) | Chunk::Record(_) => panic!("no objects"),
            }
        }
        fetched += fake.server.take_requests().len();
        // Four ranges that wait, and the one that is being delivered.
        assert!(
            fetched <= taken + 1 + 5,
            "{fetched} when {taken} were taken"
        );
    }
    replay.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_asks_to_slow_down_gets_fewer_concurrent_requests() {
    let fake = FakeBucket::with(|request, number, reply| {
        if is_get(request) && number % 3 == 0 {
            return error(503, "SlowDown");
        }
        reply
    })
    .await;
    for number in 0..60 {
        fake.put(&format!("{number:02}"), &content(number, 1000));
    }
    let driver = fake.s3_driver();
    let read = read_all(&driver).await.unwrap();
    assert_eq!(read.len(), 60);
    let bucket = driver.bucket.get().unwrap();
    let concurrency = format!("{:?}", bucket.pace);
    assert!(concurrency.contains("halved_at: Some"), "{concurrency}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// With any mixture of faults, either all objects are complete, or the error names one of them.
    #[test]
    fn any_mixture_of_faults_gives_complete_objects_or_an_error(
        script in prop::collection::vec(prop::option::weighted(0.4, 0usize..FAULTS.len()), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let script_of = script.clone();
            let fake = FakeBucket::with(move |request, number, reply| {
                let fault = script_of[number % script_of.len()].map(|at| FAULTS[at]);
                match fault.filter(|fault| is_get(request) && *fault != Fault::WrongLength) {
                    Some(fault) => fault.strike(reply),
                    None => reply,
                }
            })
            .await;
            let put = fill(&fake);
            let mut config = fake.config();
            config.requests.stall_timeout = Duration::from_millis(60);
            match read_all(&fake.driver_of(config, EventRange::default())).await {
                Ok(read) => prop_assert!(read == put),
                Err(error) => {
                    let is_named = put.iter().any(|(key, _)| error.to_string().contains(&format!("s3://{BUCKET}/{key}`")));
                    prop_assert!(is_named && matches!(error, SourceError::Store { .. }), "{}", shown(&error));
                }
            }
            Ok(())
        })?;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_with_status_200_is_not_a_listing() {
    let first = Mutex::new(true);
    let fake = FakeBucket::with(move |request, _, reply| {
        if request.query.contains_key("prefix") && std::mem::take(&mut *first.lock().unwrap()) {
            return xml("<Error><Code>InternalError</Code></Error>".to_owned());
        }
        reply
    })
    .await;
    let put = fill(&fake);
    assert!(read_all(&fake.s3_driver()).await.unwrap() == put);
}
