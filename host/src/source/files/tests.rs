//! The conformance suite with a real folder, and cases that only files have.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::*;
use crate::error::{Class, Coded};
use crate::source::conformance::{self, Damage, Fixture};

fn write(root: &Path, key: &str, content: &[u8]) {
    let path = root.join(key);
    fs::create_dir_all(path.parent().expect("below the root")).expect("made");
    fs::write(path, content).expect("written");
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().expect("a folder"))
    }
}

#[async_trait]
impl Fixture for Folder {
    async fn driver(&self) -> Box<dyn ReplayDriver> {
        let mut config = FilesConfig::new(self.0.path());
        config.split_size = conformance::SPLIT_SIZE;
        Box::new(FilesDriver::new(&config, EventRange::default()).expect("a driver"))
    }

    async fn put(&mut self, key: &str, content: &[u8]) {
        write(self.0.path(), key, content);
    }

    async fn damage(&mut self, key: &str, damage: Damage) -> bool {
        let path = self.0.path().join(key);
        let content = fs::read(&path).expect("read");
        match damage {
            Damage::Changed => {
                fs::write(&path, content.iter().map(|byte| !byte).collect::<Vec<u8>>())
                    .expect("written");
                // Clocks of file systems are coarse.
                let later = SystemTime::now() + Duration::from_secs(1);
                File::options()
                    .write(true)
                    .open(&path)
                    .and_then(|file| file.set_modified(later))
                    .expect("touched");
            }
            Damage::Truncated => fs::write(&path, &content[..content.len() / 2]).expect("written"),
            Damage::Removed => fs::remove_file(&path).expect("removed"),
        }
        true
    }
}

#[tokio::test]
async fn files_keep_the_contract() {
    conformance::all(async || Folder::new()).await;
}

async fn keys_at(path: impl AsRef<Path>) -> Result<(Vec<String>, Frozen), SourceError> {
    keys_of(&FilesConfig::new(path.as_ref()), EventRange::default()).await
}

async fn keys_of(
    config: &FilesConfig,
    range: EventRange,
) -> Result<(Vec<String>, Frozen), SourceError> {
    let (splits, mut received) = mpsc::channel(100);
    let frozen = FilesDriver::new(config, range)?.plan(splits).await?;
    let mut keys = Vec::new();
    while let Some(split) = received.recv().await {
        let SplitInput::Objects(objects) = split.input else {
            panic!("not objects");
        };
        keys.extend(objects.into_iter().map(|object| object.key));
    }
    Ok((keys, frozen))
}

/// The message without the name of the temporary folder.
fn shown(folder: &TempDir, error: &SourceError) -> String {
    error
        .to_string()
        .replace(&folder.path().display().to_string(), "ROOT")
}

#[tokio::test]
async fn a_path_is_a_folder_a_file_or_a_pattern() {
    let folder = tempfile::tempdir().expect("a folder");
    for key in [
        "a/1.gz",
        "a/2.zst",
        "a/b/3.gz",
        "c/4.gz",
        "odd[1].gz",
        "odd1.gz",
    ] {
        write(folder.path(), key, b"x");
    }
    for (path, expected) in [
        (
            "",
            vec![
                "a/1.gz",
                "a/2.zst",
                "a/b/3.gz",
                "c/4.gz",
                "odd1.gz",
                "odd[1].gz",
            ],
        ),
        ("a", vec!["1.gz", "2.zst", "b/3.gz"]),
        ("a/", vec!["1.gz", "2.zst", "b/3.gz"]),
        ("a/b/3.gz", vec!["3.gz"]),
        ("*/*.gz", vec!["a/1.gz", "c/4.gz"]),
        (
            "**/*.gz",
            vec!["a/1.gz", "a/b/3.gz", "c/4.gz", "odd1.gz", "odd[1].gz"],
        ),
        ("a/**", vec!["1.gz", "2.zst", "b/3.gz"]),
        ("a/?.{gz,zst}", vec!["1.gz", "2.zst"]),
        ("odd[1].gz", vec!["odd[1].gz"]),
        ("[ac]/b/*", vec!["a/b/3.gz"]),
    ] {
        let (keys, _) = keys_at(folder.path().join(path)).await.expect(path);
        assert_eq!(keys, expected, "{path}");
    }
}

