//! Files that survive a crash, with their names.
//!
//! A file is durable after both its bytes and its name are synced, the name in the folder that lists it. All files that
//! must exist after a power cut are written by these functions.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::fault_point::{around, before};

/// The extension of files that are not complete yet.
const PART: &str = "part";

/// Writes a file in one step. After success it holds `bytes`; after a failure or a crash, `bytes` or the former
/// content.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = Part::create(path)?;
    around("write a file", || part.file().write_all(bytes))?;
    part.finish()
}

/// A file that gets its name in one step, when it is complete. Dropped before that, it is removed.
#[derive(Debug)]
pub(crate) struct Part {
    path: PathBuf,
    part: PathBuf,
    file: File,
    is_named: bool,
}

impl Part {
    /// Begins the file that is to be `path`, in the same folder.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let (part, file) = create_part(path, &NUMBERS)?;
        Ok(Part {
            path: path.to_owned(),
            part,
            file,
            is_named: false,
        })
    }

    /// The path that the file gets.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file, to be written.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Syncs the file and gives it its name. A file that had the name is replaced.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        around("sync a file", || self.file.sync_all())?;
        rename(&self.part, &self.path)?;
        self.is_named = true;
        Ok(())
    }

    /// Syncs the file and gives it its name, unless a file has the name; whether it got it. Of several processes that do
    /// this, on whichever machines, exactly one succeeds.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`] where the file system cannot do that.
    pub(crate) fn finish_new(mut self) -> io::Result<bool> {
        around("sync a new file", || self.file.sync_all())?;
        let is_new = match around("link a new file", || fs::hard_link(&self.part, &self.path)) {
            Ok(()) => true,
            // A server of files may repeat a request whose answer was lost, and find what it did the first time.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                is_same_file(&self.file, &self.path)?
            }
            Err(error) if has_no_links(&error) => self.rename_new()?,
            Err(error) => return Err(error),
        };
        // A reader may take the name for durable, whoever made it.
        sync_parent(&self.path)?;
        Ok(is_new)
    }

    /// Gives the file its name where there are no hard links.
    fn rename_new(&mut self) -> io::Result<bool> {
        let renamed = around("rename a new file", || {
            let moved = renameat_with(CWD, &self.part, CWD, &self.path, RenameFlags::NOREPLACE);
            moved.map_err(io::Error::from)
        });
        match renamed {
            Ok(()) => {
                self.is_named = true;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput || has_no_links(&error) => {
                Err(io::Error::new(io::ErrorKind::Unsupported, error))
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether an error of link(2) or renameat2(2) says that the file system has no such call.
fn has_no_links(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported
    ) && error.raw_os_error() != Some(Errno::ACCESS.raw_os_error())
}

/// Whether another name is of this file, too.
fn is_same_file(file: &File, name: &Path) -> io::Result<bool> {
    let of_name = match fs::symlink_metadata(name) {
        // It was removed meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        found => found?,
    };
    let file = file.metadata()?;
    Ok((file.dev(), file.ino()) == (of_name.dev(), of_name.ino()))
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_named {
            // Where it cannot be removed, `remove_parts` may later.
            let _ = around("remove a part", || fs::remove_file(&self.part));
        }
    }
}

/// Creates a file in the folder of `path`, which is renamed to `path` when it is complete. It is locked while it is open:
/// [`remove_parts`] passes over it. `numbers` are those of the files of this process.
fn create_part(path: &Path, numbers: &AtomicU64) -> io::Result<(PathBuf, File)> {
    loop {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        name.push(format!(".{}-{number}.{PART}", std::process::id()));
        let part = path.with_file_name(name);
        let file = match around("create a file", || create_new(&part)) {
            // A process that was killed had the same ID, which is common in containers.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            made => made?,
        };
        // Where there are no locks, no part is removed either.
        let _ = file.lock();
        // It may have been removed right before it was locked.
        if file.metadata()?.nlink() > 0 {
            return Ok((part, file));
        }
    }
}

/// Removes the parts of files that processes left in a folder when they were killed; none where there is no folder.
pub(crate) fn remove_parts(folder: &Path) -> io::Result<()> {
    each_part(folder, |path| {
        around("remove a part that was left", || fs::remove_file(path))
    })
}

/// The parts that [`remove_parts`] would remove.
pub(crate) fn parts_left(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut parts = Vec::new();
    each_part(folder, |path| {
        parts.push(path.to_owned());
        Ok(())
    })?;
    parts.sort();
    Ok(parts)
}

/// Calls `visit` with the parts of files that no process is writing, each locked meanwhile.
fn each_part(folder: &Path, mut visit: impl FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    let entries = match before("list parts").and_then(|()| fs::read_dir(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != PART) {
            continue;
        }
        let removed = File::open(&path).and_then(|part| match part.try_lock() {
            Ok(()) => visit(&path),
            // A process is writing it.
            Err(_) => Ok(()),
        });
        match removed {
            // It has its name by now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed?,
        }
    }
    Ok(())
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

/// Makes `to` a file with the content of `from`, in one step: by a link, or by a copy where that is not possible. A file
/// that was `to` is replaced.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if around("link to a file", || fs::hard_link(from, to)).is_ok() {
        return sync_parent(to);
    }
    let part = Part::create(to)?;
    around("copy a file", || {
        io::copy(&mut File::open(from)?, &mut part.file())
    })?;
    part.finish()
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
    fn what_a_killed_process_of_the_same_id_left_is_in_nobodys_way_and_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.json");
        let left = create_part(&path, &AtomicU64::new(0)).unwrap();
        let parts = AtomicU64::new(0);
        let made = create_part(&path, &parts).unwrap();
        assert_ne!(left.0, made.0);
        write(&path, b"whole").unwrap();

        // The process that has it open is at work.
        drop(left.1);
        remove_parts(folder.path()).unwrap();
        assert!(!left.0.exists() && made.0.exists());
        drop(made.1);
        remove_parts(folder.path()).unwrap();
        assert!(!made.0.exists());
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        remove_parts(&folder.path().join("missing")).unwrap();
    }

    #[test]
    fn parts_are_removed_from_under_nobody() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for number in 0..300 {
                    let path = folder.path().join(format!("{number}"));
                    write(&path, b"text").unwrap();
                }
            });
            while !writer.is_finished() {
                remove_parts(folder.path()).unwrap();
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 300);
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
    fn a_new_file_takes_no_name_that_is_taken_with_links_and_without() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("done.json");
        let begin = |text: &str| {
            let part = Part::create(&path).unwrap();
            part.file().write_all(text.as_bytes()).unwrap();
            part
        };
        let (first, second, third) = (begin("first"), begin("second"), begin("third"));
        assert!(first.finish_new().unwrap());
        assert!(!second.finish_new().unwrap());
        let mut third = third;
        assert!(!third.rename_new().unwrap());
        drop(third);
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

        fs::remove_file(&path).unwrap();
        assert!(begin("fourth").rename_new().unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "fourth");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_whose_answer_was_lost_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("done.json");
        let part = Part::create(&path).unwrap();
        fs::hard_link(&part.part, &path).unwrap();
        assert!(part.finish_new().unwrap());
    }

    #[test]
    fn a_copy_replaces_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
        fs::write(&from, "text").unwrap();
        fs::write(&to, "old").unwrap();
        for _ in 0..2 {
            copy(&from, &to).unwrap();
            assert_eq!(fs::read_to_string(&to).unwrap(), "text");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
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
