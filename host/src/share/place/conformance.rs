//! Tests that a share keeps the contract of [`Share`], sentence by sentence.
//!
//! A test implements [`Fixture`] over a real place and calls [`all`]. Every function panics if the share breaks the
//! contract, as assertions do.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use futures::future::{join_all, try_join_all};
use futures::{StreamExt, TryStreamExt, stream};

use super::{Place, PlaceError, Put, Share};

/// A place that a test may write to.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The share, as another process opens it.
    async fn share(&self) -> Box<dyn Share>;

    /// Leaves of a file what a process leaves that is killed before it has written all of it.
    async fn leave_half(&self, name: &str);

    /// A folder of this machine.
    fn folder(&self) -> &Path;

    /// Whether a folder is gone with its last file: not so in a store over a file system.
    fn forgets_folders(&self) -> bool {
        true
    }
}

/// The number of writers that want a name at once.
const WRITERS: usize = 8;

/// The size of a file that is sent in parts.
const LARGE_BYTES: usize = 20_000_000;

/// More files than a page of a listing has.
const MANY: usize = 1_100;

/// The most that the clocks of this machine and the share may differ.
const CLOCKS: Duration = Duration::from_secs(3600);

/// Runs all tests, each with a new fixture.
pub async fn all<F: Fixture>(new: impl AsyncFn() -> F) {
    one_of_many_writers_wins(&new().await).await;
    a_taken_name_keeps_its_file(&new().await).await;
    a_large_file_is_whole_or_not_there(&new().await).await;
    half_a_file_is_not_there(&new().await).await;
    ranges_are_exact(&new().await).await;
    downloads_are_whole(&new().await).await;
    listings_are_complete_and_sorted(&new().await).await;
    folders_are_those_that_hold_files(&new().await).await;
    removed_files_are_gone(&new().await).await;
    names_stay_within_the_share(&new().await).await;
}

/// Of several writers of one name exactly one wins, and the file is what that one wrote.
pub async fn one_of_many_writers_wins(fixture: &impl Fixture) {
    for round in 0..5 {
        let name = format!("rounds/{round}/done.json");
        let puts = (0..WRITERS).map(|writer| {
            let name = &name;
            async move {
                let share = fixture.share().await;
                let content = format!("writer {writer} ").repeat(1_000);
                // Half of them bring a file.
                let put = match writer % 2 {
                    0 => share.put_new(name, content.clone().into_bytes()).await,
                    _ => {
                        let path = fixture.folder().join(format!("{round}-{writer}"));
                        fs::write(&path, &content).expect("a file");
                        share.upload(name, &path).await
                    }
                };
                (put.expect("put"), content)
            }
        });
        let puts = join_all(puts).await;
        let new: Vec<_> = puts.iter().filter(|(put, _)| *put == Put::New).collect();
        assert_eq!(new.len(), 1, "{} of {WRITERS} got `{name}`", new.len());
        let share = fixture.share().await;
        let found = share.get(&name).await.expect("get").expect("a file");
        assert_eq!(
            found,
            new[0].1.as_bytes(),
            "the content is not the winner's"
        );
        let files = share.list(&format!("rounds/{round}")).await.expect("list");
        assert_eq!(files.len(), 1, "{files:?}");
    }
}

/// No call replaces a file.
pub async fn a_taken_name_keeps_its_file(fixture: &impl Fixture) {
    let share = fixture.share().await;
    assert_eq!(share.get("build.json").await.expect("get"), None);
    assert_eq!(put(&*share, "build.json", "first").await, Put::New);
    assert_eq!(put(&*share, "build.json", "second").await, Put::Taken);
    for length in [0, 1_000, LARGE_BYTES] {
        let path = file(fixture, "other", &bytes(length));
        assert_eq!(
            share.upload("build.json", &path).await.expect("upload"),
            Put::Taken
        );
    }
    let found = fixture.share().await.get("build.json").await.expect("get");
    assert_eq!(found.as_deref(), Some(&b"first"[..]));
    assert_eq!(put(&*share, "empty", "").await, Put::New);
    assert_eq!(share.get("empty").await.expect("get"), Some(Vec::new()));
    assert_eq!(put(&*share, "empty", "no longer").await, Put::Taken);
}