#[tokio::test]
async fn what_leads_nowhere_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("empty")).expect("made");
    write(folder.path(), "hidden/_SUCCESS", b"");
    write(folder.path(), "hidden/.part", b"");
    write(folder.path(), "file", b"");
    let mut errors = String::new();
    for path in [
        "none",
        "empty",
        "hidden",
        "file/below",
        "*.gz",
        "none/*.gz",
        "[",
        "empty/",
    ] {
        let error = keys_at(folder.path().join(path)).await.expect_err(path);
        assert_eq!(error.code().class, Class::Usage, "{error}");
        errors += &format!("{} {}\n", error.code(), shown(&folder, &error));
    }
    insta::assert_snapshot!(errors, @r"
    BF0202 there is no folder or file `ROOT/none`
    BF0203 `ROOT/empty` holds no objects
    BF0203 `ROOT/hidden` holds no objects: Names that were skipped because they start with `.` or `_`: 2
    BF0202 there is no folder or file `ROOT/file/below`
    BF0203 `ROOT/*.gz` holds no objects
    BF0202 there is no folder or file `ROOT/none`
    BF0208 `ROOT/[` is not a valid pattern of paths
    BF0203 `ROOT/empty/` holds no objects
    ");
}

#[tokio::test]
async fn hidden_and_special_names_are_passed_over_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    for key in ["a", "_temporary/0/b", ".git/c", "d/_SUCCESS", "d/e"] {
        write(folder.path(), key, b"x");
    }
    let _socket =
        std::os::unix::net::UnixListener::bind(folder.path().join("socket")).expect("bound");
    let (keys, frozen) = keys_at(folder.path()).await.expect("planned");
    assert_eq!(keys, ["a", "d/e"]);
    insta::assert_snapshot!(frozen.notes.join("\n"), @r"
    Names that were skipped because they start with `.` or `_`: 3.
    Names that were skipped because they are neither files nor folders: 1.
    ");
}

#[tokio::test]
async fn links_are_followed_unless_events_would_count_twice() {
    let outside = tempfile::tempdir().expect("a folder");
    write(outside.path(), "far/x", b"x");
    write(outside.path(), "y", b"y");
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    for key in ["2026/a", "..data/mounted"] {
        write(root, key, b"x");
    }
    symlink(outside.path().join("far"), root.join("far")).expect("linked");
    symlink(outside.path().join("y"), root.join("y")).expect("linked");
    // As Kubernetes mounts a config map: a link into a hidden folder.
    symlink("..data/mounted", root.join("mounted")).expect("linked");
    symlink("2026", root.join("latest")).expect("linked");
    symlink("2026/a", root.join("latest-file")).expect("linked");
    symlink(".", root.join("2026/loop")).expect("linked");
    let (keys, frozen) = keys_at(root).await.expect("planned");
    assert_eq!(keys, ["2026/a", "far/x", "mounted", "y"]);
    insta::assert_snapshot!(frozen.notes.join("\n"), @r"
    Names that were skipped because they start with `.` or `_`: 1.
    Symbolic links that were skipped because the archive contains their target: 3.
    ");

    symlink(outside.path(), outside.path().join("far/up")).expect("linked");
    let error = keys_at(root).await.expect_err("a loop");
    insta::assert_snapshot!(shown(&folder, &error), @"`ROOT/far/up/far` leads back to a folder that contains it");
    fs::remove_file(outside.path().join("far/up")).expect("removed");

    fs::remove_file(outside.path().join("y")).expect("removed");
    let error = keys_at(root).await.expect_err("a link to nothing");
    insta::assert_snapshot!(shown(&folder, &error), @"cannot read `ROOT/y`");
}

#[tokio::test]
async fn a_name_that_is_not_utf8_is_an_error() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(
        folder
            .path()
            .join(std::ffi::OsStr::from_bytes(b"caf\xe9.gz")),
        b"x",
    )
    .expect("written");
    let error = keys_at(folder.path()).await.expect_err("not UTF-8");
    insta::assert_snapshot!(shown(&folder, &error), @"the name of `ROOT/caf�.gz` is not UTF-8");
}

