//! Every object of the range once, in order, and nothing that is not asked for.

use std::sync::Mutex;

use super::fake_bucket::{FakeBucket, error, xml};
use super::{keys, plan_error, told};
use crate::source::conformance::plan;
use crate::source::layout::Layout;
use crate::source::range::RangeConfig;
use crate::source::s3::{S3Config, Versions};
use crate::source::{EventRange, Frozen, Split};
use crate::test_server::{Ends, Reply, Request};

fn is_list(request: &Request) -> bool {
    request.query.contains_key("prefix")
}

async fn planned(shelf: &FakeBucket, config: S3Config, range: EventRange) -> (Vec<Split>, Frozen) {
    plan(&shelf.driver_of(config, range)).await
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
    let shelf = FakeBucket::new().await;
    for day in 1..=28 {
        for hour in 0..24 {
            for number in 0..2 {
                let key = format!("raw/clicks/2026/02/{day:02}/{hour:02}/c-{number}.json");
                shelf.put(&key, b"{}");
            }
        }
    }
    let config = S3Config {
        prefix: "raw/clicks/".to_owned(),
        layout: Layout::firehose(),
        lateness: std::time::Duration::from_secs(3600),
        ..shelf.config()
    };
    let (splits, frozen) = planned(
        &shelf,
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
    let mut listed: Vec<String> = shelf
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
    let shelf = FakeBucket::new().await;
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
        shelf.put(key, b"content");
    }
    put.sort_unstable();
    for versions in [Versions::Never, Versions::Auto] {
        if versions == Versions::Auto {
            shelf.keep_versions();
        }
        let config = S3Config {
            versions,
            ..shelf.config()
        };
        let (splits, _) = planned(&shelf, config, EventRange::default()).await;
        assert_eq!(keys(&splits), put, "{versions:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_object_of_the_archive_is_passed_over_and_told() {
    let shelf = FakeBucket::new().await;
    shelf.put("raw/", b"");
    shelf.put("raw/day/", b"");
    shelf.put("raw/day/a", b"content");
    shelf.put("raw/day/_SUCCESS", b"");
    shelf.put("raw/_temporary/b", b"content");
    shelf.put("raw/.part/b", b"content");
    shelf.put("raw2/a", b"another archive");
    let config = S3Config {
        prefix: "raw/".to_owned(),
        ..shelf.config()
    };
    let (splits, frozen) = planned(&shelf, config, EventRange::default()).await;
    assert_eq!(keys(&splits), ["raw/day/a"]);
    insta::assert_snapshot!(frozen.notes.join("\n"), @r"Objects that were skipped because a name in their key starts with `.` or `_`: 3.");
}

#[tokio::test(flavor = "multi_thread")]
async fn archived_objects_are_found_before_anything_is_read() {
    let shelf = FakeBucket::new().await;
    let restored = "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>\
                    <RestoreExpiryDate>2027-01-01T00:00:00.000Z</RestoreExpiryDate></RestoreStatus>";
    let restoring =
        "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>";
    shelf.put("a", b"content");
    shelf.put_as("b", b"cold", "GLACIER", "");
    shelf.put_as("c", b"colder", "DEEP_ARCHIVE", restoring);
    shelf.put_as("d", b"warm", "GLACIER", restored);
    shelf.put_as("e", b"instant", "GLACIER_IR", "");
    let error = plan_error(&shelf.s3_driver()).await;
    insta::assert_snapshot!(told(&error), @r"BF0224: 2 objects of `s3://clicks/` (10 B) are archived and not restored: b c");
    let config = S3Config {
        skip_archived: true,
        ..shelf.config()
    };
    let (splits, frozen) = planned(&shelf, config, EventRange::default()).await;
    assert_eq!(keys(&splits), ["a", "d", "e"]);
    insta::assert_snapshot!(frozen.notes.join("\n"), @r"Objects that were skipped because they are archived and not restored: 2, 10 B, the first one `b`.");
}

/// What a store may do to a page.
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
async fn a_page_that_makes_no_sense_is_asked_for_again_and_then_named() {
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
            let shelf = FakeBucket::with(move |request, _, reply| {
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
                shelf.put(key, b"content");
            }
            if times == 2 {
                let (splits, _) = planned(&shelf, shelf.config(), EventRange::default()).await;
                assert_eq!(keys(&splits), ["a", "b", "c", "d", "e"], "{page:?}");
            } else {
                let error = plan_error(&shelf.s3_driver()).await;
                all += &format!("{page:?}: {}\n", told(&error));
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
    // The second page is the first once more; then one whose keys fall.
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
    for shelf in [twice, falling] {
        for key in ["a", "b", "c", "e"] {
            shelf.put(key, b"content");
        }
        all += &format!("{}\n", told(&plan_error(&shelf.s3_driver()).await));
    }
    insta::assert_snapshot!(all, @r"
    BF0226: the listing of the store is out of order at `s3://clicks/c`: it is listed twice
    BF0226: the listing of the store is out of order at `s3://clicks/c`: it is listed after `d`, but keys must be in ascending order
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_listed_says_why() {
    let mut all = String::new();
    for (status, code) in [
        (404, "NoSuchBucket"),
        (403, "AccessDenied"),
        (301, "PermanentRedirect"),
    ] {
        let shelf = FakeBucket::with(move |_, _, _| error(status, code)).await;
        all += &format!("{}\n", told(&plan_error(&shelf.s3_driver()).await));
    }
    let shelf = FakeBucket::new().await;
    all += &format!("{}\n", told(&plan_error(&shelf.s3_driver()).await));
    let config = S3Config {
        versions: Versions::Always,
        ..shelf.config()
    };
    shelf.put("a", b"content");
    let driver = shelf.driver_of(config, EventRange::default());
    all += &format!("{}\n", told(&plan_error(&driver).await));
    insta::assert_snapshot!(all, @r"
    BF0220: the bucket of `s3://clicks/` does not exist at http://HOST
    BF0221: the store at http://HOST refused to list `s3://clicks/`: HTTP 403, AccessDenied: As the script says
    BF0221: the store at http://HOST refused to list `s3://clicks/`: the bucket is in another region
    BF0203: `s3://clicks/` holds no objects
    BF0225: the bucket of `s3://clicks/` keeps no versions
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_does_not_tell_of_versions_is_read_without() {
    let shelf = FakeBucket::with(|request, _, reply| {
        if request.query.contains_key("versioning") {
            return error(403, "AccessDenied");
        }
        reply
    })
    .await;
    shelf.put("a", b"content");
    let (splits, frozen) = planned(&shelf, shelf.config(), EventRange::default()).await;
    assert_eq!(keys(&splits), ["a"]);
    insta::assert_snapshot!(frozen.notes.join("\n"), @r"Objects are read without their versions, because the store does not say whether the bucket keeps versions: an object that is overwritten stops the run.");
}