/// A large file has its whole size as soon as it is listed, and two writers of it do not mix.
pub async fn a_large_file_is_whole_or_not_there(fixture: &impl Fixture) {
    let name = "rounds/1/0000000017/01K/run.arrow";
    let contents = [
        bytes(LARGE_BYTES),
        bytes(LARGE_BYTES).into_iter().rev().collect(),
    ];
    let shares = [fixture.share().await, fixture.share().await];
    let paths = [0, 1].map(|writer| file(fixture, &format!("run {writer}"), &contents[writer]));
    let uploads = try_join_all([0, 1].map(|writer| shares[writer].upload(name, &paths[writer])));
    let reader = fixture.share().await;
    let mut uploads = std::pin::pin!(uploads);
    let puts = loop {
        let files = tokio::select! {
            puts = &mut uploads => break puts.expect("upload"),
            files = reader.list("") => files.expect("list"),
        };
        for listed in &files {
            assert_eq!(listed.size_bytes, LARGE_BYTES as u64, "{files:?}");
        }
    };
    let winner = puts
        .iter()
        .position(|put| *put == Put::New)
        .expect("a winner");
    assert_eq!(puts[1 - winner], Put::Taken);
    let to = fixture.folder().join("downloaded");
    reader.download(name, &to).await.expect("download");
    assert!(
        fs::read(&to).expect("a file") == contents[winner],
        "another content"
    );
    let files = reader.list("").await.expect("list");
    assert_eq!(files.len(), 1, "{files:?}");
}

/// The leftovers of a killed writer are no file, and its name is free for others.
pub async fn half_a_file_is_not_there(fixture: &impl Fixture) {
    let (share, name) = (fixture.share().await, "rounds/1/0000000017/01K/run.arrow");
    fixture.leave_half(name).await;
    assert_eq!(share.list("").await.expect("list"), []);
    folders_are(fixture, "", &[]).await;
    assert_eq!(share.get(name).await.expect("get"), None);
    is_missing(share.get_range(name, 0..1).await);
    let to = fixture.folder().join("downloaded");
    is_missing(share.download(name, &to).await);
    assert!(!to.exists(), "a file from nothing");
    assert_eq!(put(&*share, name, "whole").await, Put::New);
    fixture.leave_half(name).await;
    assert_eq!(share.list("").await.expect("list").len(), 1);
    assert_eq!(
        share.get(name).await.expect("get").as_deref(),
        Some(&b"whole"[..])
    );
    // It keeps no folder either, nor does one of which there is nothing else.
    fixture
        .leave_half("rounds/1/0000000017/01J/run.arrow")
        .await;
    share.remove(name).await.expect("remove");
    folders_are(fixture, "", &[]).await;
}

/// A range has exactly its bytes, or there is an error.
pub async fn ranges_are_exact(fixture: &impl Fixture) {
    let share = fixture.share().await;
    let content = bytes(LARGE_BYTES);
    let path = file(fixture, "splits", &content);
    assert_eq!(
        share.upload("splits.jsonl", &path).await.expect("upload"),
        Put::New
    );
    let end = LARGE_BYTES as u64;
    for range in [
        0..1,
        0..end,
        end - 1..end,
        8_388_607..8_388_610,
        12..12,
        end..end,
        1..9_999_999,
    ] {
        let found = share.get_range("splits.jsonl", range.clone()).await;
        let wanted = &content[range.start as usize..range.end as usize];
        assert!(
            found.expect("get a range") == wanted,
            "other bytes in {range:?}"
        );
    }
    for range in [end - 1..end + 1, end..end + 1, end + 5..end + 9, 0..end + 1] {
        let found = share.get_range("splits.jsonl", range.clone()).await;
        assert!(
            matches!(found, Err(PlaceError::Damaged { .. })),
            "bytes beyond the end in {range:?}"
        );
    }
    is_missing(share.get_range("units.jsonl", 0..1).await);
    is_missing(share.get_range("units.jsonl", 0..0).await);
}