#[tokio::test]
async fn hours_in_the_keys_narrow_the_range() {
    let folder = tempfile::tempdir().expect("a folder");
    for day in 1..=9 {
        let key = format!("clicks/2026/01/{day:02}/12/clicks-1-2026-01-{day:02}-12-00-00-0a1b.gz");
        write(folder.path(), &key, b"x");
    }
    let mut config = FilesConfig::new(folder.path());
    config.layout = Layout::firehose();
    let day_us = |day: i64| Some((20_454 + day - 1) * 86_400_000_000);
    let fifth = EventRange {
        from_us: day_us(5),
        until_us: day_us(6),
    };
    let (keys, frozen) = keys_of(&config, fifth).await.expect("planned");
    assert_eq!(
        keys.iter().map(|key| &key[15..17]).collect::<Vec<_>>(),
        ["04", "05", "06"]
    );
    assert_eq!(frozen.objects, 3);
    insta::assert_snapshot!(frozen.notes.join("\n"), @"Skipped because the time in the key is more than 1day outside the range: all objects in 6 folders. Raise `lateness` if the time of an event may be further from the time in the key of its object.");

    let next_year = EventRange {
        from_us: day_us(400),
        until_us: None,
    };
    let error = keys_of(&config, next_year).await.expect_err("nothing");
    insta::assert_snapshot!(shown(&folder, &error), @"`ROOT` has no object whose key is within 1day of the range; outside it: all objects in 9 folders");
}

/// A file that changes between two reads is not delivered as complete.
#[tokio::test]
async fn damage_while_a_file_is_read_is_found() {
    for damage in [Damage::Changed, Damage::Truncated] {
        let mut folder = Folder::new();
        folder.put("large", &vec![7; 8 << 20]).await;
        let driver = folder.driver().await;
        let (splits, _) = conformance::plan(driver.as_ref()).await;
        let (out, mut received) = mpsc::channel(1);
        let damage_and_drain = async {
            assert!(matches!(received.recv().await, Some(Chunk::Object(_))));
            folder.damage("large", damage).await;
            let mut ends = 0;
            while let Some(chunk) = received.recv().await {
                ends += u64::from(matches!(chunk, Chunk::End));
            }
            ends
        };
        let replay = driver.replay(&splits[0], out, CancellationToken::new());
        let (ended, ends) = tokio::join!(replay, damage_and_drain);
        assert!(
            matches!(ended, Err(SourceError::Changed { .. })),
            "{damage:?}: {ended:?}"
        );
        assert_eq!(ends, 0, "{damage:?}");
    }
}

#[tokio::test]
async fn an_error_for_a_changed_file_shows_the_plan_and_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a");
    let set = |content: &[u8], seconds: u64| {
        let mut file = File::create(&path).expect("created");
        file.write_all(content).expect("written");
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .expect("touched");
    };
    set(b"1234", 1_767_225_600);
    let driver = FilesDriver::new(&FilesConfig::new(folder.path()), EventRange::default())
        .expect("a driver");
    let (splits, _) = conformance::plan(&driver).await;
    let mut errors = Vec::new();
    set(b"12345", 1_767_225_600);
    errors.push(
        conformance::deliver(&driver, &splits[0])
            .await
            .expect_err("grown"),
    );
    set(b"1234", 1_767_225_601);
    errors.push(
        conformance::deliver(&driver, &splits[0])
            .await
            .expect_err("touched"),
    );
    fs::remove_file(&path).expect("removed");
    errors.push(
        conformance::deliver(&driver, &splits[0])
            .await
            .expect_err("removed"),
    );
    fs::create_dir(&path).expect("made");
    errors.push(
        conformance::deliver(&driver, &splits[0])
            .await
            .expect_err("a folder"),
    );
    assert!(
        errors
            .iter()
            .all(|error| error.code().class == Class::Permanent)
    );
    let errors: Vec<String> = errors.iter().map(|error| shown(&folder, error)).collect();
    insta::assert_snapshot!(errors.join("\n"), @r"
    `ROOT/a` has changed since the plan: planned 4 bytes, modified at 2026-01-01T00:00:00Z; found 5 bytes, modified at 2026-01-01T00:00:00Z
    `ROOT/a` has changed since the plan: planned 4 bytes, modified at 2026-01-01T00:00:00Z; found 4 bytes, modified at 2026-01-01T00:00:01Z
    `ROOT/a` no longer exists; the plan found 4 bytes, modified at 2026-01-01T00:00:00Z
    `ROOT/a` has changed since the plan: planned 4 bytes, modified at 2026-01-01T00:00:00Z; found something that is not a file
    ");
}

