//! Stores with differences from the protocol of Amazon S3, and servers that are not stores.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::fake_bucket::{BUCKET, FakeBucket, error};
use super::{plan_error, read_all, shown};
use crate::source::EventRange;
use crate::source::conformance::{content, deliver, plan};
use crate::source::s3::{S3Config, S3Driver};
use crate::test_server::{Ends, Reply, Request, Server};

/// Words that no message may contain, because they come from inside of the libraries.
const INTERNALS: [&str; 9] = [
    "SDK ERROR",
    "SdkError",
    "read_after_deserialization",
    "interceptor",
    "DispatchFailure",
    "dispatch failure",
    "unhandled error",
    "service error",
    "streaming error",
];

fn is_get(request: &Request) -> bool {
    request.method == "GET" && request.path.len() > BUCKET.len() + 2
}

fn with_header(mut reply: Reply, name: &'static str, value: &str) -> Reply {
    reply.headers.retain(|(header, _)| *header != name);
    reply.with(name, value)
}

/// Ways in which a store writes an ETag in a header, if its listing has the ETag in quotes.
const SPELLINGS: [fn(&str) -> String; 4] = [
    |tag| tag.trim_matches('"').to_owned(),
    |tag| format!("W/{tag}"),
    |tag| tag.to_uppercase(),
    |tag| tag.replace('"', "&quot;"),
];