/// A download replaces what is there by a whole file, or leaves it.
pub async fn downloads_are_whole(fixture: &impl Fixture) {
    let share = fixture.share().await;
    let to = fixture.folder().join("downloaded");
    for length in [0, 1, 8 << 20, (8 << 20) + 1, LARGE_BYTES] {
        let (name, content) = (format!("run-{length}"), bytes(length));
        let path = file(fixture, "run", &content);
        assert_eq!(share.upload(&name, &path).await.expect("upload"), Put::New);
        for _ in 0..2 {
            share.download(&name, &to).await.expect("download");
            assert!(
                fs::read(&to).expect("a file") == content,
                "other bytes in {name}"
            );
        }
    }
    is_missing(share.download("missing", &to).await);
    assert_eq!(fs::metadata(&to).expect("a file").len(), LARGE_BYTES as u64);
    let nowhere = fixture.folder().join("no folder/run");
    share
        .download("run-1", &nowhere)
        .await
        .expect_err("written to a folder that is not there");
    let left = fs::read_dir(fixture.folder()).expect("a folder");
    let left: Vec<PathBuf> = left.map(|entry| entry.expect("an entry").path()).collect();
    assert_eq!(
        left.len(),
        2,
        "more than the file and its download: {left:?}"
    );
}

/// A listing has all files below a folder, and none of a folder whose name begins alike.
pub async fn listings_are_complete_and_sorted(fixture: &impl Fixture) {
    let share = fixture.share().await;
    assert_eq!(share.list("").await.expect("list"), []);
    assert_eq!(share.list("rounds/1").await.expect("list"), []);
    let mut names: Vec<String> = (0..MANY)
        .map(|unit| format!("rounds/1/{unit:010}/done.json"))
        .collect();
    let others = [
        "rounds/1.json",
        "rounds/10/0000000001/done.json",
        "rounds/2/ä b+c%2F=&.json",
    ];
    names.extend(others.map(str::to_owned));
    let puts = stream::iter(&names).map(|name| share.put_new(name, name.clone().into_bytes()));
    let puts: Vec<Put> = puts.buffer_unordered(16).try_collect().await.expect("put");
    assert!(puts.iter().all(|put| *put == Put::New));

    names.sort();
    let files = fixture.share().await.list("").await.expect("list");
    assert!(files.iter().map(|file| &file.name).eq(&names), "{files:?}");
    let now = SystemTime::now();
    for listed in &files {
        assert_eq!(listed.size_bytes, listed.name.len() as u64);
        let age = now.duration_since(listed.modified);
        let age = age.unwrap_or_else(|ahead| ahead.duration());
        assert!(age < CLOCKS, "{listed:?}");
        let content = share.get(&listed.name).await.expect("get");
        assert_eq!(content.as_deref(), Some(listed.name.as_bytes()));
    }
    let of_round = share.list("rounds/1").await.expect("list");
    assert_eq!(of_round.len(), MANY);
    assert!(
        of_round
            .iter()
            .all(|file| file.name.starts_with("rounds/1/"))
    );
    assert_eq!(share.list("rounds/10").await.expect("list").len(), 1);
    assert_eq!(share.list("round").await.expect("list"), []);
    // A place below this one is a share of its own.
    if matches!(share.place(), Place::Folder(_)) {
        let below = share.place().join("rounds").open().await.expect("open");
        let files = below.list("10").await.expect("list");
        assert_eq!(files[0].name, "10/0000000001/done.json");
    }
}

/// Folders are those in a folder that hold a file at some depth.
pub async fn folders_are_those_that_hold_files(fixture: &impl Fixture) {
    let share = fixture.share().await;
    assert_eq!(share.folders("").await.expect("folders"), [""; 0]);
    for name in ["b/1/x/y", "b/1/x/z", "a/2/x", "a/10/x", "c", "a/file"] {
        assert_eq!(put(&*share, name, name).await, Put::New);
    }
    assert_eq!(share.folders("").await.expect("folders"), ["a", "b"]);
    assert_eq!(share.folders("a").await.expect("folders"), ["10", "2"]);
    assert_eq!(share.folders("b/1").await.expect("folders"), ["x"]);
    assert_eq!(share.folders("b/1/x").await.expect("folders"), [""; 0]);
    assert_eq!(share.folders("d").await.expect("folders"), [""; 0]);
}