#[tokio::test]
async fn an_edited_plan_cannot_lead_out_of_the_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "secret", b"x");
    write(folder.path(), "archive/a", b"x");
    let config = FilesConfig::new(folder.path().join("archive"));
    let driver = FilesDriver::new(&config, EventRange::default()).expect("a driver");
    let (splits, _) = conformance::plan(&driver).await;
    let absolute = folder.path().join("secret").display().to_string();
    for key in [
        "../secret",
        "a/../../secret",
        "./a",
        "",
        "a/",
        "nul\0",
        absolute.as_str(),
    ] {
        let mut split = splits[0].clone();
        let SplitInput::Objects(objects) = &mut split.input else {
            panic!("not objects");
        };
        objects[0].key = key.to_owned();
        let error = conformance::deliver(&driver, &split).await.expect_err(key);
        assert!(
            matches!(error, SourceError::ForeignSplit { .. }),
            "{key}: {error}"
        );
    }
    let offsets = Split {
        number: 0,
        size_bytes: 0,
        input: SplitInput::Offsets {
            topic: "t".to_owned(),
            partition: 0,
            start: 0,
            end: 1,
        },
    };
    let error = conformance::deliver(&driver, &offsets)
        .await
        .expect_err("offsets");
    insta::assert_snapshot!(error, @"split 0 was not planned by the driver `files`: it covers offsets of a topic");
}

#[test]
fn what_may_not_be_read_is_named() {
    // The tests may run as root, for which permissions do not apply.
    let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let error = SourceError::io(Path::new("/archive/a.gz"), denied);
    assert_eq!(error.to_string(), "no permission to read `/archive/a.gz`");
    assert_eq!(error.code().class, Class::Usage);
}

#[test]
fn a_config_needs_a_path_alone() {
    let config: FilesConfig = toml::from_str("path = 'clicks'").expect("valid");
    assert_eq!(config, FilesConfig::new("clicks"));
    let config: FilesConfig = toml::from_str(
        "path = 'clicks'\nlayout = 'firehose'\nlateness = '3 days'\nsplit_size = '1 MiB'",
    )
    .expect("valid");
    assert_eq!(config.lateness, Duration::from_secs(3 * 86_400));
    assert_eq!(config.split_size, ByteSize::mib(1));
    assert!(toml::from_str::<FilesConfig>("path = 'x'\nlayuot = 'none'").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Folders are listed one by one, yet keys come in the order of their bytes.
    #[test]
    fn keys_come_in_the_order_of_their_bytes(
        names in prop::collection::btree_set(prop::collection::vec("[a-b][-.0é]{0,2}", 1..4), 1..20),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut expected: Vec<String> = Vec::new();
        for names in &names {
            let key = names.join("/");
            // A name is a file or a folder, not both.
            let clashes = |other: &String| {
                other.starts_with(&format!("{key}/")) || key.starts_with(&format!("{other}/"))
            };
            if !expected.iter().any(clashes) {
                write(folder.path(), &key, b"x");
                expected.push(key);
            }
        }
        expected.sort_unstable();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (keys, _) = runtime.block_on(keys_at(folder.path())).expect("planned");
        prop_assert_eq!(keys, expected);
    }
}
