//! The files that are opened, and those that are made.

use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::*;

fn open(path: impl Into<PathBuf>, access: Access) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(&SqliteConfig::new(path), access, StoreContext::default())
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = Folder::new();
    let path = folder.config().path;
    let text = "not a database, but long enough to have been one".repeat(100);
    std::fs::write(&path, text).unwrap();
    for access in [Access::Build, Access::Change, Access::Read] {
        let error = open(&path, access).unwrap_err();
        assert!(
            error.to_string().contains(&path.display().to_string()),
            "{error}"
        );
        assert_eq!(error.code().number, 615);
    }
    let missing = folder.folder.path().join("no/such/folder/state.db");
    assert_eq!(open(missing, Access::Build).unwrap_err().code().number, 615);
    let is_folder = open(folder.folder.path(), Access::Read).unwrap_err();
    assert_eq!(is_folder.code().number, 615);
}

#[tokio::test]
async fn only_builds_make_a_database() {
    let folder = TempDir::new().unwrap();
    for name in ["state.db", "no/folder/state.db"] {
        let path = folder.path().join(name);
        for access in [Access::Change, Access::Read] {
            let error = open(&path, access).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("there is no database {}", path.display())
            );
            assert_eq!(
                (error.code().number, error.code().class.exit_code()),
                (619, 2)
            );
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    open(folder.path().join("state.db"), Access::Build).unwrap();
    open(folder.path().join("state.db"), Access::Change).unwrap();
}

#[tokio::test]
async fn paths_are_nothing_but_paths() {
    let folder = TempDir::new().unwrap();
    for name in [":memory:", "file:x?mode=memory", "a%20b.db", "a#b?c=d é.db"] {
        let path = folder.path().join(name);
        let store = open(&path, Access::Build).unwrap();
        live(&store, &build(1), &["/a"]).await;
        assert!(path.exists(), "{name}");
        let mut immutable = store.clone();
        immutable.database.mode = connect::Mode::Immutable;
        let pointer = immutable.live("Clicks").await.unwrap();
        assert_eq!(pointer.unwrap().version, 1, "{name}");
    }
    let bytes = std::ffi::OsString::from_vec(b"a\xff.db".to_vec());
    assert_eq!(
        crate::store::sqlite::uri::immutable_uri(&Path::new("/x y").join(bytes)),
        "file:///x%20y/a%FF.db?immutable=1"
    );
}

#[tokio::test]
async fn a_database_that_is_damaged_says_so() {
    let whole = Folder::new();
    let pages: Vec<_> = (0..5000).map(|n| format!("/{n:05}")).collect();
    let pages: Vec<_> = pages.iter().map(String::as_str).collect();
    live(&whole.store(), &build(1), &pages).await;
    let bytes = std::fs::read(whole.config().path).unwrap();
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage); 3] = [
        ("cut within the schema", |bytes| bytes.truncate(2000)),
        ("cut within a table", |bytes| {
            bytes.truncate(bytes.len() / 2)
        }),
        ("pages written over", |bytes| {
            let from = bytes.len() / 4;
            bytes[from..].fill(0xa5);
        }),
    ];
    for (what, damage) in damages {
        let folder = Folder::new();
        let mut bytes = bytes.clone();
        damage(&mut bytes);
        std::fs::write(folder.config().path, bytes).unwrap();
        for access in [Access::Build, Access::Read] {
            let config = folder.config();
            let opened = SqliteStore::open(&config, access, StoreContext::default());
            let error = match opened {
                Err(error) => error,
                Ok(store) => {
                    let (sender, mut receiver) = channel(1);
                    let (build, columns) = (build(1), columns());
                    let drain = async { while receiver.recv().await.is_some() {} };
                    let (read, ()) = futures::join!(store.read(&build, &columns, sender), drain);
                    read.unwrap_err()
                }
            };
            assert_eq!(error.code().number, 616, "{what}: {error}");
        }
    }
}