/// A removed file is gone with the folders that it alone was in, and its name is free.
pub async fn removed_files_are_gone(fixture: &impl Fixture) {
    let share = fixture.share().await;
    for name in ["t/1/a/done.json", "t/1/b/done.json", "t/2/a/done.json"] {
        assert_eq!(put(&*share, name, name).await, Put::New);
    }
    for _ in 0..2 {
        share.remove("t/1/a/done.json").await.expect("remove");
    }
    assert_eq!(share.get("t/1/a/done.json").await.expect("get"), None);
    folders_are(fixture, "t/1", &["b"]).await;
    share.remove("t/1/b/done.json").await.expect("remove");
    folders_are(fixture, "t", &["2"]).await;
    share
        .remove("u/1/done.json")
        .await
        .expect("remove what was never there");
    assert_eq!(put(&*share, "t/1/a/done.json", "again").await, Put::New);

    // Writers in folders that are removed meanwhile lose nothing.
    let rounds = (0..WRITERS).map(|writer| {
        let share = &share;
        async move {
            for round in 0..20 {
                let name = format!("race/{writer}-{round}");
                assert_eq!(put(&**share, &name, &name).await, Put::New);
                let found = share.get(&name).await.expect("get");
                assert_eq!(found.as_deref(), Some(name.as_bytes()));
                share.remove(&name).await.expect("remove");
            }
        }
    });
    join_all(rounds).await;
    folders_are(fixture, "", &["t"]).await;
}

/// No name leads out of the share or to a file that is not complete.
pub async fn names_stay_within_the_share(fixture: &impl Fixture) {
    let share = fixture.share().await;
    let path = file(fixture, "run", b"run");
    for name in [
        "",
        "../outside",
        "a/../../outside",
        "/outside",
        "a//b",
        "a/",
        "run.part",
    ] {
        let refused = [
            share.put_new(name, Vec::new()).await.err(),
            share.upload(name, &path).await.err(),
            share.get(name).await.err(),
            share.get_range(name, 0..1).await.err(),
            share
                .download(name, &fixture.folder().join("to"))
                .await
                .err(),
            share.remove(name).await.err(),
        ];
        for error in refused {
            assert!(
                matches!(error, Some(PlaceError::Damaged { .. })),
                "{name:?}: {error:?}"
            );
        }
    }
    for folder in ["..", "/", "a/", "a//b"] {
        share.list(folder).await.expect_err(folder);
        share.folders(folder).await.expect_err(folder);
    }
    assert_eq!(share.list("").await.expect("list"), []);
}

/// The folders in a folder are these. Others, which a store does not forget, hold no files.
async fn folders_are(fixture: &impl Fixture, below: &str, wanted: &[&str]) {
    let share = fixture.share().await;
    let mut found = share.folders(below).await.expect("folders");
    if !fixture.forgets_folders() {
        let files = share.list(below).await.expect("list");
        let within = |folder: &String| match below {
            "" => format!("{folder}/"),
            below => format!("{below}/{folder}/"),
        };
        found.retain(|folder| {
            files
                .iter()
                .any(|file| file.name.starts_with(&within(folder)))
        });
    }
    assert_eq!(found, wanted, "in `{below}`");
}

async fn put(share: &dyn Share, name: &str, content: &str) -> Put {
    let put = share.put_new(name, content.as_bytes().to_vec()).await;
    put.unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[track_caller]
fn is_missing<T: std::fmt::Debug>(found: Result<T, PlaceError>) {
    assert!(
        matches!(found, Err(PlaceError::Missing { .. })),
        "{found:?}"
    );
}

/// A file of this machine.
fn file(fixture: &impl Fixture, name: &str, content: &[u8]) -> PathBuf {
    let path = fixture.folder().join(name);
    fs::write(&path, content).expect("a file");
    path
}

/// A number of bytes, of which no two pages are alike.
fn bytes(length: usize) -> Vec<u8> {
    let words =
        (0u64..).flat_map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    words.take(length).collect()
}