#[tokio::test(flavor = "multi_thread")]
async fn ways_to_write_an_etag_are_equal() {
    for (number, spelled) in SPELLINGS.into_iter().enumerate() {
        for compares_spelling in [false, true] {
            let fake = FakeBucket::with(move |request, _, reply| {
                let etag = reply.headers.iter().find(|(name, _)| *name == "etag");
                let Some(etag) = etag.map(|(_, etag)| spelled(etag)) else {
                    return reply;
                };
                let asked_for = request.headers.get("if-match");
                if compares_spelling && asked_for.is_some_and(|asked_for| *asked_for != etag) {
                    return error(412, "PreconditionFailed");
                }
                with_header(reply, "etag", &etag)
            })
            .await;
            // Enough objects that some tags have letters.
            (0..9).for_each(|_| fake.put("a", b"before"));
            for key in ["a", "b", "c", "d"] {
                fake.put(key, &content(3, 5000));
            }
            let driver = fake.s3_driver();
            let (splits, _) = plan(&driver).await;
            fake.server.take_requests();
            for split in &splits {
                deliver(&driver, split).await.unwrap();
            }
            let requests = fake.server.take_requests();
            let conditions = |request: &&Request| request.headers.contains_key("if-match");
            let conditional = requests.iter().filter(conditions).count();
            let expected = if compares_spelling { 1 } else { 4 };
            assert_eq!(
                conditional, expected,
                "{number}: what is refused once is left out"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unsupported_options_are_left_out_of_later_requests() {
    const OPTIONAL: [&str; 3] = [
        "x-amz-optional-object-attributes",
        "x-amz-checksum-mode",
        "if-match",
    ];
    for (status, code) in [(501, "NotImplemented"), (400, "InvalidArgument")] {
        let fake = FakeBucket::with(move |request, _, reply| {
            match OPTIONAL
                .iter()
                .any(|name| request.headers.contains_key(*name))
            {
                true => error(status, code),
                false => reply,
            }
        })
        .await;
        for number in 0..12 {
            fake.put(&format!("{number:02}"), &content(number, 1000));
        }
        let driver = fake.s3_driver();
        let (splits, _) = plan(&driver).await;
        let mut records = 0;
        for split in &splits {
            records += deliver(&driver, split).await.unwrap().len();
        }
        assert_eq!(records, 12);
        let requests = fake.server.take_requests();
        for name in OPTIONAL {
            let sent = |request: &&Request| request.headers.contains_key(name);
            let sent = requests.iter().filter(sent).count();
            // Objects of one split are requested concurrently.
            assert!((1..=12).contains(&sent), "{name} was sent {sent} times");
        }
        fake.server.take_requests();
        deliver(&driver, &splits[0]).await.unwrap();
        for request in fake.server.take_requests() {
            assert!(
                !OPTIONAL
                    .iter()
                    .any(|name| request.headers.contains_key(*name))
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsupported_request_is_not_repeated() {
    let fake = FakeBucket::with(|request, _, reply| match is_get(request) {
        true => error(501, "NotImplemented"),
        false => reply,
    })
    .await;
    fake.put("a", b"content");
    let driver = fake.s3_driver();
    let (splits, _) = plan(&driver).await;
    fake.server.take_requests();
    let failed = deliver(&driver, &splits[0]).await.expect_err("refused");
    insta::assert_snapshot!(shown(&failed), @"BF0227: cannot read `s3://clicks/a` at http://HOST, tried once: HTTP 501, NotImplemented: As the script says");
    // With all options, without checksums, without a condition.
    assert_eq!(fake.server.take_requests().len(), 3);
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_a_store_decompresses_is_requested_as_it_is_stored() {
    let text = content(5, 20_000);
    let unpacked = text.clone();
    // Like Google's store: without a length, whatever range is requested.
    let fake = FakeBucket::with(move |request, _, reply| {
        let accepts = request.headers.get("accept-encoding").map(String::as_str);
        if !is_get(request) {
            return reply;
        }
        if accepts == Some("gzip") {
            return with_header(reply, "content-encoding", "gzip");
        }
        let mut reply = Reply {
            status: 200,
            body: unpacked.clone(),
            ..reply
        };
        reply.headers.retain(|(name, _)| *name != "content-range");
        reply.ending(Ends::Unannounced)
    })
    .await;
    fake.put("a.gz", &gzip(&text));
    let read = read_all(&fake.s3_driver()).await.unwrap();
    assert!(read[0].1 == gzip(&text));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_never_arrives_as_it_is_stored_is_an_error() {
    let mut all = String::new();
    for encoding in ["", "gzip"] {
        let fake = FakeBucket::with(move |request, _, reply| match is_get(request) {
            true if encoding.is_empty() => reply.ending(Ends::Unannounced),
            true => with_header(reply, "content-encoding", encoding).ending(Ends::Unannounced),
            false => reply,
        })
        .await;
        fake.put("a", b"content");
        let error = read_all(&fake.s3_driver()).await.expect_err("transcoded");
        all += &format!("{}\n", shown(&error));
    }
    insta::assert_snapshot!(all, @r"
    BF0234: `s3://clicks/a` does not arrive from http://HOST as it is stored: the response has no length, which happens if it is decompressed on the way
    BF0234: `s3://clicks/a` does not arrive from http://HOST as it is stored: it is compressed on the way (`Content-Encoding: gzip`)
    ");
}

/// A driver of a store at `endpoint`.
async fn driver_at(endpoint: &str) -> S3Driver {
    let fake = FakeBucket::new().await;
    let config = S3Config {
        endpoint: Some(endpoint.to_owned()),
        ..fake.config()
    };
    fake.driver_of(config, EventRange::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_reached_is_retried_once() {
    // A port that is probably still free.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let refused = plan_error(&driver_at(&format!("http://127.0.0.1:{port}")).await).await;
    insta::assert_snapshot!(shown(&refused), @"BF0228: cannot reach the store at http://HOST for `s3://clicks/`: Connection refused (os error 111)");
    let unknown = plan_error(&driver_at("http://no-such-store.invalid").await).await;
    let unknown = shown(&unknown);
    assert!(
        unknown.starts_with("BF0228: cannot reach the store at http://no-such-store.invalid"),
        "{unknown}"
    );
    // TLS to a server of plain HTTP.
    let plain = Server::start(Arc::new(|_: &Request| Reply::new(200, ""))).await;
    let secure = plain.url.replace("http:", "https:");
    let garbled = shown(&plan_error(&driver_at(&secure).await).await);
    assert!(
        garbled.starts_with("BF0228: cannot reach the store at https://HOST"),
        "{garbled}"
    );
    for text in [&unknown, &garbled] {
        assert!(
            !INTERNALS.iter().any(|internal| text.contains(internal)),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_web_pages_is_not_a_store() {
    let mut all = String::new();
    for (status, page) in [
        (
            200,
            "<!DOCTYPE html><html><head><title>MinIO\n Console</title></head></html>",
        ),
        (403, "\n<HTML><body>Sign in</body></HTML>"),
        (
            200,
            "<html><title>a very long title that goes on and on </title></html>",
        ),
    ] {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let server = Server::start(Arc::new(move |_: &Request| {
            count.fetch_add(1, Ordering::Relaxed);
            Reply::new(status, page).with("content-type", "text/html; charset=utf-8")
        }))
        .await;
        let error = plan_error(&driver_at(&server.url).await).await;
        // The request for the versioning, and the one for the listing.
        assert!(asked.load(Ordering::Relaxed) <= 2);
        all += &format!("{}\n", shown(&error));
    }
    insta::assert_snapshot!(all, @r"
    BF0232: http://HOST is not the API of a store: it answered the request for `s3://clicks/` with a web page (HTTP 200, `MinIO Console`)
    BF0232: http://HOST is not the API of a store: it answered the request for `s3://clicks/` with a web page (HTTP 403)
    BF0232: http://HOST is not the API of a store: it answered the request for `s3://clicks/` with a web page (HTTP 200, `a very long title that goes on and on`)
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_error_shows_internals_of_the_libraries() {
    let replies = [
        Reply::new(200, ""),
        Reply::new(200, "<ListBucketResult>"),
        Reply::new(200, "no XML"),
        Reply::new(500, ""),
        Reply::new(403, "{}"),
        Reply::new(418, "teapot"),
        Reply::new(200, "x".repeat(100)).ending(Ends::Reset(10)),
        Reply::new(200, "x".repeat(100)).ending(Ends::Closed(10)),
        Reply::new(200, "x").ending(Ends::Stalls(0)),
        Reply::new(400, "<Error><Code>A\u{7}\n B</Code><Message>cut</Error>"),
    ];
    for reply in replies {
        let server = {
            let reply = reply.clone();
            Server::start(Arc::new(move |_: &Request| reply.clone())).await
        };
        println!("{reply:?}");
        let text = shown(&plan_error(&driver_at(&server.url).await).await);
        assert!(
            !INTERNALS.iter().any(|internal| text.contains(internal)),
            "{text}"
        );
        assert!(text.contains("http://HOST"), "{text}");
        assert!(!text.contains(|one: char| one.is_control()), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_often_breaks_but_makes_progress_is_read() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let fake = FakeBucket::with(move |request, _, reply| {
        if !is_get(request) {
            return reply;
        }
        count.fetch_add(1, Ordering::Relaxed);
        reply.ending(Ends::Closed(300_000))
    })
    .await;
    let put = content(9, 4_000_000);
    fake.put("large", &put);
    // It breaks more often than there are attempts at a request.
    let read = read_all(&fake.s3_driver()).await.unwrap();
    assert!(read[0].1 == put);
    assert_eq!(asked.load(Ordering::Relaxed), 14);
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_cannot_be_used_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "nothing").unwrap();
    let fake = FakeBucket::new().await;
    let config = S3Config {
        ca_file: Some(file),
        ..fake.config()
    };
    let error = plan_error(&fake.driver_of(config, EventRange::default())).await;
    let text = shown(&error);
    assert!(
        text.starts_with("BF0233: the file of certificates `"),
        "{text}"
    );
    assert!(
        text.ends_with(
            "ca.pem`, named by `source.s3.ca_file`, cannot be used: it holds no certificate in PEM"
        ),
        "{text}"
    );
}
