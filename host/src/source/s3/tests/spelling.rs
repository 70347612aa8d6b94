//! Stores that speak the protocol otherwise than Amazon's, and what is no store at all.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::fake_bucket::{BUCKET, FakeBucket, error};
use super::{plan_error, read_all, told};
use crate::source::EventRange;
use crate::source::conformance::{content, deliver, plan};
use crate::source::s3::{S3Config, S3Driver};
use crate::test_server::{Ends, Reply, Request, Server};

/// What a person is not to see: how the libraries are made.
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

/// How a store spells an ETag in a header, where its listing has it in quotes.
const SPELLINGS: [fn(&str) -> String; 4] = [
    |tag| tag.trim_matches('"').to_owned(),
    |tag| format!("W/{tag}"),
    |tag| tag.to_uppercase(),
    |tag| tag.replace('"', "&quot;"),
];

#[tokio::test(flavor = "multi_thread")]
async fn one_tag_is_one_however_it_is_spelled() {
    for (number, spelled) in SPELLINGS.into_iter().enumerate() {
        for compares_spelling in [false, true] {
            let shelf = FakeBucket::with(move |request, _, reply| {
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
            // Up to tags that have letters.
            (0..9).for_each(|_| shelf.put("a", b"before"));
            for key in ["a", "b", "c", "d"] {
                shelf.put(key, &content(3, 5000));
            }
            let driver = shelf.s3_driver();
            let (splits, _) = plan(&driver).await;
            shelf.server.take_requests();
            for split in &splits {
                deliver(&driver, split).await.unwrap();
            }
            let requests = shelf.server.take_requests();
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
async fn what_a_store_does_not_know_of_a_request_is_left_out_of_the_next() {
    const OPTIONAL: [&str; 3] = [
        "x-amz-optional-object-attributes",
        "x-amz-checksum-mode",
        "if-match",
    ];
    for (status, code) in [(501, "NotImplemented"), (400, "InvalidArgument")] {
        let shelf = FakeBucket::with(move |request, _, reply| {
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
            shelf.put(&format!("{number:02}"), &content(number, 1000));
        }
        let driver = shelf.s3_driver();
        let (splits, _) = plan(&driver).await;
        let mut records = 0;
        for split in &splits {
            records += deliver(&driver, split).await.unwrap().len();
        }
        assert_eq!(records, 12);
        let requests = shelf.server.take_requests();
        for name in OPTIONAL {
            let sent = |request: &&Request| request.headers.contains_key(name);
            let sent = requests.iter().filter(sent).count();
            // Objects of one split are asked for at once.
            assert!((1..=12).contains(&sent), "{name} was sent {sent} times");
        }
        shelf.server.take_requests();
        deliver(&driver, &splits[0]).await.unwrap();
        for request in shelf.server.take_requests() {
            assert!(
                !OPTIONAL
                    .iter()
                    .any(|name| request.headers.contains_key(*name))
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_store_never_does_is_asked_for_once() {
    let shelf = FakeBucket::with(|request, _, reply| match is_get(request) {
        true => error(501, "NotImplemented"),
        false => reply,
    })
    .await;
    shelf.put("a", b"content");
    let driver = shelf.s3_driver();
    let (splits, _) = plan(&driver).await;
    shelf.server.take_requests();
    let failed = deliver(&driver, &splits[0]).await.expect_err("refused");
    insta::assert_snapshot!(told(&failed), @"BF0227: cannot read `s3://clicks/a` at http://HOST, tried once: HTTP 501, NotImplemented: As the script says");
    // With all of it, without checksums, without a condition.
    assert_eq!(shelf.server.take_requests().len(), 3);
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_a_store_unpacks_is_asked_for_as_it_is_stored() {
    let text = content(5, 20_000);
    let unpacked = text.clone();
    // As Google's: without a length, whatever part is asked for.
    let shelf = FakeBucket::with(move |request, _, reply| {
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
    shelf.put("a.gz", &gzip(&text));
    let read = read_all(&shelf.s3_driver()).await.unwrap();
    assert!(read[0].1 == gzip(&text));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_never_comes_as_it_is_stored_is_told() {
    let mut all = String::new();
    for encoding in ["", "gzip"] {
        let shelf = FakeBucket::with(move |request, _, reply| match is_get(request) {
            true if encoding.is_empty() => reply.ending(Ends::Unannounced),
            true => with_header(reply, "content-encoding", encoding).ending(Ends::Unannounced),
            false => reply,
        })
        .await;
        shelf.put("a", b"content");
        let error = read_all(&shelf.s3_driver()).await.expect_err("transcoded");
        all += &format!("{}\n", told(&error));
    }
    insta::assert_snapshot!(all, @r"
    BF0234: `s3://clicks/a` does not arrive from http://HOST as it is stored: the response has no length, which happens if it is decompressed on the way
    BF0234: `s3://clicks/a` does not arrive from http://HOST as it is stored: it is compressed on the way (`Content-Encoding: gzip`)
    ");
}

/// A driver of a store at `endpoint`.
async fn driver_at(endpoint: &str) -> S3Driver {
    let shelf = FakeBucket::new().await;
    let config = S3Config {
        endpoint: Some(endpoint.to_owned()),
        ..shelf.config()
    };
    shelf.driver_of(config, EventRange::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_not_there_is_not_asked_again_and_again() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let refused = plan_error(&driver_at(&format!("http://127.0.0.1:{port}")).await).await;
    insta::assert_snapshot!(told(&refused), @"BF0228: cannot reach the store at http://HOST for `s3://clicks/`: Connection refused (os error 111)");
    let unknown = plan_error(&driver_at("http://no-such-store.invalid").await).await;
    let unknown = told(&unknown);
    assert!(
        unknown.starts_with("BF0228: cannot reach the store at http://no-such-store.invalid"),
        "{unknown}"
    );
    // TLS to what speaks plain HTTP.
    let plain = Server::start(Arc::new(|_: &Request| Reply::new(200, ""))).await;
    let secure = plain.url.replace("http:", "https:");
    let garbled = told(&plan_error(&driver_at(&secure).await).await);
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
async fn a_web_page_is_no_store() {
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
        // Whether it keeps versions, and the listing.
        assert!(asked.load(Ordering::Relaxed) <= 2);
        all += &format!("{}\n", told(&error));
    }
    insta::assert_snapshot!(all, @r"
    BF0232: http://HOST is not the API of a store: it answered the request for `s3://clicks/` with a web page (HTTP 200, `MinIO Console`)
    BF0232: http://HOST is not the API of a store: it answered the request for `s3://clicks/` with a web page (HTTP 403)
    BF0232: http://HOST is not the API of a store: it answered the request for `s3://clicks/` with a web page (HTTP 200, `a very long title that goes on and on`)
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_error_shows_how_the_libraries_are_made() {
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
        let text = told(&plan_error(&driver_at(&server.url).await).await);
        assert!(
            !INTERNALS.iter().any(|internal| text.contains(internal)),
            "{text}"
        );
        assert!(text.contains("http://HOST"), "{text}");
        assert!(!text.contains(|one: char| one.is_control()), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_and_moves_on_is_survived() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let shelf = FakeBucket::with(move |request, _, reply| {
        if !is_get(request) {
            return reply;
        }
        count.fetch_add(1, Ordering::Relaxed);
        reply.ending(Ends::Closed(300_000))
    })
    .await;
    let put = content(9, 4_000_000);
    shelf.put("large", &put);
    // It breaks far more often than one thing is tried.
    let read = read_all(&shelf.s3_driver()).await.unwrap();
    assert!(read[0].1 == put);
    assert_eq!(asked.load(Ordering::Relaxed), 14);
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_cannot_be_used_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "nothing").unwrap();
    let shelf = FakeBucket::new().await;
    let config = S3Config {
        ca_file: Some(file),
        ..shelf.config()
    };
    let error = plan_error(&shelf.driver_of(config, EventRange::default())).await;
    let text = told(&error);
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
