//! Tests with a scripted store, for answers that a real store does not give on demand. The contract is tested with a real
//! store in the package `tests`.

use std::collections::VecDeque;
use std::fs;
use std::sync::{Arc, Mutex};

use super::*;
use crate::error::Coded;
use crate::share::place::codes;
use crate::test_server::{Ends, Reply, Request as Asked, Server};

/// A share whose store gives these answers, one to each request.
async fn scripted(replies: impl IntoIterator<Item = Reply>) -> (S3Share, Server) {
    let replies = Mutex::new(replies.into_iter().collect::<VecDeque<_>>());
    let server = Server::start(Arc::new(move |asked: &Asked| {
        let next = replies.lock().unwrap().pop_front();
        next.unwrap_or_else(|| panic!("no answer is left for {} {}", asked.method, asked.path))
    }))
    .await;
    let mut config = S3Config::new("events", "backfold");
    config.endpoint = Some(server.url.clone());
    config.region = Some("eu-west-1".to_owned());
    config.anonymous = true;
    config.requests.stall_timeout = Duration::from_secs(5);
    let retries = RetryPolicy {
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(5),
        ..RetryPolicy::new(4)
    };
    (S3Share::with(&config, retries).await.unwrap(), server)
}

/// An answer that reports an error.
fn refusal(status: u16, code: &str) -> Reply {
    let body = format!("<Error><Code>{code}</Code><Message>scripted</Message></Error>");
    Reply::new(status, body).with("content-type", "application/xml")
}

fn done() -> Reply {
    Reply::new(200, "").with("etag", "\"one\"")
}

/// Requests as `PUT key`, with a mark for the condition.
fn asked(server: &Server) -> Vec<String> {
    let shown = server.take_requests().into_iter().map(|asked| {
        let condition = match asked.headers.get("if-none-match").map(String::as_str) {
            Some("*") => " if there is none",
            Some(other) => panic!("another condition: {other}"),
            None => "",
        };
        let query = asked.query.keys().filter(|name| *name != "x-id");
        let query: Vec<_> = query.map(String::as_str).collect();
        let query = query.join(",");
        format!("{} {}?{query}{condition}", asked.method, asked.path)
    });
    shown.collect()
}

fn without_port(server: &Server, error: &PlaceError) -> String {
    let error = crate::error::WithCauses(error).to_string();
    error.replace(&server.url, "http://store")
}

#[tokio::test]
async fn a_conflict_and_a_busy_store_are_asked_again() {
    let (share, server) = scripted([
        refusal(409, "ConditionalRequestConflict"),
        refusal(503, "SlowDown"),
        done(),
        refusal(412, "PreconditionFailed"),
        // The second document of a process is put once.
        done(),
        refusal(412, "PreconditionFailed"),
    ])
    .await;
    let put = share.put_new("a/done.json", b"{}".to_vec()).await.unwrap();
    assert_eq!(put, Put::New);
    let put = "PUT /events/backfold/a/done.json? if there is none";
    assert_eq!(asked(&server), [put; 4]);
    assert_eq!(share.put_new("b", Vec::new()).await.unwrap(), Put::New);
    assert_eq!(share.put_new("c", Vec::new()).await.unwrap(), Put::Taken);
    assert_eq!(asked(&server).len(), 2);
}

#[tokio::test]
async fn a_conflict_that_lasts_is_a_reason_to_try_later() {
    let (share, server) =
        scripted([(); 4].map(|()| refusal(409, "ConditionalRequestConflict"))).await;
    let error = share.put_new("done.json", Vec::new()).await.unwrap_err();
    insta::assert_snapshot!(without_port(&server, &error), @"cannot write `s3://events/backfold/done.json` at http://store, tried 4 times: HTTP 409, ConditionalRequestConflict: scripted");
    assert_eq!(error.code(), &codes::UNAVAILABLE);
}

#[tokio::test]
async fn a_lost_answer_to_a_put_leaves_the_name_taken() {
    let (share, _server) = scripted([
        done().ending(Ends::Reset(0)).with("content-length", "10"),
        refusal(412, "PreconditionFailed"),
    ])
    .await;
    let put = share.put_new("done.json", b"{}".to_vec()).await.unwrap();
    assert_eq!(put, Put::Taken);
}

#[tokio::test]
async fn stores_without_conditions_are_refused() {
    for reply in [
        refusal(501, "NotImplemented"),
        refusal(400, "InvalidArgument"),
    ] {
        let (share, server) = scripted([reply]).await;
        let error = share.put_new("done.json", Vec::new()).await.unwrap_err();
        assert_eq!(error.code(), &codes::NO_CONDITIONS);
        let shown = without_port(&server, &error);
        assert!(
            shown.starts_with("s3://events/backfold cannot hold a share: its store does not know `If-None-Match`: "),
            "{shown}"
        );
    }
    // It answers as if it had heeded the condition.
    let (share, server) = scripted([done(), done()]).await;
    let error = share.put_new("done.json", Vec::new()).await.unwrap_err();
    insta::assert_snapshot!(without_port(&server, &error), @"s3://events/backfold cannot hold a share: its store ignores `If-None-Match`");
    assert_eq!(error.code(), &codes::NO_CONDITIONS);
}

