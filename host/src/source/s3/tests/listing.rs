//! Listings have every object of the range once and in order, and list no other folders.

use std::sync::Mutex;

use super::fake_bucket::{FakeBucket, error, xml};
use super::{keys, plan_error, shown};
use crate::source::conformance::plan;
use crate::source::layout::Layout;
use crate::source::range::RangeConfig;
use crate::source::s3::{S3Config, Versions};
use crate::source::{EventRange, Frozen, Split};
use crate::test_server::{Ends, Reply, Request};

fn is_list(request: &Request) -> bool {
    request.query.contains_key("prefix")
}

async fn planned(fake: &FakeBucket, config: S3Config, range: EventRange) -> (Vec<Split>, Frozen) {
    plan(&fake.driver_of(config, range)).await
}

fn range(from: &str, to: &str) -> EventRange {
    RangeConfig {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
    }
    .resolve(chrono::DateTime::UNIX_EPOCH)
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_folders_of_the_range_are_listed() {
    let fake = FakeBucket::new().await;
    for day in 1..=28 {
        for hour in 0..24 {
            for number in 0..2 {
                let key = format!("raw/clicks/2026/02/{day:02}/{hour:02}/c-{number}.json");
                fake.put(&key, b"{}");
            }
        }
    }
    let config = S3Config {
        prefix: "raw/clicks/".to_owned(),
        layout: Layout::firehose(),
        lateness: std::time::Duration::from_secs(3600),
        ..fake.config()
    };
    let (splits, frozen) = planned(
        &fake,
        config,
        range("2026-02-10T22:30Z", "2026-02-11T01:00Z"),
    )
    .await;
    let hours = ["10/21", "10/22", "10/23", "11/00", "11/01"];
    let expected: Vec<String> = hours
        .iter()
        .flat_map(|hour| (0..2).map(move |n| format!("raw/clicks/2026/02/{hour}/c-{n}.json")))
        .collect();
    assert_eq!(keys(&splits), expected);
    assert_eq!(frozen.objects, 10);
    let mut listed: Vec<String> = fake
        .server
        .take_requests()
        .iter()
        .filter(|request| is_list(request))
        .map(|request| request.query["prefix"].clone())
        .collect();
    listed.sort();
    listed.dedup();
    insta::assert_snapshot!(listed.join("\n"), @r"
    raw/clicks/
    raw/clicks/2026/
    raw/clicks/2026/02/
    raw/clicks/2026/02/10/
    raw/clicks/2026/02/10/21/
    raw/clicks/2026/02/10/22/
    raw/clicks/2026/02/10/23/
    raw/clicks/2026/02/11/
    raw/clicks/2026/02/11/00/
    raw/clicks/2026/02/11/01/
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_every_kind_come_in_the_order_of_their_bytes() {
    let fake = FakeBucket::new().await;
    let mut put = vec![
        "a",
        "a b",
        "a+b",
        "a%20b",
        "a&b",
        "a.b/c",
        "a/b",
        "a/b/c",
        "a0",
        "größe",
        "λ",
        "日本",
        "\u{1}x",
        "z\u{10ffff}",
    ];
    for key in &put {
        fake.put(key, b"content");
    }
    put.sort_unstable();
    for versions in [Versions::Never, Versions::Auto] {
        if versions == Versions::Auto {
            fake.keep_versions();
        }
        let config = S3Config {
            versions,
            ..fake.config()
        };
        let (splits, _) = planned(&fake, config, EventRange::default()).await;
        assert_eq!(keys(&splits), put, "{versions:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_not_objects_of_the_archive_are_skipped_with_a_note() {
    let fake = FakeBucket::new().await;
    fake.put("raw/", b"");
    fake.put("raw/day/", b"");
    fake.put("raw/day/a", b"content");
    fake.put("raw/day/_SUCCESS", b"");
    fake.put("raw/_temporary/b", b"content");
    fake.put("raw/.part/b", b"content");
    fake.put("raw2/a", b"another archive");
    let config = S3Config {
        prefix: "raw/".to_owned(),
        ..fake.config()
    };
    let (splits, frozen) = planned(&fake, config, EventRange::default()).await;
    assert_eq!(keys(&splits), ["raw/day/a"]);
    insta::assert_snapshot!(frozen.notes.join("\n"), @r"Objects that were skipped because a name in their key starts with `.` or `_`: 3.");
}

#[tokio::test(flavor = "multi_thread")]
async fn archived_objects_are_found_before_anything_is_read() {
    let fake = FakeBucket::new().await;
    let restored = "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>\
                    <RestoreExpiryDate>2027-01-01T00:00:00.000Z</RestoreExpiryDate></RestoreStatus>";
    let restoring =
        "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>";
    fake.put("a", b"content");
    fake.put_as("b", b"cold", "GLACIER", "");
    fake.put_as("c", b"colder", "DEEP_ARCHIVE", restoring);
    fake.put_as("d", b"warm", "GLACIER", restored);
    fake.put_as("e", b"instant", "GLACIER_IR", "");
    let error = plan_error(&fake.s3_driver()).await;
    insta::assert_snapshot!(shown(&error), @r"BF0224: 2 objects of `s3://clicks/` (10 B) are archived and not restored: b c");
    let config = S3Config {
        skip_archived: true,
        ..fake.config()
    };
    let (splits, frozen) = planned(&fake, config, EventRange::default()).await;
    assert_eq!(keys(&splits), ["a", "d", "e"]);
    insta::assert_snapshot!(frozen.notes.join("\n"), @r"Objects that were skipped because they are archived and not restored: 2, 10 B, the first one `b`.");
}

/// A fault in a page of a listing.
#[derive(Clone, Copy, Debug)]
enum Page {
    Busy,
    CutOff,
    CutXml,
    InDisguise,
    NoToken,
    WrongCount,
    NoEtag,
}

impl Page {
    fn strike(self, reply: Reply) -> Reply {
        let text = String::from_utf8(reply.body.clone()).unwrap();
        match self {
            Page::Busy => error(503, "SlowDown"),
            Page::CutOff => reply.ending(Ends::Closed(100)),
            Page::CutXml => xml(text[..text.len() - 40].replace("<?xml version=\"1.0\"?>", "")),
            Page::InDisguise => error(200, "InternalError"),
            Page::NoToken => Reply::new(200, text.replace("NextContinuationToken", "Nothing")),
            Page::WrongCount => Reply::new(200, text.replacen("<KeyCount>", "<KeyCount>1", 1)),
            Page::NoEtag => Reply::new(200, text.replacen("ETag", "Tag", 2)),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_not_valid_is_requested_again_and_then_reported() {
    let mut all = String::new();
    for page in [
        Page::Busy,
        Page::CutOff,
        Page::CutXml,
        Page::InDisguise,
        Page::NoToken,
        Page::WrongCount,
        Page::NoEtag,
    ] {
        for times in [2, usize::MAX] {
            let left = Mutex::new(times);
            let fake = FakeBucket::with(move |request, _, reply| {
                let mut left = left.lock().unwrap();
                let is_first_page = !request.query.contains_key("continuation-token");
                if is_list(request) && is_first_page && *left > 0 {
                    *left -= 1;
                    return page.strike(reply);
                }
                reply
            })
            .await;
            for key in ["a", "b", "c", "d", "e"] {
                fake.put(key, b"content");
            }
            if times == 2 {
                let (splits, _) = planned(&fake, fake.config(), EventRange::default()).await;
                assert_eq!(keys(&splits), ["a", "b", "c", "d", "e"], "{page:?}");
            } else {
                let error = plan_error(&fake.s3_driver()).await;
                all += &format!("{page:?}: {}\n", shown(&error));
            }
        }
    }
    insta::assert_snapshot!(all, @r"
    Busy: BF0227: cannot list `s3://clicks/` at http://HOST, tried 5 times: HTTP 503, SlowDown: As the script says
    CutOff: BF0227: cannot list `s3://clicks/` at http://HOST, tried 5 times: HTTP 200, but the answer is not valid: the listing does not end with `</ListBucketResult>`
    CutXml: BF0227: cannot list `s3://clicks/` at http://HOST, tried 5 times: HTTP 200, but the answer is not valid: the listing does not end with `</ListBucketResult>`
    InDisguise: BF0227: cannot list `s3://clicks/` at http://HOST, tried 5 times: HTTP 200, but the answer is not valid: the listing does not end with `</ListBucketResult>`
    NoToken: BF0227: cannot list `s3://clicks/` at http://HOST, tried 5 times: the listing contradicts itself: it is incomplete, but does not say where the next page starts
    WrongCount: BF0227: cannot list `s3://clicks/` at http://HOST, tried 5 times: the listing contradicts itself: it announces 13 keys, but contains 3
    NoEtag: BF0227: cannot list `s3://clicks/` at http://HOST, tried 5 times: the listing contradicts itself: an entry lacks an ETag
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_out_of_order_is_refused() {
    // The second page repeats the first one; then a page whose keys are in descending order.
    let twice = FakeBucket::with(|request, _, reply| {
        if request.query.contains_key("continuation-token") {
            let line = "<Contents><Key>c</Key><Size>7</Size><ETag>1</ETag></Contents>";
            return xml(format!(
                "<ListBucketResult><IsTruncated>false</IsTruncated>{line}</ListBucketResult>"
            ));
        }
        reply
    })
    .await;
    let falling = FakeBucket::with(|request, _, reply| {
        let text = String::from_utf8(reply.body.clone()).unwrap();
        match is_list(request) {
            true => Reply::new(200, text.replace("<Key>b<", "<Key>d<")),
            false => reply,
        }
    })
    .await;
    let mut all = String::new();
    for fake in [twice, falling] {
        for key in ["a", "b", "c", "e"] {
            fake.put(key, b"content");
        }
        all += &format!("{}\n", shown(&plan_error(&fake.s3_driver()).await));
    }
    insta::assert_snapshot!(all, @r"
    BF0226: the listing of the store is out of order at `s3://clicks/c`: it is listed twice
    BF0226: the listing of the store is out of order at `s3://clicks/c`: it is listed after `d`, but keys must be in ascending order
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_is_refused_gives_the_reason() {
    let mut all = String::new();
    for (status, code) in [
        (404, "NoSuchBucket"),
        (403, "AccessDenied"),
        (301, "PermanentRedirect"),
    ] {
        let fake = FakeBucket::with(move |_, _, _| error(status, code)).await;
        all += &format!("{}\n", shown(&plan_error(&fake.s3_driver()).await));
    }
    let fake = FakeBucket::new().await;
    all += &format!("{}\n", shown(&plan_error(&fake.s3_driver()).await));
    let config = S3Config {
        versions: Versions::Always,
        ..fake.config()
    };
    fake.put("a", b"content");
    let driver = fake.driver_of(config, EventRange::default());
    all += &format!("{}\n", shown(&plan_error(&driver).await));
    insta::assert_snapshot!(all, @r"
    BF0220: the bucket of `s3://clicks/` does not exist at http://HOST
    BF0221: the store at http://HOST refused to list `s3://clicks/`: HTTP 403, AccessDenied: As the script says
    BF0221: the store at http://HOST refused to list `s3://clicks/`: the bucket is in another region
    BF0203: `s3://clicks/` holds no objects
    BF0225: the bucket of `s3://clicks/` keeps no versions
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_does_not_report_versioning_is_read_without_versions() {
    let fake = FakeBucket::with(|request, _, reply| {
        if request.query.contains_key("versioning") {
            return error(403, "AccessDenied");
        }
        reply
    })
    .await;
    fake.put("a", b"content");
    let (splits, frozen) = planned(&fake, fake.config(), EventRange::default()).await;
    assert_eq!(keys(&splits), ["a"]);
    insta::assert_snapshot!(frozen.notes.join("\n"), @r"Objects are read without their versions, because the store does not say whether the bucket keeps versions: an object that is overwritten stops the run.");
}
