//! Folders for files that are needed for a while, and those that killed processes left.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ulid::Ulid;

use crate::fault_point::around;

/// The beginning of the names of these folders; a ULID follows.
const PREFIX: &str = "sort-";

/// The file that a process locks as long as it uses the folder.
const LOCK: &str = "lock";

/// How old a folder without that file has to be before it counts as left: a process makes the file right after the
/// folder.
const AGE_WITHOUT_LOCK: Duration = Duration::from_secs(86_400);

/// A folder that is removed when this is dropped.
pub(crate) struct ScratchFolder {
    path: PathBuf,
    _lock: File,
}

impl ScratchFolder {
    /// The same, after what killed processes left there is removed: where folders of many processes follow each other.
    pub(crate) fn create_alone(parent: &Path) -> io::Result<Self> {
        for folder in left(parent)? {
            // Another process may remove it just now.
            if let Err(error) = remove(&folder) {
                tracing::debug!(%error, "{} cannot be removed", folder.display());
            }
        }
        ScratchFolder::create(parent)
    }

    /// Makes a folder in `parent`, which is made as well where it is missing.
    pub(crate) fn create(parent: &Path) -> io::Result<Self> {
        let path = parent.join(format!("{PREFIX}{}", Ulid::new()));
        around("create a folder to sort in", || fs::create_dir_all(&path))?;
        let lock = File::create(path.join(LOCK))?;
        // Where there are no locks, no folder is removed while it is young.
        let _ = lock.lock();
        Ok(ScratchFolder { path, _lock: lock })
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        if let Err(error) = around("remove a folder to sort in", || {
            fs::remove_dir_all(&self.path)
        }) {
            tracing::warn!(%error, "{} cannot be removed", self.path.display());
        }
    }
}

/// The scratch folders in `parent` that no process uses; none where there is no such folder.
pub(crate) fn left(parent: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(parent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut left = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let made = name.and_then(|name| Ulid::from_string(name.strip_prefix(PREFIX)?).ok());
        if made.is_some_and(|made| is_left(&path, made.datetime())) {
            left.push(path);
        }
    }
    left.sort();
    Ok(left)
}

/// Whether a process uses a scratch folder in `parent`.
pub(crate) fn is_used(parent: &Path) -> io::Result<bool> {
    let is_scratch = |entry: io::Result<fs::DirEntry>| {
        Ok(entry?
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(PREFIX)))
    };
    let all: Vec<bool> = fs::read_dir(parent)?
        .map(is_scratch)
        .collect::<io::Result<_>>()?;
    Ok(all.into_iter().filter(|is_scratch| *is_scratch).count() > left(parent)?.len())
}

fn is_left(path: &Path, made: SystemTime) -> bool {
    match File::open(path.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            made.elapsed().is_ok_and(|age| age > AGE_WITHOUT_LOCK)
        }
        Err(_) => false,
    }
}

/// Removes a folder that [`left`] named.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    around("remove a folder that a sort left", || {
        fs::remove_dir_all(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_in_use_is_not_left() {
        let parent = tempfile::tempdir().unwrap();
        let missing = parent.path().join("missing");
        assert!(left(&missing).unwrap().is_empty());
        let used = ScratchFolder::create(parent.path()).unwrap();
        fs::create_dir(parent.path().join("sort-of-mine")).unwrap();
        let young = parent.path().join(format!("{PREFIX}{}", Ulid::new()));
        fs::create_dir(&young).unwrap();
        assert!(left(parent.path()).unwrap().is_empty());

        // As a killed process leaves them: unlocked, or made long ago without the file.
        let killed = parent.path().join(format!("{PREFIX}{}", Ulid::new()));
        fs::create_dir(&killed).unwrap();
        fs::write(killed.join(LOCK), "").unwrap();
        let old = Ulid::from_datetime(SystemTime::now() - 2 * AGE_WITHOUT_LOCK);
        let old = parent.path().join(format!("{PREFIX}{old}"));
        fs::create_dir(&old).unwrap();
        assert_eq!(left(parent.path()).unwrap(), [old, killed.clone()]);
        remove(&killed).unwrap();
        let path = used.path().to_owned();
        drop(used);
        assert!(!path.exists() && !killed.exists() && young.exists());
    }
}