/// A file of two parts.
fn two_parts() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), vec![7; put::PART_BYTES as usize + 1]).unwrap();
    file
}

fn begun() -> Reply {
    let body =
        "<InitiateMultipartUploadResult><UploadId>7</UploadId></InitiateMultipartUploadResult>";
    Reply::new(200, body)
}

fn completed() -> Reply {
    Reply::new(
        200,
        "<CompleteMultipartUploadResult><ETag>one</ETag></CompleteMultipartUploadResult>",
    )
}

#[tokio::test]
async fn a_large_file_gets_its_name_with_the_last_request() {
    let file = two_parts();
    let (share, server) = scripted([begun(), done(), done(), completed()]).await;
    assert_eq!(share.upload("run", file.path()).await.unwrap(), Put::New);
    insta::assert_debug_snapshot!(asked(&server), @r#"
    [
        "POST /events/backfold/run?uploads",
        "PUT /events/backfold/run?partNumber,uploadId",
        "PUT /events/backfold/run?partNumber,uploadId",
        "POST /events/backfold/run?uploadId if there is none",
    ]
    "#);
}

#[tokio::test]
async fn parts_are_dropped_where_they_become_no_file() {
    let file = two_parts();
    let abort = "DELETE /events/backfold/run?uploadId";
    let gone = || Reply::new(204, "");
    let taken = refusal(412, "PreconditionFailed");
    let (share, server) = scripted([begun(), done(), done(), taken, gone()]).await;
    assert_eq!(share.upload("run", file.path()).await.unwrap(), Put::Taken);
    assert_eq!(asked(&server).last().unwrap(), abort);

    let denied = || refusal(403, "AccessDenied");
    let (share, server) = scripted([begun(), denied(), denied(), gone(), gone()]).await;
    let error = share.upload("run", file.path()).await.unwrap_err();
    insta::assert_snapshot!(without_port(&server, &error), @"the store at http://store refused to write `s3://events/backfold/run`: HTTP 403, AccessDenied: scripted");
    assert_eq!(error.code(), &codes::NOT_ALLOWED);
    assert_eq!(asked(&server).last().unwrap(), abort);
}

#[tokio::test]
async fn a_lost_answer_to_the_last_request_is_looked_into() {
    let file = two_parts();
    let lost = || completed().ending(Ends::Closed(10));
    let no_upload = || refusal(404, "NoSuchUpload");
    let found = Reply::new(200, "").with("etag", "\"one\"");
    let found = found.with("content-length", "8388609");
    let gone = || Reply::new(204, "");
    let (share, _server) =
        scripted([begun(), done(), done(), lost(), no_upload(), found, gone()]).await;
    assert_eq!(share.upload("run", file.path()).await.unwrap(), Put::Taken);

    // Whoever dropped the parts, they are no file.
    let none = Reply::new(404, "");
    let (share, server) = scripted([begun(), done(), done(), no_upload(), none, gone()]).await;
    let error = share.upload("run", file.path()).await.unwrap_err();
    insta::assert_snapshot!(without_port(&server, &error), @"cannot write s3://events/backfold/run: the store has dropped the parts of the upload");
    assert_eq!(error.code(), &codes::UNAVAILABLE);
}

#[tokio::test]
async fn answers_that_break_off_or_are_of_another_range_are_asked_for_again() {
    let whole = || Reply::new(200, "0123456789").with("etag", "\"one\"");
    let (share, _server) = scripted([
        whole().ending(Ends::Closed(4)),
        whole().ending(Ends::Reset(9)),
        whole(),
    ])
    .await;
    let found = share.get("build.json").await.unwrap();
    assert_eq!(found.as_deref(), Some(&b"0123456789"[..]));

    let part = || Reply::new(206, "345").with("etag", "\"one\"");
    let (share, _server) = scripted([
        whole(),
        part().with("content-range", "bytes 4-6/10"),
        part().with("content-range", "bytes 3-5/10"),
        part().with("content-range", "bytes 3-5/6"),
        refusal(416, "InvalidRange"),
    ])
    .await;
    assert_eq!(share.get_range("splits.jsonl", 3..6).await.unwrap(), b"345");
    for range in [3..7, 30..40] {
        let error = share.get_range("splits.jsonl", range).await.unwrap_err();
        assert_eq!(
            error.code(),
            &crate::share::place::codes::DAMAGED,
            "{error}"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_bucket_is_told() {
    let cases = [
        (refusal(404, "NoSuchBucket"), &codes::NO_BUCKET),
        (refusal(403, "AccessDenied"), &codes::NOT_ALLOWED),
        (refusal(301, "PermanentRedirect"), &codes::NOT_ALLOWED),
        (
            Reply::new(200, "<html><title>Sign in</title>").with("content-type", "text/html"),
            &codes::NOT_A_STORE,
        ),
    ];
    for (reply, code) in cases {
        let put_reply = reply.clone();
        let (share, _server) = scripted([reply]).await;
        let error = share.list("").await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        if put_reply.status >= 300 {
            let (share, _server) = scripted([put_reply]).await;
            let error = share.put_new("done.json", Vec::new()).await.unwrap_err();
            assert_eq!(error.code(), code, "{error}");
        }
    }
}
