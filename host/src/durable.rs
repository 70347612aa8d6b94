//! Files and names that survive a crash.
//!
//! A file is durable once its bytes are synced *and* its name is: the folder that lists it has to be synced too. All
//! of the project that must find a file again after a power cut makes it with these functions.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The extension of files that are not complete yet.
const PART: &str = "part";

/// Writes a file in one step: afterwards it holds all of `bytes`; after a failure or a crash, that or what it held
/// before.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = part_of(path);
    let written = create_new(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let renamed = written.and_then(|()| rename(&part, path));
    renamed.inspect_err(|_| drop(fs::remove_file(&part)))
}

/// A name next to `path`, for a file that takes the name `path` once it is complete. No other call, of this process
/// or another, gives the same name.
pub(crate) fn part_of(path: &Path) -> PathBuf {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{number}.{PART}", std::process::id()));
    path.with_file_name(name)
}

/// Gives a synced file another name in the same folder, in place of the file that had it.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_parent(to)
}

/// Gives a file of another folder a second name, or copies it where the file system has no links. Call
/// [`sync_folder`] once all files of a folder are there.
pub(crate) fn link(from: &Path, to: &Path) -> io::Result<()> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

/// Makes a folder, and those above it, where they are missing.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => create_folder(parent)?,
        _ => {}
    }
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made?,
    }
    sync_parent(path)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes the name of a file durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync_folder(Path::new(".")),
        Some(parent) => sync_folder(parent),
        None => Ok(()),
    }
}

/// Makes a file that must not exist yet.
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
    fn folders_are_made_once_whoever_comes_first() {
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
