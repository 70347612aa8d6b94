//! Files that survive a crash, with their names.
//!
//! A file is durable after both its bytes and its name are synced, the name in the folder that lists it. All files that
//! must exist after a power cut are written by these functions.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::fault_point::around;

/// The extension of files that are not complete yet.
const PART: &str = "part";

/// Writes a file in one step. After success it holds `bytes`; after a failure or a crash, `bytes` or the former
/// content.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = part_of(path);
    let made = around("create a file", || create_new(&part));
    let written = made.and_then(|mut file| {
        around("write a file", || file.write_all(bytes))?;
        around("sync a file", || file.sync_all())
    });
    let renamed = written.and_then(|()| rename(&part, path));
    renamed.inspect_err(|_| drop(around("remove a part", || fs::remove_file(&part))))
}

/// A name in the folder of `path`, for a file that is renamed to `path` when it is complete. No two calls give the same
/// name, not even in different processes.
pub(crate) fn part_of(path: &Path) -> PathBuf {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{number}.{PART}", std::process::id()));
    path.with_file_name(name)
}

/// Renames a synced file within its folder. A file that had the new name is replaced.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    around("rename", || fs::rename(from, to))?;
    sync_parent(to)
}

/// Links a file of another folder into this one, or copies it if the file system has no links. Call [`sync_folder`]
/// after all files of a folder.
pub(crate) fn link(from: &Path, to: &Path) -> io::Result<()> {
    if around("link", || fs::hard_link(from, to)).is_ok() {
        return Ok(());
    }
    // Where the link was made though it is said to have failed, opening it to be replaced would empty `from`.
    let mut copy = create_new(to)?;
    around("copy", || io::copy(&mut File::open(from)?, &mut copy))?;
    around("sync a copy", || copy.sync_all())
}

/// Creates a folder and those above it, if they are missing.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => create_folder(parent)?,
        _ => {}
    }
    match around("create a folder", || fs::create_dir(path)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made?,
    }
    sync_parent(path)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    around("sync a folder", || File::open(folder)?.sync_all())
}

/// Makes the name of a file durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync_folder(Path::new(".")),
        Some(parent) => sync_folder(parent),
        None => Ok(()),
    }
}

/// Creates a file that must not exist yet.
fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_of_one_file_do_not_meet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.json");
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..20 {
                        write(path, format!("{writer}").repeat(1_000).as_bytes()).unwrap();
                    }
                });
            }
        });
        let found = fs::read_to_string(&path).unwrap();
        assert_eq!(found.len(), 1_000);
        assert!(found.chars().all(|c| found.starts_with(c)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir(&path).unwrap();
        assert!(write(&path, b"text").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_that_is_there_already_is_not_copied_over() {
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
        fs::write(&from, "text").unwrap();
        link(&from, &to).unwrap();
        let again = link(&from, &to).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&from).unwrap(), "text");
    }

    #[test]
    fn folders_are_made_once_by_several_threads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/c");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| create_folder(&path).unwrap());
            }
        });
        assert!(path.is_dir());
        fs::write(path.join("d"), "").unwrap();
        assert!(create_folder(&path.join("d")).is_err());
    }
}
